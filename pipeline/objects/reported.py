"""Cells of configurations that a thread's reports name: what is reported is compiled as its reporter compiled it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from pipeline.checks.compiled import WARNINGS
from pipeline.kernel import toolchain
from pipeline.kernel.buildhost import BuildHost
from pipeline.model import Applied, Cell, PlannedCell, Stage, Toolchain
from pipeline.objects.touched import TouchedCode
from pipeline.objects.wide import wide_fragment
from pipeline.objects.work import Work
from pipeline.plan.concerned import objects_cell_id
from pipeline.plan.reported import TARGETS, ReportedBuild
from pipeline.system.errors import InfrastructureError
from pipeline.system.git import Repository

MOST = 3
"""Configurations of one thread, that are made: each takes half a minute to begin with."""


def reported_works(
    host: BuildHost,
    touched: TouchedCode,
    applied: Applied,
    planned: Sequence[PlannedCell],
    reports: Sequence[ReportedBuild],
) -> list[Work]:
    """A cell for each configuration that reports name and that can be had here, of the files that they are about.

    Args:
        planned: cells that were compiled; what one of these shows needs no other.
    """
    if not reports:
        return []
    repository = host.repository
    there = touched.sources_at(applied.states[0]).files
    works: dict[tuple[str, str, str], Work] = {}
    known = {(of_arch.cell.arch, of_arch.cell.base, of_arch.cell.toolchain.name) for of_arch in planned}
    for report in reports:
        compiler = _compiler(host, report)
        if compiler is None or (report.config not in TARGETS and report.file not in there):
            continue
        key = report.arch, report.config, compiler.name
        sources = frozenset(report.sources)
        if key in works:
            works[key] = _with(works[key], sources)
        elif key not in known and len(works) < MOST:
            cell = _cell(repository, applied, report, compiler)
            works[key] = Work(PlannedCell(cell, applied.tree), only=sources, also=sources)
    return [*works.values()]


def _with(work: Work, sources: frozenset[str]) -> Work:
    also = work.also | sources
    return replace(work, only=also, also=also)


def _compiler(host: BuildHost, report: ReportedBuild) -> Toolchain | None:
    """The installed compiler that is most like that of a report; None where there is none for its architecture."""
    for name in report.toolchains:
        with suppress(InfrastructureError):
            return toolchain.identify(name, host.processes)
    return None


def _cell(repository: Repository, applied: Applied, report: ReportedBuild, compiler: Toolchain) -> Cell:
    about = f"{report.config}, which a report in the thread names, and of it what is reported, with {WARNINGS}"
    return Cell(
        f"{objects_cell_id(report.arch)}-{report.config}",
        report.arch,
        compiler,
        report.config,
        (wide_fragment(repository, applied.tree.commit),),
        about,
        stage=Stage.OBJECTS,
        words=(WARNINGS,),
    )
