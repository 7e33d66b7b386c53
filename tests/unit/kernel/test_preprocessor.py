"""Which lines are code, and which of them a preprocessor kept."""

from __future__ import annotations

import pytest

from pipeline.kernel.preprocessor import printed_lines, scan
from tests.support.clock import at_most

SOURCE = """\
/* A comment
#if that is none
 * of two lines. */
#include <linux/mm.h>

int a; /* here */
#ifdef CONFIG_B
int b;

int c;	// there
#else
int d;
#if X
int e;
#endif
int f;
#endif
#define MANY(x) \\
	int x;	\\
	int y;

int g(void) {
	macro("a /* b // c",
		1);
}
"""
CODE = {6, 8, 10, 12, 14, 16, 22, 23, 24, 25}


def test_code_is_what_is_neither_blank_nor_comment_nor_directive() -> None:
    assert scan(SOURCE).code == CODE


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        (set(), set()),
        ({6}, {6, 22, 23, 24, 25}),
        ({8}, {8, 10}),
        ({10}, {8, 10}),
        ({12}, {12, 16}),
        ({14}, {14}),
        ({6, 16}, {6, 12, 16, 22, 23, 24, 25}),
        ({0, 99, -3}, set()),
    ],
)
def test_a_group_is_kept_or_dropped_as_a_whole(printed: set[int], kept: set[int]) -> None:
    assert scan(SOURCE).kept(printed) == kept


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", set()),
        ("a", {1}),
        ("/*", set()),
        ("*/", {1}),
        ("/**/a/**/", {1}),
        ("'\"' /* x\n*/ b", {1, 2}),
        ('"/*"\nb', {1, 2}),
        ('"\\"/*"\nb', {1, 2}),
        ("don't /* x */\nb", {1, 2}),
        ("#endif\n#else\n#elif x\na", {4}),
        ("  #  if x\na\n#endif", {2}),
        ("/* x */ #if 0\na\n#endif", {2}),
        ("#define a /* b\nc */ d\ne", {2, 3}),
    ],
)
def test_odd_sources_are_read(source: str, code: set[int]) -> None:
    assert scan(source).code == code


@pytest.mark.parametrize("source", ["#if x\n" * 50_000, "/*/" * 100_000, '"' * 200_000, "#else\n" * 50_000 + "\\\n"])
def test_hostile_sources_take_no_time(source: str) -> None:
    with at_most(5):
        assert scan(source).kept({1}) is not None


OUTPUT = """\
# 0 "/src/mm/util.c"
# 1 "<built-in>"
# 1 "/src/mm/util.c"
# 1 "/src/include/linux/mm.h" 1

int in_header;
# 3 "/src/mm/util.c" 2
int three;

   \t
int six;
# 40 "/src/mm/../mm/util.c"
int forty;
#pragma GCC diagnostic
int forty_two;
# 7 "include/generated/x.h" 1
int generated;
# 9 "/etc/passwd"
root
"""


def test_printed_lines_belong_to_their_files() -> None:
    assert printed_lines(OUTPUT.encode(), ("/src/",), ["mm/util.c", "include/linux/mm.h", "mm/other.c"]) == {
        "mm/util.c": {3, 6, 40, 41, 42},
        "include/linux/mm.h": {2},
        "mm/other.c": set(),
    }


def test_a_compiler_that_maps_prefixes_is_understood() -> None:
    assert printed_lines(b'# 5 "mm/util.c"\nint x;\n', ("/src/",), ["mm/util.c"]) == {"mm/util.c": {5}}


@pytest.mark.parametrize(
    "output", ["", "int x;", '# 99999999999999999999 "/src/a.c"\nx', '# 1 "/src/a.c\nx', "# x", '# 1 "/src/b.c"\nx']
)
def test_garbage_prints_no_line_of_the_file(output: str) -> None:
    assert all(line < 3 for line in printed_lines(output.encode(), ("/src/",), ["a.c"])["a.c"])
