"""Warnings and errors in what make, gcc, ld and modpost print."""

from __future__ import annotations

import pytest

from pipeline.kernel.diagnostics import new_ones, parse
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
    found = parse(f"  CC      a.o\n{line}\n  CC      b.o\n", ["/src/"])
    assert found == (tuple(Diagnostic(*one) for one in warnings), tuple(Diagnostic(*one) for one in errors))


def test_make_s_own_words_count_only_where_no_compiler_explains_the_failure() -> None:
    log = "/src/a.c:1:2: error: bad\nmake[1]: *** [a.o] Error 1\nmake: *** [all] Error 2\n"
    assert parse(log, ["/src/"])[1] == (Diagnostic("a.c", 1, "bad"),)


def test_warnings_do_not_explain_a_failure() -> None:
    warnings, errors = parse("/src/a.c:1:2: warning: odd\nmake: *** [vmlinux] Error 2\n", ["/src/"])
    assert len(warnings) == 1
    assert [one.path for one in errors] == ["make"]


def test_an_undefined_reference_is_named_among_the_errors() -> None:
    log = (
        "ld: init/main.o: in function `start_kernel':\n"
        "main.c:(.init.text+0x5): undefined reference to `gone'\n"
        "make[1]: *** [/src/Makefile:1166: vmlinux] Error 1\n"
    )
    assert any("undefined reference to `gone'" in one.message for one in parse(log, ["/src/"])[1])


def test_each_diagnostic_is_listed_once_and_in_order() -> None:
    log = "".join(f"/src/h.h:{at}:1: warning: odd\n" for at in (3, 1, 3, 1, 2))
    assert [one.line for one in parse(log, ["/src/"])[0]] == [3, 1, 2]


def test_a_path_outside_the_tree_stays() -> None:
    assert parse("/usr/include/x.h:1:1: warning: odd\n", ["/src/"])[0][0].path == "/usr/include/x.h"


def test_nothing_in_a_quiet_log_is_a_diagnostic() -> None:
    assert parse("  CC      a.o\n  LD      vmlinux\n", ["/src/"]) == ((), ())


@pytest.mark.parametrize(
    ("found", "before", "new"),
    [
        ([("a.c", 1, "odd")], [], [("a.c", 1, "odd")]),
        ([("a.c", 1, "odd")], [("a.c", 1, "odd")], []),
        ([("a.c", 99, "odd")], [("a.c", 1, "odd")], []),
        ([("b.c", 1, "odd")], [("a.c", 1, "odd")], [("b.c", 1, "odd")]),
        ([("a.c", 1, "other")], [("a.c", 1, "odd")], [("a.c", 1, "other")]),
        ([], [("a.c", 1, "odd")], []),
    ],
)
def test_new_ones_are_new_in_path_or_message_not_in_line(
    found: list[tuple[str, int, str]], before: list[tuple[str, int, str]], new: list[tuple[str, int, str]]
) -> None:
    seen = new_ones([Diagnostic(*one) for one in found], [Diagnostic(*one) for one in before])
    assert seen == tuple(Diagnostic(*one) for one in new)
