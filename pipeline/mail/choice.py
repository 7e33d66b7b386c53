"""Which of the postings in a thread is the series that was asked for, and what is said of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pipeline.mail.message import Mail
from pipeline.mail.thread import Posting, sender
from pipeline.system.errors import NotObtainedError

_DEEPEST = 1000


@dataclass(frozen=True)
class Choice:
    """A posting, complete.

    Args:
        posting: the one that was asked for.
        revisions: other postings of the same series in the thread.
        notes: what a reader should know of the choice.
    """

    posting: Posting
    revisions: tuple[Posting, ...]
    notes: tuple[str, ...]


def choose(found: Sequence[Posting], mails: Sequence[Mail], message_id: str, asked: int | None) -> Choice:
    """The revision that was asked for: by number, else that of the message named, else the newest complete one.

    Args:
        found: the postings of the thread.
        mails: all of its mails.
        message_id: of the message that was named, or empty.
        asked: the revision that was asked for.

    Raises:
        NotObtainedError: there is no patch, no such revision, or the revision is incomplete; says what is missing.
    """
    candidates = [posting for posting in found if posting.patches]
    if not candidates:
        raise NotObtainedError(
            f"there is no patch among the {len(mails)} message(s)",
            hint="Name a message of a thread that posts a patch series.",
        )
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    named = _named(candidates, message_id)
    start = named or _above(candidates, by_id, message_id) or _topmost(candidates, by_id)
    family = [posting for posting in candidates if posting is start or _related(start, posting, by_id)]
    chosen = _of_version(family, named, asked) if asked is not None else named or _newest(family)
    _require_complete(chosen, family)
    revisions = tuple(posting for posting in family if posting is not chosen)
    strangers = [posting for posting in candidates if posting not in family]
    return Choice(
        chosen, revisions, tuple(_notes(chosen, revisions, strangers, named=named is not None or asked is not None))
    )


def _named(candidates: Sequence[Posting], message_id: str) -> Posting | None:
    """The posting that a message was posted in; one that only takes the patch over comes last."""
    holding = [posting for posting in candidates if message_id and message_id in posting.ids]
    return min(holding, key=lambda posting: len(posting.taken), default=None)


def _above(candidates: Sequence[Posting], by_id: Mapping[str, Mail], message_id: str) -> Posting | None:
    """The posting that a reply is about."""
    at = by_id.get(message_id)
    for _ in range(_DEEPEST):
        at = by_id.get(at.in_reply_to) if at is not None else None
        if at is None:
            break
        if (posting := _named(candidates, at.message_id)) is not None:
            return posting
    return None


def _topmost(candidates: Sequence[Posting], by_id: Mapping[str, Mail]) -> Posting:
    """The oldest posting that is no answer to another one."""
    tops = [posting for posting in candidates if _above(candidates, by_id, posting.first.message_id) in (None, posting)]
    return min(tops or candidates, key=lambda posting: _moment(posting.first))


def _moment(mail: Mail) -> datetime:
    try:
        moment = parsedate_to_datetime(mail.letter.date)
    except (ValueError, TypeError):
        return datetime.max.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _related(one: Posting, other: Posting, by_id: Mapping[str, Mail]) -> bool:
    """Whether two postings are of one series: by change-id, else by titles, sender and threading."""
    if one.change_id and other.change_id:
        return one.change_id == other.change_id
    titles = [{mail.title.casefold() for mail in posting.patches} for posting in (one, other)]
    if _title(one) == _title(other) or 2 * len(titles[0] & titles[1]) >= min(map(len, titles)):
        return True
    if one.version == other.version or sender(one.first) != sender(other.first):
        return False
    below = any(_above([a], by_id, b.first.message_id) is not None for a, b in ((one, other), (other, one)))
    return below or one.total == other.total


def _title(posting: Posting) -> str:
    return posting.first.title.casefold()


def _of_version(family: Sequence[Posting], named: Posting | None, asked: int) -> Posting:
    if named is not None and named.version == asked:
        return named
    fitting = [posting for posting in family if posting.version == asked]
    if not fitting:
        listed = ", ".join(sorted({f"v{posting.version}" for posting in family}))
        raise NotObtainedError(
            f"the thread holds no revision v{asked}", hint=f"It holds {listed}; choose with --revision N."
        )
    return _newest(fitting)


def _newest(family: Sequence[Posting]) -> Posting:
    """The newest complete one: by number, then what was posted as a whole or again, then the later one."""
    ranked = sorted(
        enumerate(family),
        key=lambda pair: (not pair[1].problems, pair[1].version, not pair[1].taken, pair[1].resend, pair[0]),
    )
    return ranked[-1][1]


def _require_complete(posting: Posting, family: Sequence[Posting]) -> None:
    if not posting.problems:
        return
    numbers = sorted({mail.number for mail in posting.patches if mail.number})
    others = sorted({other.name for other in family if other is not posting})
    raise NotObtainedError(
        f"{posting.name} of the series is incomplete: {posting.problems}",
        hint=f"The thread has patch(es) {', '.join(map(str, numbers))} of {posting.name}"
        + (f", and {', '.join(others)}: choose with --revision N" if others else "")
        + ". Is the mailbox whole? Patches that were posted as threads of their own are joined with --rethread ID.",
    )


def _notes(
    chosen: Posting, revisions: Sequence[Posting], strangers: Sequence[Posting], *, named: bool
) -> Sequence[str]:
    notes = []
    if chosen.taken:
        taken = ", ".join(map(str, chosen.taken))
        notes.append(
            f"{chosen.name} replaces some patches only: {taken} of {chosen.total} are those of the posting before"
        )
    if chosen.cover is None:
        notes.append("no cover letter: the reply answers patch 1")
    for other in revisions:
        if other.version == chosen.version:
            notes.append(f"v{chosen.version} was posted twice; taken is {chosen.name} of {chosen.first.letter.date}")
        elif other.version > chosen.version and other.problems:
            notes.append(f"{other.name} is in the thread, too, but {other.problems}")
        elif other.version > chosen.version and named:
            notes.append(f"{other.name} is in the thread, too, and newer than what was named")
    for stranger in strangers:
        count = f"{len(stranger.patches)} patch(es)"
        notes.append(f"another series in the thread was left out: {stranger.first.title!r}, {stranger.name}, {count}")
    return notes
