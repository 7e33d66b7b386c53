"""What can be planned without running kconfig."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.definitions import CellDefinition, MatrixDefinition
from pipeline.model import SourceState
from pipeline.plan.cells import select_cells
from pipeline.plan.configurations import config_digest, configuration_origins, touches_kconfig
from pipeline.system.errors import UsageError
from pipeline.system.process import Processes


@pytest.mark.parametrize(
    "path",
    [
        "Kconfig",
        "mm/Kconfig",
        "mm/Kconfig.debug",
        "Makefile",
        "arch/x86/Makefile.um",
        "mm/Kbuild",
        "scripts/gcc-version.sh",
        "scripts/kconfig/conf.c",
        "scripts/Kconfig.include",
        "arch/x86/configs/x86_64_defconfig",
        "kernel/configs/tiny.config",
        "arch/um/scripts/Makefile.rules",
    ],
)
def test_kconfig_can_answer_otherwise_after_a_change_of_its_inputs(path: str) -> None:
    assert touches_kconfig(["mm/util.c", path])


@pytest.mark.parametrize(
    "paths",
    [[], ["mm/util.c", "include/linux/mm.h"], ["fs/configfs/dir.c"], ["Documentation/kbuild/makefiles.rst"]],
)
def test_kconfig_answers_alike_after_a_change_of_other_files(paths: list[str]) -> None:
    assert not touches_kconfig(paths)


def state(patch: int, *changed: str) -> SourceState:
    return SourceState(patch, f"change {patch}", f"{patch:040}", f"{patch:040}", changed)


@pytest.mark.parametrize(
    ("changes", "origins"),
    [
        ([[]], [0]),
        ([[], ["a.c"], ["b.c"]], [0, 0, 0]),
        ([[], ["a.c"], ["mm/Kconfig"], ["b.c"]], [0, 0, 2, 2]),
        ([[], ["mm/Kconfig"], ["b.c"], ["Makefile"]], [0, 1, 1, 3]),
        ([["Makefile"], ["a.c"]], [0, 0]),
    ],
)
def test_a_configuration_is_that_of_the_last_state_that_could_change_it(
    changes: list[list[str]], origins: list[int]
) -> None:
    states = [state(at, *paths) for at, paths in enumerate(changes)]
    assert [origin.patch for origin in configuration_origins(states).values()] == origins
    assert list(configuration_origins(states)) == list(range(len(changes)))


def test_the_digest_of_a_configuration_leaves_comments_out() -> None:
    config = "#\n# Linux/x86 6.12.1\n#\nCONFIG_A=y\n# CONFIG_B is not set\n"
    assert config_digest(config) == config_digest("# Linux/x86 6.12.2\nCONFIG_A=y\n# CONFIG_B is not set\n")


@pytest.mark.parametrize("config", ["CONFIG_A=m\n# CONFIG_B is not set\n", "CONFIG_A=y\n", "CONFIG_A=y\nCONFIG_B=y\n"])
def test_the_digest_of_a_configuration_counts_every_option(config: str) -> None:
    assert config_digest(config) != config_digest("CONFIG_A=y\n# CONFIG_B is not set\n")


def test_a_glob_that_matches_no_cell_is_refused_with_the_cells(tmp_path: Path) -> None:
    cells = tuple(CellDefinition(id=name, arch="x86_64", base="tinyconfig") for name in ("one", "two"))
    with pytest.raises(UsageError, match="no cell of the matrix matches thr") as caught:
        select_cells(MatrixDefinition(title="m", cells=cells), tmp_path, ["thr*"], Processes())
    assert "one, two" in caught.value.hint


def test_a_fragment_is_the_matrix_s_own_or_one_that_ships(tmp_path: Path) -> None:
    (tmp_path / "memcg.config").write_text("CONFIG_MINE=y\n")
    cell = CellDefinition(id="one", arch="x86_64", base="tinyconfig", fragments=("memcg", "hvo"))
    (selected,) = select_cells(MatrixDefinition(title="m", cells=(cell,)), tmp_path, [], Processes())
    assert [fragment.name for fragment in selected.fragments] == ["memcg", "hvo"]
    assert selected.fragments[0].options == {"MINE": "y"}
    assert selected.fragments[1].options["HUGETLBFS"] == "y"


def test_a_cell_carries_the_boot_scenarios_that_the_matrix_names(tmp_path: Path) -> None:
    cell = CellDefinition(id="one", arch="x86_64", base="tinyconfig", boot=("hvo-on", "hvo-off"))
    (selected,) = select_cells(MatrixDefinition(title="m", cells=(cell,)), tmp_path, [], Processes())
    assert selected.boot == ("hvo-on", "hvo-off")


def test_fragments_of_a_cell_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "on.config").write_text("CONFIG_A=y\n")
    (tmp_path / "off.config").write_text("CONFIG_A=n\n")
    cell = CellDefinition(id="one", arch="x86_64", base="tinyconfig", fragments=("on", "off"))
    with pytest.raises(UsageError, match="the cell one contradict each other: CONFIG_A: on"):
        select_cells(MatrixDefinition(title="m", cells=(cell,)), tmp_path, [], Processes())
