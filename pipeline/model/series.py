"""What is fetched: a series, its patches, and what its letter claims."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patch:
    """One patch of a series.

    Args:
        number: 1 for the first.
        subject: without the `[PATCH …]` prefix.
        author: `Name <address>`, the in-body From: where there is one.
        message_id: without angle brackets; empty for a file that has none.
        mail: the message that `git am` takes, trailers of the thread included.
        files: paths that the diff touches.
        collected_trailers: those that b4 added from replies, `Name: value`.
    """

    number: int
    subject: str
    author: str
    message_id: str
    mail: bytes
    files: tuple[str, ...]
    collected_trailers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Letter:
    """The headers and text of a mail, as the reply and the report need them."""

    message_id: str
    subject: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    references: tuple[str, ...]
    date: str
    body: str


@dataclass(frozen=True)
class Series:
    """A patch series, one revision, complete.

    Args:
        title: subject of the cover letter (of the patch, where there is none), prefix removed.
        version: 1 for an unnumbered posting.
        message_id: of the cover letter, or of patch 1.
        cover: the cover letter, or patch 1's message where the series has none; what a reply answers.
        patches: in order, 1 to n.
        base_commit: from the `base-commit:` line, or empty.
        prerequisites: patch ids from `prerequisite-patch-id:` lines.
        replies: every other message of the thread.
        other_versions: revisions in the thread that were not chosen.
        source: what the user named.
        notes: what a reader should know of how it was put together.
    """

    title: str
    version: int
    message_id: str
    cover: Letter
    patches: tuple[Patch, ...]
    base_commit: str = ""
    prerequisites: tuple[str, ...] = ()
    replies: tuple[Letter, ...] = ()
    other_versions: tuple[int, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        return frozenset(path for patch in self.patches for path in patch.files)


@dataclass(frozen=True)
class Measurand:
    """A number that a boot's check measures: which scenario, which check, which of its values."""

    scenario: str
    check: str
    value: str


@dataclass(frozen=True)
class Claim:
    """What a cover letter says of a number, as data.

    Args:
        text: the claim in the letter's words.
        cell: glob of the cells that it is about.
        claimed: bytes of text delta, or what a boot measures after the last patch.
        relation: `at-most` when less also confirms it (a larger saving), `equal` otherwise.
        measurand: what is measured in a boot; None for the text delta.
    """

    text: str
    cell: str
    claimed: int
    relation: str = "at-most"
    measurand: Measurand | None = None
