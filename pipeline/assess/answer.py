"""Whether a maintainer can apply the series: a word, the next step, and the three things that matter most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.assess.coverage import covered_files, measured_cells
from pipeline.assess.verdict import changed_facts, verdict
from pipeline.record import RunRecord
from pipeline.review.record import PointRecord
from pipeline.system.text import count, cut

MATTERS = 3
LONGEST = 220
FILES_NAMED = 3

Tone = Literal["ok", "failed", "warn"]


@dataclass(frozen=True)
class Answer:
    """The short answer for a maintainer who has a minute.

    Args:
        word: `Yes`, `As far as seen, yes`, `Not yet`, `No`, `Not known` or `It is merged`.
        why: in a sentence.
        step: what is to be done next.
        yours: whether it is for the maintainer to do, not for those who wrote or reviewed the series.
    """

    word: str
    why: str
    tone: Tone
    step: str
    yours: bool


def answer(record: RunRecord) -> Answer | None:
    """Whether the series may be applied; None for a run without one.

    Args:
        record: made neutral.
    """
    if record.is_baseline:
        return None
    judged, waiting = verdict(record), open_points(record)
    if record.trees and all(tree.applied == "already-merged" for tree in record.trees):
        return Answer("It is merged", judged.headline, "warn", "nothing", yours=False)
    if judged.problems:
        return Answer("No", judged.headline, "failed", "send what was found", yours=True)
    if not judged.ok:
        step = "build it again" if judged.covered else "build a configuration that compiles it"
        return Answer("Not known", judged.headline, "warn", step, yours=True)
    if waiting:
        words = f"{count(len(waiting), 'review comment')} {'is' if len(waiting) == 1 else 'are'} open"
        names = ", ".join(dict.fromkeys(person(point.waiting_for) for point in waiting[:2]))
        return Answer("Not yet", f"{judged.headline.rstrip('.')}; {words}.", "warn", f"wait for {names}", yours=False)
    if _uncompiled(record):
        return Answer("As far as seen, yes", judged.headline, "ok", "apply it, or build the rest", yours=True)
    return Answer("Yes", judged.headline, "ok", "apply it", yours=True)


def matters(record: RunRecord) -> list[str]:
    """At most three sentences: what is wrong, who waits, what was not looked at; none for a run without a series.

    Args:
        record: made neutral.
    """
    if record.is_baseline:
        return []
    problems = verdict(record).problems
    shown = [*problems[: MATTERS - 1], f"… and {len(problems) - MATTERS + 1} more that are wrong"]
    sentences = [*(problems if len(problems) <= MATTERS else shown), *_others(record)]
    return [cut(sentence, LONGEST) for sentence in sentences[:MATTERS]]


def open_points(record: RunRecord) -> list[PointRecord]:
    """Review comments for which somebody waits."""
    return [point for point in record.review.points if point.waiting] if record.review else []


def waits(record: RunRecord) -> list[tuple[str, str]]:
    """Pairs of people of whom the first waits for the second, each once."""
    pairs = [(person(point.waiting), person(point.waiting_for)) for point in open_points(record)]
    return list(dict.fromkeys(pairs))


def person(mailbox: str) -> str:
    """A person's name, without the address where there is one."""
    return cut(mailbox.partition("<")[0].strip(" '\"") or mailbox.strip("<>"), 40)


def files_compiled(record: RunRecord) -> str:
    """How many of the files that the series changes a cell compiles; empty where that was not measured."""
    files = covered_files(record)
    if not files:
        return "no code" if measured_cells(record) else ""
    return f"{sum(file.covered for file in files)} of {count(len(files), 'file')}"


def _others(record: RunRecord) -> Iterator[str]:
    if waiting := open_points(record):
        first = waiting[0]
        more = f", and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        words = cut(" ".join(" ".join(first.text).split()), 100)
        yield f'{person(first.waiting)} waits for {person(first.waiting_for)}: "{words}"{more}'
    yield from changed_facts(record)[:1]
    if left_out := _uncompiled(record):
        yield left_out
    built = any(cell.status == "built" for cell in record.cells)
    if built and not any(boot.conclusive and boot.patch for cell in record.cells for boot in cell.boots):
        yield "No kernel with the series was booted."
    if measured_cells(record) and not covered_files(record):
        yield "It changes nothing that is compiled."


def _uncompiled(record: RunRecord) -> str:
    """A sentence that names files of the series that nothing compiled."""
    paths = list(dict.fromkeys(file.path for file in covered_files(record) if not file.covered))
    if not paths:
        return ""
    more = f" and {count(len(paths) - FILES_NAMED, 'file')} more" if len(paths) > FILES_NAMED else ""
    return f"Not compiled: {', '.join(paths[:FILES_NAMED])}{more}."
