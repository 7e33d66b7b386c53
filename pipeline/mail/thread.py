"""A thread of mails: which revisions of a series it holds, and whether one of them is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.mail.message import Mail
from pipeline.system.errors import NotObtainedError


@dataclass(frozen=True)
class Revision:
    """The mails of one revision: cover letter (where there is one) and patches 1 to n, each once."""

    version: int
    cover: Mail | None
    patches: tuple[Mail, ...]

    @property
    def first(self) -> Mail:
        return self.cover or self.patches[0]


def versions(mails: Sequence[Mail]) -> tuple[int, ...]:
    """Revisions that have at least one patch in the thread, ascending."""
    return tuple(sorted({mail.version for mail in mails if mail.number}))


def choose_version(mails: Sequence[Mail], message_id: str, asked: int | None) -> int:
    """The revision that was asked for: by number, else that of the message named, else the newest complete one.

    Raises:
        NotObtainedError: there is no such revision, or no patch at all.
    """
    known = versions(mails)
    if not known:
        raise NotObtainedError(
            f"there is no patch among the {len(mails)} message(s)",
            hint="Name a message of a thread that posts a patch series.",
        )
    if asked is not None:
        if asked not in known:
            listed = ", ".join(f"v{one}" for one in known)
            raise NotObtainedError(
                f"the thread holds no revision v{asked}", hint=f"It holds {listed}; choose with --revision N."
            )
        return asked
    named = [mail for mail in mails if message_id and mail.message_id == message_id and mail.number is not None]
    if named:
        return named[0].version
    complete = [version for version in known if not problems(mails, version)]
    return (complete or known)[-1]


def revision(mails: Sequence[Mail], version: int) -> Revision:
    """The mails of one revision.

    Raises:
        NotObtainedError: patches are missing, or posted twice; says which.
    """
    found = problems(mails, version)
    if found:
        parts = sorted({mail.number for mail in mails if mail.version == version and mail.number})
        others = [f"v{other}" for other in versions(mails) if other != version]
        raise NotObtainedError(
            f"v{version} of the series is incomplete: {found}",
            hint=f"The thread has patch(es) {', '.join(map(str, parts))} of v{version}"
            + (f", and {', '.join(others)}: choose with --revision N" if others else "")
            + ". Is the mailbox whole?",
        )
    own = _distinct(mails, version)
    covers = [mail for mail in own if mail.number == 0]
    patches = sorted((mail for mail in own if mail.number), key=lambda mail: mail.number or 0)
    return Revision(version, covers[0] if covers else None, tuple(patches))


def problems(mails: Sequence[Mail], version: int) -> str:
    """What keeps a revision from being complete, in words; empty when nothing does."""
    own = _distinct(mails, version)
    patches = [mail for mail in own if mail.number]
    totals = sorted({mail.total for mail in own if mail.number is not None})
    if not patches:
        return "it has no patches"
    if len(totals) > 1:
        return f"its mails count to different totals ({', '.join(map(str, totals))})"
    numbers = [mail.number for mail in patches]
    missing = [f"{number}/{totals[0]}" for number in range(1, totals[0] + 1) if number not in numbers]
    if missing:
        return f"missing {', '.join(missing)}"
    beyond = sorted({number for number in numbers if number and number > totals[0]})
    if beyond:
        return f"patch {', '.join(map(str, beyond))} of {totals[0]} was posted"
    twice = sorted({number for number in numbers if numbers.count(number) > 1 and number})
    if twice:
        return f"patch {', '.join(map(str, twice))} was posted more than once"
    return ""


def _distinct(mails: Sequence[Mail], version: int) -> list[Mail]:
    """The revision's mails, each message-id once."""
    own = {
        mail.message_id or str(position): mail
        for position, mail in enumerate(mails)
        if mail.version == version and mail.number is not None
    }
    return list(own.values())
