"""Patches for tests of checks that read a patch alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from pipeline.checks.protocol import CheckedPatch
from pipeline.mail import suspicion
from pipeline.mail.message import parse
from pipeline.model import Patch, Series
from pipeline.system.command import Completed
from tests.support.mails import DIFF, raw


class Files:
    """A state of a tree that holds a few files, and in which nothing is run."""

    commit = "0" * 40
    script = b""
    links: Mapping[str, str] = {}

    def __init__(self, files: Mapping[str, str], subjects: Mapping[str, str] | None = None) -> None:
        self._files = files
        self._subjects = subjects

    @property
    def data(self) -> Mapping[str, str]:
        return {}

    @property
    def no_history(self) -> str:
        return "no history" if self._subjects is None else ""

    def subject(self, commit: str) -> str | None:
        return (self._subjects or {}).get(commit)

    def blob(self, path: str) -> str:
        return f"{hash(self._files[path]):x}" if path in self._files else ""

    def target(self, path: str) -> str:
        return self.links.get(path, "")

    def exists(self, pattern: str) -> bool:
        return any(fnmatchcase(path, pattern) or path.startswith(pattern) for path in self._files)

    def read(self, path: str) -> bytes:
        return self._files.get(path, "").encode()

    def grep(self, pattern: str, *paths: str) -> Sequence[tuple[str, int, str]]:
        raise NotImplementedError

    def run(self, *argv: str, files: Mapping[str, bytes] | None = None) -> Completed:
        raise NotImplementedError


def patch(message: str = "", diff: str = DIFF, subject: str = "[PATCH] mm: change it", **headers: str) -> CheckedPatch:
    """A series of one patch, its mail made of these."""
    mail = parse(raw(subject, message + diff, "1", **headers))
    made = Patch(
        1, mail.title, "A U Thor <author@example.org>", mail.message_id, mail.raw, mail.files, letter=mail.letter
    )
    series = Series(mail.title, 1, mail.message_id, mail.letter, (made,))
    return CheckedPatch(made, suspicion.examined(series))
