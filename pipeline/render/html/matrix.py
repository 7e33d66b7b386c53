"""The verdict matrix: builds and boots of every cell at every source state, as a picture and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.assess.boots import base_of, by_scenario, worse_than
from pipeline.assess.words import base_fails, label
from pipeline.record import BootRecord, CellRecord, RunRecord, StateRecord
from pipeline.render.html.bars import Tone
from pipeline.render.html.grid import Grid, Line, Mark, grid, state_name
from pipeline.render.html.links import evidence
from pipeline.render.html.tables import Item, Table, items, table
from pipeline.system.text import cut

LONGEST_LABEL = 32

KEY: tuple[tuple[Tone, str, str], ...] = (
    ("ok", "✓", "builds, or passes"),
    ("failed", "✗", "fails with the series"),
    ("warn", "!", "new warnings, or flaky"),
    ("known", "✗", "fails, on the base already"),
    ("neutral", "–", "not run"),
    ("warn", "?", "not understood, a fault of the check"),
)
"""The marks, and what they mean."""

_BOOT_WORDS = {"pass": "passes", "fail": "fails", "flaky": "is flaky", "time-out": "hangs", "not run": "not run"} | {
    "not understood": "a check does not understand this kernel"
}


@dataclass(frozen=True)
class Matrix:
    picture: Grid
    table: Table
    left_out: int


def matrix(record: RunRecord, linked: bool, most: int) -> Matrix | None:
    """None where nothing was built.

    Args:
        linked: the page lies in the run's folder.
        most: squares of the picture; where there would be more, states at which nothing changes are left out, then
            rows.
    """
    lines = [line for cell in record.cells if cell.states for line in _lines(record, cell, linked)]
    if not lines:
        return None
    patches = sorted({patch for line in lines for patch in line.marks})
    if len(patches) * len(lines) > most:
        patches = _telling(patches, lines)
    patches = [*patches[: most - 1], *patches[-1:]] if len(patches) > most else patches
    shown = lines[: max(most // len(patches), 1)]
    picture = grid("Verdict matrix", patches, shown)
    listed = table(
        "Builds and boots by patches applied",
        ("cell", *map(state_name, patches)),
        (_row(line, patches) for line in shown),
    )
    return Matrix(picture, listed, len(lines) - len(shown)) if picture and listed else None


def build_mark(cell: CellRecord, state: StateRecord, linked: bool) -> Mark:
    link = evidence(state.log, linked)
    if state.status == "failed":
        blameless = state.patch == 0 or base_fails(cell)
        tone: Tone = "known" if blameless else "failed"
        return Mark(tone, "✗", "fails", link)
    if state.new_warnings and state.patch and not base_fails(cell):
        return Mark("warn", "!", "new warnings", link)
    return Mark("ok", "✓", "builds", link)


def boot_mark(base: BootRecord | None, boot: BootRecord, linked: bool) -> Mark:
    link, words = evidence(boot.console, linked), _BOOT_WORDS[boot.status]
    if boot.status == "not run":
        return Mark("neutral", "–", words, link)
    if boot.patch and (worse := worse_than(base, boot)):
        return Mark("failed", "✗", f"{words}: {cut(worse, 100)}", link)
    if boot.status == "not understood":
        return Mark("warn", "?", f"{words}: {cut(boot.reason, 100)}", link)
    if boot.status == "flaky":
        return Mark("warn", "!", words, link)
    return Mark("ok", "✓", words, link) if boot.status == "pass" else Mark("known", "✗", words, link)


def _lines(record: RunRecord, cell: CellRecord, linked: bool) -> list[Line]:
    """A cell's builds, and below them its boots by scenario."""
    builds = {state.patch: build_mark(cell, state, linked) for state in cell.states}
    lines = [Line(cut(label(record, cell), LONGEST_LABEL), False, builds)]
    for scenario, boots in by_scenario(cell).items():
        marks = {boot.patch: boot_mark(base_of(boots), boot, linked) for boot in boots}
        lines.append(Line(cut(scenario, LONGEST_LABEL - 2), True, marks))
    return lines


def _telling(patches: Sequence[int], lines: Sequence[Line]) -> list[int]:
    """First and last state, and those at which a line says something else than before."""
    kept = {patches[0], patches[-1]}
    for line in lines:
        shown: tuple[str, str] | None = None
        for patch in patches:
            if mark := line.marks.get(patch):
                kept |= {patch} if shown is not None and shown != (mark.tone, mark.words) else set()
                shown = (mark.tone, mark.words)
    return sorted(kept)


def _row(line: Line, patches: Sequence[int]) -> tuple[Item, ...]:
    marks: Mapping[int, Mark] = line.marks
    row = [marks.get(patch) for patch in patches]
    name = f"{'booted: ' if line.below else ''}{line.label}"
    return items(name, *(Item(f"{mark.sign} {mark.words}", mark.link, mark.tone) if mark else "" for mark in row))
