"""The state of a review, as it stands in `run.json`; every entry names the message that it is from."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from pipeline.system.numbers import Count

PointState = Literal["answered", "promised", "volunteered", "disputed", "undecided", "unanswered"]
Role = Literal["", "author", "maintainer", "reviewer", "third party", "program"]
Fate = Literal["kept", "kept in part", "answered otherwise", "not found"]
PatchChange = Literal["unchanged", "message only", "changed", "new", "dropped"]


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class EvidenceRecord(Entry):
    """Words of a message, in the order of the lines that they are from."""

    message_id: str
    link: str = Field(description="where the message is read: the archive's mask, filled in")
    author: str = Field(description="`Name <address>`")
    words: str


class PointRecord(Entry):
    """A comment on the series, or something that its author means to do unasked."""

    number: Count = Field(description="1 for the first in the thread")
    message_id: str
    link: str
    author: str = Field(description="`Name <address>`")
    role: Role = Field(
        default="",
        description="whose comment it is, for the files of the patch by MAINTAINERS; empty where no tree is known",
    )
    date: str
    patch: Count | None = Field(description="number; null is the cover letter")
    revision: Count = Field(description="of the series, that the comment is about")
    quoted: tuple[str, ...] = Field(description="lines that the comment stands under, without `>`")
    text: tuple[str, ...] = Field(description="the comment, its lines")
    state: PointState
    waiting: str = Field(default="", description="who waits; empty where nobody does")
    waiting_for: str = Field(default="", description="for whom")
    symbols: tuple[str, ...] = Field(default=(), description="named in the comment or in the code it stands under")
    evidence: tuple[EvidenceRecord, ...] = Field(default=(), description="words that decide the state")
    within: Count | None = Field(default=None, description="number of the point in whose answers this one is raised")


Act = Literal[
    "request",
    "question",
    "proposal",
    "objection",
    "agreement",
    "promise",
    "answer",
    "done",
    "thanks",
    "reference",
    "approval",
]


class ActRecord(Entry):
    """The act of a comment, in the opinion of the user's own program."""

    comment: Count = Field(
        validation_alias=AliasChoices("comment", "turn"), description="of the discussion; 0 opens the point"
    )
    act: Act
    message_id: str = Field(description="of the comment")
    words: str = Field(default="", description="of the comment, that the program names")


class OpinionRecord(Entry):
    """The opinion of `pipeline.reviewCommand` on a point; no state, verdict or reply comes of it."""

    point: Count = Field(description="its number")
    program: str = Field(description="name of its file")
    acts: tuple[ActRecord, ...] = ()
    note: str = Field(default="", description="a sentence")


class TrailerRecord(Entry):
    """A trailer that somebody gave, or that a patch was posted with."""

    patch: Count | None = Field(description="number; null is the cover letter, and counts for every patch")
    name: str = Field(description="such as `Reviewed-by`")
    value: str = Field(description="`Name <address>` of who gives it, and what follows")
    message_id: str
    link: str
    revision: Count | None = Field(description="on which it was given; null where the patch was posted with it")
    collected: bool = Field(
        validation_alias=AliasChoices("collected", "carried"),
        description="the patch, as b4 makes it, has it; older records call it carried",
    )
    reason: str = Field(default="", description="why it is not collected")
    conditional: bool = Field(default=False, description="given for the case that something is changed")


class PromiseRecord(Entry):
    """An open point of an earlier revision, and what this one makes of it."""

    point: PointRecord
    fate: Fate = "not found"
    found_in: Literal["changelog", "message", "code", ""] = Field(default="", description="where its fate is told")
    words: str = Field(default="", description="the line that tells it")
    touched: Literal["touched", "as before", "not touched", "names no symbol"] = Field(
        description="`as before`: the patches touch the symbols in the same lines as those of the earlier revision"
    )
    symbols: tuple[str, ...] = Field(default=(), description="those of the point that patches of this revision touch")
    patches: tuple[Count, ...] = Field(default=(), description="the patches that do")


class ComparedPatchRecord(Entry):
    before: Count | None = Field(description="its number in the earlier revision; null where it is new")
    after: Count | None = Field(description="its number in this revision; null where it was dropped")
    subject: str
    change: PatchChange


class SinceRecord(Entry):
    """This revision beside an earlier one."""

    version: Count = Field(description="of the earlier revision")
    compared_by: Literal["range-diff", "patch-id"]
    reason: str = Field(default="", description="why git range-diff could not be asked")
    patches: tuple[ComparedPatchRecord, ...]
    promises: tuple[PromiseRecord, ...] = ()


class ReviewRecord(Entry):
    """State of the review of one revision, from its thread alone."""

    version: Count
    messages: Count = Field(description="replies that were read")
    unread: Count = Field(default=0, description="replies that were not, for they are beyond the limits")
    points: tuple[PointRecord, ...] = ()
    trailers: tuple[TrailerRecord, ...] = ()
    since: SinceRecord | None = None
    opinions: tuple[OpinionRecord, ...] = Field(default=(), description="of a program of the user's own, by point")

    @property
    def worth_showing(self) -> bool:
        """There were replies, or an earlier revision; a folder of patches has neither."""
        return bool(self.messages or self.unread or self.since)
