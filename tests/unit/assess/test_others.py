"""Files that no compiler reads, what read them, and what a series of nothing else comes to."""

from __future__ import annotations

from typing import Literal

import pytest

from pipeline.assess.others import other_files
from pipeline.assess.verdict import remarks, verdict
from pipeline.record import CellRecord, FileCoverageRecord, PatchCheckRecord, PatchRecord, RunRecord
from tests.support import records

DOCUMENT, SCRIPT, OPTION = "Documentation/a.rst", "scripts/a.sh", "fs/Kconfig"


def check(*read: str, status: Literal["checked", "not checked"] = "checked") -> PatchCheckRecord:
    return PatchCheckRecord(tree="debian:linux-source-6.12", patch=1, check="documentation", status=status, read=read)


def run(*paths: str, checks: tuple[PatchCheckRecord, ...] = (), cells: tuple[CellRecord, ...] = ()) -> RunRecord:
    patch = PatchRecord(number=1, subject="x", author="A <a@b>", message_id="1@x", files=paths)
    return records.run(series=records.series(patches=(patch,)), cells=cells, checks=checks, claims=())


def compiled(*paths: str, name: str = "x86_64-kernel", arch: str = "x86_64") -> CellRecord:
    coverage = tuple(FileCoverageRecord(path=path, compiled=True, lines="", kept="") for path in paths)
    return records.cell(name, arch=arch, states=records.states("built", "built"), coverage=coverage)


def test_documents_that_a_check_read_are_a_verdict_without_any_kernel() -> None:
    judged = verdict(run(DOCUMENT, checks=(check(DOCUMENT),)))
    assert judged.word == "OK"
    assert judged.headline == "No problem found: 1 patch, 1 of 1 file read, none of code."


@pytest.mark.parametrize(
    "checks", [(), (check(),), (check(DOCUMENT, status="not checked"),), (check("Documentation/b.rst"),)]
)
def test_what_nothing_reads_is_no_verdict(checks: tuple[PatchCheckRecord, ...]) -> None:
    for cells in ((), (compiled(),)):
        judged = verdict(run(DOCUMENT, "Documentation/c.txt", checks=checks, cells=cells))
        assert judged.word == "NO VERDICT"
        assert judged.headline == f"Nothing proven: nothing here reads {DOCUMENT} and 1 other file."


def test_what_is_left_unread_beside_the_rest_is_said() -> None:
    record = run(DOCUMENT, SCRIPT, checks=(check(DOCUMENT),))
    assert verdict(record).headline == "No problem found: 1 patch, 1 of 2 files read, none of code."
    assert f"Nothing here reads: {SCRIPT}." in remarks(record)


def test_unread_files_beside_code_do_not_change_its_verdict() -> None:
    record = run("fs/a.c", SCRIPT, cells=(compiled("fs/a.c"),))
    assert verdict(record).word == "OK"
    assert f"Nothing here reads: {SCRIPT}." in remarks(record)


@pytest.mark.parametrize(
    ("path", "cell", "reader"),
    [
        (OPTION, compiled(), "x86_64-kernel"),
        ("arch/x86/Kconfig", compiled(), "x86_64-kernel"),
        ("arch/arm64/Kconfig", compiled(), ""),
        ("arch/arm64/Kconfig", compiled(arch="arm64"), "x86_64-kernel"),
        (OPTION, records.unreachable(), ""),
        ("fs/Makefile", compiled("fs/a.c"), "x86_64-kernel"),
        ("fs/Makefile", compiled("fs/ext4/a.c"), "x86_64-kernel"),
        ("fs/ext4/Makefile", compiled("fs/ext4/a.c"), "x86_64-kernel"),
        ("fs/ext4/Makefile", compiled("fs/a.c"), ""),
        ("fs/ext4.d/Makefile", compiled("fs/ext4.d/a.c"), "x86_64-kernel"),
        ("tools/Makefile", compiled(), ""),
        ("tools/perf/Kconfig", compiled(), ""),
        ("Documentation/Kconfig", compiled(), ""),
        ("scripts/Kconfig.include", compiled(), "x86_64-kernel"),
        ("Makefile", compiled(), "x86_64-kernel"),
        ("scripts/Makefile.build", compiled(), "x86_64-kernel"),
        ("arch/x86/Makefile", compiled(), "x86_64-kernel"),
        ("Makefile", compiled().model_copy(update={"stage": "objects"}), ""),
        ("scripts/package/mkspec", compiled(), ""),
        # A record of others can hold any words for a path.
        ("", compiled(), ""),
        ("arch", compiled(), ""),
    ],
)
def test_a_configuration_reads_options_and_a_build_its_makefiles(path: str, cell: CellRecord, reader: str) -> None:
    assert other_files(run(path, cells=(cell,))) == {path: reader}
