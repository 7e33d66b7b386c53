"""Values of a fetched series: its patches, its messages, and the claims of its letter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Suspicion:
    """A place in a patch that a reader must be told of, since a diff on a screen does not show it.

    Args:
        patch: its number.
        path: after the patch.
        line: after the patch; 0 for the file as a whole.
        what: in words; names of characters instead of characters.
        deceptive: what is seen is not what is there, which is a problem of the series.
        prerequisite: title of what the series needs, where the patch is of that; empty for the series' own.
    """

    patch: int
    path: str
    line: int
    what: str
    deceptive: bool
    prerequisite: str = ""

    @property
    def place(self) -> str:
        whose = f"prerequisite {self.prerequisite!r}, " if self.prerequisite else ""
        return f"{whose}patch {self.patch}, {self.path}" + (f":{self.line}" if self.line else "")


@dataclass(frozen=True)
class Letter:
    """The headers and text of a mail, as the reply and the report need them.

    Args:
        sender: who wrote it, whatever a list or a relay made of its From: header.
        reply_to: where the sender wants answers; nothing where that is the sender's own address.
    """

    message_id: str
    subject: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    references: tuple[str, ...]
    date: str
    body: str
    reply_to: tuple[str, ...] = ()


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
        signatures: what b4 says of its attestation, as `Signed: DKIM/kernel.org`; empty where none was looked at.
        letter: the mail as it was posted; None where nobody looked.
    """

    number: int
    subject: str
    author: str
    message_id: str
    mail: bytes
    files: tuple[str, ...]
    collected_trailers: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    letter: Letter | None = None


@dataclass(frozen=True)
class UncollectedTrailer:
    """A trailer that a reply gives and that no patch has.

    Args:
        trailer: `Name: value`.
        message_id: of the reply.
        reason: why b4 did not carry it.
    """

    trailer: str
    message_id: str
    reason: str


@dataclass(frozen=True)
class Prerequisite:
    """A prerequisite that a series names (git-format-patch(1), b4 prep).

    Args:
        kind: `patch-id`, `change-id` or `message-id`.
        value: the id.
        version: revision of a change-id, where one is named.
        title: of the series that was found, or empty.
        patches: to be applied first, in order; empty where it was not found.
        reason: where it was found, or why not.
    """

    kind: str
    value: str
    version: int | None = None
    title: str = ""
    patches: tuple[Patch, ...] = ()
    reason: str = ""


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
        change_id: from the `change-id:` line, or empty.
        prerequisites: in the order in which its mails name them.
        replies: every other message of the thread.
        other_versions: revisions in the thread that were not chosen.
        uncollected_trailers: what replies give and no patch has.
        source: what the user named.
        notes: what a reader should know of how it was put together.
        suspicions: places in the patches that need a look.
        instead: what was taken in the place of what the user named, and why; empty where that was taken.
    """

    title: str
    version: int
    message_id: str
    cover: Letter
    patches: tuple[Patch, ...]
    base_commit: str = ""
    change_id: str = ""
    prerequisites: tuple[Prerequisite, ...] = ()
    replies: tuple[Letter, ...] = ()
    other_versions: tuple[int, ...] = ()
    uncollected_trailers: tuple[UncollectedTrailer, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()
    suspicions: tuple[Suspicion, ...] = ()
    instead: str = ""

    @property
    def files(self) -> frozenset[str]:
        return frozenset(path for patch in self.patches for path in patch.files)


@dataclass(frozen=True)
class Measurand:
    """A number that a boot's check measures: which scenario, which check, which of its values."""

    scenario: str
    check: str
    value: str


class ClaimKind(StrEnum):
    """The subject of a claim, which decides how it is checked."""

    TEXT_DELTA = "text-delta"
    BOOT = "boot"
    DIFFSTAT = "diffstat"
    NO_FUNCTIONAL_CHANGE = "no-functional-change"
    PREPARATORY = "preparatory"
    BENCHMARK = "benchmark"


@dataclass(frozen=True)
class FileStat:
    """A file's line of a diffstat.

    Args:
        name: as git shows it: `dir/{old => new}.c` for a rename, quoted as in C, or its beginning shortened to `...`.
        change: changed lines, or `Bin` and what sizes git gives.
    """

    name: str
    change: str


@dataclass(frozen=True)
class Diffstat:
    """A diffstat's last line as numbers, and the lines of its files; none where not all of them are there."""

    files: int
    insertions: int
    deletions: int
    lines: tuple[FileStat, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A claim of a cover letter, as data.

    Args:
        text: the claim in the letter's words.
        cell: glob of the cells that it is about; empty where no cell is.
        claimed: bytes of text delta, or what a boot measures after the last patch.
        relation: `at-most` when less also confirms it (a larger saving), `equal` otherwise; `near` for a figure of
            another tree or compiler, which is refuted only by the opposite.
        measurand: what is measured in a boot; None for all else.
        patches: numbers of those that it is about; empty is the series as a whole.
        diffstat: one that the letter shows.
        obstacle: why it cannot be measured, where that is known already.
        limit: the letter's words that make an exception to it; empty where there are none.
        found: in the letter, not in a series.toml.
    """

    text: str
    cell: str
    claimed: int | None
    relation: str = "at-most"
    measurand: Measurand | None = None
    kind: ClaimKind = ClaimKind.TEXT_DELTA
    patches: tuple[int, ...] = ()
    diffstat: Diffstat | None = None
    obstacle: str = ""
    limit: str = ""
    found: bool = False
