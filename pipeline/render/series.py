"""A series on a terminal: what was fetched, what b4 added, and what it left out; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pipeline.model import Applied, Patch, Prerequisite, Series
from pipeline.record import PatchRecord, PrerequisiteRecord
from pipeline.system.text import count, visible


def series_lines(series: Series) -> Iterator[str]:
    """The lines of `pipeline fetch`, without control characters of strangers."""
    yield from (visible(line) for line in _lines(series))


def _lines(series: Series) -> Iterator[str]:
    if series.instead:
        yield f"Note: {series.instead}"
    yield series.title
    yield f"  v{series.version}, {count(len(series.patches), 'patch')}, from {series.cover.sender}"
    pairs = [("Message-ID", series.message_id), ("change-id", series.change_id), ("base-commit", series.base_commit)]
    yield from (f"  {name}: {value}" for name, value in pairs if value)
    yield from (f"  {line}" for line in prerequisite_lines(series.prerequisites))
    if series.other_versions:
        yield f"  also in the thread: {', '.join(f'v{other}' for other in series.other_versions)}"
    yield f"  {len(series.replies)} other messages in the thread"
    yield from (f"  signatures: {line}" for line in signature_lines(series.patches))
    yield from (f"  note: {note}" for note in series.notes)
    for patch in series.patches:
        yield f"{patch.number:4}  {patch.subject}"
        yield from (f"      + {trailer}" for trailer in patch.collected_trailers)
    if series.suspicions:
        yield "Look at:"
    yield from (f"  {suspicion.place}: {suspicion.what}" for suspicion in series.suspicions)
    if series.uncollected_trailers:
        yield "Trailers that were not collected:"
    for uncollected_trailer in series.uncollected_trailers:
        yield f"      - {uncollected_trailer.trailer}"
        yield f"        {uncollected_trailer.reason} ({uncollected_trailer.message_id})"


def prerequisite_lines(prerequisites: Sequence[Prerequisite | PrerequisiteRecord]) -> Iterator[str]:
    """The prerequisites of a series, and where they were found."""
    for prerequisite in prerequisites:
        count = prerequisite.patches if isinstance(prerequisite.patches, int) else len(prerequisite.patches)
        version = f":v{prerequisite.version}" if prerequisite.version else ""
        title = f" ({prerequisite.title!r}, {count} patch(es))" if prerequisite.title else ""
        reason = f": {prerequisite.reason}" if prerequisite.reason else ""
        yield f"prerequisite-{prerequisite.kind}: {prerequisite.value}{version}{title}{reason}"


def base_lines(series: Series, applied: Applied) -> Iterator[str]:
    """The bases that were considered for a tree, what happened to prerequisites, and which were not found."""
    for base in applied.bases:
        yield visible(f"{'taken' if base.taken else 'passed over'}: {base.name}: {base.reason}")
    yield from (visible(f"prerequisite {words}") for words in applied.prerequisites)
    yield from map(
        visible, prerequisite_lines([prerequisite for prerequisite in series.prerequisites if not prerequisite.patches])
    )


def signature_lines(patches: Sequence[Patch | PatchRecord]) -> Iterator[str]:
    """b4's words on the patches' signatures, patches that are alike together."""
    for words, group in groupby(patches, key=lambda patch: patch.signatures):
        numbers = [patch.number for patch in group]
        if words:
            which = f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
            yield f"patch {which}: {', '.join(words)}"
