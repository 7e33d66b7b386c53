"""inline: findings of a run as comments under the lines of patches, where b4's review shows them; pure.

b4 0.16 (`b4 review tui`; `_integrate_agent_reviews` in its b4/review/_review.py) reads a folder for the tip of a review
branch: `identity.txt`, and `NNNN.txt` for each patch, with a note and the diff in quotes, comments between its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from pipeline.assess.checks import finding_words, own_rows
from pipeline.assess.findings import failures, warnings
from pipeline.assess.words import labelled, location
from pipeline.record import RunRecord
from pipeline.record.neutral import neutral
from pipeline.render import wording
from pipeline.system.text import visible, wrap

IDENTITY = "pipeline <pipeline@localhost>\n"
"""Whose comments they are; not the maintainer's, who sends what b4 takes for their own."""
COLUMNS = 72

_Place = tuple[str, int]
_HUNK = re.compile(r"^@@ -\d{1,9}(?:,(?P<old>\d{1,9}))? \+(?P<start>\d{1,9})(?:,(?P<new>\d{1,9}))? @@")
_FILE = re.compile(r'^\+\+\+ "?b/(?P<path>[^\t"]+)')


def files(record: RunRecord) -> dict[str, str]:
    """The folder's files by name; none where nothing was found."""
    clean = neutral(record)
    texts = {
        f"{patch.number:04}.txt": text
        for patch in clean.series.patches
        if (text := _patch(patch.diff, _remarks(clean, patch.number)))
    }
    return {"identity.txt": IDENTITY, **texts} if texts else {}


@dataclass(frozen=True)
class _Remark:
    """A comment: beside its line, and where the patch does not show that."""

    beside: str
    above: str


def _remarks(record: RunRecord, number: int) -> dict[_Place, list[_Remark]]:
    """Comments on a patch, by path and line, in words that a mail can have; each once, whichever trees it is about."""
    remarks: dict[_Place, dict[_Remark, None]] = {}
    cells = dict(labelled(record))
    for row in own_rows(record):
        for finding in row.findings if row.patch == number else ():
            place = (finding.path, finding.line) if finding.line else ("", 0)
            tool = f"{finding.tool}: " if finding.tool else ""
            above = finding_words(finding).removesuffix(f" [{finding.kind}]")
            remarks.setdefault(place, {})[_Remark(f"{tool}{finding.message}", above)] = None
    for kind, problem in [
        *(("Error", failure) for failure in failures(record)),
        *(("New warning", warning) for warning in warnings(record)),
    ]:
        where = wording.kernels([cells[name] for name in problem.cells])
        for diagnostic in problem.diagnostics if problem.blamed.patch == number else ():
            words = f"{kind} on {where}:"
            remark = _Remark(f"{words} {diagnostic.message}", f"{words} {location(diagnostic)}")
            remarks.setdefault((diagnostic.path, diagnostic.line), {})[remark] = None
    return {place: [*words] for place, words in remarks.items()}


def _patch(diff: str, remarks: Mapping[_Place, list[_Remark]]) -> str:
    """A patch's file; empty where nothing is said of it."""
    if not remarks:
        return ""
    start = diff.find("diff --git ")
    lines = [*_annotated(diff[start:].rstrip("\n"))] if start >= 0 else []
    placed = {place for _, place in lines if place in remarks}
    rest = chain.from_iterable(words for place, words in remarks.items() if place not in placed)
    note = "".join(f"{line}\n" for remark in rest for line in _comment(remark.above))
    quoted = "".join(
        "".join(
            f"{text}\n"
            for text in [f"> {line}", *(part for remark in remarks.get(place, []) for part in _comment(remark.beside))]
        )
        for line, place in lines
    )
    return f"{note}\n{quoted}" if note and placed else quoted if placed else note


def _annotated(diff: str) -> Iterator[tuple[str, _Place]]:
    """Lines of a diff with their places after it; a line that is taken away, and all around hunks, has none."""
    path, number, old, new, nowhere = "", 0, 0, 0, ("", -1)
    for line in diff.split("\n"):
        if old > 0 or new > 0:
            sign = line[:1]
            yield line, (path, number) if sign in ("", " ", "+") else nowhere
            old -= sign in ("", " ", "-")
            new -= sign in ("", " ", "+")
            number += sign in ("", " ", "+")
            continue
        if hunk := _HUNK.match(line):
            old, new, number = int(hunk["old"] or 1), int(hunk["new"] or 1), int(hunk["start"])
        elif header := _FILE.match(line):
            path = header["path"]
        yield line, nowhere


def _comment(words: str) -> list[str]:
    """A comment's lines, none of which b4 takes for a quotation."""
    return [line.lstrip("> ") or "-" for line in wrap(visible(words), COLUMNS, most=8)]
