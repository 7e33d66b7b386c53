"""`pipeline doctor`: every tool that a matrix needs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

from pipeline.cli.command import command
from pipeline.cli.options import (
    CellOption,
    MatrixOption,
    SandboxOption,
    TreeOption,
)
from pipeline.cli.session import Session
from pipeline.definitions import CHOSEN_MATRIX, MatrixDefinition, load_matrix
from pipeline.kernel.sources import Sources
from pipeline.kernel.trees import TreeName
from pipeline.machine import doctor as doctoring
from pipeline.machine.doctor import Finding
from pipeline.system.errors import ExitStatus
from pipeline.system.sandbox import SandboxName, choose


@command("doctor", example="doctor --matrix quick")
def doctor(
    current: Session,
    matrix: MatrixOption = CHOSEN_MATRIX,
    cell: CellOption = None,
    tree: TreeOption = None,
    sandbox: SandboxOption = SandboxName.BWRAP,
    packages: Annotated[
        bool, typer.Option("--packages", help="Print only the missing packages, one on each line.")
    ] = False,
) -> None:
    """List the tools that a matrix needs, and the command that installs missing ones."""
    definition = doctoring.candidates(load_matrix(matrix)[0], cell or ())
    names = tuple(TreeName.parse(name) for name in tree or ("debian:linux-source-6.12",))
    findings = doctoring.examine(doctoring.needs(definition, names, sandbox), current.processes)
    for name in names if tree else ():
        findings = _with_minimums(current, definition, name, sandbox, findings)
    if packages:
        sys.stdout.writelines(f"{package}\n" for package in doctoring.missing_packages(findings))
        return
    table = Table("tool", "", "version", "package", box=None, pad_edge=False)
    for finding in findings:
        mark = Text(finding.need.lack, style="yellow") if finding.need.optional else Text("MISSING", style="bold red")
        if finding.version and finding.minimum:
            mark = Text(f"NEEDS ≥ {finding.minimum}", style="bold red")
        if finding.found:
            mark = Text("found", style="green")
        table.add_row(finding.need.program, mark, finding.version, " ".join(finding.packages) or finding.need.package)
    RichConsole(highlight=False).print(table)
    missing = [finding for finding in findings if not finding.found]
    required = [finding for finding in missing if not finding.need.optional]
    optional = [finding for finding in missing if finding.need.optional]
    begin = "" if required else "Builds can begin. "
    for about, group in (("Builds need more tools", required), (f"{begin}Boots and some checks need more", optional)):
        if commands := doctoring.install_commands(group):
            print(f"\n{about}. To install them, type:\n")
            sys.stdout.writelines(f"  {line}\n" for line in commands)
    if required:
        raise typer.Exit(ExitStatus.INFRASTRUCTURE)


def _with_minimums(
    current: Session, matrix: MatrixDefinition, name: TreeName, sandbox: SandboxName, findings: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Adds the oldest compilers that a named tree can be built with, once git and the sandbox are there to ask it."""
    if any(
        not finding.found and finding.need.program in ("git", "bwrap", "dpkg-deb", "apt-get") for finding in findings
    ):
        return findings
    pipeline = current.pipeline()
    sources = Sources(pipeline.repository, pipeline.tree(name).commit)
    box = choose(sandbox, current.processes)
    return doctoring.with_minimums(findings, matrix, sources, box, current.processes)
