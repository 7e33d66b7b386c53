"""What kbuild is told, and what is read of what it leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.kernel import kbuild
from pipeline.model import Cell, Toolchain


def cell(arch: str = "x86_64", compiler: str = "gcc") -> Cell:
    return Cell("one", arch, Toolchain(compiler, f"{compiler} 12", "d" * 64), "tinyconfig", ())


@pytest.mark.parametrize(
    ("output", "steps"),
    [
        (b"", 0),
        (b"  CC      mm/util.o\n  LD      vmlinux\n", 2),
        (b"  CC [M]  drivers/x.o\n  HOSTCC  scripts/basic/fixdep\n", 2),
        (b"  AR      built-in.a\n  KSYMS   .tmp_vmlinux.kallsyms1.S\n  LDS     a.lds\n", 3),
        (b"make[1]: Entering directory '/build'\n  GEN     Makefile\n", 1),
        (b"/src/a.c:1:1: warning: odd\n    1 | CC x\n   CC      three blanks\nCC      none\n", 0),
    ],
)
def test_steps_are_counted(output: bytes, steps: int) -> None:
    assert kbuild.count_steps(output) == steps


OFFSETS = "arch/x86/kernel/asm-offsets"
COMPILE = "gcc -Wp,-MMD,arch/x86/kernel/.asm-offsets.s.d -nostdinc -I/src/include -DX='\"a b\"' -S"


@pytest.mark.parametrize("prefix", ["savedcmd_", "cmd_"])
def test_the_recorded_command_compiles_the_probe_instead(prefix: str) -> None:
    saved = f"{prefix}{OFFSETS}.s := {COMPILE} -o {OFFSETS}.s /src/{OFFSETS}.c\n\nsource_{OFFSETS}.s := x\n"
    assert kbuild.probe_command(saved) == (
        *("gcc", "-nostdinc", "-I/src/include", '-DX="a b"', "-S"),
        *("-o", kbuild.PROBE_OUTPUT, kbuild.PROBE_SOURCE),
    )


@pytest.mark.parametrize(
    ("escaped", "plain"), [("-DA='$$x'", "-DA=$x"), (r"-DB='\#1'", "-DB=#1"), (r"-DC='$$a$$\#'", "-DC=$a$#")]
)
def test_make_s_escapes_in_the_recorded_command_are_undone(escaped: str, plain: str) -> None:
    saved = f"savedcmd_{OFFSETS}.s := gcc {escaped} -S -o {OFFSETS}.s {OFFSETS}.c\n"
    assert kbuild.probe_command(saved)[1] == plain


def test_what_follows_the_compiler_in_the_recorded_command_is_left_out() -> None:
    saved = f"savedcmd_{OFFSETS}.s := gcc -S -o {OFFSETS}.s {OFFSETS}.c ; ./tools/objtool {OFFSETS}.s\n"
    assert kbuild.probe_command(saved)[-1] == kbuild.PROBE_SOURCE


@pytest.mark.parametrize(
    "saved",
    ["", "deps_x := \\\n", f"savedcmd_{OFFSETS}.s := gcc -S -o other.s /src/{OFFSETS}.c\n", "cmd_a.s := gcc -S\n"],
)
def test_a_record_without_a_usable_command_is_an_error(saved: str) -> None:
    with pytest.raises(ValueError, match=r"asm-offsets\.s\.cmd"):
        kbuild.probe_command(saved)


def test_a_layout_probe_is_compiled_to_an_object_with_all_of_its_debug_information() -> None:
    options = "-gsplit-dwarf -gdwarf-5 -gz=zlib -g -Wa,--compress-debug-sections=zlib -fverbose-asm -std=gnu11"
    saved = f"savedcmd_{OFFSETS}.s := gcc -I/src/include {options} -S -o {OFFSETS}.s /src/{OFFSETS}.c\n"
    assert kbuild.layout_probe_command(saved) == (
        *("gcc", "-I/src/include", "-std=gnu11", "-c", "-o", kbuild.LAYOUT_OUTPUT, kbuild.LAYOUT_SOURCE),
        *("-gdwarf-4", "-fno-lto", "-w"),
    )


def test_a_layout_probe_asks_for_structs_that_may_be_missing() -> None:
    assert kbuild.layout_probe(["linux/a.h"], "/src/mm/x.h", ["page", "zone"]) == (
        "#if __has_include(<linux/a.h>)\n#include <linux/a.h>\n#endif\n"
        '#include "/src/mm/x.h"\n'
        "struct page *pipeline_layout_0;\nstruct zone *pipeline_layout_1;\n"
    )
    assert kbuild.layout_probe([], "", ["page"]) == "struct page *pipeline_layout_0;\n"


def test_the_record_of_the_one_architecture_is_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="arch"):
        kbuild.saved_offsets_command(tmp_path)
    (tmp_path / "arch/riscv/kernel").mkdir(parents=True)
    (tmp_path / "arch/arm64").mkdir()
    (tmp_path / "arch/Kconfig").write_text("")
    with pytest.raises(FileNotFoundError, match="asm-offsets"):
        kbuild.saved_offsets_command(tmp_path)
    (tmp_path / "arch/riscv/kernel/.asm-offsets.s.cmd").write_bytes(b"cmd_x := gcc \xff\n")
    assert kbuild.saved_offsets_command(tmp_path).startswith("cmd_x := gcc")


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ('.ascii "->PIPELINE_STRUCT_PAGE $64 sizeof(struct page)"', 64),
        ('.ascii "->PIPELINE_STRUCT_PAGE 56 sizeof(struct page)"', 56),
        ('.ascii "->PIPELINE_STRUCT_PAGE #40 sizeof(struct page)"', 40),
        ('.ascii "->PIPELINE_STRUCT_PAGE $#80 sizeof(struct page)"', 80),
    ],
)
def test_the_size_is_read_from_the_assembler(line: str, size: int) -> None:
    assert kbuild.probed_size(f'\t.text\n\t.ascii "->OTHER $1"\n\t{line}\n') == size


@pytest.mark.parametrize("assembler", ["", "->PIPELINE_STRUCT_PAGE_X $64", "->PIPELINE_STRUCT_PAGE $x"])
def test_an_assembler_file_without_the_marker_is_an_error(assembler: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        kbuild.probed_size(assembler)


def test_the_variables_name_architecture_and_compiler_and_pin_the_rest() -> None:
    variables = kbuild.variables(cell("riscv", "riscv64-linux-gnu-gcc"))
    assert variables["ARCH"] == "riscv"
    assert variables["CC"] == "riscv64-linux-gnu-gcc"
    assert variables["CROSS_COMPILE"] == "riscv64-linux-gnu-"
    assert {name: variables[name] for name in kbuild.PINNED} == kbuild.PINNED


@pytest.mark.parametrize(
    "name", ["KBUILD_BUILD_TIMESTAMP", "KBUILD_BUILD_USER", "KBUILD_BUILD_HOST", "KBUILD_BUILD_VERSION"]
)
def test_what_names_the_build_is_pinned_and_not_empty(name: str) -> None:
    assert kbuild.variables(cell())[name]


def test_make_is_called_out_of_tree_with_its_targets_last() -> None:
    job = kbuild.make(cell(), "olddefconfig", "vmlinux")
    assert job.argv[:4] == ("make", "-C", "{src}", "O={build}")
    assert job.argv[-2:] == ("olddefconfig", "vmlinux")
    assert "ARCH=x86_64" in job.argv
    assert "LOCALVERSION=" in job.argv
    assert "--output-sync=line" in job.argv
    assert job.environment == {}


def test_make_gets_the_jobserver_by_its_environment() -> None:
    job = kbuild.make(cell(), makeflags="-j --jobserver-auth=3,4", descriptors=(3, 4), timeout=5)
    assert job.environment == {"MAKEFLAGS": "-j --jobserver-auth=3,4"}
    assert (job.pass_fds, job.timeout) == ((3, 4), 5)
