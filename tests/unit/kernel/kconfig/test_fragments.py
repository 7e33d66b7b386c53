"""Fragments, their promises, and what happened to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.kernel.kconfig import (
    broken_options,
    broken_struct_page,
    contradictions,
    load_fragment,
    parse_config,
    parse_fragment,
    promises,
    refused_wishes,
    request_text,
)
from pipeline.model import StructPage
from pipeline.system.errors import UsageError

POWER = "#: sizeof(struct page) is a power of two\n"
ODD = "#: sizeof(struct page) is not a power of two\n"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("CONFIG_SMP=y\n", {"SMP": "y"}),
        ("# CONFIG_SMP is not set\n", {"SMP": "n"}),
        ("CONFIG_SMP=n\n", {"SMP": "n"}),
        ('CONFIG_CMDLINE="a=b c"\nCONFIG_NR_CPUS=64\nCONFIG_E=\n', {"CMDLINE": '"a=b c"', "NR_CPUS": "64", "E": ""}),
        ("CONFIG_SMP=y\n# CONFIG_SMP is not set\n", {"SMP": "n"}),
        ("#\n# Linux/x86 6.12 Kernel Configuration\n#\n\n", {}),
        ("# CONFIG_SMP=y\nSMP=y\n#CONFIG_X is not set\n", {}),
    ],
)
def test_a_config_is_options_and_values(text: str, options: dict[str, str]) -> None:
    assert parse_config(text) == options


@pytest.mark.parametrize(("line", "promise"), [(POWER, True), (ODD, False), ("", None), (f"  {ODD}", False)])
def test_a_promise_about_struct_page_is_read(line: str, promise: bool | None) -> None:
    fragment = parse_fragment("x", f"# about\n{line}CONFIG_MEMCG=y\n")
    assert fragment.power_of_two is promise
    assert fragment.options == {"MEMCG": "y"}
    assert fragment.text == f"# about\n{line}CONFIG_MEMCG=y\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# fine\n#: sizeof(struct page) is 64\n", r"x\.config:2: no such promise"),
        ("CONFIG_A=y\nCONFIG_B y\n", r"x\.config:2: neither an option nor a comment: 'CONFIG_B y'"),
        ("SMP=y\n", r"x\.config:1: neither"),
    ],
)
def test_a_mistake_in_a_fragment_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_fragment("x", text)


def test_a_fragment_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    for name in ("hvo", "memcg"):
        (tmp_path / f"{name}.config").write_text("CONFIG_A=y\n")
    assert load_fragment(tmp_path, "hvo").name == "hvo"
    with pytest.raises(UsageError, match="there is no fragment") as caught:
        load_fragment(tmp_path, "hvoo")
    assert "hvo, memcg" in caught.value.hint


@pytest.mark.parametrize(
    ("asked", "final", "broken"),
    [
        ("CONFIG_A=y", "CONFIG_A=y", []),
        ("CONFIG_A=y", "# CONFIG_A is not set", ["CONFIG_A=y asked (x.config), n got"]),
        ("CONFIG_A=y", "", ["CONFIG_A=y asked (x.config), n got"]),
        ("CONFIG_A=y", "CONFIG_A=m", ["CONFIG_A=y asked (x.config), m got"]),
        ("CONFIG_A=n", "CONFIG_A=y", ["CONFIG_A=n asked (x.config), y got"]),
        ("# CONFIG_A is not set", "CONFIG_A=y", ["CONFIG_A=n asked (x.config), y got"]),
        ("# CONFIG_A is not set", "", []),
        ('CONFIG_S="a"', 'CONFIG_S="b"', ['CONFIG_S="a" asked (x.config), "b" got']),
        ("CONFIG_AB=y", "CONFIG_A=y\nCONFIG_ABC=y", ["CONFIG_AB=y asked (x.config), n got"]),
    ],
)
def test_a_request_that_did_not_survive_is_listed(asked: str, final: str, broken: list[str]) -> None:
    assert broken_options([parse_fragment("x", asked)], final) == broken


def test_every_fragment_is_checked() -> None:
    fragments = [parse_fragment(name, f"CONFIG_{name}=y") for name in ("A", "B", "C")]
    assert [line.split("=")[0] for line in broken_options(fragments, "CONFIG_B=y")] == ["CONFIG_A", "CONFIG_C"]


def test_the_reason_is_the_explanation_or_a_later_fragment() -> None:
    fragments = [parse_fragment("x", "CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=y"), parse_fragment("z", "CONFIG_A=n")]
    reasons = {"A": "not asked for", "B": "selected by C"}
    lines = broken_options(
        fragments, "CONFIG_D=y", lambda option, asked: asked * 2 if option == "C" else reasons[option]
    )
    assert lines == [
        "CONFIG_A=y asked (x.config), n got: z.config asks for n",
        "CONFIG_B=y asked (x.config), n got: selected by C",
        "CONFIG_C=y asked (x.config), n got: yy",
    ]


@pytest.mark.parametrize(
    ("promise", "size", "broken"),
    [
        (POWER, 64, 0),
        (POWER, 56, 1),
        (POWER, 80, 1),
        (ODD, 56, 0),
        (ODD, 40, 0),
        (ODD, 64, 1),
        ("", 64, 0),
        ("", 56, 0),
    ],
)
def test_a_promise_about_struct_page_is_checked_against_the_size(promise: str, size: int, broken: int) -> None:
    lines = broken_struct_page([parse_fragment("x", promise)], StructPage(size))
    assert len(lines) == broken
    assert all(f"is {size}; x.config promises" in line for line in lines)


@pytest.mark.parametrize(("size", "power"), [(0, False), (1, True), (32, True), (40, False), (64, True), (96, False)])
def test_a_power_of_two_is_told_from_others(size: int, power: bool) -> None:
    assert StructPage(size).power_of_two is power


def test_promises_are_counted_for_each_fragment() -> None:
    fragments = [parse_fragment("a", "CONFIG_A=y\n# CONFIG_B is not set\n"), parse_fragment("b", POWER)]
    assert promises(fragments) == 3


def test_fragments_that_agree_do_not_contradict_each_other() -> None:
    assert contradictions([parse_fragment("a", "CONFIG_A=y\n"), parse_fragment("b", "CONFIG_A=y\nCONFIG_B=n\n")]) == []


def test_fragments_that_promise_different_things_are_named() -> None:
    texts = contradictions([parse_fragment("a", "CONFIG_A=y\n"), parse_fragment("b", "# CONFIG_A is not set\n")])
    assert texts == ["CONFIG_A: a.config asks y, b.config asks n"]


def test_a_fragment_is_taken_from_the_first_folder_that_has_it(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for folder, names in ((own, ("a",)), (shipped, ("a", "b"))):
        folder.mkdir()
        for name in names:
            (folder / f"{name}.config").write_text(f'CONFIG_FROM="{folder.name}"\n')
    values = [load_fragment(own, name, shipped).options["FROM"] for name in ("a", "b")]
    assert values == ['"own"', '"shipped"']
    with pytest.raises(UsageError, match="there is no fragment") as caught:
        load_fragment(own, "bb", shipped)
    assert caught.value.hint == "Known fragments: a, b. Did you mean 'b'?"


WISHES = "CONFIG_A=y\n#? CONFIG_B=y\n#? # CONFIG_C is not set\n"


def test_a_wish_is_no_promise_but_asked_of_kconfig() -> None:
    fragment = parse_fragment("x", WISHES)
    assert (fragment.options, fragment.wishes) == ({"A": "y"}, {"B": "y", "C": "n"})
    assert promises([fragment]) == 1
    assert request_text(fragment) == "CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n"
    assert broken_options([fragment], "CONFIG_A=y\nCONFIG_C=y\n") == []


def test_a_refused_wish_is_told_with_the_reason() -> None:
    fragment = parse_fragment("x", WISHES)
    reasons = {"B": "no such option in this tree", "C": ""}
    assert refused_wishes([fragment], "CONFIG_A=y\nCONFIG_C=y\n", lambda option, _asked: reasons[option]) == [
        "CONFIG_B=y (x.config): no such option in this tree",
        "CONFIG_C=n (x.config): y got",
    ]
    assert refused_wishes([fragment], "CONFIG_A=y\nCONFIG_B=y\n") == []


def test_a_wish_that_another_fragment_requires_is_told_as_a_broken_requirement_only() -> None:
    fragments = [parse_fragment("x", "#? CONFIG_B=y\n"), parse_fragment("y", "CONFIG_B=y\n")]
    assert contradictions(fragments) == []
    assert refused_wishes(fragments, "") == []
    assert broken_options(fragments, "") == ["CONFIG_B=y asked (y.config), n got"]


def test_wishes_and_requirements_contradict_each_other() -> None:
    fragments = [parse_fragment("x", "#? CONFIG_B=y\n"), parse_fragment("y", "CONFIG_B=n\n")]
    assert contradictions(fragments) == ["CONFIG_B: x.config asks y, y.config asks n"]


@pytest.mark.parametrize("text", ["#? B=y\n", "#?\n", "#? CONFIG_B\n", "CONFIG_B=y\n#? CONFIG_B=y\n"])
def test_what_is_no_wish_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="wish"):
        parse_fragment("x", text)
