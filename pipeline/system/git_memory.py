"""How much memory git and b4 may take: they hold what others wrote several times, outside of any sandbox."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from itertools import takewhile

from pipeline.system import untrusted
from pipeline.system.errors import ExitStatus
from pipeline.system.policy import SEARCH_PATH
from pipeline.system.watched import TakesTooLongError

_OF_HISTORIES = frozenset({"clone", "fast-import", "fetch", "index-pack", "init", "log", "merge-base", "rev-list"})
"""Commands that read, or make, trees of the user's choice, with all their history where they have one."""
_OUT_OF_MEMORY = re.compile(
    r"^(?:fatal|error): (?:.*: )?(?:out of memory\b|mmap failed: Cannot allocate memory|"
    r"unable to create .*thread.*: Resource temporarily unavailable).*$",
    re.IGNORECASE | re.MULTILINE,
)


class TakesTooMuchError(TakesTooLongError):
    """Untrusted input takes too much memory. Where too much time is handled, this is."""

    status = ExitStatus.INFRASTRUCTURE


def limited(arguments: Sequence[str]) -> list[str]:
    """The words before `git` that limit what it takes (prlimit(1)); none where it reads no patches.

    Address space is no measure: git maps packs as a whole, and takes what it then looks at.
    """
    settings = sum(1 for _ in takewhile(lambda word: word == "-c", arguments[::2]))
    if _OF_HISTORIES.intersection(arguments[2 * settings : 2 * settings + 1]):
        return []
    return data_limited(untrusted.GIT_MEMORY, f"--stack={untrusted.GIT_STACK}")


def data_limited(most: int, *more: str) -> list[str]:
    """The words before a command that limit how many bytes it may take for data; `more` are further ones of prlimit."""
    # The program is the user's, wherever that is; this is the system's.
    prlimit = shutil.which("prlimit", path=SEARCH_PATH) or "prlimit"
    return [prlimit, f"--data={most}", *more, "--"]


def require_enough(arguments: Sequence[str], status: int, error: str) -> None:
    """Sees to it that what git says is about what it read.

    Raises:
        TakesTooMuchError: it failed because it may take no more memory.
    """
    if status != 0 and (said := _OUT_OF_MEMORY.search(error)):
        raise TakesTooMuchError(
            f"git {arguments[0]} needs more than {untrusted.GIT_MEMORY >> 20} MiB of memory: {said[0][:200]}",
            hint="Patches can do this on purpose: look at the series.",
        )
