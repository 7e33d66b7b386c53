"""New warnings as findings: each at the patch that it came with, once, as often as it is there."""

from __future__ import annotations

import re
from typing import Any

from pipeline.assess.findings import failures, warnings
from pipeline.assess.words import location
from pipeline.record import CellRecord, DiagnosticRecord
from tests.support import records


def warning(function: str = "", path: str = "mm/hugetlb.c", **more: Any) -> DiagnosticRecord:
    return DiagnosticRecord(**{"path": path, "line": 7, "message": "odd", "function": function, **more})


F, G = warning("f"), warning("g")


def warned(
    *states: tuple[DiagnosticRecord, ...], name: str = "one", renames: dict[str, str] | None = None
) -> CellRecord:
    """A cell with these new warnings after each patch; `renames` are those of the last."""
    later = [records.state(at, new_warnings=new_warnings) for at, new_warnings in enumerate(states, 1)]
    later[-1] = later[-1].model_copy(update={"renames": renames or {}})
    return records.cell(name, states=(records.state(0), *later))


def blamed(*cells: CellRecord) -> list[tuple[str, int, tuple[str, ...]]]:
    """The patches that findings blame, each with its number of warnings and the cells."""
    findings = warnings(records.run(cells=cells))
    return [
        (re.findall(r"patch \d", finding.blame)[0], len(finding.diagnostics), finding.cells) for finding in findings
    ]


def test_a_warning_is_the_patch_s_that_it_came_with() -> None:
    assert blamed(warned((), (F,), (F,))) == [("patch 2", 1, ("one",))]


def test_a_second_equal_warning_is_another_finding() -> None:
    assert blamed(warned((), (F,), (F, G))) == [("patch 2", 1, ("one",)), ("patch 3", 1, ("one",))]
    assert blamed(warned((F,), (F, F))) == [("patch 1", 1, ("one",)), ("patch 2", 1, ("one",))]
    assert blamed(warned((F, G))) == [("patch 1", 2, ("one",))]


def test_a_warning_that_moved_to_another_function_is_another_finding() -> None:
    assert blamed(warned((F,), (G,))) == [("patch 1", 1, ("one",)), ("patch 2", 1, ("one",))]


def test_a_warning_that_comes_back_is_the_same_finding() -> None:
    assert blamed(warned((F,), (), (F,))) == [("patch 1", 1, ("one",))]


def test_a_file_that_the_series_renames_keeps_its_findings() -> None:
    old, new = warning("f", "mm/old.c"), warning("f", "mm/new.c")
    assert blamed(warned((old,), (new,), renames={"mm/new.c": "mm/old.c"})) == [("patch 1", 1, ("one",))]
    assert len(blamed(warned((old,), (new,)))) == 2


def test_a_file_that_the_series_renames_twice_keeps_its_findings() -> None:
    names = ("mm/middle.c", "mm/new.c")
    later = [
        records.state(at, new_warnings=(warning("f", name),), renames={name: "mm/old.c"})
        for at, name in enumerate(names, 1)
    ]
    assert blamed(records.cell("one", states=(records.state(0), *later))) == [("patch 1", 1, ("one",))]


def test_equal_warnings_of_several_cells_are_one_finding() -> None:
    moved = F.model_copy(update={"line": 99})
    assert blamed(warned((F,)), warned((moved,), name="two")) == [("patch 1", 1, ("one", "two"))]
    assert blamed(warned((F, F)), warned((F,), name="two")) == [
        ("patch 1", 1, ("one", "two")),
        ("patch 1", 1, ("one",)),
    ]


def test_warnings_of_two_compilers_under_one_option_are_one_finding() -> None:
    of_gcc = warning("f", message="no previous prototype for 'f' [-Wmissing-prototypes]", tool="gcc")
    of_clang = warning(message="no previous prototype for function 'f' [-Wmissing-prototypes]", tool="clang")
    other = warning(message="no previous prototype for function 'g' [-Wmissing-prototypes]", tool="clang")
    assert blamed(warned((of_gcc,)), warned((of_clang, other), name="two")) == [
        ("patch 1", 1, ("one", "two")),
        ("patch 1", 1, ("two",)),
    ]


def broken(name: str, *errors: DiagnosticRecord) -> CellRecord:
    return records.broken(name, states=(records.state(0), records.state(1, "failed", errors=errors)))


def test_errors_of_two_compilers_at_the_same_lines_are_one_finding() -> None:
    """In the words of the first, whatever the other one says of later lines; two errors of one compiler are two."""
    of_gcc, of_clang = warning(message="implicit declaration of 'f'", tool="gcc"), warning(message="no f", tool="clang")
    found = [
        failures(records.run(cells=(broken("one", of_gcc), second)))
        for second in (
            broken("two", of_clang),
            broken("two", of_clang, of_clang.model_copy(update={"line": 9})),
            broken("two", of_clang.model_copy(update={"line": 9})),
            broken("two", of_gcc.model_copy(update={"message": "no f"})),
        )
    ]
    assert [[finding.cells for finding in findings] for findings in found] == [
        [("one", "two")],
        [("one", "two")],
        [("one",), ("two",)],
        [("one",), ("two",)],
    ]
    assert found[0][0].diagnostics == (of_gcc,)


def test_what_follows_from_the_same_error_is_no_other_finding() -> None:
    first = warning(message="expected ';'", tool="gcc")
    follows = [warning(line=9, message=message, tool="gcc") for message in ("no return", "end of function")]
    more = warning(line=11, message="no such field", tool="gcc")
    findings = failures(
        records.run(
            cells=(
                broken("one", first, follows[0]),
                broken("two", first, follows[1]),
                broken("three", first, follows[1], more),
            )
        )
    )
    assert [finding.cells for finding in findings] == [("one", "two"), ("three",)]


def test_a_tool_is_named_where_it_is_no_compiler() -> None:
    assert location(warning(tool="gcc")) == "mm/hugetlb.c:7: odd"
    assert location(warning()) == "mm/hugetlb.c:7: odd"
    assert location(warning(tool="sparse")) == "mm/hugetlb.c:7: sparse: odd"
    assert location(warning(path="mm/a.o", line=0, tool="objtool")) == "mm/a.o: objtool: odd"
    assert location(warning(path="modpost", line=0, tool="modpost")) == "modpost: odd"


def test_a_warning_that_follows_from_an_error_is_none_unless_it_outlives_that() -> None:
    broken = records.state(2, "failed", errors=(records.diagnostic(path=F.path),))
    broken = broken.model_copy(update={"new_warnings": (F, warning(path="mm/util.c"))})
    before = (records.state(0), records.state(1))
    follows = records.cell("one", states=(*before, broken, records.state(3)))
    (finding,) = warnings(records.run(cells=(follows,)))
    assert [diagnostic.path for diagnostic in finding.diagnostics] == ["mm/util.c"]
    outlives = records.cell("one", states=(*before, broken, records.state(3, new_warnings=(F,))))
    (finding,) = warnings(records.run(cells=(outlives,)))
    assert (finding.blamed.patch, len(finding.diagnostics)) == (2, 2)
