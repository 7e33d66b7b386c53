"""What every command shares: its place below `pipeline`, the common options, and the session around it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace", envvar="PIPELINE_WORKSPACE", metavar="DIR", help="Folder of trees, builds, results and runs."
    ),
]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Print details.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Print only errors and the result.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"pipeline {version('kernel-series-pipeline')}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
]

app = typer.Typer(
    name="pipeline",
    help="Apply a kernel patch series to your trees, build, measure and boot kernels, and report.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


@app.callback()
def main_options(_version: VersionOption = False) -> None:
    pass


def command(name: str, *, example: str, workspace: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command: a session is its first argument, and the common options come after its own.

    Args:
        name: below `pipeline`.
        example: what `--help` ends with, without the word `pipeline`.
        workspace: it has the option `--workspace`; without, its session has the default one.
    """

    def registered(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(*, verbose: bool, quiet: bool, version: bool, workspace: Path | None = None, **given: Any) -> None:
            del version
            # With --help or --version there is no subcommand.
            from pipeline.cli.session import session

            with session(workspace, verbose, quiet) as current:
                function(current, **given)

        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        common = [
            *([_option("workspace", WorkspaceOption, None)] if workspace else []),
            _option("verbose", VerboseOption, False),
            _option("quiet", QuietOption, False),
            _option("version", VersionOption, False),
        ]
        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + common
        # Typer reads both: https://typer.tiangolo.com/ has no other way to share options.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command(name, epilog=f"Example: pipeline {example}")(run)
        return function

    return registered


def _option(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
