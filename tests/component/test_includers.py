"""Which C files show a header first, asked of a real checkout."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.objects.includers import Includers, Lost, lost_of
from pipeline.system.git import Repository

BEFORE = """\
#include <linux/first.h>
#include <linux/second.h>
int of_old(int number);
int of_kept(int number);
"""
AFTER = "#include <linux/second.h>\nint of_kept(int number);\n"
SOURCES = {
    "include/linux/first.h": "int from_first(int number);\n#define from_macro(x) (x)\n",
    "include/linux/second.h": "int from_second(int number);\n",
    "include/linux/of.h": BEFORE,
    "a/nothing.c": "#include <linux/of.h>\n",
    "a/second.c": "#include <linux/of.h>\nint a = from_second(1);\n",
    "b/direct.c": "#include <linux/first.h>\n#include <linux/of.h>\nint b = from_first(1) + from_macro(2);\n",
    "y/lost.c": "#include <linux/of.h>\nint y = of_old(1);\n",
    "z/relies.c": "#include <linux/of.h>\nint z = from_first(1);\n",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Repository:
    for path, text in SOURCES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    return Repository(tmp_path)


def order(checkout: Repository, lost: Mapping[str, Lost]) -> list[str]:
    return [*Includers(checkout).of(["include/linux/of.h"], [], lost)["include/linux/of.h"]]


def test_names_that_a_header_lost_are_found_from_its_texts() -> None:
    assert lost_of(BEFORE, AFTER) == Lost(("of_old",), ("linux/first.h",))
    assert lost_of(AFTER, AFTER) == Lost()
    assert lost_of("", AFTER) == Lost()


def test_includers_that_a_lost_include_or_name_breaks_come_first(checkout: Repository) -> None:
    """Seen red with the names of changed lines alone: all were alike, and in the order of their paths."""
    lost = {"include/linux/of.h": lost_of(BEFORE, AFTER)}
    assert order(checkout, lost) == ["z/relies.c", "y/lost.c", "a/nothing.c", "a/second.c", "b/direct.c"]


def test_without_a_loss_they_are_in_the_order_of_their_paths(checkout: Repository) -> None:
    assert order(checkout, {}) == ["a/nothing.c", "a/second.c", "b/direct.c", "y/lost.c", "z/relies.c"]
