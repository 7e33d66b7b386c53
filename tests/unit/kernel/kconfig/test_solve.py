"""What to ask of kconfig so that a condition holds."""

from __future__ import annotations

import pytest

from pipeline.kernel.kconfig import search
from pipeline.kernel.kconfig.expression import Option, all_of
from pipeline.kernel.kconfig.solve import Solution, solve
from pipeline.kernel.kconfig.source import read
from pipeline.kernel.kconfig.syntax import parse_expression

OPTIONS = """\
config 64BIT
	def_bool y
config ON
	bool "On"
config PLAIN
	bool "Plain"
config BASE
	tristate "Base"
	depends on PLAIN
config UPPER
	tristate "Upper"
	depends on BASE && !RIVAL
	select HIDDEN
config RIVAL
	bool "Rival"
config LOCKED
	bool "Locked"
config HOLDER
	bool "Holder"
	select LOCKED
config HIDDEN
	bool
config DEEP_HIDDEN
	bool
config FAR
	bool "Far"
	depends on UPPER
	select DEEP_HIDDEN
config NEAR
	bool "Near"
	select DEEP_HIDDEN if ON
config FOLLOWS
	def_bool PLAIN
	depends on ON
config ORPHAN
	bool
config EXPERT
	bool "Expert"
config SHY
	bool "Shy" if EXPERT
config EITHER
	bool "Either"
	depends on ORPHAN || BASE || RIVAL
config FOREIGN
	bool "Foreign"
	depends on ARM64
config COMPILER
	bool "Compiler"
	depends on $(cc-option,-mfoo)
config VERSIONED
	bool "Versioned"
	depends on VERSION >= 15
config VERSION
	int
	default 12
config LOOP_A
	bool "A"
	depends on LOOP_B
config LOOP_B
	bool "B"
	depends on LOOP_A
choice
	prompt "Memory"
config FLAT
	bool "Flat"
config SPARSE
	bool "Sparse"
endchoice
config NEEDS_FLAT
	bool "Needs flat"
	depends on FLAT
if PLAIN
menu "Menu"
	depends on ON
config NESTED
	bool "Nested"
endmenu
endif
"""
KCONFIG = read({"Kconfig": OPTIONS}, {})
VALUES = {"64BIT": "y", "VERSION": "12", "SPARSE": "y"}


def solved(condition: str, values: dict[str, str] | None = None, **asked: str) -> Solution:
    return solve(KCONFIG, parse_expression(condition), VALUES | asked | (values or {}), asked)


@pytest.mark.parametrize(
    ("condition", "requests"),
    [
        ("64BIT", ""),
        ("PLAIN", "PLAIN"),
        ("BASE", "PLAIN BASE"),
        ("UPPER", "PLAIN BASE UPPER"),
        ("UPPER && PLAIN", "PLAIN BASE UPPER"),
        ("BASE != n", "PLAIN BASE"),
        ("BASE = y", "PLAIN BASE"),
        ("PLAIN = n", ""),
        ("HIDDEN", "PLAIN BASE UPPER"),
        ("DEEP_HIDDEN", "NEAR ON"),
        ("FOLLOWS", "ON PLAIN"),
        ("SHY", "EXPERT SHY"),
        ("EITHER", "PLAIN BASE EITHER"),
        ("ORPHAN || RIVAL", "RIVAL"),
        ("COMPILER", "COMPILER"),
        ("FLAT", "FLAT"),
        ("NEEDS_FLAT", "FLAT NEEDS_FLAT"),
        ("NESTED", "PLAIN ON NESTED"),
        ("!ORPHAN", ""),
    ],
)
def test_dependencies_come_first(condition: str, requests: str) -> None:
    solution = solved(condition)
    assert (" ".join(solution.requests), solution.reason) == (requests, "")
    assert set(solution.requests.values()) <= {"y"}


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("!64BIT", "64BIT is y, and has no prompt by which it could be n"),
        ("!PLAIN && BASE", "!PLAIN does not go with the rest"),
        ("ORPHAN", "ORPHAN has no prompt, and nothing selects it"),
        ("PLAIN && ORPHAN", "ORPHAN has no prompt, and nothing selects it"),
        ("FOREIGN", "ARM64 is no option of this architecture"),
        ("VERSIONED", "VERSIONED needs VERSION>=15 (VERSION is 12)"),
        ("VERSION", "VERSION is not a matter of y and n"),
        ("LOOP_A", "LOOP_A depends on itself"),
        ("FLAT && SPARSE", "SPARSE excludes FLAT, which is asked for already"),
        ("UPPER && RIVAL", "UPPER depends on BASE && !RIVAL, which does not go with the rest"),
        ("n", "n is needed, which does not hold"),
    ],
)
def test_what_cannot_be_had_says_why(condition: str, reason: str) -> None:
    solution = solved(condition)
    assert not solution.requests
    assert reason in solution.reason


FILTERED = """\
config FILTER
	bool "Only some"
config CAMERAS
	bool
	prompt "Cameras" if FILTER
	default y if !FILTER
config CORE
	tristate "Core" if !FILTER
	default CAMERAS
config CAMERA
	tristate "A camera"
	depends on CAMERAS && CORE
config TUNER
	tristate "A tuner"
	depends on CORE && CAMERAS
"""


@pytest.mark.parametrize(
    ("condition", "requests"), [("CAMERA", "FILTER CAMERAS CAMERA"), ("TUNER", "CORE TUNER"), ("CORE", "CORE")]
)
def test_an_option_that_is_not_asked_about_has_its_default(condition: str, requests: str) -> None:
    """As drivers/media has it. Seen red: what was asked for last undid what was asked for first."""
    solution = solve(read({"Kconfig": FILTERED}, {}), Option(condition), {}, {})
    assert (" ".join(solution.requests), solution.reason) == (requests, "")


TABLES = """\
config TABLES
	bool "Tables"
config CLOCKS
	bool "Clocks"
config BUS
	bool "Bus"
	depends on TABLES && CLOCKS || !TABLES
config PINS
	bool "Pins"
	depends on TABLES
config ONLY_WITHOUT
	bool "Without tables"
	depends on !TABLES
"""


def test_what_a_later_request_undoes_is_mended_or_the_two_do_not_go_together() -> None:
    """As i2c-designware and pinctrl-amd. Seen red: the bus was asked for, and kconfig did not have it."""
    kconfig = read({"Kconfig": TABLES}, {})
    both = solve(kconfig, parse_expression("BUS && PINS"), {}, {})
    assert " ".join(both.requests) == "BUS TABLES CLOCKS PINS"
    first = solve(kconfig, Option("BUS"), {}, {})
    second = solve(kconfig, Option("PINS"), first.values, first.requests)
    assert (" ".join(second.requests), second.reason) == ("TABLES CLOCKS PINS", "")
    without = solve(kconfig, Option("ONLY_WITHOUT"), {}, {})
    last = solve(kconfig, Option("PINS"), without.values, without.requests)
    assert last.reason == "ONLY_WITHOUT depends on !TABLES, which does not go with the rest"


def test_an_option_can_be_turned_off() -> None:
    assert solved("!PLAIN", {"PLAIN": "y"}).requests == {"PLAIN": "n"}
    assert solved("!(PLAIN && 64BIT)", {"PLAIN": "y"}).requests == {"PLAIN": "n"}
    assert solved("!(PLAIN || RIVAL)", {"PLAIN": "y", "RIVAL": "y"}).requests == {"PLAIN": "n", "RIVAL": "n"}
    assert solved("UPPER", {"RIVAL": "y"}).requests == {"PLAIN": "y", "BASE": "y", "RIVAL": "n", "UPPER": "y"}
    assert solved("!FOLLOWS", {"FOLLOWS": "y", "ON": "y", "PLAIN": "y"}).requests == {"ON": "n"}
    assert solved("!LOCKED", {"LOCKED": "y", "HOLDER": "y"}).reason == "LOCKED is selected by HOLDER"


def test_a_module_becomes_built_in() -> None:
    assert list(solved("UPPER", {"PLAIN": "y", "BASE": "m"}).requests) == ["BASE", "UPPER"]


def test_what_the_cell_asks_for_stands() -> None:
    assert solved("BASE", PLAIN="n").reason == "PLAIN=n is asked for already"
    assert solved("!PLAIN", PLAIN="y").reason == "PLAIN=y is asked for already"
    assert solved("FLAT", SPARSE="y").reason == "FLAT excludes SPARSE, which is asked for already"


def test_the_solution_s_values_are_those_that_kconfig_would_give() -> None:
    assert solved("UPPER").values == VALUES | {"PLAIN": "y", "BASE": "y", "UPPER": "y", "HIDDEN": "y"}
    assert solved("FLAT").values == VALUES | {"FLAT": "y", "SPARSE": "n"}
    assert solved("ORPHAN").values == VALUES


def test_a_search_that_is_too_deep_or_too_wide_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = "".join(f"config O{n}\n\tbool 'x'\n\tdepends on O{n + 1}\n" for n in range(search.MAX_DEPTH + 5))
    assert "too tangled" in solve(read({"Kconfig": chain}, {}), Option("O0"), {}, {}).reason
    wide = "".join(
        f"config S{n}_{m}\n\tbool 'x'\n\tdepends on H{n + 1}\n\tselect H{n}\n" for n in range(30) for m in range(9)
    ) + "".join(f"config H{n}\n\tbool\n" for n in range(31))
    monkeypatch.setattr(search, "MAX_STEPS", 500)
    assert "too tangled" in solve(read({"Kconfig": wide}, {}), all_of(Option("H0"), Option("H1")), {}, {}).reason
