"""Toolchains by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.kernel import toolchain
from pipeline.kernel.toolchain import (
    ToolchainName,
    identify,
    llvm_libraries,
    make_variables,
    newest,
    with_cross_prefix,
)
from pipeline.system.errors import InfrastructureError, UsageError
from pipeline.system.process import Processes


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("gcc", {"CC": "gcc"}),
        ("gcc-12", {"CC": "gcc-12"}),
        ("riscv64-linux-gnu-gcc", {"CC": "riscv64-linux-gnu-gcc", "CROSS_COMPILE": "riscv64-linux-gnu-"}),
        ("aarch64-linux-gnu-gcc-12", {"CC": "aarch64-linux-gnu-gcc-12", "CROSS_COMPILE": "aarch64-linux-gnu-"}),
        ("clang", {"CC": "clang"}),
        ("clang-14", {"CC": "clang-14"}),
        ("aarch64-linux-gnu-clang-14", {"CC": "clang-14", "CROSS_COMPILE": "aarch64-linux-gnu-"}),
        ("llvm", {"LLVM": "1"}),
        ("llvm-14", {"LLVM": "-14"}),
    ],
)
def test_make_is_told_the_toolchain(name: str, variables: dict[str, str]) -> None:
    assert make_variables(name) == variables


@pytest.mark.parametrize(
    ("name", "packages"),
    [
        ("gcc", {"gcc": "gcc"}),
        ("gcc-12", {"gcc-12": "gcc-12"}),
        ("riscv64-linux-gnu-gcc", {"riscv64-linux-gnu-gcc": "gcc-riscv64-linux-gnu"}),
        ("aarch64-linux-gnu-gcc-12", {"aarch64-linux-gnu-gcc-12": "gcc-12-aarch64-linux-gnu"}),
        ("x86_64-linux-gnu-gcc", {"x86_64-linux-gnu-gcc": "gcc-x86-64-linux-gnu"}),
        ("clang", {"clang": "clang", "ld": "binutils"}),
        (
            "aarch64-linux-gnu-clang-14",
            {"clang-14": "clang-14", "aarch64-linux-gnu-ld": "binutils-aarch64-linux-gnu"},
        ),
        ("llvm", {"clang": "clang", "ld.lld": "lld", "llvm-nm": "llvm"}),
        ("llvm-14", {"clang-14": "clang-14", "ld.lld-14": "lld-14", "llvm-nm-14": "llvm-14"}),
    ],
)
def test_debian_s_packages_of_a_toolchain_are_known(name: str, packages: dict[str, str]) -> None:
    assert ToolchainName.parse(name).packages == packages


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("gcc-12", "nm"),
        ("riscv64-linux-gnu-gcc-12", "riscv64-linux-gnu-nm"),
        ("aarch64-linux-gnu-clang", "aarch64-linux-gnu-nm"),
        ("llvm", "llvm-nm"),
        ("llvm-14", "llvm-nm-14"),
    ],
)
def test_what_a_toolchain_makes_is_read_by_its_own_tools(name: str, tool: str) -> None:
    assert ToolchainName.parse(name).binary_tool("nm") == tool


@pytest.mark.parametrize("name", ["tcc", "gcc12", "gcc-twelve", "clang++", "aarch64-linux-gnu-llvm", "-gcc", ""])
def test_a_name_that_is_no_toolchain_s_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="there is no toolchain") as caught:
        ToolchainName.parse(name)
    assert "clang-14" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("gcc", "riscv64-linux-gnu-gcc"),
        ("gcc-12", "riscv64-linux-gnu-gcc-12"),
        ("clang-14", "riscv64-linux-gnu-clang-14"),
        ("llvm-14", "llvm-14"),
        ("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-gcc"),
    ],
)
def test_a_cross_prefix_is_given_to_compilers_that_need_it(name: str, whole: str) -> None:
    assert with_cross_prefix(name, "riscv64-linux-gnu-") == whole


def test_a_compiler_that_is_missing_is_named_with_its_package() -> None:
    with pytest.raises(InfrastructureError, match="no-such-gcc is not installed") as caught:
        identify("no-such-gcc", Processes())
    assert "gcc-no-such" in caught.value.hint


def test_a_linker_that_is_missing_is_named_with_its_toolchain() -> None:
    with pytest.raises(InfrastructureError, match="of the toolchain no-such-clang, is not installed"):
        identify("no-such-clang", Processes())


def test_the_identity_of_gcc_is_its_version_and_a_digest() -> None:
    identified = identify("gcc", Processes())
    assert identified.version.startswith("gcc ")
    assert len(identified.digest) == 64
    assert identify("gcc", Processes()) == identified


@pytest.mark.skipif(not (shutil.which("clang") and shutil.which("ld.lld")), reason="clang or lld is missing")
def test_the_linker_belongs_to_the_identity_of_clang() -> None:
    with_lld = identify("llvm", Processes())
    with_binutils = identify(with_lld.name.replace("llvm", "clang"), Processes())
    assert "clang version" in with_lld.version
    assert with_lld.version == with_binutils.version
    assert with_lld.digest != with_binutils.digest


def test_llvm_s_own_libraries_belong_to_the_identity_of_clang() -> None:
    ldd = (
        "\tlinux-vdso.so.1 (0x00007fd32be7e000)\n"
        "\tlibclang-cpp.so.14 => /lib/x86_64-linux-gnu/libclang-cpp.so.14 (0x00007fd328600000)\n"
        "\tlibLLVM-14.so.1 => /lib/x86_64-linux-gnu/libLLVM-14.so.1 (0x00007fd321c00000)\n"
        "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fd32161e000)\n"
    )
    assert llvm_libraries(ldd) == [
        "/lib/x86_64-linux-gnu/libLLVM-14.so.1",
        "/lib/x86_64-linux-gnu/libclang-cpp.so.14",
    ]
    assert llvm_libraries("\tnot a dynamic executable\n") == []


def test_llvm_is_the_newest_that_is_there_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(*programs: str) -> None:
        for program in programs:
            (tmp_path / program).write_text("#!/bin/sh\n")
            (tmp_path / program).chmod(0o755)

    monkeypatch.setattr(toolchain, "SEARCH_PATH", str(tmp_path))
    install("clang", "ld.lld", "llvm-nm")
    assert newest("llvm") == "llvm"
    install(*(f"{program}-{number}" for number in (9, 14) for program in ("clang", "ld.lld", "llvm-nm")))
    install("clang-19", "clang-cpp-20", "clang-format-21")
    assert newest("llvm") == "llvm-14"
    assert [newest(name) for name in ("llvm-9", "clang", "gcc")] == ["llvm-9", "clang", "gcc"]
