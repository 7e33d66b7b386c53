"""Build folders that series of nothing but C share: what one built is not built again for the next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from pipeline.kernel.buildhost import BuildHost
from pipeline.model import BuildStatus, Tree
from tests.component.containment import CELL, Host, plant
from tests.component.developer import PAGE_FLAGS, UTIL, Edit

pytestmark = pytest.mark.xdist_group("shared-folders")

FUNCTION = "unsigned long page_index("
MORE: Edit = (
    UTIL,
    FUNCTION,
    f"unsigned long more(unsigned long);\nunsigned long more(unsigned long a) {{ return a * 7; }}\n{FUNCTION}",
)
OTHER: Edit = (
    UTIL,
    FUNCTION,
    f"unsigned long other(unsigned long);\nunsigned long other(unsigned long a) {{ return a * 9; }}\n{FUNCTION}",
)
HEADER: Edit = (PAGE_FLAGS, "static __always_inline", "/* Seen everywhere. */\nstatic __always_inline")
KCONFIG: Edit = ("Kconfig", "mainmenu ", "# Nothing.\nmainmenu ")
MAKEFILE: Edit = ("lib/Makefile", "obj-y ", "# Nothing.\nobj-y ")


@pytest.fixture
def host(tmp_path: Path, sealed_environment: Mapping[str, str]) -> Host:
    return Host.made(tmp_path, sealed_environment)


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ([MORE], [OTHER], True),
        ([HEADER, MORE], [HEADER, OTHER], True),
        ([MAKEFILE, MORE], [OTHER], False),
    ],
    ids=["two series", "a reroll", "after a makefile"],
)
def test_the_next_series_costs_what_differs(
    host: Host, tmp_path: Path, first: list[Edit], second: list[Edit], shared: bool
) -> None:
    """And comes out as from an empty folder. Seen red with every state noted as one that ran, and with none."""
    plant(host.developer, "first", *first)
    plant(host.developer, "second", *second)
    host.build("first", patches=len(first))
    last = len(second)
    built = host.build("second", patches=last)[CELL, last]
    clean = host.build("second", patches=last, workspace=tmp_path / "clean")
    assert built.status is BuildStatus.BUILT
    assert (built.symbols, built.sections) == (clean[CELL, last].symbols, clean[CELL, last].sections)
    steps = clean[CELL, 0].steps
    assert (built.steps < steps / 2) is shared


def test_who_has_nothing_to_build_waits_for_nobody(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run may hold the worktree for hours. Seen red with plan, then build, taking its lock to look."""
    plant(host.developer, "asks", KCONFIG, MORE)
    first = host.build("asks", patches=2)

    def worktree_lock(_: object, tree: Tree) -> NoReturn:
        pytest.fail(f"waits for the worktree of {tree.name}")

    monkeypatch.setattr(BuildHost, "worktree_lock", worktree_lock)
    again = host.build("asks", patches=2)
    assert {name: one.symbols for name, one in again.items()} == {name: one.symbols for name, one in first.items()}
    assert all(one.cached for one in again.values())
