"""What reports say of struct page, memmap, structs and promises before and after a series."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.assess.verdict import exit_status, remarks, verdict
from pipeline.b4 import check_protocol as check
from pipeline.record import CellRecord, LayoutRecord, RunRecord, StructPageRecord, SymbolRecord
from pipeline.record.kinds import by_kind, kinds
from pipeline.render.html import render_html
from pipeline.render.text_report import cell_rows, render_text
from pipeline.reply import draft
from pipeline.system.errors import ExitStatus
from tests.support import records
from tests.support.records import LOST

SUBJECT = records.SUBJECTS[2]


def run(*cells: CellRecord) -> RunRecord:
    return records.run(cells=cells)


def reply(record: RunRecord) -> str:
    mail = draft(record, identity="Hugh Page <hugh@example.org>", date=datetime(2026, 1, 2, tzinfo=UTC))
    return " ".join(mail.get_content().split())


def test_a_cell_shows_what_was_measured_before_and_after() -> None:
    changed = records.grown(vmemmap=False)
    assert cell_rows(run(changed))[1][2:4] == ("off → on", "64 → 80, not 2^n")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (records.grown(at=9), ("on", "64")),
        (records.cell(), ("on", "64")),
        (records.unreachable(), ("-", "-")),
        (records.grown(struct_page=StructPageRecord(size=56, power_of_two=False), at=9), ("on", "56 → 64")),
    ],
    ids=["as before", "an old record", "out of reach", "a power of two at last"],
)
def test_a_cell_shows_once_what_does_not_change(cell: CellRecord, words: tuple[str, str]) -> None:
    assert cell_rows(run(cell))[1][2:4] == words


def test_a_broken_promise_is_a_problem_that_names_its_patch() -> None:
    record = run(records.cell(lost=(LOST,)), records.cell("other", lost=()))
    assert verdict(record).headline == "The series breaks a promise of the matrix."
    (problem,) = verdict(record).problems
    assert problem == (
        f'Promise broken with patch 3, "{SUBJECT}", in 1 of 2 cells: x86_64-gcc-small: '
        "kconfig drops CONFIG_MEMCG=y (memcg.config): now depends on EXTRA, which is n"
    )
    assert exit_status(record) is ExitStatus.SERIES_HAS_A_PROBLEM
    assert "Promise broken" in render_html(record)
    assert "kconfig drops CONFIG_MEMCG=y: now depends on EXTRA, which is n on x86_64 (gcc 12.2) with patch 3." in reply(
        record
    )
    (entry,) = [entry for entry in check.of_series(record) if entry.tool == "pipeline-promises"]
    assert (entry.status, entry.summary) == ("fail", f'broken with patch 3, "{SUBJECT}"')


def test_where_not_every_patch_was_looked_at_none_is_named() -> None:
    lost = LOST.model_copy(update={"kept": 0})
    (problem,) = verdict(run(records.cell(lost=(lost,)))).problems
    assert "with all 3 patches applied (run with --per-patch to find the first)" in problem
    assert "patch 3," not in problem


@pytest.mark.parametrize("lost", [(), None], ids=["kept", "an old record"])
def test_promises_that_are_kept_are_no_problem(lost: tuple[()] | None) -> None:
    record = run(records.cell(lost=lost))
    assert verdict(record).ok
    assert not [
        entry for entry in check.of_series(record) if entry.tool == "pipeline-promises" and entry.status != "pass"
    ]


def test_a_struct_page_that_grows_stands_on_top_of_report_and_reply() -> None:
    record = run(records.grown(at=3), records.grown("other", at=3), records.cell("third"))
    sentence = f'struct page grows from 64 to 80 bytes with patch 3, "{SUBJECT}", in x86_64-gcc-small, other.'
    assert remarks(record)[0] == sentence
    assert verdict(record).headline.endswith("3 of 3 cells built; struct page grows.")
    assert exit_status(record) is ExitStatus.CLEAN
    assert "struct page grows from 64 to 80 bytes on x86_64 in 2 configurations (gcc 12.2) with patch 3." in reply(
        record
    )
    assert sentence in " ".join(render_text(record).partition("\nSeries ")[0].split())


def layout(struct: str, before: int | None, after: int, tracked: bool = True) -> LayoutRecord:
    return LayoutRecord(struct=struct, before=before, after=after, tracked=tracked)


def test_structs_that_only_the_series_touches_stay_in_their_section() -> None:
    """Seen red with every struct that is measured counted."""
    record = run(records.cell(lost=(), layouts=(layout("walk_control", 40, 64, tracked=False),)))
    assert verdict(record).headline == "No problem found: 3 patches, 1 of 1 cell built."
    assert not [remark for remark in remarks(record) if "walk_control" in remark]
    assert "walk_control" not in reply(record)
    assert "struct walk_control, 40 → 64 bytes" in render_text(record)
    assert "struct walk_control, 40 → 64 bytes" in render_html(record)
    (entry,) = [entry for entry in check.of_series(record) if entry.tool == "pipeline-promises"]
    assert entry.status == "pass"


def test_tracked_structs_are_told_with_their_sizes() -> None:
    layouts = (
        layout("hstate", 4000, 4008),
        layout("zone", 1664, 1600),
        layout("page", 64, 80),
        layout("moved", 64, 64),
        layout("new", None, 64),
    )
    record = run(records.grown(at=3, layouts=layouts))
    assert [remark.partition(" with ")[0] for remark in remarks(record)[:3]] == [
        "struct page grows from 64 to 80 bytes",
        "struct hstate grows from 4000 to 4008 bytes, in x86_64-gcc-small.",
        "struct zone shrinks from 1664 to 1600 bytes, in x86_64-gcc-small.",
    ]
    assert verdict(record).headline.endswith("; struct page and 1 other struct grow.")
    assert not [remark for remark in remarks(record) if "moved" in remark or "struct new" in remark]


def test_a_flood_of_structs_is_cut() -> None:
    layouts = tuple(layout(f"s{at}", 8, 16) for at in range(500))
    record = run(records.cell(layouts=layouts))
    assert remarks(record)[8] == "492 structs more have another size."
    assert verdict(record).headline.endswith("; 500 structs grow.")


def test_a_function_that_became_a_stub_is_told_and_shown() -> None:
    stub = SymbolRecord(name="hugetlb_vmemmap_optimize", old=166, new=3, delta=-163)
    buffers = [SymbolRecord(name=f"buffer_{at}", old=None, new=65536, delta=65536) for at in range(30)]
    rest = [
        SymbolRecord(name="gone", old=166, new=None, delta=-166),
        SymbolRecord(name="halved", old=166, new=80, delta=-86),
        SymbolRecord(name="small", old=16, new=3, delta=-13),
    ]
    record = run(records.cell(text=records.text(symbols=(*buffers, stub, *rest))))
    assert [remark for remark in remarks(record) if "Hardly" in remark] == [
        "Hardly anything is left of hugetlb_vmemmap_optimize (166 → 3 bytes), in x86_64-gcc-small."
    ]
    assert "hugetlb_vmemmap_optimize      166        3" in render_text(record)
    assert "Hardly anything is left of hugetlb_vmemmap_optimize" in reply(record)


def test_a_size_that_is_not_text_alone_is_taken_apart() -> None:
    record = run(records.buffered(), records.cell("other"))
    assert by_kind(record.cells[0]) == "text -1410, bss +4096"
    assert by_kind(record.cells[1]) == ""
    text = render_text(record)
    assert "  cell               size   text    bss\n  x86_64-gcc-small  +2686  -1410  +4096\n" in text
    assert "size: every symbol, code and data, by bloat-o-meter; text, bss: symbols in such sections" in " ".join(
        text.split()
    )


def test_an_old_record_has_no_numbers_by_kind() -> None:
    record = run(records.cell(), records.buffered(id="b"))
    assert kinds(record.cells[0]) == {}
    assert "  x86_64-gcc-small  -1410      -      -\n" in render_text(record)
