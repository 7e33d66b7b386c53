"""Compilers by name."""

from __future__ import annotations

import pytest

from pipeline.kernel.toolchain import identify, make_variables, package_of
from pipeline.system.errors import InfrastructureError
from pipeline.system.process import Processes


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("gcc", {"CC": "gcc"}),
        ("gcc-12", {"CC": "gcc-12"}),
        ("riscv64-linux-gnu-gcc", {"CC": "riscv64-linux-gnu-gcc", "CROSS_COMPILE": "riscv64-linux-gnu-"}),
        ("aarch64-linux-gnu-gcc-12", {"CC": "aarch64-linux-gnu-gcc-12", "CROSS_COMPILE": "aarch64-linux-gnu-"}),
        ("clang", {"CC": "clang"}),
    ],
)
def test_make_is_told_the_compiler_and_its_prefix(name: str, variables: dict[str, str]) -> None:
    found = make_variables(name)
    assert {key: found[key] for key in variables} == variables
    assert ("CROSS_COMPILE" in found) == ("CROSS_COMPILE" in variables)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("gcc", "gcc"),
        ("gcc-12", "gcc-12"),
        ("riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu"),
        ("aarch64-linux-gnu-gcc-12", "gcc-12-aarch64-linux-gnu"),
        ("x86_64-linux-gnu-gcc", "gcc-x86-64-linux-gnu"),
        ("clang", "clang"),
        ("clang-14", "clang-14"),
    ],
)
def test_debian_s_package_of_a_compiler_is_known(name: str, package: str) -> None:
    assert package_of(name) == package


def test_a_compiler_that_is_missing_is_named_with_its_package() -> None:
    with pytest.raises(InfrastructureError, match="no-such-gcc is not installed") as caught:
        identify("no-such-gcc", Processes())
    assert "gcc-no-such" in caught.value.hint
