"""A thread of mails: what was posted in it, which of it belongs to one series, and whether a revision is complete.

Numbers in subjects are not enough: a thread can hold another series, a second posting of the same revision, and a
revision that replaces some patches only. So mails are joined by the references between them first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr

from pipeline.mail.message import Mail

_RESEND = re.compile(r"^[^]]*\bRESEND\b", re.IGNORECASE)
_CHANGE_ID = re.compile(r"^change-id: (\S+)\s*$", re.MULTILINE | re.IGNORECASE)
_NO_FOOTER = re.compile(r"diff --git |@@ -\d|\b[A-Za-z-]+-by: ")
_DEEPEST = 1000
"""References followed upwards from one mail; loops end there as well."""
_NAMED = 12
"""Missing patches that are named one by one."""


@dataclass(frozen=True)
class Posting:
    """Mails that were posted together: cover letter (where there is one) and patches, complete or not.

    Args:
        version: of the revision.
        total: patches, as their subjects count them.
        resend: the subjects say RESEND.
        mails: each message-id once, cover letters first, then by number.
        taken: numbers of patches that come from the posting before, where this one replaces some patches only.
    """

    version: int
    total: int
    resend: bool
    mails: tuple[Mail, ...]
    taken: tuple[int, ...] = ()

    @property
    def cover(self) -> Mail | None:
        return next((mail for mail in self.mails if mail.number == 0), None)

    @property
    def patches(self) -> tuple[Mail, ...]:
        return tuple(mail for mail in self.mails if mail.number)

    @property
    def first(self) -> Mail:
        return self.cover or self.mails[0]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(mail.message_id for mail in self.mails)

    @property
    def name(self) -> str:
        """`v3`, or `v3 RESEND`."""
        return f"v{self.version} RESEND" if self.resend else f"v{self.version}"

    @property
    def change_id(self) -> str:
        found = [_CHANGE_ID.search(mail.letter.body) for mail in self.mails]
        return next((match[1] for match in found if match), "")

    @property
    def problems(self) -> str:
        """What keeps it from being complete, in words; empty when nothing does."""
        numbers = [mail.number or 0 for mail in self.patches]
        totals = sorted({mail.total for mail in self.mails})
        if not numbers:
            return "it has no patches"
        if len(totals) > 1:
            return f"its mails count to different totals ({', '.join(map(str, totals))})"
        missing = [f"{number}/{self.total}" for number in range(1, self.total + 1) if number not in numbers]
        if missing:
            more = f" and {len(missing) - _NAMED} more" if missing[_NAMED:] else ""
            return f"missing {', '.join(missing[:_NAMED])}{more}"
        beyond = sorted({number for number in numbers if number > self.total})
        if beyond:
            return f"patch {', '.join(map(str, beyond))} of {self.total} was posted"
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        return f"patch {', '.join(map(str, twice))} was posted more than once" if twice else ""


@dataclass
class _Groups:
    """Disjoint sets of positions, joined two by two."""

    parents: dict[int, int] = field(default_factory=dict)

    def root(self, one: int) -> int:
        while self.parents.setdefault(one, one) != one:
            one = self.parents[one]
        return one

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        self.parents[second] = first


def versions(mails: Iterable[Mail]) -> tuple[int, ...]:
    """Revisions that have at least one patch in the thread, ascending."""
    return tuple(sorted({mail.version for mail in mails if mail.number}))


def postings(mails: Sequence[Mail], *, in_a_folder: bool = False) -> tuple[Posting, ...]:
    """What was posted in a thread, in the order in which it came; partial rerolls are completed.

    Args:
        in_a_folder: the mails are files that somebody put together: those of a revision are one posting, whoever wrote
            them and whatever they answer.
    """
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    # A list's copy of a mail has the same id; so may another patch, which is for others to refuse.
    distinct = {(mail.message_id or str(at), mail.letter.subject): mail for at, mail in enumerate(mails)}
    parts = [mail for mail in distinct.values() if mail.number is not None]
    versioned = {id(mail): _version(mail, by_id) for mail in parts}
    groups, seen = _Groups(), dict[object, int]()
    for position, mail in enumerate(parts):
        version = versioned[id(mail)]
        for key in [version] if in_a_folder else _ties(mail, version, by_id):
            groups.join(position, seen.setdefault(key, position))
    members: dict[int, list[Mail]] = defaultdict(list)
    for position, mail in enumerate(parts):
        members[groups.root(position)].append(mail)
    found = [_posting(group, versioned[id(group[0])]) for group in members.values()]
    return tuple(_completed(one, found, by_id) for one in found if one.patches or len(found) == 1)


def _version(mail: Mail, by_id: Mapping[str, Mail]) -> int:
    """The mail's revision; of a patch that names none, that of the cover letter which it answers."""
    parent = by_id.get(mail.in_reply_to)
    if mail.number and mail.version == 1 and parent is not None and parent.number == 0 and parent.total == mail.total:
        return parent.version
    return mail.version


def _resend(mail: Mail) -> bool:
    return bool(_RESEND.match(mail.letter.subject))


def _ties(mail: Mail, version: int, by_id: Mapping[str, Mail]) -> Iterable[object]:
    """What a mail shares with those that were posted together with it.

    git send-email(1) has all mails answer the first, or each the one before; a patch of a partial reroll answers the
    patch that it replaces; some senders thread nothing at all.
    """
    alike = (version, mail.total, _resend(mail), sender(mail))
    yield ("self", mail.message_id or id(mail), version)
    parent = by_id.get(mail.in_reply_to)
    if parent is not None and parent.number is not None and _together(mail, parent, version):
        yield ("self", parent.message_id, version)
        return
    if mail.number and _replaced(mail, by_id) is not None:
        yield ("reroll", *alike)
    elif mail.total > 1 or mail.number == 0:
        # Lone patches stay alone, whatever they answer.
        yield ("beside", *alike, mail.in_reply_to)


def _together(mail: Mail, parent: Mail, version: int) -> bool:
    """Whether a mail was posted with the one that it answers; a resend or reroll below the original was not."""
    alike = (parent.total, _resend(parent)) == (mail.total, _resend(mail))
    return alike and parent.version in (mail.version, version)


def sender(mail: Mail) -> str:
    """The bare address of a mail's From: header."""
    return parseaddr(mail.letter.sender)[1].lower()


def _replaced(mail: Mail, by_id: Mapping[str, Mail]) -> Mail | None:
    """The patch of an older revision that a mail of a partial reroll replaces: answered directly or below."""
    at: Mail | None = mail
    for _ in range(_DEEPEST):
        at = by_id.get(at.in_reply_to) if at is not None else None
        if at is None:
            return None
        if at.number and (at.number, at.total) == (mail.number, mail.total) and at.version < mail.version:
            return at
        if at.number is not None:
            return None
    return None


def _posting(group: Sequence[Mail], version: int) -> Posting:
    ordered = sorted(group, key=lambda mail: mail.number or 0)
    totals = [mail.total for mail in ordered]
    return Posting(version, max(totals, key=totals.count), _resend(ordered[0]), tuple(ordered))


def _completed(posting: Posting, known: Sequence[Posting], by_id: Mapping[str, Mail]) -> Posting:
    """A partial reroll with the patches that it leaves as they were, out of the posting whose patches it answers."""
    numbers = {mail.number for mail in posting.patches}
    if not posting.problems.startswith("missing") or posting.cover is not None:
        return posting
    replaced = [_replaced(mail, by_id) for mail in posting.patches]
    before = {mail.message_id for mail in replaced if mail is not None}
    for older in known:
        if None not in replaced and before <= older.ids and not older.problems:
            rest = [mail for mail in older.mails if mail.number not in numbers]
            mails = sorted([*posting.mails, *rest], key=lambda mail: mail.number or 0)
            taken = tuple(mail.number for mail in rest if mail.number)
            return Posting(posting.version, posting.total, posting.resend, tuple(mails), taken)
    return posting


def in_circles(mails: Sequence[Mail]) -> frozenset[str]:
    """Message-ids from which In-Reply-To leads in a circle, be it the mail's own or one further up."""
    parents = {mail.message_id: mail.in_reply_to for mail in mails}
    circular: dict[str, bool] = {}
    for start in parents:
        path: dict[str, None] = {}
        at = start
        while at in parents and at not in path and at not in circular:
            path[at] = None
            at = parents[at]
        found = at in path or circular.get(at, False)
        circular.update(dict.fromkeys(path, found))
    return frozenset(name for name, found in circular.items() if found)


def told_apart(mails: Iterable[Mail]) -> frozenset[str]:
    """Message-ids that several mails have which do not say the same (RFC 5322, 3.6.4: an id is that of one mail).

    A list's copy of a mail may have a footer, another encoding, and a relay's From:.
    """
    texts: dict[str, str] = {}
    found = set[str]()
    for mail in mails:
        text = " ".join(mail.letter.body.split())
        known = texts.setdefault(mail.message_id, text)
        short, long = sorted((text, known), key=len)
        alike = bool(short) and long.startswith(short) and not _NO_FOOTER.search(long, len(short))
        if mail.message_id and text != known and not alike:
            found.add(mail.message_id)
    return frozenset(found)
