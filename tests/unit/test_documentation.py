"""The documents: what they lead to exists, and they name all that the code has."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

import pipeline
from pipeline.cli import COMMANDS, app, load
from pipeline.system.errors import ExitStatus
from tests.support.paths import PROJECT

README = PROJECT / "README.md"
DOCUMENTS = [README, *sorted((PROJECT / ".github").glob("*.md")), *sorted((PROJECT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")
_ANCHOR = re.compile(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_TOC = re.compile(r"^```\{toctree\}\n(?::.*\n)*\n((?:.*\n)*?)```", re.MULTILINE)
README_LINES = 150
GLOSSARY_TERMS = 40


def command_group() -> Any:
    """Every command, as the program itself has them."""
    load(())
    return typer.main.get_command(app)


def dead_links(text: str, folder: Path) -> list[str]:
    """Relative links of a document that lead to no file."""
    return [link for link in _LINK.findall(text) if not (folder / link).exists()]


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def dead_anchors(text: str, file: Path) -> list[str]:
    """Links of a document to headings that are not there, in itself or in another document."""
    wrong = []
    for link, anchor in _ANCHOR.findall(text):
        headings = _HEADING.findall((file.parent / link).read_text() if link else text)
        if anchor not in map(slug, headings):
            wrong.append(f"{link}#{anchor}")
    return wrong


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_to_headings(path: Path) -> None:
    assert dead_anchors(path.read_text(), path) == []


def test_a_link_to_no_heading_is_noticed() -> None:
    text = (
        "# Here it is\n[a](#here-it-is) [b](#gone) [c](docs/howto/matrix.md#conditions) [d](docs/howto/matrix.md#gone)"
    )
    assert dead_anchors(text, README) == ["#gone", "docs/howto/matrix.md#gone"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_to_files(path: Path) -> None:
    assert dead_links(path.read_text(), path.parent) == []


def test_a_dead_link_is_noticed() -> None:
    text = "[a](docs/index.md) [b](docs/gone.md#x) [](gone/too.md) [c](https://example.org/) [d](#here)"
    assert dead_links(text, PROJECT) == ["docs/gone.md", "gone/too.md"]


def test_every_page_is_in_a_table_of_contents() -> None:
    """Sphinx says so, too; this needs no Sphinx."""
    pages = {
        path.relative_to(PROJECT / "docs").with_suffix("").as_posix(): path
        for path in DOCUMENTS
        if "docs" in path.parts
    }
    listed = {
        (path.parent / line).relative_to(PROJECT / "docs").as_posix()
        for path in pages.values()
        for block in _TOC.findall(path.read_text())
        for line in block.split()
    }
    assert listed == pages.keys() - {"index"}


def test_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= README_LINES


def test_glossary_has_few_terms_in_order() -> None:
    lines = (PROJECT / "docs/glossary.md").read_text().splitlines()
    terms = [before for before, line in pairwise(lines) if line.startswith(": ")]
    assert 0 < len(terms) <= GLOSSARY_TERMS
    assert terms == sorted(terms, key=str.casefold)


def test_commands_and_options_of_documents_exist() -> None:
    """Of lines that begin with `pipeline`. Seen red with an option that does not exist."""
    commands = command_group().commands
    known = {name: {option for param in command.params for option in param.opts} for name, command in commands.items()}
    wrong = [
        f"{path.name}: {line}"
        for path in DOCUMENTS
        for line in re.findall(r"^(?: {4,}|\$ )(?:\$ )?pipeline ([a-z].*)", path.read_text(), re.MULTILINE)
        if (name := line.split()[0]) not in known or not set(re.findall(r"(?<=\s)--[a-z-]+", line)) <= known[name]
    ]
    assert wrong == []


def test_exit_statuses_are_documented() -> None:
    text = (PROJECT / "docs/reference/exit-status.md").read_text()
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == {*map(int, ExitStatus), 130}


@pytest.mark.parametrize("document", ["docs/architecture.md", ".github/CONTRIBUTING.md"])
def test_documents_name_every_package(document: str) -> None:
    text = (PROJECT / document).read_text()
    places = Path(pipeline.__file__).parent.glob("[a-z]*")
    names = {path.stem for path in places if path.is_dir() or path.suffix == ".py"}
    assert [name for name in sorted(names) if not re.search(rf"`{name}(?:/|\.py)?`", text)] == []


def test_the_reference_has_every_command() -> None:
    """The generated page goes through `COMMANDS`."""
    assert set(command_group().commands) == set(COMMANDS)
