"""What a stage says when it ends."""

from __future__ import annotations

from pipeline.assess.stages import compiled_words, objects_verdict, touched
from pipeline.record import CellRecord, FileCoverageRecord
from pipeline.record.cell import TouchedFileRecord
from tests.support import records


def file(path: str, *, compiled: bool = True, reason: str = "") -> TouchedFileRecord:
    return TouchedFileRecord(path=path, objects=(path.replace(".c", ".o"),), compiled=compiled, reason=reason)


def objects_cell(*files: TouchedFileRecord, name: str = "x86_64-objects") -> CellRecord:
    return records.cell(name, states=(records.state(0), records.state(1))).model_copy(
        update={"stage": "objects", "files": files}
    )


def test_a_file_that_a_patch_breaks_is_not_counted_as_compiled() -> None:
    """Seen red with files counted that have no reason, whether they compiled or not."""
    record = records.run(cells=(objects_cell(file("mm/util.c"), file("mm/broken.c", compiled=False)),))
    assert compiled_words(record) == "1 of 2 touched files compiled"
    assert set(touched(record).values()) == {""}


def test_a_file_counts_once_where_any_cell_compiles_it() -> None:
    left = file("arch/arm/mm/fault.c", compiled=False, reason="only arch arm has it")
    record = records.run(
        cells=(
            objects_cell(left, file("mm/util.c")),
            objects_cell(file("arch/arm/mm/fault.c"), file("mm/util.c"), name="arm-objects"),
        )
    )
    assert compiled_words(record) == "2 of 2 touched files compiled"
    assert list(touched(record).values()) == ["", ""]


def test_nothing_is_said_where_no_objects_were_asked_for() -> None:
    assert compiled_words(records.run(cells=(records.cell("x86_64-hvo"),))) == ""


def lines(path: str, found: str, kept: str | None, *, compiled: bool = True) -> FileCoverageRecord:
    return FileCoverageRecord(path=path, compiled=compiled, lines=found, kept=kept)


def with_lines(
    cell: CellRecord, changed: tuple[FileCoverageRecord, ...], removed: tuple[FileCoverageRecord, ...]
) -> CellRecord:
    return cell.model_copy(update={"coverage": changed, "removed": removed})


def test_removed_lines_are_named_where_no_cell_compiles_some_of_them() -> None:
    """The record of a file that the base does not compile keeps none of its lines."""
    cells = [objects_cell(file("mm/util.c"), name=name) for name in ("x86_64-objects", "i386-objects")]
    changed, gone = (lines("mm/util.c", "7", "7"),), lines("mm/old.c", "9", "", compiled=False)
    record = records.run(
        cells=(
            with_lines(cells[0], changed, (lines("mm/util.c", "1-5", "1-2"), gone)),
            with_lines(cells[1], changed, (lines("mm/util.c", "1-5", "2-3"),)),
        )
    )
    assert compiled_words(record) == "1 of 1 touched file compiled, 1 of 1 changed line, 3 of 6 removed lines"


def test_removed_lines_are_named_where_nothing_is_added() -> None:
    cell = with_lines(objects_cell(file("mm/util.c")), (), (lines("mm/util.c", "1-5", None),))
    assert compiled_words(records.run(cells=(cell,))) == "1 of 1 touched file compiled, 5 of 5 removed lines"


def test_nothing_is_said_of_removed_lines_that_were_all_compiled() -> None:
    cell = with_lines(objects_cell(file("mm/util.c")), (lines("mm/util.c", "7", "7"),), (lines("mm/util.c", "1", "1"),))
    assert compiled_words(records.run(cells=(cell,))) == "1 of 1 touched file compiled, 1 of 1 changed line"


def test_of_what_no_cell_compiles_it_is_not_said_that_it_compiles() -> None:
    left = file("arch/arm/mm/fault.c", compiled=False, reason="needs arch/arm")
    first, *_ = objects_verdict(records.run(cells=(objects_cell(left),)), 9.0)
    assert first.startswith("Objects of x86_64 (9 s): nothing of the series was compiled; 0 of 1 touched file compiled")
