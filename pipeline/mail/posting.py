"""Mails that were posted together, and whether they are a whole revision of a series."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.mail.message import Mail

_CHANGE_ID = re.compile(r"^change-id: (\S+)\s*$", re.MULTILINE | re.IGNORECASE)
_NAMED = 12
"""Missing patches that are named one by one."""


@dataclass(frozen=True)
class Posting:
    """Mails that were posted together: cover letter (where there is one) and patches, complete or not.

    Args:
        version: of the revision.
        total: patches; more than their subjects count where one beyond that was posted (`3/2`).
        resend: the subjects say RESEND.
        mails: each message-id once, cover letters first, then by number.
        taken: numbers of patches that come from the posting before, where this one replaces some patches only.
        point: 1 for v2.1, which replaces patches of v2.
        replaced: message-ids of the patches that this one replaces, with their numbers.
        unnumbered: its patches have no counter, and stand in the order in which they were sent.
    """

    version: int
    total: int
    resend: bool
    mails: tuple[Mail, ...]
    taken: tuple[int, ...] = ()
    point: int = 0
    replaced: Mapping[str, int] = field(default_factory=dict)
    unnumbered: bool = False

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
        """`v3`, `v2.1`, or `v3 RESEND`."""
        point = f".{self.point}" if self.point else ""
        return f"v{self.version}{point}{' RESEND' if self.resend else ''}"

    @property
    def revision(self) -> tuple[int, int]:
        return self.version, self.point

    @property
    def lone(self) -> bool:
        """A single patch, with a cover letter or without."""
        return self.total == 1

    @property
    def beyond(self) -> tuple[int, ...]:
        """Numbers of patches that are more than the subjects count."""
        return tuple(mail.number or 0 for mail in self.patches if (mail.number or 0) > mail.total)

    @property
    def change_id(self) -> str:
        matches = [_CHANGE_ID.search(mail.letter.body) for mail in self.mails]
        return next((match[1] for match in matches if match), "")

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the patches that it lacks."""
        numbers = {mail.number for mail in self.patches}
        return tuple(number for number in range(1, self.total + 1) if number not in numbers)

    @property
    def problems(self) -> str:
        """Reasons why the posting is not complete, in words; empty when it is."""
        numbers = [mail.number or 0 for mail in self.patches]
        totals = sorted({mail.total for mail in self.mails})
        if not numbers:
            return "it has no patches"
        if self.unnumbered and len(numbers) != self.total:
            return f"its cover letter counts {self.total} patches, and {len(numbers)} without a number answer it"
        if len(totals) > 1:
            return f"its mails count to different totals ({', '.join(map(str, totals))})"
        if missing := [f"{number}/{self.total}" for number in self.missing]:
            more = f" and {len(missing) - _NAMED} more" if missing[_NAMED:] else ""
            return f"missing {', '.join(missing[:_NAMED])}{more}"
        twice = sorted(number for number, count in Counter(numbers).items() if count > 1)
        return f"patch {', '.join(map(str, twice))} was posted more than once" if twice else ""


def posting_of(group: Sequence[Mail], revision: tuple[int, int]) -> Posting:
    """A posting of the mails of one revision."""
    ordered = sorted(group, key=lambda mail: mail.number or 0)
    totals = [mail.total for mail in ordered]
    total = max(totals, key=totals.count)
    # As in b4, patches with numbers beyond the total belong to the series.
    largest = max((mail.number or 0 for mail in ordered if mail.total == total), default=0)
    resend = any(mail.subject.resend for mail in ordered)
    return Posting(revision[0], max(total, largest), resend, tuple(ordered), point=revision[1])
