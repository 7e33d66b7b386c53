"""What of a series kernels are made of, and the architectures that it concerns."""

from __future__ import annotations

from pipeline.plan.concerned import architectures, code_files, widths


def test_architectures_are_those_that_code_is_of() -> None:
    assert architectures(["mm/util.c"]) == ("x86_64",)
    assert architectures(["mm/util.c", "arch/arm64/a.c", "arch/alpha/b.c"]) == ("x86_64", "arm64")
    assert architectures(["arch/riscv/a.c", "arch/riscv/b.S"]) == ("riscv",)
    assert architectures(["arch/um/a.c", "arch/x86/b.c"]) == ("x86_64", "um")
    assert architectures(["arch/alpha/b.c"]) == ("x86_64",)


def test_code_is_what_kernels_are_made_of() -> None:
    touched = ["mm/b.c", "mm/a.h", "Documentation/x.c", "tools/y.c", "scripts/z.c", "mm/Makefile", "mm/k.rs"]
    assert code_files(touched) == ("mm/a.h", "mm/b.c", "mm/k.rs")


def test_other_widths_are_for_code_that_they_can_have() -> None:
    assert widths(["mm/util.c"]) == ("i386", "s390")
    assert widths(["include/linux/mm.h", "arch/arm64/a.c"]) == ("i386", "s390")
    assert widths(["arch/x86/mm/a.c"]) == ("i386",)
    assert widths(["arch/s390/mm/a.S"]) == ("s390",)
    assert widths(["arch/arm64/a.c", "mm/Makefile", "rust/a.rs", "arch/arm/boot/dts/a.dts"]) == ()
