"""What a stage says when it ends."""

from __future__ import annotations

from pipeline.assess.stages import compiled_words, touched
from pipeline.record import CellRecord
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
