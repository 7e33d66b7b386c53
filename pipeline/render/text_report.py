"""render: the text report of a run, from `run.json` alone. Templates lay out, what they show is computed here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.assess.boots import all_measured, by_scenario
from pipeline.assess.boots import measured as measured_values
from pipeline.assess.findings import Finding, boot_failures, failures, warnings
from pipeline.assess.readings import columns, reading_words
from pipeline.assess.reported import compared
from pipeline.assess.unchanged import noise_floor, noise_floors, unchanged_size
from pipeline.assess.verdict import Verdict, exit_status, remarks, verdict
from pipeline.assess.words import label, location, result
from pipeline.record import CellRecord, ClaimRecord, RunRecord, StateRecord, TextRecord, TreeRecord
from pipeline.record.neutral import neutral
from pipeline.render.checks import check_blocks, check_matrix
from pipeline.render.code import code_blocks
from pipeline.render.measured import Block, coverage_blocks, first, layout_blocks
from pipeline.render.page import Page
from pipeline.render.reproduction import reproduction
from pipeline.render.review import review_view
from pipeline.render.series import prerequisite_lines, signature_lines
from pipeline.render.sizes import largest_symbols, legend, size_rows
from pipeline.system.text import count, cut, wrap

__all__ = ["Verdict", "exit_status", "render_text", "verdict"]

SYMBOLS_SHOWN = 10
DIAGNOSTICS_SHOWN = 5
HUNKS_SHOWN = 5
DETAILS_SHOWN = 12
_SUMMARY = re.compile(r"add/remove: \d+/\d+ grow/shrink: \d+/\d+ up/down: \d+/-?\d+ \(-?\d+\)")
MOST_STATES = 13
"""Source states in one line of a table of boots; where there are more, base and last."""
_TREE_WORDS = {
    "clean": "applies",
    "three-way": "applies, 3-way",
    "already-merged": "already merged",
    "failed": "FAILS",
}
_BOOT_WORDS = {"pass": "ok", "fail": "FAIL", "flaky": "flaky", "time-out": "HANGS", "not run": "-"} | {
    "not understood": "?"
}


def render_text(record: RunRecord, *, colour: bool = False) -> str:
    """The report for a terminal or a file: at most 78 columns, the verdict first.

    Args:
        colour: paint verdict words with ANSI sequences; the text is the same without.
    """
    record, page = neutral(record), Page(colour=colour)
    sizes = size_rows(record, [label(record, cell) for cell in record.cells])
    return page.fill(
        "report.txt.j2",
        verdict=verdict(record),
        remarks=remarks(record),
        about=about(record),
        promised=record.series.follow_ups,
        trees=page.table([("tree", "version", "result"), *(tree_row(record, tree) for tree in record.trees)]),
        bases=[
            _bases(tree)
            for tree in record.trees
            if len(tree.bases) > 2 or tree.prerequisites or record.series.base_commit
        ],
        refused=[_refused(tree) for tree in record.trees if tree.applied == "failed"],
        cells=page.table(cell_rows(record), right={2 + len(columns(record))}),
        toolchains=[f"{toolchain}: {names}" if names else toolchain for toolchain, names in toolchains(record)],
        matrix=_matrix(record, page),
        checks=check_matrix(record, page),
        check_findings=check_blocks(record),
        failures=[_block(finding) for finding in failures(record)],
        warnings=[_block(finding) for finding in warnings(record)],
        boots=[*_boots(record, page)],
        boot_failures=[_block(finding) for finding, _ in boot_failures(record)],
        sizes=page.table(sizes, right=range(1, len(sizes[0]))),
        legend=legend(sizes[0]),
        texts=[_text(record, cell, cell.text, page) for cell in record.cells if cell.text],
        code=code_blocks(record, page),
        coverage=coverage_blocks(record, page),
        layouts=layout_blocks(record, page),
        claims=[
            (claim.verdict, f'"{cut(claim.text, 140)}"', measured(claim), first(claim.details, DETAILS_SHOWN))
            for claim in record.claims
        ],
        review=review_view(record.review, page, compared(record))
        if record.review and record.review.worth_showing
        else None,
        facts=facts(record),
        tools=page.table([("tool", "version"), *tools(record)]),
        command=reproduction(record, page.columns),
    )


def tools(record: RunRecord) -> list[tuple[str, str]]:
    """The tools that the matrix or a check may use, with their versions."""
    return [(tool.name, tool.version or "not installed") for tool in record.tools]


def cell_rows(record: RunRecord) -> list[tuple[str, ...]]:
    """A table of cells, its header first: what happened to each, what the matrix's probes read, and its size."""
    header = ("cell", "result", *columns(record), "size")
    return [header, *(_cell_row(record, cell) for cell in record.cells)]


def toolchains(record: RunRecord) -> list[tuple[str, str]]:
    """The toolchains, and the cells that are built with each; no cells where it is the only one."""
    cells: dict[str, list[str]] = {}
    for cell in record.cells:
        if cell.toolchain:
            cells.setdefault(cell.toolchain, []).append(label(record, cell))
    return [(toolchain, ", ".join(names) if len(cells) > 1 else "") for toolchain, names in cells.items()]


def _cell_row(record: RunRecord, cell: CellRecord) -> tuple[str, ...]:
    size = f"{cell.text.delta:+d}" if cell.text else "-"
    return (label(record, cell), result(record, cell), *reading_words(record, cell), size)


def summary(text: TextRecord) -> str:
    """bloat-o-meter's own summary line, the one that cover letters quote."""
    printed = _SUMMARY.search(text.verbatim)
    if printed:
        return printed[0]
    numbers = f"add/remove: {text.add}/{text.remove} grow/shrink: {text.grow}/{text.shrink}"
    return f"{numbers} up/down: {text.up}/{-text.down} ({text.delta})"


def measured(claim: ClaimRecord) -> str:
    """A claim beside its measurement; a change of bytes has its sign, a count has none."""
    if claim.claimed is None:
        return claim.finding
    sign = "+" if claim.unit == "bytes" else ""
    claimed = f"claimed {claim.claimed:{sign}d} {claim.unit}"
    if claim.measured is None:
        return claimed + (f"; {claim.finding}" if claim.finding else "")
    place = f" in {claim.cell}" if claim.cell else ""
    return f"{claimed}, measured {claim.measured:{sign}d}{place}" + (f" ({claim.finding})" if claim.finding else "")


def about(record: RunRecord) -> list[tuple[str, str]]:
    series = record.series
    if record.is_baseline:
        return [("Series", "none: trees as they are, a baseline")]
    trailers = sum(len(patch.collected_trailers) for patch in series.patches)
    words = [f"v{series.version}", count(len(series.patches), "patch")]
    words += [count(trailers, "collected trailer")] if trailers else []
    words += [f"{series.replies} other messages in the thread"] if series.replies else []
    words += (
        ["also there: " + ", ".join(f"v{other}" for other in series.other_versions)] if series.other_versions else []
    )
    rows = [
        ("Series", series.title),
        ("", ", ".join(words)),
        ("From", series.cover.sender),
        ("Source", series.source),
        ("Base", series.base_commit),
        *(("Signed", line) for line in signature_lines(series.patches)),
        *(("Needs", line) for line in prerequisite_lines(series.prerequisites)),
        *(("Note", note) for note in series.notes),
        *(
            ("Note", f"not collected: {uncollected_trailer.trailer}; {uncollected_trailer.reason}")
            for uncollected_trailer in series.uncollected_trailers
        ),
    ]
    return [(name, text) for name, text in rows if text]


def tree_row(record: RunRecord, tree: TreeRecord) -> tuple[str, str, str]:
    return tree.name, tree.version, "as it is" if record.is_baseline else _TREE_WORDS[tree.applied]


def _bases(tree: TreeRecord) -> Block:
    """The commits that were considered, and what happened to prerequisites."""
    words = [f"{'taken' if base.taken else 'passed over'}: {base.name}: {base.reason}" for base in tree.bases]
    return Block(tree.name, notes=[*words, *(f"prerequisite {prerequisite}" for prerequisite in tree.prerequisites)])


def _refused(tree: TreeRecord) -> Block:
    hunks = [f"{hunk.path}:{hunk.line} {hunk.header}" for hunk in tree.failed_hunks]
    words = hunks or [line for line in tree.log.split("\n") if line.strip()][-HUNKS_SHOWN:]
    at = "" if tree.failed_patch is None else f"patch {tree.failed_patch} "
    return Block(f"{tree.name}: {at}does not apply", notes=first(words, HUNKS_SHOWN))


def _matrix(record: RunRecord, page: Page) -> list[str]:
    """Cells by source states, where that is more than one column and no wider than the page."""
    cells = [cell for cell in record.cells if cell.states]
    patches = sorted({state.patch for cell in cells for state in cell.states})
    header = ("", *("base" if patch == 0 else f"p{patch}" for patch in patches))
    rows = [
        header,
        *((label(record, cell), *(_state_word(cell, patch) for patch in patches)) for cell in cells),
    ]
    return page.table(rows, gap=1) if len(patches) > 1 and page.fits(rows, gap=1) else []


def _state_word(cell: CellRecord, patch: int) -> str:
    for state in cell.states:
        if state.patch == patch:
            good = "=" if state.reused else "ok"
            return "FAIL" if state.status == "failed" else "WARN" if state.new_warnings and patch else good
    return "·"


def _boots(record: RunRecord, page: Page) -> Iterator[Block]:
    """The booted cells: their scenarios by source state, and measured values that change."""
    for cell in record.cells:
        scenarios = by_scenario(cell)
        ran = {name: boots for name, boots in scenarios.items() if any(boot.status != "not run" for boot in boots)}
        if not ran:
            continue
        patches = sorted({boot.patch for boots in ran.values() for boot in boots})
        shown = [*patches[:1], *patches[-1:]] if len(patches) > MOST_STATES else patches
        words = {name: {boot.patch: _BOOT_WORDS[boot.status] for boot in boots} for name, boots in ran.items()}
        rows = [("scenario", *("base" if patch == 0 else f"p{patch}" for patch in shown))]
        rows += [(name, *(verdicts.get(patch, "·") for patch in shown)) for name, verdicts in words.items()]
        if record.is_baseline:
            alone = [(f"{name}: {what}", number) for name, boots in ran.items() for what, number in all_measured(boots)]
            table = page.table([("measured", "base"), *alone], right={1}) if alone else []
            yield Block(label(record, cell), [*page.table(rows), *table])
            continue
        numbers = [(f"{name}: {what}", *pair) for name, boots in ran.items() for what, *pair in measured_values(boots)]
        yield Block(
            label(record, cell),
            [
                *page.table(rows, gap=1 if len(shown) > 2 else 2),
                *(page.table([("measured", "base", f"p{patches[-1]}"), *numbers], right={1, 2}) if numbers else []),
            ],
        )


def _block(finding: Finding) -> Block:
    words = first([location(diagnostic) for diagnostic in finding.diagnostics], DIAGNOSTICS_SHOWN)
    log = [f"log: {finding.log}"] if finding.log else []
    return Block(f"With {finding.blame}, in {', '.join(finding.cells)}", notes=[*words, *log])


def _text(record: RunRecord, cell: CellRecord, text: TextRecord, page: Page) -> Block:
    """A cell's bloat-o-meter summary, largest symbols, sections, and which patch changed how much."""
    largest = largest_symbols(text.symbols, SYMBOLS_SHOWN)
    symbols = [
        (
            symbol.name,
            *("-" if size is None else str(size) for size in (symbol.old, symbol.new)),
            f"{symbol.delta:+d}",
        )
        for symbol in largest
    ]
    measured = [state for state in cell.states if state.text_change is not None]
    changes = [(str(state.patch), state.subject, f"{state.text_change:+d}") for state in measured if state.text_change]
    sections = [
        (section.name, str(section.before), str(section.after), f"{section.after - section.before:+d}")
        for section in cell.sections
    ]
    rows = [
        (f"{len(largest)} of {count(len(text.symbols), 'symbol')}", "old", "new", "delta"),
        *symbols,
        ("total", str(text.before), str(text.after), f"{text.after - text.before:+d}"),
        *([("section", "old", "new", "delta"), *sections] if sections else []),
    ]
    patches = [("", f"{len(changes)} of {count(len(measured), 'patch')}", "delta"), *changes]
    return Block(
        label(record, cell),
        [
            *(f"  {line}" for line in wrap(summary(text), page.columns - 2)),
            *page.table(rows, right={1, 2, 3}),
            *(page.table(patches, right={0, 2}) if len(measured) > 1 else []),
        ],
        [line for line in (unchanged_size(cell), noise_floor(cell)) if line],
    )


def _ccache(states: Sequence[StateRecord]) -> list[tuple[str, str]]:
    """ccache's results in this run; nothing where it was not asked."""
    calls = [state.compiler_calls for state in states if state.compiler_calls and not state.cached]
    hits, misses, others = (sum(getattr(call, name) for call in calls) for name in ("hits", "misses", "uncacheable"))
    return [("ccache", f"{hits} hits, {misses} misses, {others} calls that cannot be cached")] if calls else []


def facts(record: RunRecord) -> list[tuple[str, str]]:
    states = [state for cell in record.cells for state in cell.states]
    stored, seconds = sum(state.cached for state in states), sum(state.cpu_seconds for state in states)
    reused = sum(state.reused for state in states)
    unchanged = f", {reused} reused (=): nothing that they read has changed" if reused else ""
    minutes, rest = divmod(round(record.seconds), 60)
    return [
        ("Started", f"{record.started}, took {minutes} min {rest} s"),
        ("Builds", f"{len(states)}, {stored} of them from the store{unchanged}; {seconds:.0f} CPU seconds"),
        *([("A/A", noise_floors(record))] if any(cell.text for cell in record.cells) else []),
        *_ccache(states),
        ("Matrix", record.matrix),
        ("Sandbox", record.sandbox),
        *(("Note", note) for note in record.notes),
        ("Files", f"run.json and the logs, in the folder of run {record.id}"),
    ]
