"""Differences between two git trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from types import MappingProxyType

from pipeline.system.git import Repository


@dataclass(frozen=True)
class Change:
    """The change of a path.

    Args:
        letter: `M` where the content of a file is another and nothing else, `A` added, `D` deleted, or `T` for its type
            or mode.
        blob: object of git that it now is.
    """

    letter: str
    blob: str


class Differences:
    """Those between trees of one repository; what was asked for last is known, as a tree never changes.

    Cells ask for the same ones in turn, and each answer is a process of git.
    """

    def __init__(self, repository: Repository) -> None:
        self.changes = lru_cache(maxsize=64)(partial(changes, repository))
        # Lines can be many.
        self.changed_lines = lru_cache(maxsize=4)(partial(changed_lines, repository))


def changes(repository: Repository, before: str, after: str) -> Mapping[str, Change]:
    """Paths that differ between two trees."""
    listed = repository.out("diff-tree", "-r", "-z", "--no-renames", "--raw", before, after)
    differing, words = {}, listed.split("\0")
    for about, path in zip(words[::2], words[1::2], strict=False):
        # :100644 100755 OBJECT OBJECT M
        old, new, _, blob, letter = about.removeprefix(":").split()
        moded = letter == "M" and (old != new or not old.startswith("100"))
        differing[path] = Change("T" if moded else letter, blob)
    return MappingProxyType(differing)


def changed_lines(repository: Repository, before: str, after: str) -> str:
    """Lines that are added or removed between two trees, without their signs."""
    diff = repository.out(
        # Show every file as text: git shows no lines of files that it calls binary.
        *("diff-tree", "-r", "-p", "-U0", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", before, after)
    )
    changed, in_hunk = list[str](), False
    for line in diff.split("\n"):
        # A line of a hunk can look like a header, `+++ b/Kconfig`, but never like these.
        in_hunk = line.startswith("@@") or (in_hunk and not line.startswith("diff --git "))
        if in_hunk and line.startswith(("+", "-")):
            changed.append(line[1:])
    return "\n".join(changed)
