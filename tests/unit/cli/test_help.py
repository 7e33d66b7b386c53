"""What `--help` says of options."""

from __future__ import annotations

from typing import Any

import typer

from pipeline.cli import app, load


def test_no_word_of_help_is_taken_for_markup() -> None:
    """Typer hands help to rich, which drops `[words]`. Seen red with `[default: the CPUs]` in a help text."""
    load(())
    group: Any = typer.main.get_command(app)
    texts = {
        f"{name} {param.name}": param.help or "" for name, command in group.commands.items() for param in command.params
    }
    assert [name for name, text in texts.items() if "[" in text] == []
