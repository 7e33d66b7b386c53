"""Which warnings are new: counted, by function or by the text of their line, across renames."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernel.diagnostics import in_source, new_ones
from pipeline.kernel.diagnostics.place import LARGEST_FILE, MOST_FILES, function_of
from pipeline.kernel.moved import Moved, parse_hunks
from pipeline.model import Diagnostic
from tests.support.clock import at_most


def warning(function: str = "", source: str = "", line: int = 1, path: str = "a.c", message: str = "odd") -> Diagnostic:
    return Diagnostic(path, line, message, "gcc", function, source)


F, G, BARE = warning("f", "int x;", 3), warning("g", "int x;", 9), warning()
IN_C = [warning(source="int x;"), warning(source="int y;")]

SAME_OR_NOT = {
    "nothing before": ([BARE], [], [BARE]),
    "the same": ([F], [F], []),
    "fewer": ([], [F], []),
    "the line moved": ([warning("f", "int x;", 99)], [F], []),
    "another file": ([warning(path="b.c")], [BARE], [warning(path="b.c")]),
    "another message": ([warning(message="odder")], [BARE], [warning(message="odder")]),
    "a second one in another function": ([F, G], [F], [G]),
    "a second one in the same function": ([F, warning("f", "int y;")], [F], [warning("f", "int y;")]),
    "a second one before the first": ([warning("f", "int y;"), F], [F], [warning("f", "int y;")]),
    "one vanished, another came in another function": ([G], [F], [G]),
    "the line was edited": ([warning("f", "long x;")], [F], []),
    "a second one on the same line": ([F, F], [F], [F]),
    "by the text of the line": (IN_C, IN_C[:1], IN_C[1:]),
    "by the text of the line, in another order": (IN_C[::-1], IN_C, []),
    "one vanished, another came on another line": (IN_C[1:], IN_C[:1], IN_C[1:]),
    "the function is known of one": ([F], [warning(source="int x;")], []),
    "the function is known of the other": ([warning(source="int x;")], [F], []),
    "nothing is known of the earlier one": ([F], [BARE], []),
    "nothing is known of the later one": ([BARE], [F], []),
    "nothing is known of one earlier one of two later ones": ([F, G], [BARE], [G]),
}


@pytest.mark.parametrize("name", SAME_OR_NOT)
def test_new_ones_are_counted_by_function_or_line(name: str) -> None:
    after, before, new = SAME_OR_NOT[name]
    assert list(new_ones(after, before)) == new


MOVING = {
    "an offset": ("grow+0x1a: unreachable instruction", "grow+0x2c: unreachable instruction"),
    "a place in a section": ("m.c:(.text+0x5): odd", "m.c:(.text+0x15): odd"),
    "a place in another file": (
        "symbol 'a' redeclared (originally declared at mm/s.c:4)",
        "symbol 'a' redeclared (originally declared at mm/s.c:14)",
    ),
    "numbers of types": (
        "multiple IDs found for 'file': 5, 7 - using 5",
        "multiple IDs found for 'file': 6, 9 - using 6",
    ),
    "quotation marks": ("unused variable ‘x’", "unused variable 'x'"),
    "a temporary file": ("/tmp/ccAbCdEf.o: odd", "/tmp/cc012345.o: odd"),
}


@pytest.mark.parametrize("name", MOVING)
def test_what_moves_with_other_code_makes_no_warning_new(name: str) -> None:
    before, after = (warning(message=message) for message in MOVING[name])
    assert new_ones([after], [before]) == ()


def test_another_symbol_at_the_same_offset_is_new() -> None:
    before, after = (warning(message=f"{name}+0x1a: unreachable instruction") for name in ("grow", "shrink"))
    assert new_ones([after], [before]) == (after,)


RENAMES = Moved({"mm/util.c": "mm/page_util.c", "lib/x.rs": "lib/y.rs"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (warning(path="mm/util.c"), warning(path="mm/page_util.c")),
        (warning(path="mm/util.o"), warning(path="mm/page_util.o")),
        (warning(path="lib/x.o"), warning(path="lib/y.o")),
        (warning(message="mm/util.o: no such section"), warning(message="mm/page_util.o: no such section")),
        (warning(message='"f" [mm/util.ko] undefined!'), warning(message='"f" [mm/page_util.ko] undefined!')),
        (warning("f in mm/util.c"), warning("f in mm/page_util.c")),
        (warning(path="mm/other.c"), warning(path="mm/other.c")),
    ],
)
def test_a_renamed_file_keeps_its_warnings(old: Diagnostic, new: Diagnostic) -> None:
    assert new_ones([new], [old], RENAMES) == ()
    second = warning("another", path=new.path, message=new.message)
    assert len(new_ones([new, second], [old], RENAMES)) == 1


def test_a_name_that_only_begins_as_a_renamed_one_is_another_file() -> None:
    before, after = warning(path="mm/util.c.c"), warning(path="mm/page_util.c.c")
    assert new_ones([after], [before], RENAMES) == (after,)


def test_a_file_that_takes_a_renamed_one_s_place_has_its_own_warnings() -> None:
    renamed, fresh = warning("f", path="mm/page_util.c"), warning("f", path="mm/util.c")
    assert new_ones([renamed, fresh], [warning("f", path="mm/util.c")], RENAMES) == (fresh,)


def test_two_files_that_change_names_keep_their_warnings() -> None:
    before = [warning("f", path="a.c"), warning("g", path="b.c")]
    after = [warning("f", path="b.c"), warning("g", path="a.c")]
    assert new_ones(after, before, Moved({"a.c": "b.c", "b.c": "a.c"})) == ()
    assert len(new_ones(after, before)) == 2


# The function got another name, a line was added above it and one below; the file was renamed as well.
DIFF = """\
diff --git a/mm/util.c b/mm/page_util.c
similarity index 90%
--- a/mm/util.c
+++ b/mm/page_util.c
@@ -1,0 +2 @@ int none;
+++ b/mm/no.c
@@ -5,2 +6 @@ int none;
-int f(void)
-/* x */
+int g(void)
@@ -20 +19,0 @@
-gone
"""
MOVED = Moved(RENAMES.renames, parse_hunks(DIFF))


@pytest.mark.parametrize(
    ("line", "before"), [(1, 1), (2, 0), (3, 2), (5, 4), (6, 0), (7, 7), (19, 19), (20, 21), (99, 100)]
)
def test_a_line_is_followed_through_a_diff(line: int, before: int) -> None:
    numbers = [MOVED.line_before(path, line) for path in ("mm/page_util.c", "mm/other.c")]
    assert (numbers, RENAMES.line_before("mm/page_util.c", line)) == ([before, line], 0)


def test_a_line_that_is_as_it_was_keeps_its_warnings_whatever_its_function_is_called_now() -> None:
    old, same, other = (
        warning(name, "int x;", line, path)
        for name, line, path in (("f", 4, "mm/util.c"), ("g", 5, "mm/page_util.c"), ("g", 6, "mm/page_util.c"))
    )
    assert new_ones([same], [old], MOVED) == ()
    assert new_ones([other, same], [old], MOVED) == (other,)
    assert new_ones([other], [old], MOVED) == (other,)
    assert new_ones([same], [old], RENAMES) == (same,)


def test_a_line_of_a_header_is_not_the_same_for_another_caller() -> None:
    old, new = (warning(f"{name} in a.c", "copy();", 5, "include/copy.h") for name in "fg")
    assert new_ones([new], [old], MOVED) == (new,)


words = st.sampled_from(["", "f", "g"])
some = st.lists(st.builds(warning, words, words, st.integers(1, 3), st.sampled_from(["a.c", "b.c"])), max_size=8)


@given(some, some)
def test_as_many_are_new_as_there_are_more(after: list[Diagnostic], before: list[Diagnostic]) -> None:
    new = new_ones(after, before)
    assert len(after) - len(before) <= len(new) <= len(after)
    assert new_ones(after, after) == new_ones(after, [*before, *after]) == new_ones([], before) == ()
    assert new_ones(after, []) == tuple(after)
    for path in ("a.c", "b.c"):
        later, earlier = (sum(diagnostic.path == path for diagnostic in some) for some in (after, before))
        assert sum(diagnostic.path == path for diagnostic in new) >= later - earlier


def test_a_hundred_thousand_are_compared_soon() -> None:
    diagnostics = [warning("f", f"int x{at % 1000};", at) for at in range(100_000)]
    with at_most(10):
        assert (
            len(new_ones(diagnostics, diagnostics[::2], Moved({f"{at}.c": f"{at}.h" for at in range(10_000)})))
            == 50_000
        )


# Functions, by the source

SOURCE = b"""\
#include <linux/mm.h>

struct page {
	int x;
};

int later(void);
	int outside;

static __always_inline int __must_check
grow(struct page *page)
{
	int x;
out:
	int y;
}

SYSCALL_DEFINE2(read, int, fd, char *, buf)
{
	int x;
}

\xff broken
"""


@pytest.mark.parametrize(
    ("line", "function", "source"),
    [
        (1, "", "#include <linux/mm.h>"),
        (4, "struct page {", "int x;"),
        (7, "later", "int later(void);"),
        (8, "", "int outside;"),
        (11, "grow", "grow(struct page *page)"),
        (13, "grow", "int x;"),
        (15, "grow", "int y;"),
        (16, "grow", "}"),
        (17, "", ""),
        (20, "SYSCALL_DEFINE2(read, int, fd, char *, buf)", "int x;"),
        (99, "", ""),
    ],
)
def test_a_line_is_placed_by_the_heading_above(line: int, function: str, source: str) -> None:
    (diagnostic,) = in_source([warning(line=line)], {"a.c": SOURCE}.get)
    assert (diagnostic.function, diagnostic.source) == (function, source)


NAMING = (("a.c", "kernel-doc"), ("Makefile", "make"))


def test_what_a_tool_said_stays() -> None:
    """And nothing is added where the message says it all: a line that is edited would make it new."""
    given_by_tool = warning("said", "said", 13)
    nowhere = warning(path="none.c", line=3)
    without_line = warning(line=0)
    documented, made = (replace(warning(line=13, path=path), tool=tool) for path, tool in NAMING)
    unchanged = [given_by_tool, nowhere, without_line, documented, made]
    assert list(in_source(unchanged, {"a.c": SOURCE, "Makefile": SOURCE}.get)) == unchanged


def test_a_file_is_read_once_and_a_huge_one_not_at_all() -> None:
    asked = []

    def read(path: str) -> bytes:
        asked.append(path)
        return b"int f(void)\n" + (b"x" * LARGEST_FILE if path == "huge.c" else b"")

    diagnostics = in_source([warning(line=1), warning(line=1), warning(path="huge.c", line=1)], read)
    assert [diagnostic.function for diagnostic in diagnostics] == ["f", "f", ""]
    assert asked == ["a.c", "huge.c"]


def test_so_many_files_are_read_and_no_more() -> None:
    """A log can name a file in each of its lines. Seen red without the limit."""
    asked = []

    def read(path: str) -> bytes:
        asked.append(path)
        return b"int f(void)\n"

    diagnostics = in_source([warning(path=f"{number}.c", line=1) for number in range(MOST_FILES + 9)], read)
    assert len(asked) == MOST_FILES
    assert [bool(diagnostic.function) for diagnostic in diagnostics].count(False) == 9


@pytest.mark.parametrize(
    ("line", "function"),
    [
        ("static int f(void)", "f"),
        ("int __attribute__((noinline)) f(int (*g)(int))", "f"),
        ("__printf(1, 2) void log_it(const char *, ...)", "log_it"),
        ("pub fn deep(a: u32) {", "deep"),
        ("    pub(crate) unsafe fn inner(&self) {", "inner"),
        ('extern "C" fn called() {', "called"),
        ("config A", "config A"),
        ("out:", ""),
        ("out: /* late */", ""),
        ("\tint x;", ""),
        ("#define f(x)", ""),
        ("}", ""),
    ],
)
def test_a_heading_has_a_name(line: str, function: str) -> None:
    assert function_of(line) == function


@pytest.mark.parametrize("piece", ["a", "a ", "a(", "(", "__printf", "A("])
def test_a_hostile_file_is_read_soon(piece: str) -> None:
    content = (piece * (4000 // len(piece)) + "\n").encode() * 250
    with at_most(5):
        in_source([warning(line=1)], lambda _: content)
