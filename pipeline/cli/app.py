"""The command that the others hang on."""

from __future__ import annotations

import typer

from pipeline.cli.options import VersionOption

app = typer.Typer(
    name="pipeline",
    help="Applies a kernel patch series to your trees, builds kernels, measures them, and says what it saw.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


@app.callback()
def main_options(_version: VersionOption = False) -> None:
    pass
