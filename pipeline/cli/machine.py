"""Commands about the machine: its tools, and its disk."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

from pipeline.cli.app import app
from pipeline.cli.options import (
    CellOption,
    MatrixOption,
    QuietOption,
    SandboxOption,
    TreeOption,
    VerboseOption,
    VersionOption,
    WorkspaceOption,
    known_sandbox,
    known_size,
)
from pipeline.cli.session import session
from pipeline.definitions import load_matrix
from pipeline.kernel.trees import TreeName
from pipeline.machine import clean as cleaning
from pipeline.machine import doctor as doctoring
from pipeline.system.errors import ExitStatus, UsageError


@app.command(epilog="Example: pipeline doctor --matrix quick")
def doctor(
    matrix: MatrixOption = "quick",
    cell: CellOption = None,
    tree: TreeOption = None,
    sandbox: SandboxOption = "bwrap",
    packages: Annotated[
        bool, typer.Option("--packages", help="Print nothing but the missing packages, one a line.")
    ] = False,
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """List every tool that a matrix needs, and how to install what is missing."""
    with session(workspace, verbose, quiet) as current:
        definition = load_matrix(matrix)[0].narrowed(cell or ())
        names = tuple(TreeName.parse(name) for name in tree or ("debian:linux-source-6.12",))
        findings = doctoring.examine(doctoring.needs(definition, names, known_sandbox(sandbox)), current.processes)
        if packages:
            sys.stdout.writelines(f"{package}\n" for package in doctoring.missing_packages(findings))
            return
        table = Table("tool", "", "version", "package", box=None, pad_edge=False)
        for one in findings:
            lacking = Text("no boots", style="yellow") if one.need.optional else Text("MISSING", style="bold red")
            mark = Text("found", style="green") if one.found else lacking
            table.add_row(one.need.program, mark, one.version, one.need.package)
        RichConsole(highlight=False).print(table)
        command = doctoring.install_command(findings)
        if command:
            print(f"\nInstall what is missing:\n\n  {command}")
        if any(not one.found and not one.need.optional for one in findings):
            raise typer.Exit(ExitStatus.INFRASTRUCTURE)


@app.command(epilog="Example: pipeline clean --all")
def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="Trees, results and downloads, too: all but the runs.")
    ] = False,
    keep: Annotated[
        str, typer.Option("--keep", metavar="SIZE", help="Free no more than it takes to be below SIZE, as 20G.")
    ] = "",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Free space: build folders, worktrees and broken runs; finished results and runs are kept."""
    with session(workspace, verbose, quiet) as current:
        if everything and keep:
            raise UsageError("--all and --keep exclude each other", hint="Say --keep SIZE alone.")
        most = known_size(keep, "--keep") if keep else 0
        current.workspace.prepare()
        if keep:
            freed, broken = cleaning.keep(current.workspace, most)
        else:
            freed, broken = cleaning.clean(current.workspace, everything=everything)
        print(f"Freed {_mebibytes(freed)} in {current.workspace.folder}; {broken} broken run(s) removed.")
        for name, size in cleaning.shares(current.workspace).items():
            print(f"  {name:12}{_mebibytes(size):>12}")


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"
