"""The series of a run, the trees it was applied to, and what its letter claims."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field

from pipeline.record.base import Record
from pipeline.system.numbers import Count


class LetterRecord(Record):
    """A mail that a reply can answer."""

    message_id: str
    subject: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    references: tuple[str, ...]
    date: str
    body: str
    reply_to: tuple[str, ...] = Field(default=(), description="where the sender wants answers, if elsewhere")


class PatchRecord(Record):
    number: Count
    subject: str
    author: str
    message_id: str
    files: tuple[str, ...]
    collected_trailers: tuple[str, ...] = ()
    signatures: tuple[str, ...] = Field(default=(), description="what b4 says of its attestation")
    diff: str = Field(default="", description="as it was posted; empty where that is not known, or too long to keep")


class UncollectedTrailerRecord(Record):
    trailer: str
    message_id: str
    reason: str


class PrerequisiteRecord(Record):
    kind: Literal["patch-id", "change-id", "message-id"]
    value: str
    version: Count | None
    title: str
    patches: Count = Field(description="how many it has; 0 where it was not found")
    reason: str = Field(description="where it was found, or why not")


class SuspicionRecord(Record):
    """A place in a patch that a reader must be told of, since a diff on a screen does not show it."""

    patch: Count
    path: str
    line: Count = Field(description="after the patch; 0 for the file as a whole")
    what: str
    deceptive: bool = Field(description="what is seen is not what is there")
    prerequisite: str = Field(default="", description="title, where the patch is of what the series needs")


class SeriesRecord(Record):
    title: str
    version: Count
    message_id: str
    source: str
    cover: LetterRecord = Field(description="the cover letter, or patch 1 where there is none")
    patches: tuple[PatchRecord, ...]
    base_commit: str = ""
    change_id: str = ""
    prerequisites: tuple[PrerequisiteRecord, ...] = Field(default=(), description="what the series says that it needs")
    uncollected_trailers: tuple[UncollectedTrailerRecord, ...] = Field(
        default=(),
        validation_alias=AliasChoices("uncollected_trailers", "uncarried_trailers"),
        description="of replies, in no patch",
    )
    replies: Count = Field(default=0, description="messages of the thread that are not part of the series")
    messages: tuple[LetterRecord, ...] = Field(
        default=(),
        description="the thread beside `cover`: patches without their diff, and replies; long bodies are cut",
    )
    other_versions: tuple[Count, ...] = ()
    notes: tuple[str, ...] = ()
    suspicions: tuple[SuspicionRecord, ...] = ()
    follow_ups: tuple[str, ...] = Field(default=(), description="follow-ups promised, from series.toml")


class HunkRecord(Record):
    path: str
    line: Count
    header: str


class BaseRecord(Record):
    name: str
    taken: bool
    reason: str


class TreeRecord(Record):
    name: str
    version: str
    tree_id: str
    commit: str = Field(default="", description="that was named; empty where it means nothing to others")
    kernel: str = Field(default="", description="version in the tree's Makefile")
    last_tree_id: str = Field(default="", description="git tree id with every patch applied; empty where they were not")
    applied: Literal["clean", "three-way", "already-merged", "failed"]
    failed_patch: Count | None = None
    failed_hunks: tuple[HunkRecord, ...] = ()
    bases: tuple[BaseRecord, ...] = Field(default=(), description="in the order in which they were considered")
    prerequisites: tuple[str, ...] = Field(default=(), description="what happened to each that was found")
    log: str = ""


class MeasurandRecord(Record):
    """A number that a boot's check measures."""

    scenario: str
    check: str
    value: str


class ClaimRecord(Record):
    """A claim beside what was measured; `claimed` and `measured` are there where it is a number."""

    text: str = Field(description="in the letter's words")
    kind: Literal["text-delta", "boot", "diffstat", "no-functional-change", "preparatory", "benchmark"] = "text-delta"
    origin: Literal["series.toml", "letter"] = Field(
        default="series.toml", description="where the claim was taken from"
    )
    patches: tuple[Count, ...] = Field(default=(), description="those that it is about; none is the whole series")
    claimed: Count | None
    measured: Count | None
    unit: str = Field(default="bytes", description="of both; a count of a boot's check has its name here")
    verdict: Literal["confirmed", "not confirmed", "refuted", "not measured", "not checked"]
    cell: str = Field(default="", description="that was measured, or `about`")
    about: str = Field(default="", description="glob of the cells that it is about; empty where no cell is")
    relation: Literal["at-most", "equal", "near"] = Field(
        default="at-most", description="near: a figure of another tree or compiler, refuted only by the opposite"
    )
    measurand: MeasurandRecord | None = Field(default=None, description="of a boot")
    limit: str = Field(default="", description="the letter's words that make an exception to it")
    finding: str = Field(default="", description="the result in words, where two numbers do not say it")
    details: tuple[str, ...] = ()
