"""The command that does again what was done, and the one that does what several did."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from pipeline.fetch import Request
from pipeline.orders.order import Order, joined, reproducer
from pipeline.system.sandbox import SandboxName

ORDER = Order(request=Request("x@y"), cells=("a*",), per_patch=True, sandbox=SandboxName.NONE)


def test_a_command_says_everything_that_is_not_the_default() -> None:
    command = reproducer(ORDER, ["path:/a b#master"], "quick")
    assert command == (
        "pipeline apply-and-build x@y --tree 'path:/a b#master' --matrix quick --cell 'a*' --per-patch --sandbox=none"
    )


def test_a_baseline_names_no_series() -> None:
    command = reproducer(Order(request=Request(""), cells=("a*",), baseline=True), ["t"], "quick")
    assert command == "pipeline apply-and-build --no-series --tree t --matrix quick --cell 'a*'"
    assert joined([command, command.replace("a*", "b")]) == (
        "pipeline apply-and-build --tree t --no-series --matrix quick --cell 'a*' --cell b"
    )


def test_the_executor_is_no_part_of_the_command() -> None:
    elsewhere = replace(ORDER, executor="dask://build1:8786")
    assert reproducer(elsewhere, ["t"], "quick") == reproducer(ORDER, ["t"], "quick")


@pytest.mark.parametrize(
    ("commands", "result"),
    [
        (["--tree t --cell a", "--tree t --cell b --cell c"], "--tree t --cell a --cell b --cell c"),
        (["--tree t --cell a", "--tree u --cell a"], "--tree t --tree u --cell a"),
        (["--tree t --cell a --per-patch", "--tree t"], "--tree t --per-patch"),
        (["--tree 'a b' --cell 'x*'"], "--tree 'a b' --cell 'x*'"),
    ],
)
def test_joined_commands_name_every_tree_and_cell_once(commands: list[str], result: str) -> None:
    words = shlex.split(joined([f"pipeline apply-and-build x@y {command}" for command in commands]))
    assert words[:3] == ["pipeline", "apply-and-build", "x@y"]
    expected = shlex.split(result)
    assert sorted(words[3:]) == sorted(expected)
    assert [word for word in words if word in "abctu"] == [word for word in expected if word in "abctu"]
