"""Warnings and errors in what the tools of a build print, line by line; whole outputs are beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.kernel.diagnostics import parse, read
from pipeline.model import Diagnostic

UNUSED = "unused variable 'x' [-Wunused-variable]"

LINES = [
    (f"/src/mm/util.c:12:7: warning: {UNUSED}", [("mm/util.c", 12, UNUSED)], []),
    (f"/src/mm/util.c:12: warning: {UNUSED}", [("mm/util.c", 12, UNUSED)], []),
    (f"../mm/util.c:12:7: warning: {UNUSED}", [("mm/util.c", 12, UNUSED)], []),
    (f"./include/linux/mm.h:3:1: warning: {UNUSED}", [("include/linux/mm.h", 3, UNUSED)], []),
    ("/src/mm/util.c:1:2: error: expected ';'", [], [("mm/util.c", 1, "expected ';'")]),
    (
        "/src/mm/util.c:1:10: fatal error: no.h: No such file or directory",
        [],
        [("mm/util.c", 1, "no.h: No such file or directory")],
    ),
    ("/src/mm/util.c:9:2: note: in expansion of macro 'X'", [], []),
    ("/src/mm/util.c: In function 'f':", [], []),
    ("In file included from /src/mm/util.c:1:", [], []),
    ("   12 |  int warning: = 1;", [], []),
    ("  CC      mm/util.o", [], []),
    (
        "WARNING: modpost: vmlinux: section mismatch in reference: a -> b",
        [("modpost", 0, "vmlinux: section mismatch in reference: a -> b")],
        [],
    ),
    ('ERROR: modpost: "f" [x.ko] undefined!', [], [("modpost", 0, '"f" [x.ko] undefined!')]),
    ("ld: warning: x.o has a LOAD segment with RWX", [("ld", 0, "warning: x.o has a LOAD segment with RWX")], []),
    ("ld: cannot find -lfoo", [], [("ld", 0, "cannot find -lfoo")]),
    ("riscv64-linux-gnu-ld: cannot find x.o", [], [("ld", 0, "cannot find x.o")]),
    ("/usr/bin/ld.bfd: cannot find x.o", [], [("ld", 0, "cannot find x.o")]),
    (
        "make[2]: *** [/src/scripts/Makefile.build:229: mm/util.o] Error 1",
        [],
        [("make", 0, "[/src/scripts/Makefile.build:229: mm/util.o] Error 1")],
    ),
    (
        "make: *** No rule to make target 'x', needed by 'y'.  Stop.",
        [],
        [("make", 0, "No rule to make target 'x', needed by 'y'.  Stop.")],
    ),
    # clang's and lld's
    (
        "/src/mm/util.c:1:2: error: use of undeclared identifier 'x'; did you mean 'y'?",
        [],
        [("mm/util.c", 1, "use of undeclared identifier 'x'; did you mean 'y'?")],
    ),
    (
        "<inline asm>:1:2: error: invalid instruction mnemonic 'x'",
        [],
        [("<inline asm>", 1, "invalid instruction mnemonic 'x'")],
    ),
    ("1 warning generated.", [], []),
    ("clang: error: unknown argument: '-fweird'", [], [("clang", 0, "unknown argument: '-fweird'")]),
    (
        "/usr/bin/clang-14: warning: argument unused during compilation: '-x'",
        [("clang", 0, "argument unused during compilation: '-x'")],
        [],
    ),
    ("aarch64-linux-gnu-gcc-12: fatal error: no input files", [], [("aarch64-linux-gnu-gcc", 0, "no input files")]),
    ("cc1: warning: bad option '-Wx'", [("cc1", 0, "bad option '-Wx'")], []),
    ("ld.lld-14: error: undefined symbol: gone", [], [("ld", 0, "undefined symbol: gone")]),
    (">>> referenced by main.c", [], []),
    ("ld.lld: warning: x.o: odd", [("ld", 0, "warning: x.o: odd")], []),
    ("world: this is a sentence", [], []),
]


@pytest.mark.parametrize(("line", "warnings", "errors"), LINES, ids=[line[0][:40] for line in LINES])
def test_a_line_is_taken_apart(
    line: str, warnings: list[tuple[str, int, str]], errors: list[tuple[str, int, str]]
) -> None:
    kinds = parse(f"  CC      a.o\n{line}\n  CC      b.o\n", ["/src/"])
    bare = [[replace(diagnostic, tool="", function="") for diagnostic in some] for some in kinds]
    assert bare == [[Diagnostic(*fields) for fields in warnings], [Diagnostic(*fields) for fields in errors]]


def test_make_s_own_words_count_only_where_no_compiler_explains_the_failure() -> None:
    log = "/src/a.c:1:2: error: bad\nmake[1]: *** [a.o] Error 1\nmake: *** [all] Error 2\n"
    assert parse(log, ["/src/"])[1] == (Diagnostic("a.c", 1, "bad", "cc"),)


def test_warnings_do_not_explain_a_failure() -> None:
    warnings, errors = parse("/src/a.c:1:2: warning: odd\nmake: *** [vmlinux] Error 2\n", ["/src/"])
    assert len(warnings) == 1
    assert [diagnostic.path for diagnostic in errors] == ["make"]


def test_an_undefined_reference_is_named_among_the_errors() -> None:
    log = (
        "ld: init/main.o: in function `start_kernel':\n"
        "main.c:(.init.text+0x5): undefined reference to `gone'\n"
        "make[1]: *** [/src/Makefile:1166: vmlinux] Error 1\n"
    )
    assert any("undefined reference to `gone'" in diagnostic.message for diagnostic in parse(log, ["/src/"])[1])


def test_each_diagnostic_is_listed_once_and_in_order() -> None:
    log = "".join(f"/src/h.h:{at}:1: warning: odd\n" for at in (3, 1, 3, 1, 2))
    assert [diagnostic.line for diagnostic in parse(log, ["/src/"])[0]] == [3, 1, 2]


def test_a_path_outside_the_tree_stays() -> None:
    assert parse("/usr/include/x.h:1:1: warning: odd\n", ["/src/"])[0][0].path == "/usr/include/x.h"


def test_nothing_in_a_quiet_log_is_a_diagnostic() -> None:
    assert parse("  CC      a.o\n  LD      vmlinux\n", ["/src/"]) == ((), ())


IN_F = "/src/a.c: In function 'f':\n"


def test_a_compiler_names_the_function_and_shows_the_line() -> None:
    log = (
        f"{IN_F}/src/a.c:3:13: warning: odd\n    3 |         int \tx;\n      |             ^\n"
        "/src/a.c:5:2: warning: odd\n    4 |   y(a,\n    5 |     b);\n      |     ^\n"
        "/src/a.c: At top level:\n/src/a.c:9:2: warning: odd\n    9 |  z\n"
    )
    diagnostics, _ = parse(log, ["/src/"], "gcc")
    assert [(diagnostic.tool, diagnostic.function, diagnostic.source) for diagnostic in diagnostics] == [
        ("gcc", "f", "int x;"),
        ("gcc", "f", "b);"),
        ("gcc", "", "z"),
    ]


def test_an_older_clang_shows_the_line_as_it_is() -> None:
    log = "/src/a.c:3:6: warning: odd\n\tint x;\n\t    ^\n/src/a.c:4:6: warning: odd\n1 warning generated.\n"
    assert [diagnostic.source for diagnostic in parse(log, ["/src/"])[0]] == ["int x;", ""]


@pytest.mark.parametrize("between", ["  CC      b.o\n", "In file included from /src/b.c:1:\n", "make[2]: odd\n"])
def test_a_function_ends_with_its_compiler(between: str) -> None:
    log = f"{IN_F}/src/a.c:3:13: warning: odd\n{between}/src/b.c:7:1: warning: odd\n"
    assert [diagnostic.function for diagnostic in parse(log, ["/src/"])[0]] == ["f", ""]


def test_what_was_inlined_is_its_caller_s() -> None:
    chain = (
        "In function 'copy',",
        "    inlined from 'g' at /src/mm/{0}.c:5:2,",
        "    inlined from '{0}' at /src/mm/{0}.c:9:2:",
    )
    inlined = "".join(f"{line}\n" for line in chain)
    log = "".join(f"{inlined.format(name)}/src/include/copy.h:4:3: warning: too large\n" for name in "ab")
    diagnostics, _ = parse(log, ["/src/"])
    assert [(diagnostic.path, diagnostic.function) for diagnostic in diagnostics] == [
        ("include/copy.h", "a in mm/a.c"),
        ("include/copy.h", "b in mm/b.c"),
    ]


def test_a_warning_of_a_header_counts_once_whoever_includes_it() -> None:
    block = "/src/h.h: In function 'in_h':\n/src/h.h:3:13: warning: odd\n    3 |  int x;\n"
    log = "".join(f"  CC      {name}.o\nIn file included from /src/{name}.c:1:\n{block}" for name in "abc")
    assert len(parse(log, ["/src/"])[0]) == 1


def test_two_diagnostics_on_one_line_are_two() -> None:
    log = "/src/a.c:3:7: warning: odd\n/src/a.c:3:10: warning: odd\n/src/a.c:3:7: warning: odd\n"
    assert len(parse(log, ["/src/"])[0]) == 2


def test_what_did_not_stop_make_is_told_apart_from_what_did() -> None:
    log = "/src/a.c:1:2: error: bad\nld: cannot find x.o\nmake: *** [all] Error 2\n"
    complaints = read(log, ["/src/"])
    assert [diagnostic.message for diagnostic in complaints.errors] == ["bad"]
    assert [diagnostic.message for diagnostic in complaints.last_words] == ["cannot find x.o", "[all] Error 2"]


def test_a_clock_that_is_wrong_is_no_fault_of_the_source() -> None:
    log = (
        "make[1]: Warning: File 'mm/util.c' has modification time 7199 s in the future\n"
        "make[1]: warning:  Clock skew detected.  Your build may be incomplete.\n"
    )
    assert parse(log, []) == ((), ())
