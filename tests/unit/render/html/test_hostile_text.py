"""Hostile words in every place of a run: the HTML report shows them, and that is all."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pytest
import tinyhtml5

from pipeline.record import RunRecord
from pipeline.render.html import render_html
from pipeline.system.text import blanked
from tests.support import records
from tests.support.html_payloads import PAYLOADS
from tests.support.sample_runs import WORDS_OF_THE_SCHEMA, flooded, with_boots

_KEPT_LINKS = re.compile(
    r"(#[a-z0-9-]+|https://lore\.kernel\.org/all/[^/?#:\s\"'<>\\]+/|[A-Za-z0-9%_.~-]+(/[A-Za-z0-9%_.~-]+)*)$"
)
"""Within the page, to the archive, or to a file of the run."""


def elements(page: str) -> list[ElementTree.Element]:
    """The page as a browser's parser reads it."""
    root = tinyhtml5.parse(page)
    assert isinstance(root, ElementTree.Element)
    return list(root.iter())


_HARMLESS = elements(render_html(with_boots()))
# A square of the matrix is a group where it leads nowhere.
ALLOWED = {str(element.tag) for element in _HARMLESS} | {"{http://www.w3.org/2000/svg}g"}
ATTRIBUTES = frozenset[str]().union(*(element.attrib for element in _HARMLESS))


def test_there_are_enough_payloads_and_each_is_another() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 30


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_in_every_string_stays_text(payload: str) -> None:
    page = render_html(flooded(with_boots(), payload))
    all_elements = elements(page)
    assert {str(element.tag) for element in all_elements} <= ALLOWED
    assert frozenset[str]().union(*(element.attrib for element in all_elements)) <= ATTRIBUTES
    for tag in ("script", "style", "base", "form", "iframe", "img"):
        expected = 1 if tag in ("script", "style") else 0
        assert sum(str(element.tag).rpartition("}")[2] == tag for element in all_elements) == expected
    for element in all_elements:
        assert not any(str(name).startswith("on") for name in element.attrib)
        if "href" in element.attrib:
            assert _KEPT_LINKS.match(element.attrib["href"]), element.attrib["href"]


def test_the_guard_sees_a_payload_that_is_not_escaped() -> None:
    page = render_html(with_boots()).replace("Remove the static key", PAYLOADS[10])
    assert any("onerror" in element.attrib for element in elements(page))


def test_a_payload_is_shown_as_it_is() -> None:
    title = "mm: use <b>less</b> & \"more\" of 'it'"
    all_elements = elements(render_html(records.run(series=records.series(title=title))))
    assert ["".join(element.itertext()) for element in all_elements if str(element.tag).endswith("}h1")] == [title]


def test_no_control_or_direction_mark_gets_through() -> None:
    page = render_html(flooded(with_boots(), "\x1b[2Ja\u202eb\u2066c\u200bd\x00e\x9bf\ufeffg"))
    assert blanked(page.replace("\n", "")) == page.replace("\n", "")
    assert "\\x1b[2Ja\\u202eb" in page


def test_payloads_together_stay_text() -> None:
    """Pieces that are harmless alone, side by side in one page."""
    turn = itertools.cycle(PAYLOADS)

    def mixed(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {name: inner if name in WORDS_OF_THE_SCHEMA else mixed(inner, name) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return tuple(mixed(inner, key) for inner in value)
        return next(turn) if isinstance(value, str) else value

    record = RunRecord.model_validate(mixed(with_boots().model_dump(by_alias=True)))
    assert {str(element.tag) for element in elements(render_html(record))} <= ALLOWED
