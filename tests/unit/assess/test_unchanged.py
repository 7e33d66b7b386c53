"""What a report says of sizes that stay as they are, and of the noise floor."""

from __future__ import annotations

import pytest

from pipeline.assess.unchanged import noise_floor, noise_floors, unchanged_size
from pipeline.record import CellRecord, NoiseFloorRecord, SectionRecord, TextRecord
from pipeline.render.text_report import render_text
from tests.support import records

SAME = TextRecord(
    add=0,
    remove=0,
    grow=0,
    shrink=0,
    up=0,
    down=0,
    delta=0,
    before=100,
    after=100,
    symbols=(),
    verbatim="add/remove: 0/0 grow/shrink: 0/0 up/down: 0/0 (0)\n",
)
TEXT = SectionRecord(name=".text", before=4096, after=4096)
RODATA = SectionRecord(name=".rodata", before=64, after=72)
SILENT = NoiseFloorRecord(up=0, down=0)


def test_no_size_change_is_said_where_nothing_changed() -> None:
    assert unchanged_size(records.cell(text=SAME, sections=(TEXT,))).startswith("no size change")


@pytest.mark.parametrize(
    "cell",
    [records.cell(text=SAME, sections=(TEXT, RODATA)), records.cell(), records.cell(text=None)],
    ids=["a section changed", "a symbol changed", "nothing was measured"],
)
def test_no_size_change_is_said_nowhere_else(cell: CellRecord) -> None:
    assert unchanged_size(cell) == ""


def test_a_floor_is_shown_by_symbols_and_sections() -> None:
    assert noise_floor(records.cell()) == ""
    assert noise_floor(records.cell(noise_floor=SILENT)).endswith("of the base: +0 -0 bytes")
    loud = NoiseFloorRecord(up=16, down=4, sections=(RODATA,))
    assert noise_floor(records.cell(noise_floor=loud)).endswith("of the base: +16 -4 bytes, .rodata +8")


@pytest.mark.parametrize(
    ("floors", "words"),
    [
        ((None, None), "not measured: --noise-floor builds each base twice"),
        ((SILENT, SILENT), "0 bytes, two clean builds of the base in 2 of 2 cells"),
        ((SILENT, None), "0 bytes, two clean builds of the base in 1 of 2 cells"),
        (
            (SILENT, NoiseFloorRecord(up=1, down=0)),
            "1 cell of 2 not built alike twice, two clean builds of the base in 2 of 2 cells",
        ),
    ],
)
def test_a_run_says_what_is_known_of_its_floor(floors: tuple[NoiseFloorRecord | None, ...], words: str) -> None:
    cells = tuple(records.cell(id=f"x86_64-{at}", text=SAME, noise_floor=floor) for at, floor in enumerate(floors))
    run = records.run(cells=cells)
    assert noise_floors(run) == words
    assert f"A/A {words}" in " ".join(render_text(run).split())
