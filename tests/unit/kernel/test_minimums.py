"""The oldest compiler that a tree can be built with."""

from __future__ import annotations

import pytest

from pipeline.kernel import minimums
from pipeline.kernel.minimums import Minimum, compiler_version, complaint, install_words
from pipeline.kernel.toolchain import ToolchainName
from pipeline.model import Toolchain
from pipeline.system.process import Processes
from pipeline.system.sandbox import Unsandboxed

SCRIPT = """\
#!/bin/sh
case "$1" in
gcc) if [ "$ARCH" = parisc64 ]; then echo 12.0.0; else echo 8.1.0; fi ;;
llvm) if [ "$SRCARCH" = x86 ]; then echo 18.0.0; else echo 17.0.1; fi ;;
*) exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "12.2.0"),
        ("riscv64-linux-gnu-gcc (Debian 12.2.0-13) 12.2.0", "12.2.0"),
        ("gcc (GCC) 14.1.1 20240522 (Red Hat 14.1.1-4)", "14.1.1"),
        ("Debian clang version 14.0.6", "14.0.6"),
        ("Ubuntu clang version 18.1.3 (1ubuntu1)", "18.1.3"),
        ("clang version 20.0.0git (https://example.org/x 1.2.3)", "20.0.0"),
        ("a compiler", ""),
    ],
)
def test_a_compiler_tells_its_version(line: str, version: str) -> None:
    assert compiler_version(Toolchain("x", line, "0" * 64)) == version


@pytest.mark.parametrize(
    ("version", "met"), [("17.0.1", True), ("17.0.0", False), ("9.0.0", False), ("19.1.7", True), ("", True)]
)
def test_versions_are_compared_number_by_number(version: str, met: bool) -> None:
    assert Minimum("clang", "17.0.1").met_by(version) is met


@pytest.mark.parametrize(
    ("toolchain", "arch", "least"),
    [
        ("gcc", "x86_64", Minimum("gcc", "8.1.0")),
        ("llvm-14", "x86_64", Minimum("clang", "18.0.0")),
        ("clang", "riscv", Minimum("clang", "17.0.1")),
    ],
)
def test_the_tree_is_asked_for_its_minimum(toolchain: str, arch: str, least: Minimum) -> None:
    name = ToolchainName.parse(toolchain)
    assert minimums.minimum(SCRIPT, name, arch, Unsandboxed(), Processes()) == least


@pytest.mark.parametrize("script", ["", "exit 1\n", "echo none\n", "echo 1.0; exit 1\n"])
def test_a_tree_that_does_not_tell_has_no_minimum(script: str) -> None:
    name = ToolchainName.parse("gcc")
    assert minimums.minimum(script, name, "x86_64", Unsandboxed(), Processes()) is None


def test_a_compiler_that_is_too_old_is_told_with_the_remedy() -> None:
    least = Minimum("clang", "17.0.1")
    words = complaint(least, "14.0.6", install_words(("clang-19", "lld-19")))
    assert words == "this tree needs clang ≥ 17.0.1; found 14.0.6; apt-get install clang-19 lld-19"
    assert "none that is newer" in complaint(least, "14.0.6", install_words(()))
