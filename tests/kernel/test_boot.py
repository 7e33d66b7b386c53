"""Real kernels in QEMU: what base shows under HVO, and that rerolls which were broken on purpose are caught.

Each series is the tracked one up to some patch, and then a patch of `broken/`. The kernel builds and reaches userspace
every time; what is wrong is seen from inside only.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.system import resources
from tests.support.linux_6_12 import run_pipeline

MATRIX = Path(__file__).with_name("boot.toml")
BROKEN = Path(__file__).with_name("broken")


def booted(workspace: Path, name: str, folder: Path) -> tuple[str, dict[str, Any], dict[int, dict[str, Any]]]:
    """Report, record, and boots by patch of a series that ends with the patch of `broken/NAME`."""
    (last,) = (BROKEN / name).glob("*.patch")
    total = int(last.name[:4])
    series = folder / name
    series.mkdir()
    for number in range(1, total):
        (patch,) = (resources.folder("series") / "hvo-shared-tails/v1").glob(f"{number:04}-*.patch")
        (series / patch.name).write_text(patch.read_text().replace(f"{number:02}/11]", f"{number}/{total}]", 1))
    shutil.copy(last, series)
    status, report, record = run_pipeline(workspace, series, MATRIX, folder / "run.json")
    assert status == 1, report
    return report, record, {boot["patch"]: boot for boot in record["cells"][0]["boots"]}


def checks(boot: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in boot["checks"]}


@pytest.fixture(scope="module")
def without_check(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any], dict[int, dict[str, Any]]]:
    """The encoding of v1, and the check for fake heads left out before there are none."""
    return booted(workspace, "fake-heads", tmp_path_factory.mktemp("boot"))


def test_base_shows_its_fake_heads_in_the_raw_view_alone(
    without_check: tuple[str, dict[str, Any], dict[int, dict[str, Any]]],
) -> None:
    base = checks(without_check[2][0])
    assert base["walk"]["status"] == "pass"
    assert base["walk"]["values"] == {"heads": 64, "tails": 64 * 511}
    assert base["memmap"]["values"]["fake-heads"] == 7 * 64
    assert base["memmap"]["values"]["frames"] == 64
    assert base["memmap"]["values"]["shared-frames"] == 0
    assert base["memmap"]["values"]["page-size"] == 4096
    assert base["memmap"]["values"]["huge-page-kb"] == 2048
    assert base["memmap"]["values"]["nodes"] == 1
    assert base["memmap"]["values"]["mapped-read-only"] == 7 * 64
    assert base["saved"]["values"] == {"huge-page-kb": 2048, "announced-kb": 28, "saved-kb": 28}
    assert base["selftest"]["status"] == "pass"
    assert base["ptdump"]["values"]["read-only-ranges"] >= 64


def test_a_check_for_fake_heads_that_was_left_out_is_caught(
    without_check: tuple[str, dict[str, Any], dict[int, dict[str, Any]]],
) -> None:
    report, record, boots = without_check
    assert record["cells"][0]["status"] == "built"
    results = checks(boots[6])
    assert results["walk"]["status"] == results["selftest"]["status"] == "fail"
    assert results["walk"]["values"]["heads"] == 8 * 64
    assert report.startswith("PROBLEM: The series fails when booted")
    assert "walk: 448 of 32768 pages are not what they should be" in report


@pytest.mark.skipif("PIPELINE_KERNELS" not in os.environ, reason="`make test-kernels` boots it: a kernel of its own")
def test_a_wrong_mask_fails_the_walk(workspace: Path, tmp_path: Path) -> None:
    report, record, boots = booted(workspace, "wrong-mask", tmp_path)
    assert record["cells"][0]["status"] == "built"
    results = checks(boots[5])
    assert results["walk"]["status"] == results["memmap"]["status"] == "fail"
    assert any("tail pages lead to another page" in detail for detail in results["memmap"]["details"])
    assert "hvo" in report
    assert report.startswith("PROBLEM: The series fails when booted")
