"""Products that make must leave of a cell, and their check: a kernel, whatever make says of its own success."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.build.results import BuildResults, bootable
from pipeline.kernel import records
from pipeline.kernel.architectures import architecture
from pipeline.kernel.make import Make
from pipeline.kernel.records import BuildRecords
from pipeline.kernel.toolchain import ToolchainName
from pipeline.measure import parse_sections, sized_symbols, symbol_origins
from pipeline.measure.code import code_table, stored_table
from pipeline.model import Build, BuildStatus, Diagnostic, StructPage
from pipeline.system import untrusted_dir
from pipeline.system.store import Key

VMLINUX = "vmlinux"


@dataclass(frozen=True)
class Product:
    """A target of make, and the file in the O= folder that it makes."""

    target: str
    path: str


def products(make: Make) -> tuple[Product, ...]:
    """Products of a cell: vmlinux, and the image for a machine where the cell is booted."""
    kernel = Product(VMLINUX, VMLINUX)
    if not bootable(make.cell):
        return (kernel,)
    image = architecture(make.cell.arch).image
    return (kernel, Product(image.target, image.path)) if image else (kernel,)


def complaints(make: Make, products: Sequence[Product]) -> tuple[Diagnostic, ...]:
    """Errors in the products of a make that reported success: a makefile can report anything."""
    return tuple(
        Diagnostic(product.path, 0, "make succeeded, but left no regular file here")
        for product in products
        if not untrusted_dir.is_file(make.folder.path, product.path)
    )


def measured(make: Make, build: Build) -> tuple[Build, dict[str, bytes]]:
    """A build with what its vmlinux shows, and the files that are kept of it.

    A vmlinux that cannot be read makes it a failed one.

    Raises:
        InfrastructureError: the machine failed, or `struct page` cannot be measured.
    """
    compiler = ToolchainName.parse(make.cell.toolchain.name)
    symbols = make.tool(compiler.binary_tool("nm"), "--size-sort", VMLINUX)
    sizes = make.tool(compiler.binary_tool("size"), "-A", VMLINUX)
    for done in (symbols, sizes):
        make.check_failure(done)
        if not done.ok:
            return _unreadable(build, done.stderr.decode("utf-8", "replace").strip()[-200:])
    try:
        sections = parse_sections(sizes.stdout.decode("utf-8", "replace"))
    except ValueError as error:
        return _unreadable(build, str(error))
    files = {"symbols.z": zlib.compress(sized_symbols(symbols.stdout))}
    return replace(build, sections=sections, struct_page=StructPage(make.struct_page_size())), files


def _unreadable(build: Build, words: str) -> tuple[Build, dict[str, bytes]]:
    error = Diagnostic(VMLINUX, 0, f"cannot be read: {words}")
    return replace(build, status=BuildStatus.FAILED, errors=(error,)), {}


def read_records(make: Make) -> BuildRecords | None:
    """The kbuild records of a build; None where they cannot be read."""
    try:
        return records.of_build(make)
    except ValueError as error:
        make.warn(str(error))
        return None


def read_assembled(make: Make) -> frozenset[str] | None:
    """What assemblers opened and kbuild did not record; None where that cannot be read."""
    recorded = read_records(make)
    return recorded.assembled if recorded else None


def keep_records(make: Make, recorded: BuildRecords, results: BuildResults, key: Key, base: Build | None) -> None:
    """Stores what kbuild's records of a build say.

    Args:
        base: what the build is compared with; None where this is the base.
    """
    try:
        results.put_dependencies(key, recorded.read)
        results.put_origins(key, symbol_origins(make, recorded.sources))
        results.put_code(key, code_table(make, recorded.sources, stored_table(base.code if base else None)))
        if base is None:
            results.put_programs(key, make.cell, records.programs(make))
    except ValueError as error:
        make.warn(str(error))
