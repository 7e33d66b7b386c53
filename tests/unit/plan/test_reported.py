"""Builds that mails of robots report: what can be made again, and with what."""

from __future__ import annotations

import pytest

from pipeline.model import Letter
from pipeline.plan.reported import reported_builds

FOUND = ">> drivers/net/a.c:7:5: warning: unused variable 'x' [-Wunused-variable]\n"


def letter(body: str) -> Letter:
    return Letter("report@robot", "Re: [PATCH] a", "A Robot <robot@example.org>", (), (), (), "", body)


def told(config: str, compiler: str = "gcc-12 (Debian 12.2.0-14) 12.2.0", found: str = FOUND) -> str:
    return f"Hi A,\n\nnoticed this:\n\nconfig: {config} (https://example.org/config)\ncompiler: {compiler}\n\n{found}"


@pytest.mark.parametrize(
    ("config", "arch", "name", "file"),
    [
        ("arm64-allmodconfig", "arm64", "allmodconfig", ""),
        ("x86_64-randconfig-012-20241122", "x86_64", "randconfig-012-20241122", ""),
        ("powerpc-ppc64_defconfig", "powerpc", "ppc64_defconfig", "arch/powerpc/configs/ppc64_defconfig"),
        ("i386-defconfig", "i386", "defconfig", ""),
        ("um-x86_64_defconfig", "um", "x86_64_defconfig", "arch/um/configs/x86_64_defconfig"),
    ],
)
def test_what_a_robot_names(config: str, arch: str, name: str, file: str) -> None:
    (build,) = reported_builds([letter(told(config))])
    assert (build.arch, build.config, build.file, build.sources) == (arch, name, file, ("drivers/net/a.c",))


@pytest.mark.parametrize(
    ("config", "compiler", "first"),
    [
        ("x86_64-allyesconfig", "gcc-12 (Debian 12.2.0-14) 12.2.0", "gcc-12"),
        ("arm64-allmodconfig", "aarch64-linux-gcc (GCC) 14.2.0", "aarch64-linux-gnu-gcc-14"),
        ("arm64-allmodconfig", "clang version 19.1.3 (https://example.org 0123)", "llvm-19"),
        ("x86_64-allyesconfig", "clang-18", "llvm-18"),
    ],
)
def test_the_compiler_that_is_most_like_the_robot_s_comes_first(config: str, compiler: str, first: str) -> None:
    (build,) = reported_builds([letter(told(config, compiler))])
    assert build.toolchains[0] == first


@pytest.mark.parametrize(
    "body",
    [
        told("m68k-allmodconfig"),
        told("https://ci.example.org/builds/1/config"),
        told("x86_64-allyesconfig", found="All is well.\n"),
        f"I use config: x86_64-defconfig\n{FOUND}",
        FOUND,
    ],
)
def test_what_cannot_be_made_again_is_none(body: str) -> None:
    assert reported_builds([letter(body)]) == []


def test_an_object_is_compiled_from_its_source_and_a_module_is_not_guessed() -> None:
    found = ">> ld: drivers/hwmon/fan.o: in function `f': undefined reference to `__udivdi3'\n"
    module = '>> ERROR: modpost: "__udivdi3" [drivers/hwmon/fan.ko] undefined!\n'
    (build,) = reported_builds([letter(told("i386-allmodconfig", found=found + module))])
    assert build.sources == ("drivers/hwmon/fan.c",)
