"""kbuild's records of a build: what they say, and what of it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.kernel.commands import Recorded, in_tree, linked, parse, preprocess_command, read_all

SRC = ("/src/",)
UTIL = """\
savedcmd_mm/util.o := gcc -Wp,-MMD,mm/.util.o.d -I/src/include -DX='"$$a \\#1"' -c -o mm/util.o /src/mm/util.c   ; ./tools/objtool/objtool --uaccess mm/util.o

source_mm/util.o := /src/mm/util.c

deps_mm/util.o := \\
    $(wildcard include/config/MMU) \\
  /src/include/linux/mm.h \\
  /src/mm/../include/linux/list.h \\
  include/generated/autoconf.h \\
  /usr/lib/gcc/include/stdarg.h \\

mm/util.o: $(deps_mm/util.o)

$(deps_mm/util.o):
"""  # noqa: E501


def test_a_compiled_object_is_read() -> None:
    recorded = parse(UTIL, SRC)
    assert recorded is not None
    assert (recorded.target, recorded.source) == ("mm/util.o", "mm/util.c")
    assert recorded.dependencies == ("include/linux/mm.h", "include/linux/list.h")
    assert recorded.generated == ("include/generated/autoconf.h",)
    assert "'\"$a #1\"'" in recorded.command
    assert recorded.reads("mm/util.c")
    assert recorded.reads("include/linux/list.h")
    assert not recorded.reads("include/linux/swap.h")


def test_an_older_record_is_read_as_well() -> None:
    recorded = parse("cmd_mm/a.o := gcc -c -o mm/a.o /src/mm/a.c\n\nsource_mm/a.o := /src/mm/a.c\n", SRC)
    assert recorded is not None
    assert (recorded.target, recorded.source, recorded.dependencies) == ("mm/a.o", "mm/a.c", ())


@pytest.mark.parametrize(
    "text",
    ["", "\0\0\0", "deps_x := \\\n  /src/a.h \\\n", "savedcmd_ := x", "source_a.o := /src/a.c\n", "x\n" * 100_000],
    ids=["empty", "zeros", "deps only", "no target", "source only", "long"],
)
def test_a_file_without_a_command_has_no_record(text: str) -> None:
    assert parse(text, SRC) is None


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/src/mm/util.c", "mm/util.c"),
        ("/src/arch/x86/entry/vdso/../../../../lib/vdso/x.c", "lib/vdso/x.c"),
        ("/src/../etc/passwd", ""),
        ("/src//etc/passwd", ""),
        ("/elsewhere/mm/util.c", ""),
        ("./include/generated/x.h", ""),
        ("", ""),
    ],
)
def test_paths_are_those_of_the_tree(path: str, inside: str) -> None:
    assert in_tree(path, SRC) == inside


def test_without_a_sandbox_the_tree_lies_elsewhere() -> None:
    assert in_tree("/home/x/tree/mm/util.c", ("/home/x/tree/",)) == "mm/util.c"


def record(target: str, command: str, source: str = "") -> Recorded:
    return Recorded(target, command, source)


OBJECTS = [record(f"{name}.o", "gcc", f"{name}.c") for name in ("mm/util", "mm/stale", "lib/a", "vdso/v", "init/m")]


@pytest.mark.parametrize(
    "links",
    [
        [
            record("built-in.a", 'rm -f built-in.a; printf "./%s " mm/built-in.a init/built-in.a | xargs ar cDPrST'),
            record("mm/built-in.a", 'printf "mm/%s " util.o | xargs ar cDPrST mm/built-in.a'),
            record("init/built-in.a", 'printf "init/%s " m.o | xargs ar cDPrST init/built-in.a'),
        ],
        [
            record("vmlinux.a", "rm -f vmlinux.a; ar cDPrST vmlinux.a ./mm/built-in.a ./init/built-in.a"),
            record("mm/built-in.a", "rm -f mm/built-in.a; ar cDPrST mm/built-in.a mm/util.o"),
            record("init/built-in.a", "ar cDPrST init/built-in.a init/m.o"),
        ],
        [
            record("vmlinux.o", "ld -r -o vmlinux.o --whole-archive mm/built-in.a init/m.o --no-whole-archive"),
            record("mm/built-in.a", 'printf "mm/%s " util.o | xargs ar'),
        ],
    ],
    ids=["by folder", "in full", "in the link"],
)
def test_an_object_counts_when_the_link_names_it(links: list[Recorded]) -> None:
    others = [
        record("vmlinux", 'link-vmlinux.sh "ld"'),
        record("lib/lib.a", "ar cDPrsT lib/lib.a lib/a.o"),
        record("vdso/vdso64.so.dbg", "ld -o vdso/vdso64.so.dbg vdso/v.o && sh check"),
    ]
    objects = linked({step.target: step for step in [*OBJECTS, *links, *others]})
    assert [step.target for step in objects] == ["init/m.o", "mm/util.o", "vdso/v.o"]


def test_a_library_counts_when_the_link_names_it() -> None:
    recorded = [
        *OBJECTS,
        record("lib/lib.a", "ar lib/lib.a lib/a.o"),
        record("vmlinux.o", "ld --start-group lib/lib.a"),
    ]
    assert [step.target for step in linked({step.target: step for step in recorded})] == ["lib/a.o"]


def test_records_that_name_each_other_come_to_an_end() -> None:
    recorded = [record("built-in.a", "ar a.a"), record("a.a", "ar built-in.a a.a x.o"), record("x.o", "gcc", "x.c")]
    assert [step.target for step in linked({step.target: step for step in recorded})] == ["x.o"]


def test_the_preprocessor_prints_instead_of_compiling() -> None:
    recorded = parse(UTIL, SRC)
    assert recorded is not None
    assert preprocess_command(recorded) == (
        *("gcc", "-I/src/include", '-DX="$a #1"'),
        *("-E", "-w", "/src/mm/util.c"),
    )


@pytest.mark.parametrize(
    "command",
    [
        "gcc -c -o mm/util.o /src/mm/util.c && ./objtool mm/util.o",
        "gcc -S -o mm/util.s /src/mm/util.c",
        "gcc -E -P -o mm/util.lds /src/mm/util.c",
    ],
)
def test_line_markers_are_kept_whatever_was_made(command: str) -> None:
    assert preprocess_command(record("x", command, "mm/util.c")) == ("gcc", "-E", "-w", "/src/mm/util.c")


@pytest.mark.parametrize(
    "command", ["", "ld -o x", "gcc -c -o a.o /src/b.c", "sh -c 'gcc'; /src/a.c", "gcc 'unclosed /src/a.c"]
)
def test_a_command_of_another_kind_is_refused(command: str) -> None:
    with pytest.raises(ValueError, match=r"compiles no source|[Nn]o closing quotation"):
        preprocess_command(record("a.o", command, "a.c"))


def test_a_build_folder_is_read_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "mm").mkdir()
    (tmp_path / "mm/.util.o.cmd").write_text(UTIL)
    (tmp_path / "mm/.bad.o.cmd").write_bytes(b"\xff\xfe savedcmd")
    (tmp_path / "mm/.endless.o.cmd").symlink_to("/dev/zero")
    outside = tmp_path / "outside"
    outside.write_text("savedcmd_mm/outside.o := gcc\n")
    (tmp_path / "mm/.outside.o.cmd").symlink_to(outside)
    (tmp_path / "mm/.folder.cmd").mkdir()
    assert list(read_all(tmp_path, SRC)) == ["mm/util.o"]
