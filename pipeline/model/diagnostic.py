"""A complaint of a tool."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnostic:
    """A warning or error of a tool.

    Args:
        path: in the tree; the tool's name where no file is named.
        line: 0 where none is named.
        tool: what printed it; empty where that is not known.
        function: that it is about, with the caller's file where it was inlined; empty where that is not known.
        source: text of the line, its blanks made one; empty where that is not known.
    """

    path: str
    line: int
    message: str
    tool: str = ""
    function: str = ""
    source: str = ""
