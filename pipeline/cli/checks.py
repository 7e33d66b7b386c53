"""`pipeline checks`: the checks on patches, and whether each can be run."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

from pipeline.checks.configuration import load_configuration
from pipeline.checks.obstacle import obstacle, without_tools
from pipeline.checks.registry import CHECKS
from pipeline.cli.command import command
from pipeline.cli.options import TreeOption
from pipeline.cli.session import Session
from pipeline.kernel.trees import TreeName

ListOption = Annotated[
    list[str] | None,
    typer.Option("--list", metavar="ADDRESS", help="A list that a series is sent to; can be given several times."),
]


@command("checks", example="checks --tree debian:linux-source-6.12 --list netdev@vger.kernel.org")
def checks(current: Session, tree: TreeOption = None, addresses: ListOption = None) -> None:
    """List the checks on patches, whether each can run, and its settings in checks.toml."""
    configuration = load_configuration(check.name for check in CHECKS)
    pipeline = current.pipeline() if tree else None
    commits = [pipeline.tree(TreeName.parse(name)).commit for name in tree or ()] if pipeline else []
    table = Table("check", "", "why", "looks at", box=None, pad_edge=False)
    for check in CHECKS:
        options = configuration.options(check.name, addresses or ())
        reasons = [options.reason] if options.reason else []
        reasons += [obstacle(check.needs, pipeline.repository, commit) for commit in commits] if pipeline else []
        reasons += [without_tools(check.needs)]
        why = "; ".join(dict.fromkeys(filter(None, reasons)))
        mark = Text("not checked", style="yellow") if why else Text("ready", style="green")
        table.add_row(check.name, mark, why, check.about)
        details = {"ignored": options.ignored, "changes the verdict": options.problems}
        for name, kinds in details.items():
            if kinds:
                table.add_row("", "", "", Text(f"{name}: {', '.join(sorted(kinds))}", style="dim"))
        if options.values:
            values = ", ".join(f"{name} = {value}" for name, value in options.values.items())
            table.add_row("", "", "", Text(values, style="dim"))
    RichConsole(highlight=False).print(table)
