"""What of a series was compiled, from what kbuild and the preprocessor said."""

from __future__ import annotations

import pytest

from pipeline.kernel.commands import Recorded
from pipeline.kernel.records import compiled_units, readers, units_to_preprocess
from pipeline.measure.coverage import file_coverage
from pipeline.model import ChangedFile, FileCoverage

SOURCE = "int a;\n/* b */\n#ifdef C\nint d;\n#endif\n"


def unit(source: str, *dependencies: str) -> Recorded:
    return Recorded(f"{source.rpartition('.')[0]}.o", "gcc", source, dependencies)


UTIL = unit("mm/util.c", "mm.h", "list.h", "types.h")
SWAP = unit("mm/swap.c", "mm.h", "list.h")
HEAD = unit("arch/head.S", "types.h")


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        (["mm/util.c"], [UTIL]),
        (["mm/util.c", "mm.h", "types.h"], [UTIL]),
        (["mm.h"], [SWAP]),
        (["types.h"], [UTIL]),
        (["arch/head.S", "types.h"], [HEAD, UTIL]),
        (["mm.h", "list.h"], [SWAP]),
        (["mm/none.c"], []),
        (["a.rs"], []),
        ([], []),
    ],
)
def test_few_units_show_every_file(paths: list[str], chosen: list[Recorded]) -> None:
    assert list(units_to_preprocess(readers([HEAD, SWAP, UTIL, unit("a.rs")], paths))) == chosen


def test_a_header_that_only_assembly_includes_is_shown_by_it() -> None:
    assert units_to_preprocess(readers([HEAD], ["types.h"])) == (HEAD,)


def test_programs_of_the_build_are_not_the_kernel() -> None:
    tool = Recorded("scripts/sorttable", "gcc", "scripts/sorttable.c", ("include/linux/types.h",))
    kernel = Recorded("kernel/vmlinux.lds", "gcc -E", "kernel/vmlinux.lds.S")
    assert compiled_units({recorded.target: recorded for recorded in (tool, kernel)}) == (kernel,)


@pytest.mark.parametrize(
    ("path", "printed", "coverage"),
    [
        ("mm/util.c", {"mm/util.c": {1}}, FileCoverage("mm/util.c", True, (1, 4), (1,))),
        ("mm/util.c", {"mm/util.c": {1, 4}}, FileCoverage("mm/util.c", True, (1, 4), (1, 4))),
        ("mm/util.c", {"mm/util.c": set()}, FileCoverage("mm/util.c", True, (1, 4), ())),
        ("mm/util.c", {}, FileCoverage("mm/util.c", True, (1, 4), None)),
        ("mm/none.c", {}, FileCoverage("mm/none.c", False, (1, 4), ())),
    ],
    ids=["half", "all", "nothing", "not asked", "not compiled"],
)
def test_changed_code_is_kept_dropped_or_not_compiled(
    path: str, printed: dict[str, set[int]], coverage: FileCoverage
) -> None:
    compiled = bool(readers([UTIL], [path])[path])
    assert file_coverage(ChangedFile(path, SOURCE, (1, 2, 3, 4, 5)), compiled, printed, {}) == coverage


def test_only_changed_lines_count() -> None:
    file = file_coverage(ChangedFile("mm/util.c", SOURCE, (2, 4)), True, {"mm/util.c": {1, 4}}, {})
    assert (file.lines, file.kept) == ((4,), (4,))


RUST = """\
//! A crate.
pub mod led;
#[cfg(CONFIG_NET)]
pub mod net;
#[cfg(target_arch = "arm")]
pub mod arm;
"""


@pytest.mark.parametrize(
    ("values", "kept"),
    [({}, (2, 6)), ({"NET": "y"}, (2, 4, 6)), ({"NET": "m"}, (2, 4, 6))],
    ids=["off", "on", "module"],
)
def test_rust_counts_where_no_option_takes_it_out(values: dict[str, str], kept: tuple[int, ...]) -> None:
    changed = ChangedFile("rust/lib.rs", RUST, (1, 2, 3, 4, 5, 6))
    assert file_coverage(changed, True, {}, values) == FileCoverage("rust/lib.rs", True, (2, 4, 6), kept)
    assert file_coverage(changed, False, {}, values) == FileCoverage("rust/lib.rs", False, (2, 4, 6), ())


def test_a_header_that_only_rust_reads_is_asked_of_no_preprocessor() -> None:
    assert units_to_preprocess(readers([unit("a.rs", "mm.h")], ["mm.h"])) == ()
