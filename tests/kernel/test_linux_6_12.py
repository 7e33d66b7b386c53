"""The main job on the real Linux 6.12 from Debian, in the smallest cells that say something.

The base compiles about three hundred files; the series adds one function to one of them, so that the patched kernel
costs seconds and the text delta is known beforehand. The workspace is kept between runs.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from pipeline.build.vmlinux import make_vmlinux
from pipeline.fetch import Request
from pipeline.kernel.make import Make
from pipeline.kernel.trees import TreeName
from pipeline.model import ApplyStatus, SourceState
from pipeline.orders.order import Order
from pipeline.orders.prepare import resolve
from pipeline.plan.cells import select_cells
from pipeline.run import Pipeline
from tests.support.linux_6_12 import TREE, run_pipeline

MATRIX = Path(__file__).with_name("tiny.toml")
CELLS = {
    "i386-tiny": (False, {"size": 40, "power_of_two": False}),
    "x86_64-tiny": (False, {"size": 64, "power_of_two": True}),
}
"""Whether they have a virtual memmap, and their struct page."""

MAIL = """\
From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
Message-ID: <one-function-more@example.org>
From: Devi Loper <devi@example.org>
To: linux-mm@example.org
Date: Mon, 2 Nov 2026 10:00:00 +0000
Subject: [PATCH] mm: count to a thousand

A function more, so that there is something to measure.

Signed-off-by: Devi Loper <devi@example.org>
---
 include/linux/thousand.h | 6 ++++++
 lib/thousand.c           | 7 +++++++
 lib/Makefile             | 2 ++
 3 files changed, 15 insertions(+)

diff --git a/include/linux/thousand.h b/include/linux/thousand.h
new file mode 100644
--- /dev/null
+++ b/include/linux/thousand.h
@@ -0,0 +1,6 @@
+/* SPDX-License-Identifier: GPL-2.0-or-later */
+#ifndef _LINUX_THOUSAND_H
+#define _LINUX_THOUSAND_H
+extern const char thousand[1000];
+int first_of_thousand(void);
+#endif
diff --git a/lib/thousand.c b/lib/thousand.c
new file mode 100644
--- /dev/null
+++ b/lib/thousand.c
@@ -0,0 +1,7 @@
+// SPDX-License-Identifier: GPL-2.0-or-later
+#include <linux/thousand.h>
+const char thousand[1000] = { 1 };
+int first_of_thousand(void)
+{
+	return *(const volatile char *)thousand;
+}
"""


@pytest.fixture(scope="session")
def series(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one patch against the tree as it is: `lib/Makefile` differs between point releases."""
    tree = pipeline.tree(TreeName.parse(TREE))
    makefile = pipeline.repository.out("show", f"{tree.commit}:lib/Makefile").splitlines()
    tail = makefile[-3:]
    hunk = [
        "diff --git a/lib/Makefile b/lib/Makefile",
        "--- a/lib/Makefile",
        "+++ b/lib/Makefile",
        f"@@ -{len(makefile) - 2},3 +{len(makefile) - 2},5 @@",
        *(f" {line}" for line in tail),
        "+",
        "+obj-y += thousand.o",
    ]
    folder = tmp_path_factory.mktemp("series")
    (folder / "0001-mm-count-to-a-thousand.patch").write_text(MAIL + "\n".join(hunk) + "\n-- \n2.39.5\n\n")
    return folder


@pytest.fixture(scope="session")
def record(workspace: Path, series: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """run.json of the whole job."""
    status, report, record = run_pipeline(workspace, series, MATRIX, tmp_path_factory.mktemp("run") / "run.json")
    assert status == 0, report
    return record


def test_both_kernels_build_without_new_warnings(record: dict[str, Any]) -> None:
    (tree,) = record["trees"]
    assert tree["applied"] == "clean"
    assert tree["version"].startswith("linux-source-6.12 6.12.")
    assert [(cell["id"], cell["status"]) for cell in record["cells"]] == [(name, "built") for name in CELLS]
    for cell in record["cells"]:
        assert [state["patch"] for state in cell["states"]] == [0, 1]
        assert all(state["status"] == "built" and not state["new_warnings"] for state in cell["states"])


def test_the_cells_are_what_they_promise(record: dict[str, Any]) -> None:
    assert {cell["id"]: (cell["vmemmap"], cell["struct_page"]) for cell in record["cells"]} == CELLS


def test_text_delta_is_what_was_added(record: dict[str, Any]) -> None:
    """The kernel's own bloat-o-meter, on the recorded symbols of a real vmlinux."""
    for text in (cell["text"] for cell in record["cells"]):
        added = {symbol["name"]: symbol["delta"] for symbol in text["symbols"] if symbol["old"] is None}
        assert added["thousand"] == 1000
        assert 0 < added["first_of_thousand"] < 50
        assert text["before"] > 300_000
        assert text["after"] - text["before"] == text["delta"] == text["up"] - text["down"]
        assert sum(symbol["delta"] for symbol in text["symbols"]) == text["delta"]
        assert text["verbatim"].startswith("add/remove: ")


def test_running_again_builds_nothing(record: dict[str, Any], workspace: Path, series: Path, tmp_path: Path) -> None:
    status, _, again = run_pipeline(workspace, series, MATRIX, tmp_path / "again.json")
    assert status == 0
    assert all(state["cached"] for cell in again["cells"] for state in cell["states"])
    assert [cell["text"] for cell in again["cells"]] == [cell["text"] for cell in record["cells"]]


def section_digests(build: Path) -> dict[str, str]:
    """SHA-256 of every section of a folder's vmlinux, and of the file."""
    with (build / "vmlinux").open("rb") as file:
        digests = {
            section.name: hashlib.sha256(section.data()).hexdigest() for section in ELFFile(file).iter_sections()
        }
        file.seek(0)
        return digests | {"": hashlib.file_digest(file, "sha256").hexdigest()}


def test_incremental_is_clean(pipeline: Pipeline, series: Path) -> None:
    """A patched kernel that was built on top of the base is, section by section and to the byte, that of a clean build.

    All objects but the series' own are those of the base, compiled another time in another folder's state: it is an A/A
    build as well. In both architectures.
    """
    order = Order(request=Request(str(series)), trees=(TREE,), matrix=str(MATRIX), jobs=os.cpu_count() or 1)
    resolved = resolve(order)
    applied = pipeline.apply(pipeline.fetch(order.request), pipeline.tree(resolved.trees[0]))
    host = pipeline.host(order)
    planned = pipeline.plan(
        host, applied.tree, select_cells(resolved.matrix, resolved.fragments, (), pipeline.processes)
    )
    configs = {planned_cell.cell.id: planned_cell.config for planned_cell in planned}

    def build(state: SourceState, *, clean: bool) -> dict[str, dict[str, str]]:
        def build_cell(make: Make) -> dict[str, str]:
            make.enter(make.folders("incremental").base())
            if clean:
                make.folder.wipe()
            make_vmlinux(make, configs[make.cell.id])
            return section_digests(make.folder.path)

        host.move(applied.tree, state)
        return host.run_all(
            applied.tree, "Building", [(planned_cell.cell, None) for planned_cell in planned], build_cell
        )

    base, last = applied.states
    with host.worktree_lock(applied.tree):
        before, incremental = build(base, clean=False), build(last, clean=False)
        clean = build(last, clean=True)
    assert set(clean) == set(CELLS)
    assert all(len(sections) > 20 for sections in clean.values())
    assert incremental == clean
    assert all(before[name] != clean[name] for name in CELLS)


def test_the_tracked_series_applies(pipeline: Pipeline) -> None:
    series = pipeline.fetch(Request("hvo-shared-tails"))
    applied = pipeline.apply(series, pipeline.tree(TreeName.parse(TREE)))
    assert applied.status is ApplyStatus.CLEAN
    assert [state.patch for state in applied.states] == list(range(len(series.patches) + 1))
