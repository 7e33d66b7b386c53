"""The manual pages that are kept in `man/`: one of each command, as its help has it now."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.cli import COMMANDS
from tests.support.paths import PROJECT


@pytest.fixture
def manual(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module that writes the pages."""
    monkeypatch.syspath_prepend(str(PROJECT / "docs/_ext"))
    yield importlib.import_module("manual")
    del sys.modules["manual"], sys.modules["generated"]


def test_pages_are_as_the_help_is(manual: ModuleType) -> None:
    """Seen red with a word of a help text changed."""
    assert list(manual.outdated(PROJECT / "man")) == [], "say `make man`, and commit what it writes"


def test_each_command_has_a_page() -> None:
    there = {path.name for path in (PROJECT / "man").iterdir()}
    assert there == {"pipeline.1", *(f"pipeline-{name}.1" for name in COMMANDS)}


def test_a_page_that_nobody_needs_any_more_is_outdated(manual: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pipeline-gone.1").touch()
    assert "pipeline-gone.1" in list(manual.outdated(tmp_path))


@pytest.mark.parametrize(
    ("text", "roff"),
    [
        ("a --base", r"a \-\-base"),
        (".SH EVIL", r"\&.SH EVIL"),
        ("'so x", r"\&'so x"),
        ("a\n.so x", "a\n\\&.so x"),
        ("\\fBx", r"\efBx"),
    ],
)
def test_no_text_is_taken_for_roff(manual: ModuleType, text: str, roff: str) -> None:
    assert manual.plain(text) == roff
