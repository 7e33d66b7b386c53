"""Code of two builds compared: what is a change, and what only moved."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.measure.code.parts import plain_name
from pipeline.measure.code.table import (
    CodeTable,
    UnitCode,
    compare,
    packed,
    parse_printed,
    unpacked,
    with_neutral,
)
from pipeline.model import CodeKind
from pipeline.system import untrusted


def unit(*items: str, source: str = "mm/util.c", digest: str = "1" * 64, problem: str = "") -> UnitCode:
    """A unit of items, each `F NAME DIGEST` or `D NAME DIGEST`, all of 64 bytes."""
    rows = (item.split() for item in items)
    lines = [f"{kind}\t64\t{code:0<20}\t{code if kind == 'F' else ''}\t{name}" for kind, name, code in rows]
    return UnitCode(source, digest, "\n".join(lines), problem)


UTIL = {"mm/util.o": unit("F alloc 0102", "F free 03", "D limits aa")}


def names(before: CodeTable, after: CodeTable) -> list[str]:
    return [change.name for change in compare(before, after).changes]


def test_the_same_code_has_no_change_and_is_counted() -> None:
    delta = compare(UTIL, dict(UTIL))
    assert (delta.functions, delta.objects, delta.changes, delta.unread) == (2, 1, (), ())


def test_a_changed_function_is_named_with_its_file_and_how_much_of_it_changed() -> None:
    (change,) = compare(UTIL, {"mm/util.o": unit("F alloc 0104", "F free 03", "D limits aa")}).changes
    assert (change.name, change.path, change.kind, change.before, change.after, change.amount) == (
        *("alloc", "mm/util.c", CodeKind.FUNCTION),
        *(64, 64, 1),
    )


def test_the_most_changed_function_comes_first() -> None:
    after = {"mm/util.o": unit("F alloc 0999999999", "F free 04", "D limits ab")}
    assert names(UTIL, after) == ["alloc", "free", "limits"]


def test_a_function_that_moved_to_another_file_is_no_change() -> None:
    after = {
        "mm/util.o": unit("F free 03", "D limits aa"),
        "mm/alloc.o": unit("F alloc 0102", source="mm/alloc.c"),
    }
    assert names(UTIL, after) == []


def test_what_is_new_and_what_is_gone_has_one_size_only() -> None:
    gone, new = compare(UTIL, {"mm/util.o": unit("F free 03", "F zap 05", "D limits aa")}).changes
    assert (gone.name, gone.before, gone.after) == ("alloc", 64, None)
    assert (new.name, new.before, new.after) == ("zap", None, 64)


def test_functions_of_one_name_are_compared_within_their_files() -> None:
    first, other = "F show 01", "F show 02"
    before = {"a.o": unit(first, source="a.c"), "b.o": unit(other, source="b.c")}
    after = {"a.o": unit(first, source="a.c"), "b.o": unit("F show 03", source="b.c")}
    (change,) = compare(before, after).changes
    assert (change.path, change.before, change.after) == ("b.c", 64, 64)


def test_an_object_that_cannot_be_read_is_compared_by_its_bytes() -> None:
    odd = {"a.o": unit(digest="1" * 64, problem="it is damaged")}
    assert compare(odd, dict(odd)).changes == ()
    (change,) = compare(odd, {"a.o": unit(digest="2" * 64, problem="it is damaged")}).changes
    assert (change.name, change.kind) == ("a.o", CodeKind.OBJECT)


def test_an_object_of_which_nothing_is_known_is_never_the_same() -> None:
    lost = {"a.o": unit(digest="", problem="the disassembler is missing")}
    assert compare(lost, dict(lost)).unread == ("a.o",)


def test_units_without_line_numbers_stand_for_the_others_only_where_both_sides_have_them() -> None:
    before, after = {"a.o": unit("F f 01")}, {"a.o": unit("F f 02")}
    neutral = {"a.o": unit("F f 00")}
    assert compare(*with_neutral(before, neutral, after, neutral)).changes == ()
    assert names(*with_neutral(before, neutral, after, {})) == ["f"]
    assert names(*with_neutral(before, neutral, after, {"a.o": unit(problem="it is damaged")})) == ["f"]


def test_a_renamed_file_is_compared_without_line_numbers_on_both_sides() -> None:
    before, after = {"a.o": unit("F f 01", source="a.c")}, {"b.o": unit("F f 02", source="b.c")}
    neutral = [{"a.o": unit("F f 00", source="a.c")}, {"b.o": unit("F f 00", source="b.c")}]
    assert names(*with_neutral(before, neutral[0], after, neutral[1])) == []


ITEMS = f"F\t64\t{'01' * 10}\t0a\tf\nD\t8\t{'02' * 10}\t\tg"
ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)
PRINTED = f"@\t{ONE}\ta.o\n{ITEMS}\n=\t{TWO}\tb.o\n?\t{THREE}\tc.o\tit is damaged\n?\t\td.o\tNo such file\n"
SOURCES = {"a.o": "a.c", "b.o": "b.c", "c.o": "c.c", "d.o": "d.c"}


def test_what_the_program_prints_is_read() -> None:
    known = {"b.o": UnitCode("b.c", TWO, ITEMS)}
    table = parse_printed(PRINTED, SOURCES, known)
    assert table == {
        "a.o": UnitCode("a.c", ONE, ITEMS),
        "b.o": known["b.o"],
        "c.o": UnitCode("c.c", THREE, problem="it is damaged"),
        "d.o": UnitCode("d.c", "", problem="No such file"),
    }
    assert unpacked(packed(table)) == table


@pytest.mark.parametrize(
    "printed",
    [
        f"{ITEMS}\n",
        f"@\t{ONE}\tunknown.o\n",
        f"=\t{TWO}\tb.o\n",
        f"@\t{ONE}\ta.o\n{ITEMS.replace('64', '-1')}\n",
        f"@\t{ONE}\ta.o\n{ITEMS.replace('F', 'X')}\n",
        f"@\t{ONE}\ta.o\n{ITEMS}",
    ],
)
def test_anything_else_is_refused(printed: str) -> None:
    with pytest.raises(ValueError, match=r"no line of a table|nobody asked about"):
        parse_printed(printed, SOURCES, {})


@given(st.binary(max_size=300))
def test_bytes_that_are_no_table_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpacked(content)


def test_a_table_that_unpacks_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        unpacked(zlib.compress(bytes(untrusted.CODE_TABLE.most + 1)))


def test_where_everything_differs_it_is_not_said_what(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hostile build leaves must not fill the memory."""
    monkeypatch.setattr("pipeline.measure.code.table.MOST_CHANGES", 2)
    delta = compare(UTIL, {"mm/util.o": unit("F a 01", "F b 02", "F c 03")})
    assert (delta.functions, delta.changes, delta.unread, delta.more_than) == (3, (), (), 2)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("frob.constprop.0", "frob"),
        ("frob.isra.0.cold", "frob"),
        ("frob.part.3", "frob"),
        ("count.42", "count"),
        ("__UNIQUE_ID___addressable_init_fn473", "__UNIQUE_ID___addressable_init_fn"),
        ("__UNIQUE_ID_license_17", "__UNIQUE_ID_license"),
        ("__initcall__kmod_util__101_17_setup6", "__initcall__kmod_util__setup6"),
        ("_RNvCs_17h0123456789abcdefE", "_RNvCs_"),
        ("frob_v2", "frob_v2"),
        ("sha256", "sha256"),
    ],
)
def test_numbers_that_compilers_append_are_no_part_of_a_name(name: str, plain: str) -> None:
    assert plain_name(name) == plain
