"""What of a series kernels are made of, and the architectures that it concerns."""

from __future__ import annotations

from pipeline.plan.concerned import architectures, code_files


def test_architectures_are_those_that_code_is_of() -> None:
    assert architectures(["mm/util.c"]) == ("x86_64",)
    assert architectures(["mm/util.c", "arch/arm64/a.c", "arch/alpha/b.c"]) == ("x86_64", "arm64")
    assert architectures(["arch/riscv/a.c", "arch/riscv/b.S"]) == ("riscv",)
    assert architectures(["arch/um/a.c", "arch/x86/b.c"]) == ("x86_64", "um")
    assert architectures(["arch/alpha/b.c"]) == ("x86_64",)


def test_code_is_what_kernels_are_made_of() -> None:
    touched = ["mm/b.c", "mm/a.h", "Documentation/x.c", "tools/y.c", "scripts/z.c", "mm/Makefile", "mm/k.rs"]
    assert code_files(touched) == ("mm/a.h", "mm/b.c", "mm/k.rs")
