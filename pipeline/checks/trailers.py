"""Trailers of a patch as it was posted, and whether two mailboxes are one person's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parseaddr

from pipeline.mail.diff import commit_message
from pipeline.model import Letter

_TRAILER = re.compile(r"^(?P<name>[A-Za-z][A-Za-z-]{1,40}):[ \t]*(?P<value>\S.*)$", re.MULTILINE)
_REMARK = re.compile(r"\([^()]*\)|\[[^][]*\]")
_LONGEST = 1000
"""Characters of a line that can be a trailer (RFC 5322 allows 998)."""


@dataclass(frozen=True)
class Trailer:
    """A line `Name: value`; the name in lower case."""

    name: str
    value: str


def posted(letter: Letter) -> tuple[Trailer, ...]:
    """The trailers of a patch's mail, wherever in the message they stand."""
    lines = (line.rstrip() for line in commit_message(letter.body).split("\n") if len(line) <= _LONGEST)
    matches = (_TRAILER.match(line) for line in lines)
    return tuple(Trailer(match["name"].lower(), match["value"]) for match in matches if match)


def named(trailers: Iterable[Trailer], *names: str) -> list[str]:
    return [trailer.value for trailer in trailers if trailer.name in names]


@dataclass(frozen=True)
class Person:
    """Name and address, made comparable."""

    name: str
    address: str

    @classmethod
    def of(cls, mailbox: str) -> Person:
        name, address = parseaddr(mailbox.partition("#")[0].strip())
        # Some people append their employer in brackets, and not in every mail: `A U Thor (House)`.
        plain = unicodedata.normalize("NFKD", _REMARK.sub("", name) or name).casefold()
        words = re.findall(r"\w+", "".join(letter for letter in plain if not unicodedata.combining(letter)))
        local, _, domain = address.casefold().rpartition("@")
        # name+tag@domain is the same mailbox as name@domain (RFC 5233).
        return cls(" ".join(sorted(words)), f"{local.partition('+')[0]}@{domain}")

    def same_address(self, other: Person) -> bool:
        return self.address == other.address != "@"

    def same_name(self, other: Person) -> bool:
        return self.name == other.name != ""

    def moved(self, other: Person) -> bool:
        """Whether the address is one of the same name at the same house: `jan@example.com` and `jan@example.org`."""
        return self.address.rpartition(".")[0] == other.address.rpartition(".")[0] != ""

    def is_same(self, other: Person) -> bool:
        return self.same_address(other) or self.same_name(other)
