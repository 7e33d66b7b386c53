"""Commands that a person is shown and may paste into a shell; names in them are strangers' words."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def pasted(program: Sequence[str], operands: Sequence[str], options: Sequence[str] = ()) -> str:
    """A command line that does what it says, whatever its words are.

    Every word is one word for the shell, and the command reads none of `operands` as an option. Characters that control
    a terminal are replaced; a command with such a character does not name an existing file any more.

    Args:
        program: and what else comes first, such as a subcommand.
        operands: names of series, files, runs.
        options: with their values.
    """
    if any(operand.startswith("-") and operand != "-" for operand in operands):
        words = [*program, *options, "--", *operands]
    else:
        words = [*program, *operands, *options]
    return " ".join(shlex.quote(_shown(word)) for word in words)


def _shown(word: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in word)
