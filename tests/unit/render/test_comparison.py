"""Two runs side by side: only what differs, and what happened to the claims."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rich.cells import cell_len

from pipeline.record import ClaimRecord, RunRecord, SymbolRecord, TextRecord
from pipeline.render.comparison import render_comparison
from tests.support import records
from tests.support.markup_payloads import PAYLOADS
from tests.support.sample_runs import booted, everything, flooded


def compared(before: RunRecord, after: RunRecord) -> str:
    text = render_comparison(before, after)
    assert max(map(cell_len, text.split("\n"))) <= 78
    assert "\n\n\n" not in text
    return " ".join(text.split())


def sizes(**deltas: int) -> TextRecord:
    symbols = tuple(SymbolRecord(name=name, old=1000, new=1000 + delta, delta=delta) for name, delta in deltas.items())
    return records.text(symbols=symbols, delta=sum(deltas.values()))


def claims(*claim_records: ClaimRecord) -> RunRecord:
    return records.run(claims=claim_records)


def test_a_run_does_not_differ_from_itself() -> None:
    text = render_comparison(records.run(), records.run())
    titles = [line for line in text.split("\n") if re.match(r"[A-Z]", line)]
    assert titles == ["Cells, and the bytes of all symbols that the series adds or removes", "Claims"]
    assert "builds -1410 -1410 +0" in " ".join(text.split())
    assert "kept" in text


def test_cells_that_break_come_and_go_are_told() -> None:
    before = records.run(cells=(records.cell("a"), records.cell("gone")))
    after = records.run(cells=(records.broken("a", "built", "built", "failed"), records.cell("new")))
    text = compared(before, after)
    assert "a builds → FAILS -1410 - -" in text
    assert "a struct page 64 56, not 2^n" in text
    assert "gone builds → not there -1410 - -" in text
    assert "new not there → builds - -1410 -" in text


def test_of_a_kernel_that_no_longer_builds_nothing_else_is_told() -> None:
    before = records.run(cells=(records.measured(),))
    name = before.cells[0].id
    text = compared(before, records.run(cells=(records.broken(name, "built", "built", "built", "failed"),)))
    assert "build: passes → fails" in text
    assert "passes → not there" not in text
    assert "size: passes → not there" in compared(before, records.run(cells=(records.cell(name, text=None),)))


def test_checks_that_pass_now_and_no_more_are_told() -> None:
    first = records.run(cells=(records.cell("a", boots=(booted(0, "pass", "pass"), booted(3, "fail", "pass"))),))
    second = records.run(cells=(records.cell("a", boots=(booted(0, "pass", "pass"), booted(3, "pass", "fail"))),))
    text = compared(first, second)
    assert "No longer passes - a, hvo: pool: passes → fails" in text
    assert "Passes now - a, hvo: walk: fails → passes" in text
    assert "not there" in compared(first, records.run(cells=(records.cell("a"),)))


def test_warnings_are_compared_by_function_where_both_have_some() -> None:
    f, g, moved = (
        records.diagnostic("a.c", line, "odd").model_copy(update={"function": name})
        for line, name in ((3, "f"), (9, "g"), (30, "f"))
    )
    first, second = (
        records.run(cells=(records.cell("a", states=(records.state(0), records.state(3, new_warnings=diagnostics))),))
        for diagnostics in ((f, f), (moved, g))
    )
    text = compared(first, second)
    assert "No longer passes - a, warnings: 1 not there before (a.c:9: odd)" in text
    assert "Passes now - a, warnings: 1 no longer there (a.c:3: odd)" in text
    assert "warnings" not in compared(first, first)


def test_patches_are_followed_by_their_subjects() -> None:
    series = records.series()
    first, second, third = series.patches
    moved = (third.model_copy(update={"number": 1}), first.model_copy(update={"number": 2, "subject": "new one"}))
    text = compared(records.run(), records.run(series=series.model_copy(update={"patches": moved, "version": 2})))
    assert (
        "Patches that were moved, added or dropped "
        "was is patch 3 1 mm/hugetlb: Remove fake head pages - 2 new one 1 - mm:" in text
    )
    assert second.subject in text


def test_what_each_patch_changes_is_compared_by_subject() -> None:
    def run(*changes: int) -> RunRecord:
        states = tuple(records.state(at, text_change=change) for at, change in enumerate(changes, 1))
        return records.run(cells=(records.cell(states=(records.state(0), *states)),))

    text = compared(run(-5, 7, 0), run(-5, 9, 0))
    assert f"was is patch +7 +9 {records.SUBJECTS[1]}" in text
    assert records.SUBJECTS[0] not in text


def test_symbols_are_compared_by_what_the_series_does_to_them() -> None:
    first = records.run(cells=(records.cell(text=sizes(alike=-10, less=-100, gone=5)),))
    second = records.run(cells=(records.cell(text=sizes(alike=-10, less=-300, new=7)),))
    text = compared(first, second)
    assert "3 of 3 symbols was is differs by less -100 -300 -200 new +0 +7 +7 gone +5 +0 -5" in text
    assert "alike" not in text


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ("confirmed", "confirmed", "kept"),
        ("confirmed", "refuted", "lost, refuted"),
        ("confirmed", "not measured", "lost, not measured"),
        ("refuted", "confirmed", "won"),
        ("refuted", "refuted", "still refuted"),
        (None, "confirmed", "new, confirmed"),
        (None, "refuted", "new, refuted"),
        ("confirmed", None, "no longer made"),
    ],
)
def test_what_became_of_a_claim(before: str | None, after: str | None, word: str) -> None:
    def made(verdict: str | None, **changes: Any) -> RunRecord:
        return claims(*([records.claim(verdict, **changes)] if verdict else []))

    text = compared(made(before, text="saves 1000 bytes"), made(after, text="saves 2000 bytes"))
    assert f'Claims {word}: "saves {"2000" if after else "1000"} bytes" in x86_64-gcc-small' in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_stay_on_their_lines(payload: str) -> None:
    shape = render_comparison(flooded(everything(), "benign"), records.run())
    text = render_comparison(flooded(everything(), payload), records.run())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff\u2028\u2029]", text)
    assert not re.search(r"^\s*::|##\[|##vso\[", text, re.MULTILINE), "a command of a CI runner"
    titles = [line for line in shape.split("\n") if re.match(r"[A-Z]", line)]
    assert [
        line for line in text.split("\n") if re.match(r"\S", line) and not line.startswith(("from", "to"))
    ] == titles
    assert max(map(cell_len, text.split("\n"))) <= 78


def test_different_matrices_are_said_first() -> None:
    before = records.run(cells=(records.cell("both"), records.cell("gone")))
    text = render_comparison(before, records.run(cells=(records.cell("both"),)))
    flat = " ".join(text.split())
    assert flat.startswith("Different matrices: 1 cell in both, 1 only in the first, 0 in the second. from OK: ")
    assert "gone builds → not there" in flat
    assert "Different matrices" not in render_comparison(before, before)
