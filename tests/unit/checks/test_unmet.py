"""Selections of options whose dependencies can be off, told from Kconfig files alone."""

from __future__ import annotations

import pytest

from pipeline.checks.unmet import unmet

OPTIONS = """\
config BUS
	bool "A bus"

config CLOCK
	bool "A clock"
	depends on BUS

config WIDE
	bool "A wide bus"

config FAR
	bool "On another architecture"
	depends on ELSEWHERE

if BUS

config CORE
	bool
	depends on CLOCK || TIMER

endif
"""


def lacking(selector: str) -> dict[tuple[str, str], tuple[str, ...]]:
    answers = unmet({"Kconfig": OPTIONS + selector})
    return {names: depends for names, (depends, _) in answers.items()}


@pytest.mark.parametrize(
    ("depends", "why"),
    [
        ("", ("BUS", "CLOCK || TIMER")),
        ("\tdepends on BUS\n", ("CLOCK || TIMER",)),
        ("\tdepends on BUS || WIDE\n", ("BUS", "CLOCK || TIMER")),
        ("\tdepends on BUS || CLOCK\n", ("CLOCK || TIMER",)),
        ("\tdepends on BUS && (CLOCK || WIDE)\n", ("CLOCK || TIMER",)),
    ],
)
def test_what_a_selector_does_not_ask_for_can_be_off(depends: str, why: tuple[str, ...]) -> None:
    assert lacking(f"config DRIVER\n\tbool\n{depends}\tselect CORE\n") == {("DRIVER", "CORE"): why}


@pytest.mark.parametrize(
    "properties",
    [
        "\tdepends on CLOCK\n\tselect CORE\n",
        "\tselect CORE if CLOCK\n",
        "\tselect CORE if CLOCK && BUS\n",
        "\tdepends on BUS\n\tselect TIMER\n\tselect CORE\n",
        "\tdepends on BUS && (CLOCK || TIMER)\n\tselect CORE\n",
        "\tdepends on BUS\n\tdepends on TIMER || CLOCK\n\tselect CORE\n",
        "\tdepends on FAR\n\tselect CORE\n",
        "\tselect CORE if FAR\n",
    ],
)
def test_what_is_asked_for_or_can_never_be_on_is_met(properties: str) -> None:
    assert lacking(f"config TIMER\n\tbool\n\nconfig DRIVER\n\tbool\n{properties}") == {}


def test_what_is_selected_does_not_vouch_for_its_own_dependencies() -> None:
    selector = "config MIDDLE\n\tbool\n\tdepends on BUS\n\nconfig DRIVER\n\tbool\n\tselect MIDDLE\n"
    assert lacking(selector) == {("DRIVER", "MIDDLE"): ("BUS",)}


def test_options_that_depend_on_each_other_end() -> None:
    assert lacking("config A\n\tbool\n\tdepends on B\n\nconfig B\n\tbool\n\tdepends on A\n\tselect A\n") == {}
