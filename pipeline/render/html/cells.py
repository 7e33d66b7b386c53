"""Tables of cells, boots, coverage, layouts and patches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.assess.boots import all_measured, base_of, by_scenario
from pipeline.assess.boots import measured as measured_values
from pipeline.assess.words import label, result
from pipeline.record import CellRecord, PatchRecord, RunRecord, line_ranges
from pipeline.render.code import HEADER, change_row, code_words, compared_cells, patch_lines
from pipeline.render.html.grid import state_name
from pipeline.render.html.links import evidence, message
from pipeline.render.html.matrix import boot_mark
from pipeline.render.html.sizes import tone
from pipeline.render.html.tables import LONGEST, Item, Table, items, table
from pipeline.render.measured import (
    coverage_balance,
    coverage_files,
    file_name,
    kept_lines,
    layout_groups,
    member_row,
    struct_size,
)
from pipeline.render.text_report import cell_rows, toolchains, tree_row
from pipeline.system.text import cut

_TREE_TONES = {"clean": "ok", "three-way": "ok", "already-merged": "warn", "failed": "failed"}
_RESULT_TONES = {
    **{"builds": "ok", "FAILS": "failed"},
    **dict.fromkeys(("base FAILS", "unreachable", "incomplete", "missing"), "warn"),
}
_SIGNS = {"ok": "✓", "failed": "✗", "warn": "!", "": ""}


@dataclass(frozen=True)
class Part:
    """A headed part of a section: a sentence where there is one, and tables side by side."""

    title: str
    tables: tuple[Table, ...]
    note: str = ""


def trees(record: RunRecord) -> Table | None:
    def rows() -> Iterator[tuple[Item, ...]]:
        for tree in record.trees:
            name, version, words = tree_row(record, tree)
            tree_tone = _TREE_TONES[tree.applied]
            yield items(name, version, Item(f"{_SIGNS[tree_tone]} {words}", tone=tree_tone))

    return table("Trees", ("tree", "version", "result"), rows())


def cells(record: RunRecord, linked: bool, anchors: Mapping[int, str]) -> Table | None:
    """The table of cells and their results.

    Args:
        anchors: where the sizes of cells stand, by their place in the record.
    """
    titles, *table_rows = cell_rows(record)
    built_with = toolchains(record)
    several = len(built_with) > 1

    def rows() -> Iterator[tuple[Item, ...]]:
        for at, (cell, row) in enumerate(zip(record.cells, table_rows, strict=True)):
            name, words, *readings, _ = row
            result_tone = _RESULT_TONES.get(result(record, cell), "")
            log = evidence(cell.states[-1].log, linked) if cell.states else ""
            text = cell.text
            yield items(
                Item(cut(name, LONGEST), evidence(cell.config, linked)),
                Item(f"{_SIGNS[result_tone]} {cut(words, LONGEST)}".strip(), log, result_tone),
                *([cell.toolchain] if several else []),
                *(Item(reading, tone="warn" if "→" in reading else "") for reading in readings),
                Item(f"{text.delta:+d}", anchors[at], tone(text.delta)) if text else "-",
                _boots_in_words(cell),
                cell.reason or "; ".join(promise.what for promise in cell.lost or ()) or cell.unexpected or cell.about,
            )

    columns = titles[2:-1]
    header = ("cell", "result", *(["toolchain"] if several else []), *columns, "size, bytes", "boots", "about")
    caption = "Cells" if several or not built_with else f"Cells, built with {cut(built_with[0][0], LONGEST)}"
    return table(caption, header, rows(), (header.index("size, bytes"),))


def _boots_in_words(cell: CellRecord) -> Item:
    """How many scenarios pass at the last state that was booted."""
    last = [boots[-1] for boots in by_scenario(cell).values()]
    ran = [boot for boot in last if boot.status != "not run"]
    if not ran:
        return Item("not booted" if last else "-")
    # A boot that is not understood does not count as passed.
    passed = sum(boot.status in ("pass", "flaky") for boot in ran)
    return Item(f"{passed} of {len(ran)}", "#boots", "ok" if passed == len(ran) else "warn")


def boots(record: RunRecord, linked: bool) -> list[Part]:
    """Tables of booted cells: scenarios at base and last state, and measured values that change."""
    parts = []
    for cell in record.cells:
        if cell.boots:
            name, last = label(record, cell), state_name(max(boot.patch for boot in cell.boots))
            header = ("scenario", "base", last, "seconds", "what it says")
            verdicts = table(f"Boots of {name}", header, _boot_rows(cell, linked), (3,))
            columns = ("scenario", "value", "base", last)
            numbers = table(f"Measured inside {name}", columns, _measured_rows(cell, linked), (2, 3), sortable=True)
            if record.is_baseline:
                rows = _measured_alone(cell, linked)
                numbers = table(f"Measured inside {name}", columns[:3], rows, (2,), sortable=True)
            parts.append(Part(name, tuple(filled for filled in (verdicts, numbers) if filled)))
    return parts


def _measured_alone(cell: CellRecord, linked: bool) -> Iterator[tuple[Item, ...]]:
    """Values that a baseline measured."""
    for scenario, several in by_scenario(cell).items():
        base = base_of(several)
        for what, number in all_measured(several):
            yield items(scenario, what, Item(number, evidence(base.console, linked) if base else ""))


def _measured_rows(cell: CellRecord, linked: bool) -> Iterator[tuple[Item, ...]]:
    for scenario, several in by_scenario(cell).items():
        base = base_of(several)
        consoles = [evidence(boot.console, linked) if boot else "" for boot in (base, several[-1])]
        for what, *numbers in measured_values(several):
            pairs = zip(numbers, consoles, strict=True)
            yield items(scenario, what, *(Item(number, url if number != "-" else "") for number, url in pairs))


def _boot_rows(cell: CellRecord, linked: bool) -> Iterator[tuple[Item, ...]]:
    last = max(boot.patch for boot in cell.boots)
    for scenario, several in by_scenario(cell).items():
        base = base_of(several)
        by_patch = {boot.patch: boot for boot in several}
        marks = {patch: boot_mark(base, boot, linked) for patch, boot in by_patch.items()}
        at_end = by_patch.get(last)
        reasons = [boot.reason for boot in (by_patch.get(0), at_end) if boot and boot.reason]
        reasons += [
            f"{check.name}: {'; '.join(check.details)}" for check in (at_end.checks if at_end else ()) if check.details
        ]
        yield items(
            scenario,
            *(
                Item(f"{marks[patch].sign} {marks[patch].words}", marks[patch].link, marks[patch].tone)
                if patch in marks
                else "-"
                for patch in (0, last)
            ),
            f"{at_end.seconds:.1f}" if at_end else "-",
            " · ".join(dict.fromkeys(reasons)),
        )


def coverage(record: RunRecord) -> Part | None:
    files = coverage_files(record)
    if not files:
        return None
    rows = []
    for file in files:
        missing = line_ranges(sorted(file.dropped)).replace(",", ", ")
        rows.append(
            items(
                file_name(record, file),
                Item(f"{len(file.cells)} of {file.asked}", tone="" if file.cells else "warn"),
                Item(f"{kept_lines(file)} of {len(file.changed)}", tone="warn" if file.dropped else ""),
                ", ".join(label(record, cell) for cell in file.cells) if len(file.cells) < file.asked else "all",
                missing or "-",
            )
        )
    header = ("file", "cells", "lines kept", "compiled in", "lines that no cell keeps")
    coverage_table = table("Coverage", header, rows, (1, 2), sortable=True)
    return Part("", (coverage_table,) if coverage_table else (), f"{coverage_balance(record, files)}.")


def code(record: RunRecord) -> list[Part]:
    """Tables of differences in code, cell by cell, the most changed first."""
    return [
        Part(
            label(record, cell),
            tuple(
                filter(
                    None,
                    [
                        table(
                            f"Code of {cell.id}",
                            HEADER,
                            (items(*change_row(change)) for change in code.changes),
                            (1, 2, 3),
                        )
                    ],
                )
            ),
            " ".join(f"{line[0].upper()}{line[1:]}." for line in (code_words(code), *patch_lines(cell))),
        )
        for cell, code in compared_cells(record)
    ]


def layouts(record: RunRecord) -> list[Part]:
    parts = []
    for layout, names in list(layout_groups(record).items()):
        members = table(
            f"Members of struct {cut(layout.struct, 60)}",
            ("member", "change", "offset", "size"),
            (items(*member_row(member)) for member in layout.members),
            (2, 3),
            most=40,
        )
        title = cut(f"struct {layout.struct}, {struct_size(layout)}", LONGEST)
        parts.append(Part(title, (members,) if members else (), f"In {cut(', '.join(names), LONGEST)}."))
    return parts


def patches(record: RunRecord) -> Table | None:
    return table(
        "Patches",
        ("number", "subject", "author", "files", "collected trailers"),
        (_patch(patch) for patch in record.series.patches),
        (0, 3),
    )


def _patch(patch: PatchRecord) -> tuple[Item, ...]:
    return items(
        str(patch.number),
        Item(cut(patch.subject, LONGEST), message(patch.message_id)),
        patch.author,
        str(len(patch.files)),
        ", ".join(patch.collected_trailers) or "-",
    )
