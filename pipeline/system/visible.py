"""Words of strangers on a terminal or in a log of CI: nothing of them is obeyed there."""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that a screen does not show, or obeys."""
_RUNNER_COMMAND = re.compile(r"^([^\S\n]*)::", re.MULTILINE)
"""What a runner of CI obeys when it stands in a log: `::set-output …` at the start of a line, `##[…]` anywhere."""
_RUNNER_PREFIX = re.compile(r"##(?=\[|vso\[)")


def visible(line: str) -> str:
    """A line with controls, bidi and zero-width characters as escapes like `\\x1b`, and tabs as blanks."""
    if line.isprintable():
        return line
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in INVISIBLE else char
        for char in line.replace("\t", " ")
    )


def no_command(text: str) -> str:
    """Text of which no line is a command of GitHub's or Azure's runner."""
    return _RUNNER_PREFIX.sub("# ", _RUNNER_COMMAND.sub(r"\1∷ ", text))
