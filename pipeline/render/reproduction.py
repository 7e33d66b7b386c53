"""The command that does a run again, laid out for copying."""

from __future__ import annotations

import shlex

from rich.cells import cell_len, chop_cells

from pipeline.record import RunRecord
from pipeline.record.public import tested_on
from pipeline.system.text import cut, wrap

LONGEST_WORD = 200


def reproduction(record: RunRecord, columns: int, indent: int = 2) -> list[str]:
    """The command that does the same again; where others cannot have one, what it was done on."""
    if record.command:
        return command_lines(record.command, columns, indent)
    words = ["No command can be given that does the same on another machine.", *tested_on(record)]
    return [" " * indent + line for sentence in words for line in wrap(sentence, columns - indent)]


def command_lines(command: str, columns: int, indent: int = 2) -> list[str]:
    """A command line for copying, `indent` blanks included.

    It is broken between words. A word longer than a line goes on in the first column of the next one: the shell drops
    a backslash and the line end, and would take blanks for the end of the word.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if words[:1] != ["pipeline"]:
        # A command from another machine's record is not for pasting.
        return [" " * indent + "# the run names no command of the pipeline"]
    room = columns - indent - len("  \\")
    lines: list[str] = []
    for word in (shlex.quote(cut(word, LONGEST_WORD)) for word in words):
        if lines and cell_len(f"{lines[-1]} {word}") <= columns - len(" \\"):
            lines[-1] += f" {word}"
        elif cut(word, room) == word:
            lines += [(" " * (indent + 2) if lines else " " * indent) + word]
        else:
            lines += _broken_word(word, room, indent + 2 if lines else indent)
    return [line if line.endswith("\\") else f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _broken_word(word: str, room: int, indent: int) -> list[str]:
    """Pieces of a quoted word, each quoted: between quotes of the single kind a backslash is nothing special."""
    plain = "".join(shlex.split(word))
    # Quoting adds two characters, and three more for each quote inside.
    width = max(room // 5, 8) if "'" in plain else room - 2
    pieces = [shlex.quote(cut(piece, width)) for piece in chop_cells(plain, width)]
    return [" " * indent + pieces[0] + "\\", *(f"{piece}\\" for piece in pieces[1:-1]), pieces[-1]]
