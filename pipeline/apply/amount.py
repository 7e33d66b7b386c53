"""Limits how much git may write for a small patch: one that copies a file a thousand times is a few lines long. It is
counted before git is asked, by the "extended header lines" of git-diff(1).
"""

from __future__ import annotations

import re

from pipeline.mail.diff import unquoted
from pipeline.system import untrusted
from pipeline.system.git import Repository
from pipeline.system.untrusted import Budget

_FILE = re.compile(rb"^diff --git ", re.MULTILINE)
_SOURCE = re.compile(
    rb'^(?:copy from|(?P<renamed>rename from|rename old)) (?P<name>"(?:[^"\\\n]|\\.)*"|[^\r\n]+)', re.MULTILINE
)
_SLASHES = re.compile("//+")
"""One to git-apply(1)."""
_INDEX = re.compile(rb"^index (?P<old>[0-9a-f]{4,64})\.\.", re.MULTILINE)
"""Where the file is not in the tree, or another one, git-am(1) falls back on the blob that the patch was made from."""


class Amount:
    """What the patches of a series copy and rename, together."""

    def __init__(self) -> None:
        self._copied = Budget(untrusted.COPIED_BY_PATCHES)
        self._renamed = Budget(untrusted.RENAMED_BY_PATCHES)

    def spend(self, diff: bytes, repository: Repository) -> None:
        """Count the files that a patch copies or renames, each as often as it does.

        Args:
            diff: as git gets it.
            repository: at the state before the patch.

        Raises:
            TooMuchError: they are too many bytes.
        """
        sources: list[str] = []
        budgets: list[Budget] = []
        renamed: set[str] = set()
        for file in _FILE.split(diff):
            header = file.partition(b"\n@@ ")[0]
            blob = match["old"].decode() if (match := _INDEX.search(header)) else "0" * 40
            for match in _SOURCE.finditer(header):
                name = _SLASHES.sub("/", unquoted(match["name"].decode("utf-8", "surrogateescape")))
                # A name with a newline is refused when the series is fetched.
                if "\n" not in name:
                    sources += [f"HEAD:{name}", blob]
                    # git renames a file twice, too; then there are two.
                    is_first = match["renamed"] is not None and name not in renamed
                    budgets.append(self._renamed if is_first else self._copied)
                    renamed.add(name)
        sizes = repository.sizes(sources)
        for budget, size in zip(budgets, map(max, sizes[::2], sizes[1::2]), strict=True):
            budget.spend(size)
