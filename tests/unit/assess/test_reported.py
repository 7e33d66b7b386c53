"""Reports of builds in a thread, beside what the run saw: the words are those of whatever compiler a robot has."""

from __future__ import annotations

import pytest

from pipeline.assess.reported import compared
from pipeline.kernel.diagnostics.reported import parsed
from pipeline.record import DiagnosticRecord, RunRecord, TouchedFileRecord
from pipeline.review.record import PointRecord, ReviewRecord
from tests.support import records

FILE = "drivers/pci/of.c"
OF_CLANG = f">> {FILE}:349:43: error: use of undeclared identifier 'bus_max'; did you mean 'pid_max'?"
UNSET = ">> drivers/i2c/core.c:517:3: warning: variable 'cmd' is uninitialized when used here [-Wuninitialized]"


def thread(*lines: str, revision: int = 1) -> ReviewRecord:
    point = PointRecord(
        number=1,
        message_id="report@robot",
        link="",
        author="A Robot <robot@example.org>",
        date="",
        patch=2,
        revision=revision,
        quoted=(),
        text=lines,
        state="unanswered",
    )
    return ReviewRecord(version=1, messages=1, points=(point,))


def run(line: str, error: DiagnosticRecord | None = None, *, touched: str = FILE) -> RunRecord:
    """A run of a series with such a report, whose second patch brings an error, perhaps."""
    files = (TouchedFileRecord(path=touched, objects=(touched.replace(".c", ".o"),), compiled=error is None),)
    states = (records.state(0), records.state(1), records.state(2, "failed" if error else "built"))
    if error:
        states = (*states[:2], states[2].model_copy(update={"errors": (error,)}))
    cell = records.cell("x86_64-objects", states=states, files=files, coverage=())
    return records.run(cells=(cell,), review=thread(line))


def fates(record: RunRecord) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(each.fate, each.patch, tuple(cell.id for cell in each.cells)) for each in compared(record)]


@pytest.mark.parametrize(
    ("line", "path", "message"),
    [
        (OF_CLANG, FILE, "'bus_max' undeclared (first use in this function)"),
        (
            OF_CLANG.replace("'", "\u2018"),
            FILE,
            "use of undeclared identifier \u2018bus_max\u2019; did you mean \u2018pid_max\u2019?",
        ),
        (UNSET, "drivers/i2c/core.c", "'cmd' is used uninitialized [-Wuninitialized]"),
        (
            '>> ERROR: modpost: "__udivdi3" [drivers/hwmon/fan.ko] undefined!',
            "drivers/hwmon/fan-core.c",
            'undefined reference to "__udivdi3" in fan_set(); which ...',
        ),
        (
            ">> ld: drivers/hwmon/fan.o: in function `f': undefined reference to `__udivdi3'",
            "drivers/hwmon/fan.c",
            'undefined reference to "__udivdi3" in fan_set()',
        ),
        (
            ">> drivers/a/b.c:7:5: sparse: sparse: symbol 'shown' was not declared. Should it be static?",
            "drivers/a/b.c",
            "symbol 'shown' was not declared. Should it be static?",
        ),
    ],
)
def test_the_same_fault_is_known_in_other_words(line: str, path: str, message: str) -> None:
    error = records.diagnostic(path=path, message=message)
    assert fates(run(line, error, touched=path)) == [("seen", 2, ("x86_64-objects",))]


@pytest.mark.parametrize(
    "message", ["'bus_min' undeclared (first use in this function)", "control reaches end of non-void function"]
)
def test_another_fault_of_the_file_is_not_the_reported_one(message: str) -> None:
    error = records.diagnostic(path=FILE, message=message)
    assert fates(run(OF_CLANG, error)) == [("not seen", 0, ("x86_64-objects",))]


def test_a_warning_of_another_option_is_not_the_reported_one() -> None:
    error = records.diagnostic(path="drivers/i2c/core.c", message="unused variable 'cmd' [-Wunused-variable]")
    assert fates(run(UNSET, error, touched="drivers/i2c/core.c"))[0][0] == "not seen"


def test_what_nothing_compiles_was_not_tried() -> None:
    assert fates(run(OF_CLANG, touched="drivers/pci/other.c")) == [("not tried", 0, ())]


@pytest.mark.parametrize(
    "line",
    [
        "drivers/pci/of.c:349: please name this differently",
        "This breaks the build of drivers/pci/of.c.",
        "note: in expansion of macro 'min'",
    ],
)
def test_the_words_of_people_are_no_report(line: str) -> None:
    assert parsed(line) is None
