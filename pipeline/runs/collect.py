"""Makes the record of the run from the results of the verbs; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from pipeline import record
from pipeline.mail.diff import commit_message, diff_of
from pipeline.model import (
    Applied,
    Patch,
    Series,
)

MOST_OF_A_BODY = 8192
"""Characters of a mail's text, that a record holds beside the cover letter's."""

MOST_OF_A_DIFF, MOST_OF_ALL_DIFFS = 128 << 10, 2 << 20
"""Characters of a patch's diff, and of all of them: what is longer is not kept, half a diff would be misquoted."""


def series_record(series: Series, follow_ups: Sequence[str]) -> record.SeriesRecord:
    diffs = _diffs(series.patches)
    return record.SeriesRecord(
        title=series.title,
        version=series.version,
        message_id=series.message_id,
        source=series.source,
        cover=record.LetterRecord(**asdict(series.cover)),
        patches=tuple(
            record.PatchRecord(
                number=patch.number,
                subject=patch.subject,
                author=patch.author,
                message_id=patch.message_id,
                files=patch.files,
                collected_trailers=patch.collected_trailers,
                signatures=patch.signatures,
                diff=diff,
            )
            for patch, diff in zip(series.patches, diffs, strict=True)
        ),
        base_commit=series.base_commit,
        change_id=series.change_id,
        prerequisites=tuple(
            record.PrerequisiteRecord.model_validate({**vars(prerequisite), "patches": len(prerequisite.patches)})
            for prerequisite in series.prerequisites
        ),
        uncollected_trailers=tuple(
            record.UncollectedTrailerRecord(**asdict(uncollected_trailer))
            for uncollected_trailer in series.uncollected_trailers
        ),
        replies=len(series.replies),
        messages=_messages(series),
        other_versions=series.other_versions,
        notes=(*([series.instead] if series.instead else []), *series.notes),
        suspicions=tuple(record.SuspicionRecord(**asdict(suspicion)) for suspicion in series.suspicions),
        follow_ups=tuple(follow_ups),
    )


def stage_record(
    series: Series, tree: record.TreeRecord, cells: Sequence[record.CellRecord], started: str
) -> record.RunRecord:
    """The record of a run that is under way: what one stage found on one tree, and nothing else."""
    return record.RunRecord(
        id="stage",
        started=started,
        seconds=0.0,
        command="",
        series=series_record(series, ()),
        matrix="",
        trees=(tree,),
        cells=tuple(cells),
        tools=(),
        sandbox="",
    )


def _diffs(patches: Sequence[Patch]) -> list[str]:
    """The diffs of patches, in their order; empty from where there are too many characters on."""
    kept, room = list[str](), MOST_OF_ALL_DIFFS
    for patch in patches:
        diff = diff_of(patch.letter.body) if patch.letter else ""
        kept.append(diff if len(diff) <= min(MOST_OF_A_DIFF, room) else "")
        room -= len(kept[-1])
    return kept


def _messages(series: Series) -> tuple[record.LetterRecord, ...]:
    """The thread beside the cover letter, for replies to its mails."""
    patches = [
        replace(patch.letter, body=commit_message(patch.letter.body)) for patch in series.patches if patch.letter
    ]
    return tuple(
        record.LetterRecord(**asdict(replace(letter, body=letter.body[:MOST_OF_A_BODY])))
        for letter in (*patches, *series.replies)
        if letter.message_id not in ("", series.cover.message_id)
    )


def tree_record(applied: Applied, commit: str = "", kernel: str = "") -> record.TreeRecord:
    """The record of a tree and of the series on it.

    Args:
        commit: that was imported, where others can have it.
        kernel: version in its Makefile.
    """
    return record.TreeRecord(
        name=applied.tree.name,
        version=applied.tree.version,
        tree_id=applied.tree.tree_id,
        commit=commit,
        kernel=kernel,
        last_tree_id=applied.states[-1].tree_id if applied.usable else "",
        applied=applied.status.value,
        failed_patch=applied.failed_patch,
        failed_hunks=tuple(record.HunkRecord(**asdict(hunk)) for hunk in applied.failed_hunks),
        bases=tuple(record.BaseRecord(**asdict(base)) for base in applied.bases),
        prerequisites=applied.prerequisites,
        log=applied.log,
    )
