"""`pipeline checks`: the checks on patches, and whether each can be run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

from pipeline.checks.compiled import COMPILED
from pipeline.checks.obstacle import obstacle, too_old, without_tools
from pipeline.checks.protocol import Needs, Options
from pipeline.checks.registry import CHECKS, configured
from pipeline.cli.command import command
from pipeline.cli.options import TreeOption
from pipeline.cli.session import Session
from pipeline.kernel.minimums import SCRIPT
from pipeline.kernel.sources import Sources
from pipeline.kernel.trees import TreeName
from pipeline.system import sandbox
from pipeline.system.sandbox import SandboxName

ListOption = Annotated[
    list[str] | None,
    typer.Option("--list", metavar="ADDRESS", help="A list that a series is sent to; can be given several times."),
]


@command("checks", example="checks --tree debian:linux-source-6.12 --list netdev@vger.kernel.org")
def checks(current: Session, tree: TreeOption = None, addresses: ListOption = None) -> None:
    """List the checks on patches, whether each can run, and its settings in checks.toml."""
    configuration = configured()
    pipeline = current.pipeline() if tree else None
    commits = [pipeline.tree(TreeName.parse(name)).commit for name in tree or ()] if pipeline else []
    table = Table("check", "", "why", "looks at", box=None, pad_edge=False)
    for check in CHECKS:
        obstacles = [obstacle(check.needs, pipeline.repository, commit) for commit in commits] if pipeline else []
        obstacles += [without_tools(check.needs)]
        _add(table, check.name, check.about, configuration.options(check.name, addresses or ()), obstacles)
    scripts = [Sources(pipeline.repository, commit).read(SCRIPT) for commit in commits] if pipeline else []
    box = sandbox.choose(SandboxName.BWRAP, current.processes) if scripts else None
    for compiled in COMPILED:
        obstacles = [without_tools(Needs(compiled.programs))]
        obstacles += [too_old(compiled.compiler, script, box, current.processes) for script in scripts if box]
        _add(table, compiled.name, compiled.about, configuration.options(compiled.name, addresses or ()), obstacles)
    RichConsole(highlight=False).print(table)


def _add(table: Table, name: str, about: str, options: Options, obstacles: Iterable[str]) -> None:
    """Adds the rows of a check: whether it can be run, and what configuration says of it."""
    why = "; ".join(dict.fromkeys(filter(None, [options.reason, *obstacles])))
    mark = Text("not checked", style="yellow") if why else Text("ready", style="green")
    table.add_row(name, mark, why, about)
    details = {"ignored": options.ignored, "changes the verdict": options.problems}
    for what, kinds in details.items():
        if kinds:
            table.add_row("", "", "", Text(f"{what}: {', '.join(sorted(kinds))}", style="dim"))
    if options.values:
        values = ", ".join(f"{option} = {value}" for option, value in options.values.items())
        table.add_row("", "", "", Text(values, style="dim"))
