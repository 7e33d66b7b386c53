"""The blobs that the patches of a series were made from, as their `index` lines name them (git-diff(1)); pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.mail.diff import diff_of
from pipeline.mail.message import parse
from pipeline.model import Patch

_FILE = re.compile(r"^diff --git ", re.MULTILINE)
_OLD_NAME = re.compile(r"^(?:--- a/|rename from |copy from )(?P<path>[^\n]+)$", re.MULTILINE)
_INDEX = re.compile(r"^index (?P<old>[0-9a-f]{7,40})\.\.[0-9a-f]{7,40}", re.MULTILINE)


@dataclass(frozen=True)
class Match:
    """How many of the blobs that patches were made from a commit has."""

    same: int
    of: int

    @property
    def exact(self) -> bool:
        return 0 < self.of == self.same

    def __str__(self) -> str:
        return f"{self.same} of {self.of} blobs are those that the patches were made from"


def preimages(patches: Sequence[Patch]) -> dict[str, str]:
    """Abbreviated blob ids by path, as they were before the first patch that changes the file; new files have none."""
    blobs: dict[str, str] = {}
    created: set[str] = set()
    for patch in patches:
        for piece in _FILE.split(diff_of(parse(patch.mail).letter.body))[1:]:
            header = piece.split("\n@@ ")[0]
            old, index = _OLD_NAME.search(header), _INDEX.search(header)
            if old and index and old["path"] not in created and index["old"].strip("0"):
                blobs.setdefault(old["path"], index["old"])
        created |= set(patch.files)
    return blobs


def matched(wanted: Mapping[str, str], there: Mapping[str, str]) -> Match:
    """Compares abbreviated ids with the whole ones of a commit."""
    return Match(sum(there.get(path, "").startswith(blob) for path, blob in wanted.items()), len(wanted))
