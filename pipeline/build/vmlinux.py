"""One run of make in a cell's folder, and its result for the store."""

from __future__ import annotations

import zlib

from pipeline.build.products import complaints, measured, products
from pipeline.build.results import compiler_of
from pipeline.kernel import diagnostics, kbuild, logs
from pipeline.kernel.make import Make
from pipeline.model import Build, BuildStatus


def make_vmlinux(make: Make, config: str) -> tuple[Build, dict[str, bytes]]:
    """Builds what is out of date in the cell's folder.

    Args:
        config: the whole `.config`.

    Returns:
        The build, and the files that are kept of it.

    Raises:
        InfrastructureError: the machine failed, or vmlinux cannot be read.
    """
    make.folder.begin(config)
    counted = make.steps
    wanted = products(make)
    done = make.run(*(product.target for product in wanted), timeout=kbuild.BUILD_TIMEOUT)
    printed, readable = logs.complaints_of(make, compiler_of(make.cell), done.stdout + done.stderr)
    if done.ok and readable:
        # An error that did not make make fail counts as a warning.
        warnings, errors = (*printed.warnings, *printed.errors), complaints(make, wanted)
    else:
        warnings, errors = printed.warnings, printed.errors or printed.last_words
    built = done.ok and not errors
    build = Build(
        status=BuildStatus.BUILT if built else BuildStatus.FAILED,
        seconds=round(done.seconds, 2),
        cpu_seconds=round(done.cpu_seconds, 2),
        steps=make.steps - counted,
        warnings=diagnostics.in_source(warnings, make.source),
        errors=errors,
        log=make.folder.path,
        compiler_calls=make.take_compiler_calls(),
    )
    files = {"log.z": zlib.compress(done.stdout), "config": config.encode()}
    if built:
        build, more = measured(make, build)
        files |= more
    make.folder.finish()
    return build, files
