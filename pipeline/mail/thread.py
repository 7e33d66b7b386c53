"""Sorts the mails of a thread into postings of series, and tells whether a revision is complete.

Numbers in subjects are not enough: a thread can hold another series, a second posting of the same revision, and a
revision that replaces some patches only. So mails are joined by the references between them first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipeline.mail.diff import has_diff
from pipeline.mail.message import Mail
from pipeline.mail.posting import Posting, posting_of
from pipeline.mail.rerolls import Rerolls, revision_of, sender
from pipeline.mail.subject import read_bare

__all__ = ["Posting", "in_circles", "moment", "postings", "versions", "with_bare_patches"]

_SENT_TOGETHER = timedelta(hours=6)
_POSTED_TWICE = 8
"""Times that one patch may be posted within a revision; more are not sorted out."""


@dataclass
class _Groups:
    """Disjoint sets of positions, joined two by two."""

    parents: dict[int, int] = field(default_factory=dict)

    def root(self, position: int) -> int:
        while self.parents.setdefault(position, position) != position:
            position = self.parents[position]
        return position

    def join(self, position: int, other: int) -> None:
        first, second = sorted((self.root(position), self.root(other)))
        self.parents[second] = first


def versions(mails: Iterable[Mail]) -> tuple[int, ...]:
    """Revisions that have at least one patch in the thread, ascending."""
    return tuple(sorted({mail.version for mail in mails if mail.number}))


def with_bare_patches(mails: Sequence[Mail]) -> list[Mail]:
    """The mails; where none is a patch by its subject, those with a diff are patches, as b4 has it."""
    if any(mail.number for mail in mails):
        return list(mails)
    return [_bare(mail) if mail.number is None and not mail.reply else mail for mail in mails]


def _bare(mail: Mail) -> Mail:
    if not has_diff(mail.letter.body):
        return mail
    subject = read_bare(mail.letter.subject)
    return replace(mail, title=subject.title, number=subject.number, total=subject.total, subject=subject)


def postings(mails: Sequence[Mail], *, in_a_folder: bool = False) -> tuple[Posting, ...]:
    """The postings of a thread, in the order in which they came; partial rerolls are completed.

    Args:
        in_a_folder: the mails are files that somebody put together: those of a revision are one posting, whoever wrote
            them and whatever they answer.
    """
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    # A list's copy of a mail has the same id; so may another patch, which is refused elsewhere.
    distinct = {(mail.message_id or str(at), mail.letter.subject): mail for at, mail in enumerate(mails)}
    parts = [mail for mail in distinct.values() if mail.number is not None]
    revisions = {id(mail): revision_of(mail, by_id) for mail in [*parts, *by_id.values()]}
    alone = _covers_alone(parts, revisions, by_id)
    groups, seen = _Groups(), dict[object, int]()
    for position, mail in enumerate(parts):
        for key in [revisions[id(mail)]] if in_a_folder else _ties(mail, revisions, by_id, alone):
            groups.join(position, seen.setdefault(key, position))
    members: dict[int, list[Mail]] = defaultdict(list)
    for position, mail in enumerate(parts):
        members[groups.root(position)].append(mail)
    separated = [
        posting
        for group in members.values()
        for same in ([group] if in_a_folder else _separated(group))
        for posting in _numbered(same, revisions[id(max(same, key=lambda mail: bool(mail.number)))])
    ]
    whole = [posting for posting in separated if posting.patches or len(separated) == 1]
    return tuple(Rerolls(by_id, revisions).completed(whole))


def _covers_alone(
    parts: Sequence[Mail], revisions: Mapping[int, tuple[int, int]], by_id: Mapping[str, Mail]
) -> frozenset[str]:
    """Message-ids of cover letters that no patch of their revision answers."""
    covers = {mail.message_id for mail in parts if mail.number == 0}
    for mail in parts:
        parent = by_id.get(mail.in_reply_to)
        if mail.number and mail.subject.counted and parent is not None and revisions[id(parent)] == revisions[id(mail)]:
            covers.discard(mail.in_reply_to)
    return frozenset(covers)


def _ties(
    mail: Mail, revisions: Mapping[int, tuple[int, int]], by_id: Mapping[str, Mail], alone: Collection[str]
) -> Iterable[object]:
    """Properties that a mail shares with those that were posted together with it.

    git send-email(1) has all mails answer the first, or each the one before; a patch of a partial reroll answers the
    patch that it replaces; some senders thread nothing at all.
    """
    revision = revisions[id(mail)]
    alike = (revision, mail.total, mail.subject.resend, sender(mail))
    yield ("self", mail.message_id or id(mail), revision)
    parent = by_id.get(mail.in_reply_to)
    if parent is not None and parent.number is not None:
        if _together(mail, parent, revisions):
            yield ("self", parent.message_id, revision)
            return
        if parent.message_id in alone and _sent_with(mail, parent):
            yield ("self", parent.message_id, revisions[id(parent)])
            yield ("beside", *alike, mail.in_reply_to)
            return
    if mail.total > 1 and Rerolls(by_id, revisions).replaces(mail) is not None:
        yield ("reroll", *alike)
    elif mail.total > 1 or mail.number == 0:
        # Lone patches stay alone, whatever they answer.
        yield ("beside", *alike, mail.in_reply_to)


def _together(mail: Mail, parent: Mail, revisions: Mapping[int, tuple[int, int]]) -> bool:
    """Whether a mail was posted with the one that it answers; a resend or reroll below the original was not."""
    # A cover letter begins a posting, whatever it answers.
    if mail.number in (0, parent.number) or revisions[id(mail)] != revisions[id(parent)]:
        return False
    if parent.number == 0 and not mail.subject.counted and parent.total != mail.total:
        # Patches without numbers below a cover letter that counts them.
        return sender(mail) == sender(parent)
    # RESEND may be in the cover letter alone.
    again = (mail.subject.resend, parent.subject.resend)
    return parent.total == mail.total and (again[0] == again[1] or (parent.number == 0 and again == (False, True)))


def _sent_with(mail: Mail, cover: Mail) -> bool:
    """Whether a patch belongs to a cover letter that names another revision by mistake: no other patches do."""
    together = mail.total == cover.total and mail.subject.counted and sender(mail) == sender(cover)
    return together and bool(mail.number) and abs(moment(mail) - moment(cover)) < _SENT_TOGETHER


def _separated(group: Sequence[Mail]) -> list[list[Mail]]:
    """The mails of a revision that was sent twice, or of which a patch was sent again, each time as a whole."""
    counts = Counter(mail.number for mail in group if mail.subject.counted)
    if not counts or max(counts.values()) == 1 or max(counts.values()) > _POSTED_TWICE:
        return [list(group)]
    for siblings in (False, True):
        threads = [posting_of(same, (1, 0)) for same in _threads(group, siblings=siblings)]
        each_once = all(len({mail.number for mail in posting.mails}) == len(posting.mails) for posting in threads)
        if each_once and any(not posting.problems for posting in threads):
            return [list(posting.mails) for posting in threads]
    times: dict[int | None, list[Mail]] = defaultdict(list)
    for mail in sorted(group, key=moment):
        times[mail.number].append(mail)
    if any(len({mail.title.casefold() for mail in same}) > 1 for number, same in times.items() if number):
        return [list(group)]
    return [[same[min(at, len(same) - 1)] for same in times.values()] for at in range(max(counts.values()))]


def _threads(group: Sequence[Mail], *, siblings: bool) -> list[list[Mail]]:
    """Mails of a group by what answers what; `siblings`: also by what answers the same mail outside of it."""
    groups, seen = _Groups(), dict[str, int]()
    own = {mail.message_id for mail in group}
    for position, mail in enumerate(group):
        for name in (mail.message_id, mail.in_reply_to):
            if name and (name in own or siblings):
                groups.join(position, seen.setdefault(name, position))
    members: dict[int, list[Mail]] = defaultdict(list)
    for position, mail in enumerate(group):
        members[groups.root(position)].append(mail)
    return list(members.values())


def _numbered(group: Sequence[Mail], revision: tuple[int, int]) -> Iterator[Posting]:
    """A posting; patches without a number that answer a cover letter are numbered in the order of their dates."""
    cover = next((mail for mail in group if mail.number == 0), None)
    bare = [mail for mail in group if not mail.subject.counted and mail.number]
    counted = [mail for mail in group if mail.subject.counted and mail.number]
    if cover is None or not bare or (cover.total == 1 and len(bare) == 1 and not counted):
        yield posting_of(group, revision)
        return
    if counted:
        yield posting_of([mail for mail in group if mail not in bare], revision)
        yield from (posting_of([mail], revision) for mail in bare)
        return
    ordered = [
        replace(mail, number=number, total=cover.total) for number, mail in enumerate(sorted(bare, key=moment), 1)
    ]
    yield replace(posting_of([cover, *ordered], revision), total=cover.total, unnumbered=True)


def moment(mail: Mail) -> datetime:
    """The time when a mail was sent, by its Date:; the end of time where that cannot be read."""
    try:
        sent = parsedate_to_datetime(mail.letter.date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return datetime.max.replace(tzinfo=UTC)
    return sent if sent.tzinfo else sent.replace(tzinfo=UTC)


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
        circle = at in path or circular.get(at, False)
        circular.update(dict.fromkeys(path, circle))
    return frozenset(name for name, circle in circular.items() if circle)
