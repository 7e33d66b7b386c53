"""Rerolls of some patches of a series: `v2 2/3` as an answer to `2/3`, `v2.1 2/3`, `[PATCH v2] title` below patch 2.

Such a posting is completed with the patches that it leaves as they were, where the words leave no doubt which patch it
replaces: it answers that patch, or an answer to it; or it answers the cover letter, with the patch's number and title.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parseaddr

from pipeline.mail.message import Mail
from pipeline.mail.posting import Posting

_DEEPEST = 1000
"""References followed upwards from one mail; loops end there as well."""


def sender(mail: Mail) -> str:
    """The bare address of a mail's From: header."""
    return parseaddr(mail.letter.sender)[1].lower()


def revision_of(mail: Mail, by_id: Mapping[str, Mail]) -> tuple[int, int]:
    """Version and point of a mail.

    A patch that names none has that of the cover letter above it; `v5.10` is a revision only below a v5.
    """
    if mail.subject.release is not None:
        version, point = mail.subject.release
        if any(above.subject.versioned and above.version == version for above in _above(mail, by_id)):
            return version, point
    if mail.subject.versioned or not mail.number:
        return mail.version, mail.subject.point
    for above in _above(mail, by_id):
        if above.number is None or (above.subject.versioned and above.number):
            break
        if above.number == 0:
            fits = above.total == mail.total or not mail.subject.counted
            return (above.version, above.subject.point) if fits else (1, 0)
    return 1, 0


def _above(mail: Mail, by_id: Mapping[str, Mail]) -> Iterator[Mail]:
    seen = set[str]()
    at = by_id.get(mail.in_reply_to)
    while at is not None and at.message_id not in seen and len(seen) < _DEEPEST:
        seen.add(at.message_id)
        yield at
        at = by_id.get(at.in_reply_to)


def _lone(mail: Mail) -> bool:
    return mail.number == 1 and mail.total == 1


@dataclass
class Rerolls:
    """Completes postings, the oldest revision first.

    Args:
        by_id: the mails of the thread.
        revisions: of mails, by identity.
    """

    by_id: Mapping[str, Mail]
    revisions: Mapping[int, tuple[int, int]]
    _holding: dict[str, list[Posting]] = field(default_factory=lambda: defaultdict(list))

    def completed(self, postings: Sequence[Posting]) -> list[Posting]:
        """The postings, partial rerolls completed; a lone patch that replaces another of several stays as well."""
        result: list[tuple[int, Posting]] = []
        for at, posting in sorted(enumerate(postings), key=lambda placed: placed[1].revision):
            made = self._made(posting)
            if made is None or posting.lone:
                result.append((at, posting))
            if made is not None:
                result.append((at, made))
            for whole in (made, posting):
                if whole is not None and not whole.lone and not whole.problems:
                    for name in (*whole.ids, *whole.replaced):
                        self._holding[name].append(whole)
        return [posting for _, posting in sorted(result, key=lambda placed: placed[0])]

    def replaces(self, mail: Mail) -> Mail | None:
        """The patch of an older revision that a patch answers, directly or below, and replaces; or a cover letter."""
        for above in _above(mail, self.by_id):
            if above.number is None:
                continue
            if self.revisions[id(above)] >= self.revisions[id(mail)]:
                return None
            numbered = (above.number, above.total) == (mail.number, mail.total)
            titled = _lone(mail) and _title(above) == _title(mail) and sender(above) == sender(mail)
            return above if numbered or titled or above.number == 0 else None
        return None

    def _made(self, posting: Posting) -> Posting | None:
        if posting.cover is not None or not (posting.lone or posting.missing):
            return None
        answered = [self.replaces(mail) for mail in posting.patches]
        if answered[0] is None:
            return None
        # The newest first: they came in the order of their revisions.
        for older in reversed(self._holding.get(answered[0].message_id, [])):
            numbers = [_number(mail, parent, older) for mail, parent in zip(posting.patches, answered, strict=True)]
            if older.revision < posting.revision and None not in numbers and len(set(numbers)) == len(numbers):
                return _joined(posting, older, [number for number in numbers if number is not None])
        return None


def _joined(posting: Posting, older: Posting, numbers: Sequence[int]) -> Posting:
    total = older.patches[0].total
    new = [replace(mail, number=number, total=total) for mail, number in zip(posting.patches, numbers, strict=True)]
    rest = [mail for mail in older.mails if mail.number not in numbers]
    replaced = {mail.message_id: mail.number for mail in older.patches if mail.number in numbers}
    return replace(
        older,
        version=posting.version,
        point=posting.point,
        resend=posting.resend,
        mails=tuple(sorted([*new, *rest], key=lambda mail: mail.number or 0)),
        taken=tuple(mail.number for mail in rest if mail.number),
        replaced={**older.replaced, **{name: number for name, number in replaced.items() if number}},
    )


def _number(mail: Mail, answered: Mail | None, older: Posting) -> int | None:
    """Number of the patch of a posting that a mail replaces."""
    if answered is None:
        return None
    if answered.number == 0:
        alike = [patch for patch in older.patches if _title(patch) == _title(mail) and sender(patch) == sender(mail)]
        same = len(alike) == 1 and (_lone(mail) or (alike[0].number, alike[0].total) == (mail.number, mail.total))
        return alike[0].number if same and answered.message_id in older.ids else None
    number = next((patch.number for patch in older.patches if patch.message_id == answered.message_id), None)
    return number or older.replaced.get(answered.message_id)


def _title(mail: Mail) -> str:
    return mail.title.casefold()
