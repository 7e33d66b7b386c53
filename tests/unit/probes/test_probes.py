"""What a matrix may ask of every kernel, and how the answers are shown."""

from __future__ import annotations

import pytest

from pipeline.assess.readings import columns, patched, reading_words
from pipeline.model import StructPage
from pipeline.probes import UNKNOWN, Facts, StructQuestion, probe, structs_of
from pipeline.record import ReadingRecord
from pipeline.render.text_report import cell_rows, render_text
from pipeline.system.errors import UsageError
from tests.support import records


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts(), (UNKNOWN, UNKNOWN)),
        (Facts(True, StructPage(64)), ("on", "64")),
        (Facts(False, StructPage(40)), ("off", "40, not 2^n")),
    ],
)
def test_struct_page_is_two_columns(facts: Facts, words: tuple[str, ...]) -> None:
    assert probe("struct-page").read(facts) == words


def test_the_size_of_any_struct_can_be_asked() -> None:
    asked = probe("sizeof:ext4_inode_info@fs/ext4/ext4.h")
    assert asked.columns == ("struct ext4_inode_info",)
    assert asked.structs == (StructQuestion("ext4_inode_info", "fs/ext4/ext4.h"),)
    assert asked.read(Facts(structs={"ext4_inode_info": 1096})) == ("1096",)
    assert asked.read(Facts(structs={"hstate": 8})) == (UNKNOWN,)


@pytest.mark.parametrize(
    "name", ["", "page", "sizeof:", "sizeof:a b", "sizeof:a@/etc/x.h", "sizeof:a@b/../c.h", "sizeof:a@b.c", "sizeof:9"]
)
def test_what_is_no_probe_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="there is no probe"):
        probe(name)


def test_structs_are_compiled_once() -> None:
    assert structs_of(["sizeof:hstate", "struct-page", "sizeof:hstate"]) == (StructQuestion("hstate"),)


def reading(column: str, before: str, after: str) -> ReadingRecord:
    return ReadingRecord(column=column, before=before, after=after)


def test_a_column_is_there_where_it_was_asked_for() -> None:
    plain, asked = records.cell("a", readings=()), records.cell("b", readings=(reading("struct file", "184", "192"),))
    record = records.run(cells=(plain, asked))
    assert cell_rows(record)[0] == ("cell", "result", "struct file", "size")
    assert [row[2] for row in cell_rows(record)[1:]] == ["-", "184 → 192"]
    driver = records.run(cells=(plain,))
    assert columns(driver) == ()
    assert "struct page" not in render_text(driver)
    assert "vmemmap" not in render_text(driver)


def test_what_is_not_known_afterwards_is_as_before() -> None:
    cell = records.cell(readings=(reading("struct file", "184", "-"),))
    assert reading_words(records.run(cells=(cell,)), cell) == ("184",)
    assert patched(cell, ("struct file", "vmemmap")) == ("184", "-")
