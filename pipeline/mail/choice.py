"""Which of the postings in a thread is the series that was asked for, and what is said of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.mail.diff import diff_files, has_diff
from pipeline.mail.message import Mail
from pipeline.mail.posting import Posting
from pipeline.mail.rerolls import sender
from pipeline.mail.thread import moment
from pipeline.system.errors import NotObtainedError

_DEEPEST = 1000
_WIDEST = 50
"""Postings whose relatives are looked for."""
_LISTED = 3
"""Mails without a patch for which the reason is given."""


@dataclass(frozen=True)
class Choice:
    """A posting, complete.

    Args:
        posting: the one that was asked for.
        revisions: other postings of the same series in the thread.
        notes: what a reader should know of the choice.
        instead: what was taken in the place of what was named, and why; empty where that was taken.
    """

    posting: Posting
    revisions: tuple[Posting, ...]
    notes: tuple[str, ...]
    instead: str = ""


def choose(found: Sequence[Posting], mails: Sequence[Mail], message_id: str, asked: int | None) -> Choice:
    """The revision that was asked for: by number, else that of the message named, else the newest complete one.

    A lone patch is taken before a series in the same thread only where it is the message named.

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
        reasons = "; ".join(_no_patches(mails))
        raise NotObtainedError(
            f"there is no patch among the {len(mails)} message(s)" + (f": {reasons}" if reasons else ""),
            hint="Name a message of a thread that posts a patch series.",
        )
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    named = _named(candidates, message_id)
    above = None if named else _above(candidates, by_id, message_id)
    start = first = named or above or _topmost(candidates, by_id)
    family = _family(start, candidates, by_id)
    if named is None and all(posting.lone for posting in family):
        whole = [posting for posting in candidates if posting.cover and not (posting.lone or posting.problems)]
        start = _topmost(whole, by_id) if whole else start
        family = _family(start, candidates, by_id)
    chosen = _of_version(family, named, asked) if asked is not None else named or _newest(family)
    _require_complete(chosen, family, mails)
    revisions = tuple(posting for posting in family if posting is not chosen)
    strangers = [posting for posting in candidates if not any(posting is relative for relative in family)]
    instead = ""
    if named is None and asked is None:
        instead = _instead(chosen, first, by_id.get(message_id), above)
    told = (
        *_of_whole(chosen),
        *_notes(chosen, revisions, strangers, mails, named=named is not None or asked is not None),
    )
    return Choice(chosen, revisions, (*([instead] if instead else []), *told), instead)


def _no_patches(mails: Sequence[Mail]) -> Iterator[str]:
    """Why mails that look like patches are none."""
    reasons = []
    for mail in mails:
        diff = has_diff(mail.letter.body)
        if mail.reply and diff:
            reasons.append(f"{mail.letter.subject!r} has a diff, but answers or forwards another mail")
        elif mail.number == 0 and diff:
            reasons.append(f"{mail.letter.subject!r} has a diff, but calls itself a cover letter, which is not applied")
        elif not mail.reply and mail.subject.number and not diff:
            reasons.append(f"{mail.letter.subject!r} has no diff")
    yield from reasons[:_LISTED]
    if reasons[_LISTED:]:
        yield f"and {len(reasons) - _LISTED} more"


def _instead(chosen: Posting, first: Posting, named: Mail | None, above: Posting | None) -> str:
    """What was taken in the place of what was named, in words."""
    count = len(chosen.patches)
    taken = f"taken is {chosen.name}, {chosen.first.title!r}, {count} patch(es)"
    if named is not None and above is None:
        return f"{named.letter.subject!r} was named, which posts no patch: {taken}"
    if named is not None and above is not None and above is not chosen:
        which = "newer" if chosen.revision > above.revision else "a whole series"
        return f"{named.letter.subject!r} was named, an answer to {above.name}: {taken}, which is {which}"
    if named is None and first.lone and not chosen.lone:
        return f"the thread has the single patch {first.first.title!r} and a series: {taken}"
    return ""


def _family(start: Posting, candidates: Sequence[Posting], by_id: Mapping[str, Mail]) -> list[Posting]:
    """The postings of one series, in the order of the thread: relatives of a posting, and theirs."""
    members, left = [start], [posting for posting in candidates if posting is not start]
    at = 0
    while at < len(members) and at < _WIDEST and left:
        related = [posting for posting in left if _related(members[at], posting, by_id)]
        members += related
        left = _without(left, related)
        at += 1
    return _without(candidates, left)


def _without(postings: Sequence[Posting], others: Sequence[Posting]) -> list[Posting]:
    gone = set(map(id, others))
    return [posting for posting in postings if id(posting) not in gone]


def _named(candidates: Sequence[Posting], message_id: str) -> Posting | None:
    """The posting that a message was posted in; one that only takes the patch over comes last."""
    holding = [posting for posting in candidates if message_id and message_id in posting.ids]
    return min(holding, key=lambda posting: (len(posting.replaced), len(posting.taken)), default=None)


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
    return min(tops or candidates, key=lambda posting: moment(posting.first))


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
    """The newest complete one: by number, then what was posted as a whole or again, then the later one.

    A lone patch comes behind every series.
    """
    ranked = sorted(
        enumerate(family),
        key=lambda pair: (
            not pair[1].problems,
            not pair[1].lone,
            pair[1].revision,
            not pair[1].taken,
            pair[1].resend,
            max(map(moment, pair[1].mails)),
            pair[0],
        ),
    )
    return ranked[-1][1]


def _problems(posting: Posting, mails: Sequence[Mail]) -> str:
    """What keeps a posting from being complete; a patch that was posted without a diff is named."""
    if not posting.missing:
        return posting.problems
    empty = _empty(posting, mails)
    if empty is None:
        return posting.problems
    more = f"; {posting.problems}" if len(posting.missing) > 1 else ""
    return f"patch {empty.subject.number}/{posting.total}, {empty.title!r}, is empty: it has no diff{more}"


def _empty(posting: Posting, mails: Sequence[Mail]) -> Mail | None:
    """A mail that calls itself a patch which the posting lacks, and has no diff."""
    for mail in mails:
        ours = mail.in_reply_to in posting.ids or sender(mail) == sender(posting.first)
        revision = mail.version == posting.version or not mail.subject.versioned
        counted = mail.subject.number in posting.missing and mail.subject.total == posting.total
        if counted and revision and ours and not mail.reply and not has_diff(mail.letter.body):
            return mail
    return None


def _require_complete(posting: Posting, family: Sequence[Posting], mails: Sequence[Mail]) -> None:
    problems = _problems(posting, mails)
    if not problems:
        return
    numbers = sorted({mail.number for mail in posting.patches if mail.number})
    others = sorted({other.name for other in family if other is not posting})
    hint = f"The thread has patch(es) {', '.join(map(str, numbers))} of {posting.name}"
    hint += f", and {', '.join(others)}: choose with --revision N" if others else ""
    if _empty(posting, mails):
        hint += ". git am stops at a patch without a diff: its author has to post it again, or the series without it."
    else:
        hint += (
            ". Is the mailbox whole? Patches that were posted as threads of their own are joined with --rethread ID."
        )
    raise NotObtainedError(f"{posting.name} of the series is incomplete: {problems}", hint=hint)


def _of_whole(chosen: Posting) -> Iterator[str]:
    """What is odd in the posting itself."""
    if chosen.taken:
        taken = ", ".join(map(str, chosen.taken))
        yield f"{chosen.name} replaces some patches only: {taken} of {chosen.total} are those of the posting before"
    if chosen.beyond:
        beyond = ", ".join(map(str, chosen.beyond))
        counted = min(mail.total for mail in chosen.patches)
        yield f"patch {beyond} of {counted} was posted: it is taken as b4 takes it, and the series has {chosen.total}"
    if chosen.unnumbered:
        yield f"the {chosen.total} patches have no numbers: they stand in the order in which they were sent"
    if chosen.cover is None:
        yield "no cover letter: the reply answers patch 1"
    elif has_diff(chosen.cover.letter.body):
        files = ", ".join(diff_files(chosen.cover.letter.body)[:_LISTED])
        where = f" ({files})" if files else ""
        yield f"the cover letter has a diff{where}, which is no part of the series: it is not applied"


def _notes(
    chosen: Posting,
    revisions: Sequence[Posting],
    strangers: Sequence[Posting],
    mails: Sequence[Mail],
    *,
    named: bool,
) -> Iterator[str]:
    """What is said of the postings that were not taken."""
    for other in revisions:
        if other.lone and not chosen.lone:
            if other.ids <= chosen.ids or set(other.ids) <= set(chosen.replaced):
                continue
            if other.revision != chosen.revision:
                yield (
                    f"{other.name} of {other.first.title!r}, a single patch, is in the thread, too: "
                    f"name {other.first.message_id} to have it alone"
                )
                continue
        if other.taken and other.revision > chosen.revision and not other.problems:
            new = [str(mail.number) for mail in other.patches if mail.number not in other.taken]
            yield f"{other.name} is in the thread, too, and replaces patch {', '.join(new)} of {other.total}"
        elif other.revision == chosen.revision:
            yield f"{chosen.name} was posted twice; taken is {chosen.name} of {chosen.first.letter.date}"
        elif other.revision > chosen.revision and other.problems:
            yield f"{other.name} is in the thread, too, but {_problems(other, mails)}"
        elif other.revision > chosen.revision and named:
            yield f"{other.name} is in the thread, too, and newer than what was named"
    for stranger in strangers:
        count = f"{len(stranger.patches)} patch(es)"
        yield f"another series in the thread was left out: {stranger.first.title!r}, {stranger.name}, {count}"
