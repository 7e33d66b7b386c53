"""What make printed, taken apart by what it was asked for."""

from __future__ import annotations

from pipeline.kernel.logs import OTHERS, read_by_target

LOG = b"""\
make: Entering directory '/src'
make[1]: Entering directory '/build'
  CALL    /src/scripts/checksyscalls.sh
<stdin>:1515:2: warning: #warning syscall lost not implemented [-Wcpp]
  CC      fs/a.o
In file included from /src/fs/a.c:1:
/src/include/h.h:3:5: warning: unused variable 'h' [-Wunused-variable]
/src/fs/a.c:9:5: error: 'x' undeclared (first use in this function)
make[3]: *** [/src/scripts/Makefile.build:229: fs/a.o] Error 1
  CC [M]  fs/b.o
/src/fs/a.c:7: warning: Function parameter or member 'x' not described in 'f'
  CC      lib/other.o
/src/lib/other.c:1:1: warning: not asked for [-Wodd]
make[3]: *** No rule to make target 'fs/c.o'.
"""


def test_a_diagnostic_is_of_the_step_that_printed_it_or_of_the_source_that_it_names() -> None:
    sources = {"fs/a.o": "fs/a.c", "fs/b.o": "fs/b.c", "fs/c.o": "fs/c.c"}
    by_target = read_by_target(("/src/",), "gcc", sources, LOG)
    said = {target: [[fields[0] for fields in kind] for kind in kinds] for target, kinds in by_target.items()}
    assert said["fs/a.o"][:2] == [["include/h.h", "fs/a.c"], ["fs/a.c"]]
    assert said["fs/b.o"] == [[], [], []]
    assert said["fs/c.o"] == [[], [], ["make"]]
    assert "lib/other.c" in said[OTHERS][0]


def test_a_step_of_rust_says_what_kind_it_is() -> None:
    log = b"  RUSTC P rust/libmacros.so\n  RUSTC L rust/kernel.o\nerror[E0425]: no `x`\n --> /src/rust/a.rs:3:5\n"
    by_target = read_by_target(("/src/",), "gcc", {"rust/kernel.o": "rust/kernel/lib.rs"}, log)
    assert [fields[:2] for fields in by_target["rust/kernel.o"][1]] == [("rust/a.rs", 3)]


def test_what_was_not_asked_for_is_of_no_target() -> None:
    assert read_by_target(("/src/",), "gcc", {}, LOG).keys() == {OTHERS}
