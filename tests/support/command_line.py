"""The command line, called in this process."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from pipeline.cli import app


def call(*arguments: str) -> Result:
    environment = {"COLUMNS": "200", "TERMINAL_WIDTH": "200", "NO_COLOR": "1", "PIPELINE_WORKSPACE": "", "TERM": "dumb"}
    return CliRunner().invoke(app, list(arguments), env=environment)
