"""Chooses the posting of a thread that was asked for, with remarks on the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.mail import remarks
from pipeline.mail.message import Mail
from pipeline.mail.posting import Posting
from pipeline.mail.rerolls import sender
from pipeline.mail.thread import moment
from pipeline.system.errors import NotObtainedError

_DEEPEST = 1000
_WIDEST = 50
"""Postings whose relatives are looked for."""


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


def choose(postings: Sequence[Posting], mails: Sequence[Mail], message_id: str, asked: int | None) -> Choice:
    """The revision that was asked for: by number, else that of the message named, else the newest complete one.

    A lone patch is taken before a series in the same thread only where it is the message named.

    Args:
        postings: those of the thread.
        mails: all of its mails.
        message_id: of the message that was named, or empty.
        asked: the revision that was asked for.

    Raises:
        NotObtainedError: there is no patch, no such revision, or the revision is incomplete; says what is missing.
    """
    candidates = [posting for posting in postings if posting.patches]
    if not candidates:
        reasons = "; ".join(remarks.no_patches(mails))
        raise NotObtainedError(
            f"there is no patch among the {len(mails)} message(s)" + (f": {reasons}" if reasons else ""),
            hint="Name a message of a thread that posts a patch series.",
        )
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    tree = _Tree.of(candidates, by_id)
    named = tree.holding.get(message_id)
    above = None if named else tree.above(message_id)
    start = first = named or above or _topmost(candidates, tree)
    family = _family(start, candidates, tree)
    if named is None and all(posting.lone for posting in family):
        whole = [posting for posting in candidates if posting.cover and not (posting.lone or posting.problems)]
        start = _topmost(whole, tree) if whole else start
        family = _family(start, candidates, tree)
    chosen = _of_version(family, named, asked) if asked is not None else named or _newest(family)
    _require_complete(chosen, family, mails)
    revisions = tuple(posting for posting in family if posting is not chosen)
    asked_for = named is not None or asked is not None
    instead = "" if asked_for else remarks.instead_of(chosen, first, by_id.get(message_id), above)
    others = remarks.passed_over(chosen, revisions, _without(candidates, family), mails, named=asked_for)
    return Choice(chosen, revisions, (*remarks.oddities(chosen), *others), instead)


@dataclass(frozen=True)
class _Tree:
    """Which posting each message belongs to, and which one it answers.

    Args:
        holding: postings by the message-ids of their mails; of several, the one that takes over least of others.
        parents: message-ids by those of their answers.
    """

    holding: Mapping[str, Posting]
    parents: Mapping[str, str]

    @staticmethod
    def of(candidates: Sequence[Posting], by_id: Mapping[str, Mail]) -> _Tree:
        holding: dict[str, Posting] = {}
        for posting in sorted(candidates, key=lambda posting: (len(posting.replaced), len(posting.taken))):
            for name in posting.ids - {""}:
                holding.setdefault(name, posting)
        return _Tree(holding, {name: mail.in_reply_to for name, mail in by_id.items()})

    def above(self, message_id: str) -> Posting | None:
        """The posting that a message is an answer to, or an answer to an answer."""
        at = message_id
        for _ in range(_DEEPEST):
            at = self.parents.get(at, "")
            if not at:
                break
            if at in self.holding:
                return self.holding[at]
        return None


def _family(start: Posting, candidates: Sequence[Posting], tree: _Tree) -> list[Posting]:
    """The postings of one series, in the order of the thread: relatives of a posting, and theirs."""
    over = {id(posting): tree.above(posting.first.message_id) for posting in candidates}
    titles = {id(posting): {mail.title.casefold() for mail in posting.patches} for posting in candidates}
    members, remaining = [start], [posting for posting in candidates if posting is not start]
    at = 0
    while at < len(members) and at < _WIDEST and remaining:
        related = [posting for posting in remaining if _related(members[at], posting, titles, over)]
        members += related
        remaining = _without(remaining, related)
        at += 1
    return _without(candidates, remaining)


def _without(postings: Sequence[Posting], others: Sequence[Posting]) -> list[Posting]:
    excluded = set(map(id, others))
    return [posting for posting in postings if id(posting) not in excluded]


def _topmost(candidates: Sequence[Posting], tree: _Tree) -> Posting:
    """The oldest posting that is no answer to another one."""
    known = set(map(id, candidates))
    over = [(posting, tree.above(posting.first.message_id)) for posting in candidates]
    tops = [posting for posting, above in over if above is None or above is posting or id(above) not in known]
    return min(tops or candidates, key=lambda posting: moment(posting.first))


def _related(
    posting: Posting, other: Posting, titles: Mapping[int, set[str]], over: Mapping[int, Posting | None]
) -> bool:
    """Whether two postings are of one series: by change-id, else by titles, sender and threading.

    Args:
        titles: of the patches, by posting's identity.
        over: which posting each one answers.
    """
    if posting.change_id and other.change_id:
        return posting.change_id == other.change_id
    patches = titles[id(posting)], titles[id(other)]
    if _title(posting) == _title(other) or 2 * len(patches[0] & patches[1]) >= min(map(len, patches)):
        return True
    if posting.version == other.version or sender(posting.first) != sender(other.first):
        return False
    return over[id(posting)] is other or over[id(other)] is posting or posting.total == other.total


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


def _require_complete(posting: Posting, family: Sequence[Posting], mails: Sequence[Mail]) -> None:
    problems = remarks.problems_of(posting, mails)
    if not problems:
        return
    numbers = sorted({mail.number for mail in posting.patches if mail.number})
    others = sorted({other.name for other in family if other is not posting})
    hint = f"The thread has patch(es) {', '.join(map(str, numbers))} of {posting.name}"
    hint += f", and {', '.join(others)}: choose with --revision N" if others else ""
    if remarks.empty_patch(posting, mails):
        hint += ". git am stops at a patch without a diff: its author has to post it again, or the series without it."
    else:
        hint += (
            ". Is the mailbox whole? Patches that were posted as threads of their own are joined with --rethread ID."
        )
    raise NotObtainedError(f"{posting.name} of the series is incomplete: {problems}", hint=hint)
