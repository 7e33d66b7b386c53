"""One run of make in a cell's folder, and what is kept of it."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from pipeline.build.products import complaints, measured, products
from pipeline.kernel import kbuild, logs
from pipeline.kernel.buildhost import Make
from pipeline.model import Build, BuildStatus


def make_vmlinux(
    make: Make, config: str, prepared: Callable[[bool], None] | None = None
) -> tuple[Build, dict[str, bytes]]:
    """Builds what is out of date in the cell's folder.

    Args:
        config: the whole `.config`.
        prepared: is told whether make's target `prepare` could be made, before anything else is.

    Returns:
        The build, and the files that are kept of it.

    Raises:
        InfrastructureError: the machine failed, or vmlinux cannot be read.
    """
    make.folder.begin(config)
    counted = make.steps
    wanted = products(make)
    before = make.run("prepare") if prepared else None
    if prepared and before:
        prepared(before.ok)
    done = make.run(*(one.target for one in wanted), timeout=kbuild.BUILD_TIMEOUT)
    if before:
        done = done.after(before)
    warnings, errors, readable = logs.diagnostics_of(make, done.stdout + done.stderr)
    if done.ok and readable:
        # Whatever looks like an error in the output of a make that succeeded.
        errors = complaints(make, wanted)
    built = done.ok and not errors
    build = Build(
        status=BuildStatus.BUILT if built else BuildStatus.FAILED,
        seconds=round(done.seconds, 2),
        cpu_seconds=round(done.cpu_seconds, 2),
        steps=make.steps - counted,
        warnings=warnings,
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
