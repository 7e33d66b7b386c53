"""Remarks on the posting that was chosen in a thread, and on those that were not; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.mail.diff import diff_files, has_diff
from pipeline.mail.message import Mail
from pipeline.mail.posting import Posting
from pipeline.mail.rerolls import sender

_LISTED = 3
"""Mails or files that are named one by one."""


def no_patches(mails: Sequence[Mail]) -> Iterator[str]:
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


def instead_of(chosen: Posting, first: Posting, named: Mail | None, above: Posting | None) -> str:
    """A remark on a posting that was chosen though another mail was named; empty otherwise."""
    count = len(chosen.patches)
    chosen_words = f"taken is {chosen.name}, {chosen.first.title!r}, {count} patch(es)"
    posting = named is not None and not named.reply and named.subject.number is not None
    if named is not None and (above is None or posting):
        return f"{named.letter.subject!r} was named, which posts no patch: {chosen_words}"
    if named is not None and above is not None and above is not chosen:
        which = "newer" if chosen.revision > above.revision else "a whole series"
        return f"{named.letter.subject!r} was named, an answer to {above.name}: {chosen_words}, which is {which}"
    if named is None and first.lone and not chosen.lone:
        return f"the thread has the single patch {first.first.title!r} and a series: {chosen_words}"
    return ""


def problems_of(posting: Posting, mails: Sequence[Mail]) -> str:
    """Reasons why a posting is not complete; a patch that was posted without a diff is named."""
    if not posting.missing:
        return posting.problems
    empty = empty_patch(posting, mails)
    if empty is None:
        return posting.problems
    more = f"; {posting.problems}" if len(posting.missing) > 1 else ""
    return f"patch {empty.subject.number}/{posting.total}, {empty.title!r}, is empty: it has no diff{more}"


def empty_patch(posting: Posting, mails: Sequence[Mail]) -> Mail | None:
    """A mail that calls itself a patch which the posting lacks, and has no diff."""
    missing, ids, author = set(posting.missing), posting.ids, sender(posting.first)
    for mail in mails:
        if mail.subject.number not in missing or mail.subject.total != posting.total or mail.reply:
            continue
        revision = mail.version == posting.version or not mail.subject.versioned
        of_series = mail.in_reply_to in ids or sender(mail) == author
        # A mail without any text may be one that was cut off.
        if revision and of_series and mail.letter.body.strip() and not has_diff(mail.letter.body):
            return mail
    return None


def oddities(chosen: Posting) -> Iterator[str]:
    """Remarks on irregularities of the posting itself."""
    if chosen.taken:
        taken = ", ".join(map(str, chosen.taken))
        yield f"{chosen.name} replaces some patches only: {taken} of {chosen.total} are those of the posting before"
    if chosen.beyond:
        beyond = ", ".join(map(str, chosen.beyond))
        counted = min(mail.total for mail in chosen.patches)
        yield f"patch {beyond} of {counted} was posted: it is taken as b4 takes it, and the series has {chosen.total}"
    if chosen.unnumbered:
        yield f"the {chosen.total} patches have no numbers: they stand in the order in which they were sent"
    named = chosen.cover.subject if chosen.cover is not None and not chosen.replaced else None
    if named is not None and named.versioned and named.version != chosen.version:
        yield f"the cover letter calls itself v{named.version}, and its patches v{chosen.version}"
    if chosen.cover is None:
        yield "no cover letter: the reply answers patch 1"
    elif has_diff(chosen.cover.letter.body):
        files = ", ".join(diff_files(chosen.cover.letter.body)[:_LISTED])
        where = f" ({files})" if files else ""
        yield f"the cover letter has a diff{where}, which is no part of the series: it is not applied"


def passed_over(
    chosen: Posting,
    revisions: Sequence[Posting],
    strangers: Sequence[Posting],
    mails: Sequence[Mail],
    *,
    named: bool,
) -> Iterator[str]:
    """Remarks on the postings that were not chosen."""
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
            twice = chosen.name.removesuffix(" RESEND")
            yield f"{twice} was posted twice; taken is {chosen.name} of {chosen.first.letter.date}"
        elif other.revision > chosen.revision and other.problems:
            yield f"{other.name} is in the thread, too, but {problems_of(other, mails)}"
        elif other.revision > chosen.revision and named:
            yield f"{other.name} is in the thread, too, and newer than what was named"
    for stranger in strangers:
        count = f"{len(stranger.patches)} patch(es)"
        yield f"another series in the thread was left out: {stranger.first.title!r}, {stranger.name}, {count}"
