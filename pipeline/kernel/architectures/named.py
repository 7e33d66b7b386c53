"""Architectures that are built where the user has a cross compiler, and that no machine here boots."""

from pipeline.kernel.architectures.architecture import Architecture

LOONGARCH = Architecture(
    name="loongarch",
    folder="loongarch",
    cross="loongarch64-linux-gnu-",
    bits=64,
    page_sizes=(4096, 16384, 65536),
    letters=("loongarch", "loongarch64"),
    objtool=True,
)
POWERPC = Architecture(
    name="powerpc",
    folder="powerpc",
    cross="powerpc64le-linux-gnu-",
    bits=64,
    page_sizes=(4096, 65536),
    letters=("powerpc", "ppc64", "ppc64le", "ppc"),
    objtool=True,
)
