"""The TOML files that a maintainer edits: good ones, and mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.definitions import SeriesDefinition, find_series, load_matrix, load_series
from pipeline.kernel.kconfig import load_fragment
from pipeline.kernel.trees import TreeName
from pipeline.mail.message import parse
from pipeline.model import Fragment
from pipeline.system.errors import UsageError
from pipeline.system.resources import folder
from tests.support.clock import at_most

MATRIX = """\
title = "mine"
[[cells]]
id = "one"
arch = "x86_64"
base = "tinyconfig"
"""
SERIES = """\
title = "mine"
[[versions]]
number = 1
message_id = "a@x"
"""
MATRICES = sorted(path.stem for path in folder("kconfigs").glob("*.toml"))
TRACKED = sorted(path.parent for path in folder("series").glob("*/series.toml"))


def matrix(place: Path, text: str) -> Path:
    path = place / "mine.toml"
    path.write_text(text)
    return path


def test_a_matrix_of_one_s_own_is_loaded_with_the_defaults(tmp_path: Path) -> None:
    definition, fragments = load_matrix(str(matrix(tmp_path, MATRIX)))
    assert definition.title == "mine"
    cell = definition.cells[0]
    assert (cell.id, cell.toolchain, cell.fragments, cell.about, cell.steps) == ("one", "gcc", (), "", None)
    assert fragments == tmp_path


def others(place: Path, **texts: str) -> None:
    for name, text in texts.items():
        (place / f"{name}.toml").write_text(text)


def cell_text(name: str, *lines: str) -> str:
    return "\n".join(["[[cells]]", f'id = "{name}"', 'arch = "x86_64"', 'base = "tinyconfig"', *lines, ""])


def test_a_matrix_takes_in_the_cells_of_those_that_it_extends(tmp_path: Path) -> None:
    others(
        tmp_path,
        more='title = "more"\nextends = ["most"]\n[defaults]\nboot = ["stress"]\n' + cell_text("two"),
        most='title = "most"\n' + cell_text("three"),
    )
    definition, _ = load_matrix(str(matrix(tmp_path, 'extends = ["more"]\n' + MATRIX)))
    assert (definition.title, [cell.id for cell in definition.cells]) == ("mine", ["one", "two", "three"])
    # Everybody's defaults are for their own cells.
    assert [cell.boot for cell in definition.cells] == [(), ("stress",), ()]


def test_a_matrix_can_be_others_and_nothing_else(tmp_path: Path) -> None:
    definition, _ = load_matrix(str(matrix(tmp_path, 'title = "both"\nextends = ["quick", "boot"]\n')))
    shipped = [cell for name in ("quick", "boot") for cell in load_matrix(name)[0].cells]
    assert list(definition.cells) == shipped


def test_a_cell_that_comes_in_by_two_ways_is_there_once(tmp_path: Path) -> None:
    others(tmp_path, a='title = "a"\nextends = ["quick"]\n', b='title = "b"\nextends = ["quick"]\n')
    definition, _ = load_matrix(str(matrix(tmp_path, 'title = "ab"\nextends = ["a", "b"]\n')))
    assert definition.cells == load_matrix("quick")[0].cells


def test_what_an_extended_matrix_excludes_is_still_said(tmp_path: Path) -> None:
    axes = '[axes.a]\nx = { arch = "i386", base = "tinyconfig" }\ny = { arch = "arm64", base = "tinyconfig" }\n'
    others(tmp_path, more=f'title = "more"\n{axes}[[exclude]]\nwhen = {{ a = "y" }}\nreason = "slow"\n')
    definition, _ = load_matrix(str(matrix(tmp_path, 'extends = ["more"]\n' + MATRIX)))
    assert [(exclusion.ids, exclusion.reason) for exclusion in definition.excluded] == [(("y",), "slow")]


EXTENSIONS = {
    "another cell of one id": (
        {"more": 'title = "more"\n' + cell_text("one", "steps = 7")},
        ["mine.toml: two cells are called 'one'"],
    ),
    "none of that name": ({}, ["mine.toml: there is no matrix 'more'"]),
    "itself": ({"more": 'title = "more"\nextends = ["mine"]\n'}, ["mine.toml extends more.toml extends mine.toml"]),
    "one that holds a mistake": ({"more": 'title = "more"\n[[cells]]\nid = "x"\n'}, ["more.toml: cells.0: arch"]),
}


@pytest.mark.parametrize(("beside", "words"), EXTENSIONS.values(), ids=EXTENSIONS.keys())
def test_a_mistake_in_extending_is_refused_with_its_file(
    tmp_path: Path, beside: dict[str, str], words: list[str]
) -> None:
    others(tmp_path, **beside)
    with pytest.raises(UsageError) as caught:
        load_matrix(str(matrix(tmp_path, 'extends = ["more"]\n' + MATRIX)))
    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.message.count(".toml: ") <= 1


MISTAKES = [
    ('titel = "x"\n' + MATRIX, ["'titel'", "Did you mean 'title'"]),
    (MATRIX + 'fragmnets = ["hvo"]\n', ["fragmnets", "Did you mean 'fragments'", "toolchain"]),
    (MATRIX + 'zzz = "?"\n', ["zzz", "valid keys: arch, toolchain"]),
    (MATRIX.replace('title = "mine"', ""), ["title", "required"]),
    (MATRIX.replace('arch = "x86_64"', ""), ["cells.0: arch is required"]),
    (MATRIX.replace("one", "../one"), ["cells.0.id"]),
    (MATRIX.replace("one", "-one"), ["cells.0.id"]),
    (MATRIX + 'toolchain = "gcc; true"\n', ["cells.0.toolchain"]),
    (MATRIX + 'fragments = ["../x"]\n', ["cells.0.fragments.0"]),
    (MATRIX + "steps = 'many'\n", ["cells.0.steps"]),
    (MATRIX + 'boot = ["no such"]\n', ["cells.0.boot.0"]),
    (MATRIX + MATRIX.split("\n", 1)[1], ["two cells are called 'one'"]),
    (MATRIX + 'expect = "unreachabel"\n', ["cells.0.expect", '"unreachable", or a table']),
    (MATRIX + "expect = {}\n", ["cells.0.expect", "or a table"]),
    (MATRIX + "expect = { struct_pages = 64 }\n", ["cells.0.expect.0.struct_pages", "Did you mean 'struct_page'"]),
    (MATRIX + 'expect = [{ struct_page = 64 }, "unreachable"]\n', ["cells.0.expect", "only the last may do without"]),
    (MATRIX + 'expect = { when = "A &&", struct_page = 64 }\n', ["cells.0.expect.0.when", "no Kconfig expression"]),
    (MATRIX + 'expect = { when = "$(shell,ls)", struct_page = 64 }\n', ["no such question: $(shell,ls)"]),
    (MATRIX + "expect = { unreachable = true, struct_page = 64 }\n", ["or a table"]),
    (MATRIX + "[axes.size]\nodd = { fragment = [] }\n", ["axes.size.odd.fragment", "Did you mean 'fragments'"]),
    (MATRIX + "[axes.size]\n", ["axes.size"]),
    (MATRIX + "[[include]]\nwen = { a = 'b' }\n", ["include.0.wen", "Did you mean 'when'"]),
    (MATRIX + "[[exclude]]\nwhen = { a = 'b' }\n", ["exclude.0.reason", "required"]),
    ("title = \n", ["not valid TOML"]),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_mistake_in_a_matrix_is_refused_with_its_place(tmp_path: Path, text: str, words: list[str]) -> None:
    path = matrix(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_matrix(str(path))
    assert all(word in caught.value.message for word in [str(path), *words])


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = matrix(tmp_path, "")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not valid TOML"):
        load_matrix(str(path))


@pytest.mark.parametrize(("name", "hint"), [("quik", "Did you mean 'quick'"), ("no/such.toml", "name a .toml file")])
def test_a_matrix_that_is_not_there_is_refused_with_those_that_are(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match="there is no matrix") as caught:
        load_matrix(name)
    assert "quick" in caught.value.hint
    assert hint in caught.value.hint


def series(place: Path, text: str) -> SeriesDefinition:
    (place / "series.toml").write_text(text)
    return load_series(place)


def test_a_series_has_defaults(tmp_path: Path) -> None:
    definition = series(tmp_path, SERIES)
    assert (definition.title, definition.trees, definition.matrix, definition.claims, definition.follow_ups) == (
        "mine",
        (),
        "quick",
        (),
        (),
    )
    assert find_series(str(tmp_path)) == tmp_path
    assert find_series(str(tmp_path / "none")) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SERIES + 'patchs = "v1"\n', ["versions.0.patchs", "Did you mean 'patches'"]),
        (SERIES + '[[claims]]\ntext = "x"\ncell = "*"\nclaimd = 1\n', ["claims.0", "claimed"]),
        (SERIES + '[[claims]]\ntext = "x"\ncell = "*"\nclaimed = 1\nrelation = "less"\n', ["claims.0.relation"]),
        (SERIES.replace("number = 1", "number = 0"), ["versions.0.number"]),
        ('tree = ["x"]\n' + SERIES, ["'tree'", "Did you mean 'trees'"]),
    ],
)
def test_a_mistake_in_a_series_is_refused_with_its_place(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        series(tmp_path, text)
    assert all(word in caught.value.message for word in words)


@pytest.mark.parametrize(("asked", "number"), [(None, 10), (2, 2), (10, 10)])
def test_the_newest_version_is_that_of_the_highest_number(tmp_path: Path, asked: int | None, number: int) -> None:
    text = 'title = "mine"\n' + "".join(f'[[versions]]\nnumber = {at}\npatches = "v{at}"\n' for at in (10, 2))
    assert series(tmp_path, text).newest(asked).number == number


@pytest.mark.parametrize(("text", "asked"), [(SERIES, 2), ('title = "x"\nversions = []\n', None)])
def test_a_version_that_is_not_there_is_refused(tmp_path: Path, text: str, asked: int | None) -> None:
    with pytest.raises(UsageError, match="has no version"):
        series(tmp_path, text).newest(asked)


NEEDED = """\
title = "needed"
choice = "needed"
[[cells]]
id = "a"
arch = "x86_64"
base = "tinyconfig"
[[also]]
matrix = "quick"
reason = "it is about pages"
names = ["page_\\\\w+"]
"""


def test_a_matrix_that_is_chosen_from_knows_the_cells_of_others(tmp_path: Path) -> None:
    definition, _ = load_matrix(str(matrix(tmp_path, NEEDED)))
    assert definition.chosen
    assert [cell.id for cell in definition.cells] == ["a"]
    assert definition.also[0].cells == load_matrix("quick")[0].cells
    assert not load_matrix("quick")[0].chosen


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('choice = "needed"\n', "", "also: is for matrices whose cells are chosen"),
        ('"needed"\n[[', '"some"\n[[', "choice"),
        ('"quick"', '"quik"', "there is no matrix 'quik'"),
        ('"page_', '"(page_', "is no regular expression"),
        # Seen red: OverflowError is no ValueError.
        ('"page_', '"a{99999999999}page_', "is no regular expression"),
    ],
)
def test_a_mistake_in_a_matrix_that_is_chosen_from_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_matrix(str(matrix(tmp_path, NEEDED.replace(old, new))))
    assert words in caught.value.message


def asks_something(fragment: Fragment) -> bool:
    return bool(fragment.asked) or fragment.power_of_two is not None


@pytest.mark.parametrize("name", MATRICES)
def test_a_shipped_matrix_loads_and_its_fragments_exist(name: str) -> None:
    definition, fragments = load_matrix(name)
    assert definition.cells
    for cell in definition.cells:
        for fragment in cell.fragments:
            assert asks_something(load_fragment(fragments, fragment))


def test_a_matrix_is_shipped() -> None:
    assert "quick" in MATRICES


def test_every_shipped_fragment_can_be_read() -> None:
    for path in folder("kconfigs").glob("*.config"):
        assert asks_something(load_fragment(path.parent, path.stem))


@pytest.mark.parametrize("place", TRACKED, ids=lambda place: str(place.name))
def test_a_tracked_series_loads_and_what_it_names_exists(place: Path) -> None:
    definition = load_series(place)
    assert find_series(place.name) == place
    cells = load_matrix(definition.matrix)[0].cells
    assert cells
    for tree in definition.trees:
        TreeName.parse(tree)
    for version in definition.versions:
        assert bool(version.patches) != bool(version.message_id)
        if version.patches:
            files = sorted((place / version.patches).glob("*.patch"))
            assert any(parse(path.read_bytes()).number for path in files)


def test_a_claim_belongs_to_the_letter_of_its_revision(tmp_path: Path) -> None:
    claims = ['[[claims]]\ntext = "always"\ncell = "*"\nclaimed = 1\n']
    claims += [f'[[claims]]\ntext = "v{version}"\ncell = "*"\nclaimed = 1\nversion = {version}\n' for version in (1, 2)]
    definition = series(tmp_path, SERIES + "".join(claims))
    assert [claim.text for claim in definition.claims_of(1)] == ["always", "v1"]
    assert [claim.text for claim in definition.claims_of(2)] == ["always", "v2"]


COVER, ANSWER = (
    "20251205194351.1646318-1-kas@kernel.org",
    "ackz7hv2oskh4yx4ebk6pkalt3i6buulcn23celgqfqrbkn2hi@hlrsm4ugw66n",
)


@pytest.mark.parametrize("text", [COVER, f"<{ANSWER}>", f"https://lore.kernel.org/all/{COVER.replace('@', '%40')}/T/"])
def test_a_tracked_series_is_named_by_a_message_of_its_thread(text: str) -> None:
    folder = find_series(text)
    assert folder is not None
    assert folder.name == "hvo-upstream"
    definition = load_series(folder)
    version = definition.named_by(text)
    assert version is not None
    assert (version.number, version.message_id) == (1, COVER)
    assert [claim.claimed for claim in definition.claims_of(1)] == [-15792, 0]
    assert len(definition.follow_ups) == 3


@pytest.mark.parametrize("text", ["somebody@example.org", "https://lore.kernel.org/all/", "kas@kernel.org", "@"])
def test_another_message_names_no_tracked_series(text: str) -> None:
    assert find_series(text) is None


AXES = "".join(f"[axes.a{at}]\n" + "".join(f"v{at}x{value} = {{}}\n" for value in range(10)) for at in range(9))
HOSTILE = {
    "nested": "title = " + "[" * 100_000,
    "nested tables": "title = " + "{a = " * 100_000,
    "thousands of digits": 'title = "x"\n[[cells]]\nid = "a"\narch = "x86_64"\nbase = "defconfig"\nsteps = '
    + "9" * 5000,
    "too large a number": 'title = "x"\n[[cells]]\nid = "a"\narch = "x86_64"\nbase = "defconfig"\nsteps = ' + "9" * 300,
    "a billion cells": f'title = "x"\n[defaults]\narch = "x86_64"\nbase = "defconfig"\n{AXES}',
    "megabytes": "#" * (2 << 20),
    "not UTF-8": "title = '\udcff'",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_matrix_of_a_fork_is_refused_soon(tmp_path: Path, text: str) -> None:
    """Seen red one by one: a RecursionError, a ValueError of int(), and cells until the memory was full."""
    path = tmp_path / "hostile.toml"
    path.write_text(text, errors="surrogateescape")
    with at_most(10), pytest.raises(UsageError) as refused:
        load_matrix(str(path))
    assert len(refused.value.message) < 600
