"""Linux 7.3, which holds a mask in tail pages, as it is: one kernel with HVO, booted.

What the numbers are was measured on Debian's own kernel of that version first.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.kernels import TREES

Checks = dict[str, dict[str, Any]]
TREE = TREES["7.3"]
MATRIX = Path(__file__).with_name("boot.toml")


@pytest.fixture(scope="module")
def memmap(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Checks:
    """The checks of its boot, by name."""
    output = tmp_path_factory.mktemp("baseline") / "run.json"
    command = [sys.executable, "-m", "pipeline", "apply-and-build", "--no-series", "--tree", TREE]
    command += ["--matrix", str(MATRIX), "--workspace", str(workspace), "--json", str(output)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("OK: No problem found: baseline without a series, 1 of 1 cell built, 1 boot.")
    (boot,) = json.loads(output.read_text())["cells"][0]["boots"]
    return {check["name"]: check for check in boot["checks"]}


def test_there_are_no_fake_heads(memmap: Checks) -> None:
    values = memmap["memmap"]["values"]
    assert (values["huge-pages"], values["raw-heads"], values["fake-heads"]) == (64, 64, 0)
    assert (values["masks"], values["pointers"]) == (64 * 511, 0)


def test_tails_share_a_frame_that_is_read_only(memmap: Checks) -> None:
    values = memmap["memmap"]["values"]
    assert values["shared-frames"] >= 1
    assert values["frames"] == 64 + values["shared-frames"]
    assert (values["mapped-read-only"], values["mapped-writable"]) == (7 * 64, 64)


def test_the_kernel_agrees_and_memory_is_saved(memmap: Checks) -> None:
    assert memmap["walk"]["values"] == {"heads": 64, "tails": 64 * 511}
    assert memmap["saved"]["values"] == {"huge-page-kb": 2048, "announced-kb": 28, "saved-kb": 28}


def test_what_cannot_be_run_says_why(memmap: Checks) -> None:
    assert memmap["selftest"]["status"] == "not run"
    assert memmap["selftest"]["details"] == ["this tree has no hugepage-vmemmap.c among its selftests"]
