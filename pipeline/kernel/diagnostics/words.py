"""What compilers' words have in common, whoever's they are: the option of a warning, and names in quotes."""

from __future__ import annotations

import re

COMPILERS = frozenset(("gcc", "clang"))
"""Tools of diagnostics that compile; others are started beside them, and say the same whichever compiles."""

_QUOTES = str.maketrans('‘’“”`"', "''''''")
# gcc's [-Wunused], and where warnings are errors [-Werror=unused] of gcc, [-Werror,-Wunused] of clang.
_OPTION = re.compile(r"\[(?:-Werror,)?-W(?:error=)?(?P<option>[\w=+-]+)\]$")
_NAME = re.compile(r"'([^']+)'")


def plain(message: str) -> str:
    """A message with its blanks made one and its quotation marks alike, which follow the locale."""
    return " ".join(message.translate(_QUOTES).split())


def option_of(message: str) -> str:
    """The option that switches a warning on, `unused-variable`; empty where none is named."""
    match = _OPTION.search(message)
    return match["option"] if match else ""


def names_in(message: str) -> tuple[str, ...]:
    """Names that a message quotes, such as a variable's, in its order."""
    return tuple(_NAME.findall(message.translate(_QUOTES)))
