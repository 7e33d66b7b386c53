"""What a wide configuration leaves out of a series, and where that can be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.kernel.kconfig import source
from pipeline.kernel.kconfig.options import Kconfig
from pipeline.kernel.makefiles import Makefiles
from pipeline.model import ChangedFile, Coverage, FileCoverage, TouchedFile
from pipeline.objects.further import Further, compiled_there, further, left_out, merged, unreached

KCONFIG = """\
config X86_32
	def_bool "$(ARCH)" = "i386"
config HIGHMEM
	bool "High memory"
	depends on X86_32
config A
	bool "A"
config B
	bool "B"
config FORCED
	bool "Forced"
config FORCES
	def_bool y
	select FORCED
choice
	prompt "Speed"
config SLOW
	bool "Slow"
config FAST
	bool "Fast"
endchoice
"""
SOURCE = """\
int always;
#ifndef CONFIG_A
int no_a;
#endif
#ifdef CONFIG_HIGHMEM
int high;
#endif
#ifndef CONFIG_FORCED
int not_forced;
#endif
#ifndef __LP64__
int nobody_knows;
#endif
"""
VALUES = {"A": "y", "B": "y", "FORCED": "y", "FORCES": "y", "SLOW": "y"}
FILE = ChangedFile("fs/a.c", SOURCE, (1, 3, 6, 9, 12))
ALL = (1, 3, 6, 9, 12)


class Tree:
    """Makefiles and Kconfig files of a made-up tree."""

    files: Mapping[str, str] = {"fs/a.c": "1", "fs/fast.c": "2"}

    def kconfig(self, arch: str) -> Kconfig:
        return source.read({"Kconfig": KCONFIG}, {"ARCH": arch, "srctree": "."})

    def kbuild(self, arch: str) -> Makefiles:
        makefiles = {"Kbuild": "obj-y += fs/", "fs/Makefile": "obj-y += a.o\nobj-$(CONFIG_FAST) += fast.o\n"}
        return Makefiles(makefiles, {"ARCH": arch, "SRCARCH": "x86"})

    def includers(self, path: str) -> tuple[str, ...]:
        return tuple(other for other in self.files if other == f"{path}.c")

    def rust_files(self, folder: str) -> Sequence[str]:
        return [path for path in self.files if path.rpartition("/")[0] == folder and path.endswith(".rs")]

    def read(self, path: str) -> str:
        return self.files.get(path, "")


def covered(*kept: int) -> Coverage:
    return Coverage((FileCoverage("fs/a.c", True, ALL, kept),))


def test_an_option_is_taken_back_for_lines_behind_its_absence() -> None:
    found = further(Tree(), "x86_64", VALUES, [], covered(1), [FILE])
    assert found == (Further({"A": "n"}, frozenset({"fs/a.c"})),)


def test_nothing_is_asked_for_where_all_is_kept_or_nothing_can_be_had() -> None:
    assert further(Tree(), "x86_64", VALUES, [], covered(*ALL), [FILE]) == ()
    assert further(Tree(), "x86_64", VALUES, [], covered(1, 3), [FILE]) == ()


def test_a_file_of_another_choice_is_compiled_for_itself() -> None:
    touched = TouchedFile("fs/fast.c", reason="needs CONFIG_FAST")
    (found,) = further(Tree(), "x86_64", VALUES, [touched], Coverage(()), [])
    assert found == Further({"FAST": "y"}, frozenset({"fs/fast.c"}))


def test_what_does_not_go_together_gets_two_configurations() -> None:
    text = "#ifndef CONFIG_A\nint x;\n#endif\n#if defined(CONFIG_A) && !defined(CONFIG_B)\nint y;\n#endif\n"
    file = ChangedFile("fs/a.c", text, (2, 5))
    coverage = Coverage((FileCoverage("fs/a.c", True, (2, 5), ()),))
    found = further(Tree(), "x86_64", VALUES, [], coverage, [file])
    assert [dict(each.requests) for each in found] == [{"A": "n"}, {"B": "n"}]


def test_what_an_option_decides_is_looked_for_on_other_machines() -> None:
    left = left_out(covered(1, 3), [FILE])
    # Of __LP64__ no option tells.
    assert [str(guard) for _, guard in left] == ["HIGHMEM", "!FORCED"]
    there = compiled_there(Tree(), "i386", {**VALUES, "HIGHMEM": "y"}, left)
    assert [str(guard) for _, guard in there] == ["HIGHMEM"]
    assert compiled_there(Tree(), "arm64", VALUES, left) == []


def test_a_file_that_is_nowhere_compiled_is_looked_for_by_its_makefile() -> None:
    left = left_out(Coverage((FileCoverage("fs/fast.c", False, (1,)), FileCoverage("fs/x.h", False, (1,)))), [])
    assert [path for path, _ in left] == ["fs/fast.c"]
    assert compiled_there(Tree(), "i386", VALUES, left) == []
    assert compiled_there(Tree(), "i386", {"FAST": "m"}, left) == left


def test_coverage_of_several_is_what_any_of_them_keeps() -> None:
    both = merged([covered(1, 3), covered(6), Coverage((FileCoverage("fs/b.c", False, (1,)),))])
    assert [set(file.kept or ()) for file in both.files] == [{1, 3, 6}, set()]
    assert left_out(merged([covered(1, 3, 6), covered(9, 12)]), [FILE]) == []
    assert left_out(Coverage((FileCoverage("rust/a.rs", True, (1,), None),)), []) == []


def test_lines_that_nothing_reaches_are_said_with_what_stands_around_them() -> None:
    high, forced, unknown = unreached(Tree(), "x86_64", VALUES, covered(1, 3), [FILE])
    assert high.startswith("fs/a.c:6 is in no configuration that was compiled: it needs HIGHMEM; ")
    assert "X86_32" in high
    assert forced.startswith("fs/a.c:9 is in no configuration that was compiled: it needs !FORCED; ")
    assert unknown == "fs/a.c:12 is in no configuration that was compiled: it needs !__LP64__."


def test_lines_that_are_taken_out_are_never_compiled() -> None:
    text = "#if 0\nint x;\nint y;\n#endif\n"
    coverage = Coverage((FileCoverage("fs/a.c", True, (2, 3), ()),))
    (said,) = unreached(Tree(), "x86_64", VALUES, coverage, [ChangedFile("fs/a.c", text, (2, 3))])
    assert said == "fs/a.c:2-3 is never compiled: #if 0 or the like is around it."


def test_nothing_is_said_of_lines_that_any_configuration_has() -> None:
    assert unreached(Tree(), "x86_64", VALUES, merged([covered(1, 3, 6), covered(9, 12)]), [FILE]) == ()
    assert unreached(Tree(), "x86_64", VALUES, Coverage((FileCoverage("fs/a.c", False, ALL),)), [FILE]) == ()
