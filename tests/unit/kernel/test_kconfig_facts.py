"""Conditions on a tree and its configuration."""

from __future__ import annotations

import pytest

from pipeline.kernel.kconfig import source
from pipeline.kernel.kconfig.facts import Facts, check_condition, holds, numbers
from pipeline.kernel.kconfig.options import Kconfig
from pipeline.system.errors import UsageError

KCONFIG = """\
config ASKED
	bool "one that a user sets"
config DERIVED
	def_bool y
config TWICE
	bool
config TWICE
	bool "asked elsewhere"
"""
FACTS = Facts({"DERIVED": "y", "COUNT": "4"}, lambda: source.read({"Kconfig": KCONFIG}, {}), lambda: "6.18.3-rc1")


@pytest.mark.parametrize(
    ("condition", "holding"),
    [
        ("DERIVED", True),
        ("!DERIVED", False),
        ("ASKED", False),
        ("COUNT > 3 && DERIVED", True),
        ("$(defined,ASKED)", True),
        ("$(defined,NOWHERE)", False),
        ("$(prompt,ASKED)", True),
        ("$(prompt,DERIVED)", False),
        ("$(prompt,TWICE)", True),
        ("!$(prompt,NOWHERE) && DERIVED", True),
        ("$(since,6.18)", True),
        ("$(since,6.18.4)", False),
        ("$(since,6.9)", True),
        ("$(since,7.0)", False),
    ],
)
def test_a_condition_asks_configuration_and_tree(condition: str, holding: bool) -> None:
    check_condition(condition)
    assert holds(condition, FACTS) is holding


@pytest.mark.parametrize(
    "condition", ["", "A &&", "$(shell,ls)", "$(defined,)", "$(since,new)", "$(defined,$(prompt,A))"]
)
def test_what_is_no_condition_is_refused(condition: str) -> None:
    with pytest.raises(UsageError):
        check_condition(condition)


def test_kconfig_is_read_only_where_it_is_asked() -> None:
    def unread() -> Kconfig:
        raise AssertionError("read")

    assert holds("A", Facts({"A": "y"}, unread, lambda: ""))


@pytest.mark.parametrize(("version", "parts"), [("6.18-rc2", (6, 18)), ("7.3.4", (7, 3, 4)), ("", ()), ("next", ())])
def test_the_numbers_of_a_version_are_those_it_begins_with(version: str, parts: tuple[int, ...]) -> None:
    assert numbers(version) == parts
