"""Hostile words in every place of a run: the HTML report shows them, and that is all."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pytest
import tinyhtml5

from pipeline.record import BootRecord, CheckRecord, RunRecord, SymbolRecord
from pipeline.render.html import render_html
from pipeline.system.text import blanked
from tests.unit import records
from tests.unit.payloads import PAYLOADS
from tests.unit.test_render import REFUSED, WORDS_OF_THE_SCHEMA, flooded, warning_cell
from tests.unit.test_render_review import whole

_KEPT_LINKS = re.compile(
    r"(#[a-z0-9-]+|https://lore\.kernel\.org/all/[^/?#:\s\"'<>\\]+/|[A-Za-z0-9%_.~-]+(/[A-Za-z0-9%_.~-]+)*)$"
)
"""Within the page, to the archive, or to a file of the run."""


def with_boots() -> RunRecord:
    """A run with something in every section."""
    check = CheckRecord(name="memmap", status="fail", details=("wrong",), values={"heads": 1})
    boots = (
        BootRecord(patch=0, scenario="hvo", status="pass", console="logs/a.console"),
        BootRecord(
            patch=3,
            scenario="hvo",
            status="fail",
            reason="failed: memmap",
            checks=(check,),
            splats=("BUG: bad page",),
            new_lines=("BUG",),
            console="logs/b.console",
        ),
    )
    symbols = [SymbolRecord(name=name, path="mm/a.c", old=1, new=3, delta=2) for name in "ab"]
    text = records.text(symbols=tuple(symbols))
    changes = zip(range(4), (None, 5, -10, 3), strict=True)
    states = tuple(records.state(at, text_change=change) for at, change in changes)
    cell = records.measured(
        boots=boots, text=text, states=states, config="configs/a.config", about="about", unexpected="odd"
    )
    broken = records.broken("riscv64-gcc-flat", "built", "built", "failed")
    return records.run(
        trees=(records.tree(), REFUSED),
        cells=(cell, broken, warning_cell(), records.unreachable()),
        claims=(records.claim("refuted", -300),),
        series=records.series(follow_ups=("Remove the static key",), notes=("Patch 2 came from a reply",)),
        sandbox="none",
        review=whole(),
    )


def elements(page: str) -> list[ElementTree.Element]:
    """The page as a browser's parser reads it."""
    root = tinyhtml5.parse(page)
    assert isinstance(root, ElementTree.Element)
    return list(root.iter())


_HARMLESS = elements(render_html(with_boots()))
# A square of the matrix is a group where it leads nowhere.
ALLOWED = {str(one.tag) for one in _HARMLESS} | {"{http://www.w3.org/2000/svg}g"}
ATTRIBUTES = frozenset[str]().union(*(one.attrib for one in _HARMLESS))


def test_there_are_enough_payloads_and_each_is_another() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 30


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_in_every_string_stays_text(payload: str) -> None:
    page = render_html(flooded(with_boots(), payload))
    found = elements(page)
    assert {str(one.tag) for one in found} <= ALLOWED
    assert frozenset[str]().union(*(one.attrib for one in found)) <= ATTRIBUTES
    for tag in ("script", "style", "base", "form", "iframe", "img"):
        expected = 1 if tag in ("script", "style") else 0
        assert sum(str(one.tag).rpartition("}")[2] == tag for one in found) == expected
    for one in found:
        assert not any(str(name).startswith("on") for name in one.attrib)
        if "href" in one.attrib:
            assert _KEPT_LINKS.match(one.attrib["href"]), one.attrib["href"]


def test_the_guard_sees_a_payload_that_is_not_escaped() -> None:
    page = render_html(with_boots()).replace("Remove the static key", PAYLOADS[10])
    assert any("onerror" in one.attrib for one in elements(page))


def test_a_payload_is_shown_as_it_is() -> None:
    title = "mm: use <b>less</b> & \"more\" of 'it'"
    found = elements(render_html(records.run(series=records.series(title=title))))
    assert ["".join(one.itertext()) for one in found if str(one.tag).endswith("}h1")] == [title]


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
    assert {str(one.tag) for one in elements(render_html(record))} <= ALLOWED
