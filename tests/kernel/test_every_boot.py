"""Every kernel that is supported, as it is, built and booted for each architecture that boots: all scenarios pass.

The same scenarios on all of them. A check that cannot run says why; one that does not understand the kernel is a fault.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.definitions import load_matrix
from pipeline.system.git import Repository
from pipeline.system.workspace import Workspace
from tests.support.kernels import KERNELS, TREES

SCENARIOS = {cell.id: set(cell.boot) for cell in load_matrix("boot")[0].cells}
NOT_THERE = {"selftest"}
"""Checks that a tree may have no program for: 7.3 has no hugepage-vmemmap.c among its selftests."""
GIVES_BACK = {"hvo", "hvo-nodes", "stress", "hotplug"}
"""Scenarios that give huge pages back whose memmap was optimized."""


def run(tree: str, workspace: Path, output: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "pipeline", "apply-and-build", "--no-series", "--matrix=boot", f"--tree={tree}"]
    command += [f"--workspace={workspace}", f"--json={output}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout
    record: dict[str, Any] = json.loads(output.read_text())
    bad = [boot for cell in record["cells"] for boot in cell["boots"] if boot["status"] != "pass" or boot["splats"]]
    assert done.returncode == bool(bad), done.stdout
    return record


def leaves_fake_heads(workspace: Path, tree_id: str) -> bool:
    """Whether a kernel with fake heads forgets them when it gives a memmap back, as 6.12.117 does.

    It took a change of vmemmap_restore_pte() from kernels that have none, without reset_struct_pages(): what is freed
    after that is bad to the allocator, which says so and keeps it.
    """
    repository = Repository(Workspace(workspace).repository)
    restores = repository.out("show", f"{tree_id}:mm/hugetlb_vmemmap.c")
    fakes = repository.out("show", f"{tree_id}:include/linux/page-flags.h")
    return "page_fixed_fake_head" in fakes and "reset_struct_pages" not in restores


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_architecture_boots_and_passes(kernel: str, workspace: Path, tmp_path: Path) -> None:
    record = run(TREES[kernel], workspace, tmp_path / "run.json")
    broken = leaves_fake_heads(workspace, record["trees"][0]["tree_id"])
    cells = [cell for cell in record["cells"] if cell["status"] != "unreachable"]
    assert {cell["arch"] for cell in cells} == {"x86_64", "i386", "riscv", "arm64"}
    for cell in cells:
        assert cell["status"] == "built"
        assert {boot["scenario"] for boot in cell["boots"]} == SCENARIOS[cell["id"]]
        for boot in cell["boots"]:
            if broken and boot["status"] == "fail":
                assert boot["scenario"] in GIVES_BACK, (cell["id"], boot)
                assert any("Bad page state" in splat for splat in boot["splats"]), (cell["id"], boot)
                continue
            assert boot["status"] == "pass", (cell["id"], boot)
            assert broken or not boot["splats"], (cell["id"], boot)
            odd = {check["name"]: check["details"] for check in boot["checks"] if check["status"] != "pass"}
            assert not odd.keys() - NOT_THERE, (cell["id"], boot["scenario"], odd)
    assert all(cell["expected_unreachable"] for cell in record["cells"] if cell["status"] == "unreachable")
