"""What a matrix leaves out of a series, and what would bring it in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from pipeline.kernel.architectures import architecture
from pipeline.kernel.kconfig import parse_fragment, source
from pipeline.kernel.kconfig.options import Kconfig
from pipeline.kernel.makefiles import Makefiles
from pipeline.model import Cell, Toolchain
from pipeline.plan.suggest import Suggester, Suggestion, fragment_name
from pipeline.render.suggestion import render_suggestion

KCONFIG = """\
config X86_64
	def_bool "$(ARCH)" = "x86_64"
config BLOCK
	bool "Block"
config EXT4
	bool "Ext4"
	depends on BLOCK
config UNICODE
	bool "Unicode"
config NUMA
	bool "NUMA"
	depends on X86_64
config HIDDEN
	bool
config SAMPLES
	def_bool SAMPLE
config SAMPLE
	bool "Sample"
config STUBBORN
	bool "Kconfig never keeps it"
choice
	prompt "Preemption"
config SLOW
	bool "Slow"
config FAST
	bool "Fast"
endchoice
"""
MAKEFILES = {
    "Kbuild": "obj-y += mm/ fs/\nobj-y += arch/$(SRCARCH)/\nobj-$(CONFIG_SAMPLES) += samples/",
    "samples/Makefile": "obj-$(CONFIG_SAMPLE) += sample.o",
    "mm/Makefile": "obj-y += util.o build.o\nobj-$(CONFIG_NUMA) += numa.o\nobj-$(CONFIG_HIDDEN) += hidden.o\n"
    "obj-$(CONFIG_STUBBORN) += stubborn.o\nobj-$(CONFIG_SLOW) += slow.o\nobj-$(CONFIG_FAST) += fast.o\n",
    "fs/Makefile": "obj-$(CONFIG_EXT4) += ext4/\nobj-$(CONFIG_UNICODE) += unicode.o",
    "fs/ext4/Makefile": "obj-y += a.o b.o",
    "arch/x86/Makefile": "obj-y += kernel.o",
}
CODE = [
    *("mm/util.c", "mm/numa.c", "mm/hidden.c", "mm/stubborn.c", "mm/slow.c", "mm/fast.c", "mm/part.c", "mm/lost.c"),
    *(
        "fs/ext4/a.c",
        "fs/ext4/b.c",
        "fs/unicode.c",
        "kernel/bounds.c",
        "arch/x86/kernel/asm-offsets.c",
        "arch/x86/kernel.c",
        "arch/arm64/kernel.c",
        "samples/sample.c",
        "tools/perf/x.c",
    ),
]


@dataclass
class Texts:
    """A tree of a few texts."""

    files: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys([*CODE, "mm/util.h", "README"], ""))

    def kconfig(self, arch: str) -> Kconfig:
        return source.read({"Kconfig": KCONFIG}, {"ARCH": arch})

    def kbuild(self, arch: str) -> Makefiles:
        return Makefiles(MAKEFILES, {"ARCH": arch, "SRCARCH": architecture(arch).folder})

    def includers(self, path: str) -> tuple[str, ...]:
        return ("mm/build.c",) if path == "mm/part.c" else ()

    def rust_files(self, folder: str) -> Sequence[str]:
        return [path for path in self.files if path.rpartition("/")[0] == folder and path.endswith(".rs")]

    def read(self, path: str) -> str:
        return self.files.get(path, "")


def cell(arch: str, fragment: str = "", name: str = "own") -> Cell:
    return Cell(f"{arch}-cell", arch, Toolchain("gcc", "", ""), "tinyconfig", (parse_fragment(name, fragment),))


def olddefconfig(cell: Cell) -> str:
    """Keeps what is asked for, but for what it never keeps."""
    lines = [line for fragment in cell.fragments for line in fragment.text.splitlines() if "STUBBORN" not in line]
    lines += ["CONFIG_X86_64=y"] if cell.arch == "x86_64" else []
    lines += ["CONFIG_SAMPLES=y"] if "CONFIG_SAMPLE=y" in lines else []
    return "\n".join(lines)


def suggest(
    files: Iterable[str], *cells: Cell, configure: Callable[[Cell], str] = olddefconfig, name: str = "new"
) -> Suggestion:
    return Suggester(Texts(), configure).suggest(name, files, cells or (cell("x86_64"), cell("i386")))


def texts(suggestion: Suggestion) -> dict[str, str]:
    return {proposal.cell.id: proposal.fragment.text for proposal in suggestion.proposals}


def test_what_is_compiled_needs_nothing() -> None:
    suggestion = suggest(
        ["mm/util.c", "mm/part.c", "arch/x86/kernel.c", "mm/util.h", "README", "tools/perf/x.c", "gone.c"]
    )
    assert suggestion == Suggestion(
        ("arch/x86/kernel.c", "mm/part.c", "mm/util.c"), (), {}, ("mm/util.h",), ("README", "tools/perf/x.c")
    )


def test_what_every_kernel_compiles_needs_nothing() -> None:
    suggestion = suggest(["kernel/bounds.c", "arch/x86/kernel/asm-offsets.c"], cell("i386"))
    assert suggestion.compiled == ("arch/x86/kernel/asm-offsets.c", "kernel/bounds.c")
    assert not suggest(["arch/x86/kernel/asm-offsets.c"], cell("riscv")).compiled


def test_one_cell_of_the_matrix_is_enough() -> None:
    assert suggest(["mm/numa.c"], cell("i386"), cell("x86_64", "CONFIG_NUMA=y")).compiled == ("mm/numa.c",)


def test_a_fragment_has_what_files_depend_on() -> None:
    suggestion = suggest(["fs/unicode.c", "fs/ext4/b.c", "fs/ext4/a.c"])
    (proposal,) = suggestion.proposals
    assert proposal.fragment.text == (
        "# fs/ext4/a.c\n# fs/ext4/b.c\nCONFIG_BLOCK=y\nCONFIG_EXT4=y\n\n# fs/unicode.c\nCONFIG_UNICODE=y\n"
    )
    assert (proposal.origin, proposal.cell.id, [fragment.name for fragment in proposal.cell.fragments]) == (
        *("x86_64-cell", "x86_64-cell-new"),
        ["own", "new"],
    )
    assert proposal.files == ("fs/ext4/a.c", "fs/ext4/b.c", "fs/unicode.c")
    assert (suggestion.compiled, suggestion.unreached) == ((), {})


def test_the_cell_that_reaches_most_is_taken() -> None:
    assert list(texts(suggest(["mm/numa.c", "fs/unicode.c"], cell("i386"), cell("x86_64")))) == ["x86_64-cell-new"]


def test_a_file_that_one_cell_cannot_compile_another_cell_may() -> None:
    cells = (cell("x86_64", "CONFIG_UNICODE=n"), cell("i386"))
    assert texts(suggest(["mm/numa.c", "fs/unicode.c"], *cells)) == {
        "x86_64-cell-new": "# mm/numa.c\nCONFIG_NUMA=y\n",
        "i386-cell-new-2": "# fs/unicode.c\nCONFIG_UNICODE=y\n",
    }


def test_options_that_exclude_each_other_make_two_cells() -> None:
    assert texts(suggest(["mm/slow.c", "mm/fast.c"])) == {
        "x86_64-cell-new": "# mm/fast.c\nCONFIG_FAST=y\n",
        "x86_64-cell-new-2": "# mm/slow.c\nCONFIG_SLOW=y\n",
    }


def test_what_is_out_of_reach_says_why() -> None:
    suggestion = suggest(["mm/numa.c", "mm/hidden.c", "mm/lost.c", "arch/arm64/kernel.c"], cell("i386"))
    assert not suggestion.proposals
    assert {path: reasons["i386-cell"] for path, reasons in suggestion.unreached.items()} == {
        "arch/arm64/kernel.c": "belongs to arch/arm64: a cell of that architecture is needed",
        "mm/hidden.c": "HIDDEN has no prompt, and nothing selects it",
        "mm/lost.c": "no rule found: no makefile that counts for i386 names lost.o",
        "mm/numa.c": 'X86_64 needs "i386"="x86_64", which does not hold',
    }
    assert Suggester(Texts(), olddefconfig).suggest("new", ["fs/unicode.c"], ()).unreached == {"fs/unicode.c": {}}


def test_kconfig_has_the_last_word() -> None:
    suggestion = suggest(["mm/stubborn.c", "fs/unicode.c"], cell("x86_64"))
    assert texts(suggestion) == {"x86_64-cell-new": "# fs/unicode.c\nCONFIG_UNICODE=y\n"}
    assert suggestion.unreached == {"mm/stubborn.c": {"x86_64-cell": "kconfig does not keep CONFIG_STUBBORN=y"}}


def test_what_is_kept_must_be_enough() -> None:
    """Every request survives, and yet the file's folder is not entered."""

    def half(cell: Cell) -> str:
        text = olddefconfig(cell)
        return text.replace("CONFIG_SAMPLES=y", "") if "CONFIG_SAMPLE=y" in text else text

    suggestion = suggest(["samples/sample.c"], cell("x86_64"), configure=half)
    assert suggestion.proposals == ()
    assert suggestion.unreached == {
        "samples/sample.c": {"x86_64-cell": "it needs SAMPLES && SAMPLE, which kconfig does not grant"}
    }


def test_a_sample_is_code() -> None:
    suggestion = suggest(["samples/sample.c"], cell("x86_64"))
    assert texts(suggestion) == {"x86_64-cell-new": "# samples/sample.c\nCONFIG_SAMPLE=y\n"}


def test_a_kconfig_that_fails_proposes_nothing() -> None:
    suggestion = suggest(["fs/unicode.c"], cell("x86_64"), configure=lambda _: "")
    assert (suggestion.proposals, suggestion.unreached) == (
        *((),),
        {"fs/unicode.c": {"x86_64-cell": "kconfig fails with what it needs"}},
    )


def test_the_promises_of_the_cell_are_kept() -> None:
    def fickle(cell: Cell) -> str:
        text = olddefconfig(cell)
        return text.replace("CONFIG_BLOCK=y", "") if "CONFIG_UNICODE=y" in text else text

    suggestion = suggest(["mm/numa.c", "fs/unicode.c"], cell("x86_64", "CONFIG_BLOCK=y"), configure=fickle)
    assert suggestion.proposals == ()
    assert "CONFIG_BLOCK=y asked (own.config), n got" in suggestion.unreached["fs/unicode.c"]["x86_64-cell"]


def test_strange_paths_are_nobody_s_comment() -> None:
    path = "mm/a\nCONFIG_EVIL=y\n.c"
    tree = Texts({path: ""})
    assert Suggester(tree, olddefconfig).suggest("new", [path], [cell("x86_64")]).unreached == {}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("mm: short one", "mm-short-one"),
        ("tmpfs: Add case-insensitive support for tmpfs", "tmpfs-add-case-insensitive"),
        ("x" * 50, "x" * 32),
        ("\u2026", "series"),
        ("a" * 31 + " b c", "a" * 31),
    ],
)
def test_a_fragment_is_named_after_the_series(title: str, name: str) -> None:
    assert fragment_name(title) == name


def test_text_for_a_user() -> None:
    suggestion = suggest(["mm/util.c", "mm/util.h", "README", "fs/unicode.c", "mm/numa.c", "mm/lost.c"], cell("i386"))
    assert render_suggestion(suggestion, "debian:linux-source-6.12") == (
        "debian:linux-source-6.12: of 4 code files that the series touches, 1 compiled\n"
        "by a cell, 1 could be, 2 out of reach.\n"
        "Headers (1) count as compiled, with what includes them.\n"
        "Other files (1), such as README, are not compiled.\n"
        "\n"
        "Save as kconfigs/new.config:\n"
        "\n"
        "# fs/unicode.c\n"
        "CONFIG_UNICODE=y\n"
        "\n"
        "Add to the matrix, a cell like i386-cell:\n"
        "\n"
        "[[cells]]\n"
        'id = "i386-cell-new"\n'
        'about = "i386-cell, and what new.config brings in"\n'
        'arch = "i386"\n'
        'toolchain = "gcc"\n'
        'base = "tinyconfig"\n'
        'fragments = ["own", "new"]\n'
        "\n"
        "Tried with olddefconfig: kconfig keeps every line. Promises about struct page\n"
        "are checked by `pipeline plan` with the new cells.\n"
        "\n"
        "Not reached:\n"
        "  mm/lost.c\n"
        "    no rule found: no makefile that counts for i386 names lost.o\n"
        "  mm/numa.c\n"
        '    X86_64 needs "i386"="x86_64", which does not hold\n'
    )


def test_reasons_that_differ_name_their_cells() -> None:
    text = render_suggestion(suggest(["mm/hidden.c", "mm/lost.c"]), "tree")
    assert "  mm/hidden.c\n    HIDDEN has no prompt, and nothing selects it\n" in text
    assert "    x86_64-cell: no rule found" in text
    assert "    i386-cell: no rule found" in text
    assert render_suggestion(suggest([]), "tree").startswith("tree: the series touches no code files")
    none = Suggester(Texts(), olddefconfig).suggest("new", ["fs/unicode.c"], ())
    assert "    no cell of the matrix can be reached\n" in render_suggestion(none, "tree")
