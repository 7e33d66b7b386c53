"""Limits how much git may write for a small patch: one that copies a file a thousand times is a few lines long. It is
counted before git is asked, by the "extended header lines" of git-diff(1).
"""

from __future__ import annotations

import re

from pipeline.mail.diff import unquoted
from pipeline.system.git import Repository

_SOURCE = re.compile(rb"^(?:copy from|rename from|rename old) (?P<name>[^\r\n]+)", re.MULTILINE)


def copied_size(diff: bytes, repository: Repository) -> int:
    """Bytes of the files that a patch copies or renames, each as often as it does.

    Args:
        diff: as git gets it.
        repository: at the state before the patch.
    """
    names = [unquoted(match["name"].decode("utf-8", "surrogateescape")) for match in _SOURCE.finditer(diff)]
    # A name with a newline is refused when the series is fetched.
    return repository.size([f"HEAD:{name}" for name in names if "\n" not in name]) if names else 0
