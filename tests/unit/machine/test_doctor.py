"""What a matrix needs is asked of its architectures."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.definitions import load_matrix
from pipeline.kernel.architectures import ARCHITECTURES
from pipeline.machine.doctor import candidates, needs, of_rust
from pipeline.system.errors import UsageError
from pipeline.system.process import Processes
from pipeline.system.sandbox import SandboxName, Unsandboxed
from tests.support.matrices import matrix_text, write_matrix


def packages(matrix: str) -> set[str]:
    return {need.package for need in needs(load_matrix(matrix)[0], (), SandboxName.BWRAP)}


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_libelf_is_needed_where_objtool_looks_at_the_kernel(arch: str, tmp_path: Path) -> None:
    file = write_matrix(tmp_path, matrix_text({f"{arch}-small": "odd"}))
    assert ("libelf-dev" in packages(str(file))) is (arch in {"x86_64", "loongarch", "powerpc"})


def test_a_cell_that_is_booted_needs_what_boots_it() -> None:
    assert packages("architectures") >= {
        "gcc-arm-linux-gnueabihf",
        "gcc-s390x-linux-gnu",
        "qemu-system-arm",
        "qemu-system-misc",
        "libc6-dev-armhf-cross",
        "libc6-dev-s390x-cross",
        "cpio",
    }


@pytest.mark.parametrize(
    ("globs", "needed", "not_needed"),
    [
        ((), {"gcc", "qemu-system-x86"}, {"gcc-aarch64-linux-gnu"}),
        (("arm64-objects",), {"gcc-aarch64-linux-gnu"}, {"qemu-system-arm"}),
        (("arm64-kernel",), {"gcc-aarch64-linux-gnu", "qemu-system-arm"}, set()),
        (("i386-flat",), {"gcc"}, {"qemu-system-x86"}),
    ],
)
def test_of_a_matrix_that_is_chosen_from_the_first_cell_is_needed_or_those_that_are_named(
    globs: tuple[str, ...], needed: set[str], not_needed: set[str]
) -> None:
    asked = needs(candidates(load_matrix("auto")[0], globs), (), SandboxName.BWRAP)
    named = {need.package for need in asked}
    assert needed <= named
    assert not not_needed & named


def test_no_cell_of_any_architecture_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="no cell of the matrix matches"):
        candidates(load_matrix("auto")[0], ("riscv32-objects",))


def test_what_a_tree_asks_for_rust_is_listed_and_needed_by_nobody_else() -> None:
    script = 'case "$1" in rustc) echo 99.1.0 ;; bindgen) echo 0.0.1 ;; *) exit 1 ;; esac\n'
    rustc, bindgen = of_rust(script, Unsandboxed(), Processes())
    assert (rustc.minimum, rustc.found, rustc.need.optional) == ("99.1.0", False, True)
    assert (bindgen.need.program, bindgen.need.optional) == ("bindgen", True)
    assert bindgen.found is bool(bindgen.version)
    assert of_rust("exit 1\n", Unsandboxed(), Processes()) == []
