"""Words of tools, shortened for a sentence."""

from __future__ import annotations


def last_line(words: str) -> str:
    """The last line of a program's output, shortened for a sentence."""
    return next((line.strip()[:200] for line in reversed(words.splitlines()) if line.strip()), "no words")


def interpreter(script: bytes) -> str:
    """The program that runs a script of the tree, by its first line."""
    first, _, _ = script.partition(b"\n")
    return "perl" if b"perl" in first else "python3" if b"python" in first else "sh"
