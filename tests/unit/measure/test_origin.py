"""Where symbols come from: what nm prints of several objects, and which names are left out."""

from __future__ import annotations

import pytest

from pipeline.kernel.symbols import parse_origins, without_numbers
from pipeline.measure.origin import origins_of

SOURCES = {"mm/util.o": "mm/util.c", "mm/hugetlb.o": "mm/hugetlb.c", "lib/a.o": "lib/a.S"}
GNU = "mm/util.o:0000000000000012 T kvfree\nmm/hugetlb.o:0000000000000004 t prep.constprop.0\n"
LLVM = "mm/util.o: 0000000000000012 T kvfree\nmm/hugetlb.o: 0000000000000004 t prep.constprop.0\n"


@pytest.mark.parametrize("printed", [GNU, LLVM])
def test_what_nm_prints_of_several_objects(printed: str) -> None:
    assert parse_origins(printed, SOURCES) == {"kvfree": "mm/util.c", "prep.constprop": "mm/hugetlb.c"}


def test_a_name_that_two_files_define_is_of_neither() -> None:
    printed = GNU + "lib/a.o:0000000000000012 t kvfree\nmm/hugetlb.o:0000000000000001 t prep.constprop.1\n"
    assert parse_origins(printed, SOURCES) == {"prep.constprop": "mm/hugetlb.c"}


def test_objects_that_nobody_asked_about_and_lines_that_are_none_are_left_out() -> None:
    printed = "nm: x.o: no symbols\nx.o:0000000000000001 T main\n\nmm/util.o:                 U printk\n"
    assert parse_origins(printed, SOURCES) == {}


@pytest.mark.parametrize(
    ("name", "plain"),
    [("foo.isra.0", "foo.isra"), ("foo.part.12.cold", "foo.part.cold"), ("foo2", "foo2"), ("a.b", "a.b")],
)
def test_names_are_those_of_bloat_o_meter(name: str, plain: str) -> None:
    assert without_numbers(name) == plain


def test_what_is_removed_has_its_file_from_the_base() -> None:
    after, before = {"new": "mm/a.c", "both": "mm/moved.c"}, {"old": "mm/b.c", "both": "mm/c.c"}
    origins = origins_of(["new", "old", "both", "none"], after, before)
    assert origins == {"new": "mm/a.c", "old": "mm/b.c", "both": "mm/moved.c", "none": ""}
