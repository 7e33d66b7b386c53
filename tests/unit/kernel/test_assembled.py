"""What assemblers opened, beside what kbuild recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.kernel.assembled import unrecorded
from pipeline.kernel.commands import Recorded

UTIL = Recorded("mm/util.o", "gcc -c", "mm/util.c", ("include/linux/mm.h",), ("include/generated/asm-offsets.h",))


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ("/tmp/ccX.s", set()),
        ("util.c /src/mm/util.c /src/include/linux/mm.h \\\n ./include/generated/asm-offsets.h", set()),
        ("<built-in> /usr/lib/gcc/x86_64-linux-gnu/12/include/stddef.h", set()),
        ("/tmp/ccX.s \\\n /src/mm/hugetlb.c", {"/src/mm/hugetlb.c"}),
        ("mm/hugetlb.o", {"mm/hugetlb.o"}),
        ("/src/mm/../lib/string.c", {"/src/mm/../lib/string.c"}),
        ("/build/include/linux/mm.h", {"/build/include/linux/mm.h"}),
        ("hugetlb.c", {"hugetlb.c"}),
        ("/usr/../build/left", {"/usr/../build/left"}),
        ("/tmp/../build/left", {"/tmp/../build/left"}),
    ],
)
def test_a_file_that_neither_compiler_nor_source_names_is_unrecorded(
    tmp_path: Path, words: str, more: set[str]
) -> None:
    """Seen red with every word taken for one of the compiler's, and with the last parts of paths compared."""
    (tmp_path / "mm").mkdir()
    (tmp_path / "mm/.util.o.assembled").write_text(f"mm/util.o: {words}\n")
    missing = unrecorded(tmp_path, iter(["mm/.util.o.assembled"]), {"mm/util.o": UTIL}, ("/src/",))
    assert missing == ({"mm/util.o": more} if more else {})


@pytest.mark.parametrize("name", ["util.c", "<built-in>"])
def test_a_name_of_the_compiler_s_that_a_file_has_is_read(tmp_path: Path, name: str) -> None:
    """Seen red with such names left out, whatever lies in the build folder."""
    (tmp_path / "mm").mkdir()
    (tmp_path / "mm/.util.o.assembled").write_text(f"mm/util.o: {name}\n")
    (tmp_path / name).write_text("left by another series")
    missing = unrecorded(tmp_path, iter(["mm/.util.o.assembled"]), {"mm/util.o": UTIL}, ("/src/",))
    assert missing == {"mm/util.o": {name}}


def test_anything_in_place_of_a_record_counts_as_read(tmp_path: Path) -> None:
    (tmp_path / ".util.o.assembled").mkdir()
    assert unrecorded(tmp_path, iter([".util.o.assembled"]), {}, ("/src/",))


def test_an_object_without_a_record_of_kbuild_reads_all_that_is_named(tmp_path: Path) -> None:
    (tmp_path / ".util.o.assembled").write_text("util.o: /tmp/ccX.s /src/mm/util.c\n")
    assert unrecorded(tmp_path, iter([".util.o.assembled"]), {}, ("/src/",)) == {"util.o": {"/src/mm/util.c"}}
