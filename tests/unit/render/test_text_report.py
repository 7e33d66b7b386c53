"""The text report and the verdict."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
from rich.cells import cell_len

from pipeline.assess.verdict import exit_status, remarks, verdict
from pipeline.record import CellRecord, SymbolRecord, ToolRecord
from pipeline.record.neutral import neutral
from pipeline.render.page import Page
from pipeline.render.reproduction import command_lines
from pipeline.render.text_report import render_text, summary
from pipeline.system.errors import ExitStatus
from pipeline.system.text import cut, visible, wrap
from tests.support import records
from tests.support.markup_payloads import PAYLOADS
from tests.support.paths import PROJECT
from tests.support.sample_runs import MERGED, REFUSED, everything, flooded, warning_cell

HOSTILE = "\x1b[2J\x1b]0;owned\x07 a\rb\nOK: fine\u202e\u2066\u200b\x9b31m\u2028\ufeff\x00"


def columns(text: str) -> int:
    return max(cell_len(line) for line in text.split("\n"))


def test_clean_run_opens_with_ok() -> None:
    assert render_text(records.run()).startswith("OK: No problem found: 3 patches, 1 of 1 cell built.\n\nSeries ")
    assert verdict(records.run()).ok
    assert exit_status(records.run()) is ExitStatus.CLEAN


def test_a_tool_that_is_missing_is_named_as_such() -> None:
    """Seen red with an empty cell in its place."""
    tools = (ToolRecord(name="gcc", version="12.2.0"), ToolRecord(name="ruff", version=""))
    report = render_text(records.run(tools=tools))
    assert re.search(r"^  ruff +not installed$", report, re.MULTILINE)


def test_problems_come_before_everything_else() -> None:
    head, _, _ = render_text(everything()).partition("\nSeries ")
    assert head == (
        "PROBLEM: The series does not apply everywhere, breaks the build, adds warnings\n"
        "         and misses what its letter claims; struct page grows.\n"
        "\n"
        "  * Patch 2 does not apply to debian:linux-source-6.1, first at\n"
        "    mm/hugetlb.c:123\n"
        "  * Build fails with patch 2, \"mm: Rename the 'compound_head' field to\n"
        "    'compound_info'\", in 1 of 4 cells: riscv64-gcc-flat\n"
        "  * 1 new warning with patch 2, \"mm: Rename the 'compound_head' field to\n"
        "    'compound_info'\", in 1 of 4 cells: arm64-gcc\n"
        '  * Claim refuted: "~1K reduction of text in vmlinux" (claimed -1000, measured\n'
        "    -300)\n"
        "\n"
        "  - Already merged: debian:linux-source-7.2.\n"
        "  - struct page grows from 64 to 72 bytes, in x86_64-gcc-small.\n"
        "  - Base does not build: i386-gcc (mm/hugetlb.c:1234: too few arguments); that\n"
        "    is the tree, not the series.\n"
        "  - Unreachable: x86_64-gcc-flat: CONFIG_SPARSEMEM_VMEMMAP=n was dropped\n"
        "  - Not covered, no cell compiles it: mm/internal.h.\n"
        "  - Coverage not measured: arm64-gcc.\n"
        '  - Not measured: "~1K reduction of text in vmlinux".\n'
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trees": (records.tree(), REFUSED)}, "Patch 2 does not apply to debian:linux-source-6.1"),
        ({"cells": (records.cell(), records.broken("x", "built", "failed"))}, "Build fails with patch 1"),
        ({"cells": (warning_cell(),)}, "1 new warning with patch 2"),
        ({"claims": (records.claim("refuted", -300),)}, "Claim refuted"),
    ],
)
def test_each_kind_of_problem_alone_makes_a_problem(changes: dict[str, object], words: str) -> None:
    record = records.run(**changes)
    (problem,) = verdict(record).problems
    assert problem.startswith(words)
    assert not verdict(record).ok
    assert exit_status(record) is ExitStatus.SERIES_HAS_A_PROBLEM
    assert render_text(record).startswith("PROBLEM: The series ")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trees": (records.tree(), MERGED)}, "Already merged: debian:linux-source-7.2."),
        ({"trees": (records.tree(applied="three-way"),)}, "applies, 3-way"),
        (
            {"cells": (records.cell(), records.unreachable())},
            "Unreachable: x86_64-gcc-flat: CONFIG_SPARSEMEM_VMEMMAP=n",
        ),
        ({"claims": (records.claim("not measured", None),)}, 'Not measured: "~1K reduction of text in vmlinux".'),
        (
            {"cells": (records.cell(), records.broken("i386-gcc", "failed", "failed"))},
            "Base does not build: i386-gcc",
        ),
        ({"sandbox": "none"}, "Built without a sandbox."),
    ],
)
def test_what_is_no_problem_is_said(changes: dict[str, object], said: str) -> None:
    record = records.run(**changes)
    assert verdict(record).ok
    assert verdict(record).problems == ()
    assert exit_status(record) is ExitStatus.CLEAN
    assert said in render_text(record)


@pytest.mark.parametrize(
    "cells",
    [
        (),
        (records.unreachable(),),
        (records.broken("i386-gcc", "failed", "failed"),),
        (records.cell(states=()),),
        (records.cell(states=records.states("built", "built")),),
    ],
    ids=["no cell", "unreachable", "base fails", "no state", "not up to the last patch"],
)
def test_nothing_built_is_never_success(cells: tuple[CellRecord, ...]) -> None:
    record = records.run(cells=cells, claims=())
    assert not verdict(record).ok
    assert exit_status(record) is ExitStatus.SERIES_HAS_A_PROBLEM
    assert render_text(record).startswith("NO VERDICT: Nothing proven: no cell was built with all patches.\n")


def test_nothing_built_is_said_beside_a_problem() -> None:
    record = records.run(trees=(records.tree(), REFUSED), cells=(records.unreachable(),))
    assert verdict(record).headline == ("The series does not apply everywhere; no cell was built with all patches.")


@pytest.mark.parametrize(
    ("trees", "headline"),
    [
        ((REFUSED,), "PROBLEM: No tree took the series."),
        ((MERGED,), "NO VERDICT: Already merged in every tree; nothing was built."),
        ((MERGED, REFUSED), "PROBLEM: No tree took the series."),
        ((), "NO VERDICT: No tree took the series."),
    ],
)
def test_a_series_that_no_tree_took_is_not_obtained(trees: tuple[object, ...], headline: str) -> None:
    record = records.run(trees=trees, cells=(), claims=())
    assert exit_status(record) is ExitStatus.NOT_OBTAINED
    assert render_text(record).startswith(headline + "\n")


def test_a_broken_patch_in_the_middle_counts_though_the_end_builds() -> None:
    record = records.run(cells=(records.cell(states=records.states("built", "failed", "built", "built")),))
    assert verdict(record).problems[0].startswith("Build fails with patch 1, ")


def test_a_patch_that_breaks_what_an_earlier_one_repaired_is_blamed() -> None:
    record = records.run(cells=(records.broken("x", "failed", "built", "failed"),))
    assert verdict(record).problems[0].startswith("Build fails with patch 2, ")


def test_base_and_final_alone_do_not_name_a_patch() -> None:
    error = records.diagnostic(path="mm/page_alloc.c")
    states = (records.state(0), records.state(3, "failed", errors=(error,)))
    record = records.run(cells=(records.broken("x", states=states),))
    assert (
        verdict(record)
        .problems[0]
        .startswith("Build fails with all 3 patches applied (run with --per-patch to find the first), in 1 of 1 cell")
    )


def test_base_and_final_name_the_patch_when_one_alone_touches_the_file() -> None:
    states = (records.state(0), records.state(3, "failed", errors=(records.diagnostic(),)))
    record = records.run(cells=(records.broken("x", states=states),))
    assert (
        verdict(record)
        .problems[0]
        .startswith("Build fails with all 3 patches applied; patch 3 alone touches mm/hugetlb.c, in 1 of 1 cell")
    )


def test_cells_that_fail_alike_are_told_once_with_the_compilers_words() -> None:
    cells = tuple(records.broken(name, "built", "failed") for name in ("riscv64-flat", "riscv64-vmemmap"))
    record = records.run(cells=cells, claims=())
    assert len(verdict(record).problems) == 1
    assert (
        '  With patch 1, "mm: Change the interface of prep_compound_tail()", in\n'
        "      riscv64-flat, riscv64-vmemmap\n"
        "    mm/hugetlb.c:1234: too few arguments\n"
        "    log: logs/cell.1.log\n"
    ) in render_text(record)


def test_a_failed_cell_without_states_gives_its_reason() -> None:
    record = records.run(cells=(records.cell(), records.broken("x", states=(), reason="kconfig failed")))
    assert verdict(record).problems == ("Build fails with kconfig failed, in 1 of 2 cells: x",)


def test_cells_of_several_trees_are_told_apart() -> None:
    trees = (records.tree(), records.tree(name="path:/linux"))
    record = records.run(
        trees=trees, cells=(records.cell(), records.broken("x", "built", "failed", tree="path:/linux"))
    )
    assert "in 1 of 2 cells: x on tree 6.12.117-1" in verdict(record).problems[0]


def test_refused_tree_shows_the_hunk_or_else_gits_words() -> None:
    assert "    mm/hugetlb.c:123 @@ -120,7 +120,9 @@ static void prep()\n" in render_text(everything())
    without = REFUSED.model_copy(update={"failed_hunks": (), "log": "Applying: x\nerror: corrupt patch at line 9\n"})
    assert "    error: corrupt patch at line 9\n" in render_text(records.run(trees=(without,)))


def test_cells_and_states_are_aligned() -> None:
    text = render_text(everything())
    assert (
        "  cell              result       vmemmap  struct page   size\n"
        "  x86_64-gcc-small  builds       on       64           -1410\n"
        "  riscv64-gcc-flat  FAILS        off      56, not 2^n      -\n"
        "  i386-gcc          base FAILS   off      56, not 2^n      -\n"
        "  arm64-gcc         builds       on       64           -1410\n"
        "  x86_64-gcc-flat   unreachable  -        -                -\n"
    ) in text
    assert (
        "                   base p1   p2   p3\n"
        "  x86_64-gcc-small ok   ok   ok   ok\n"
        "  riscv64-gcc-flat ok   ok   FAIL ·\n"
        "  i386-gcc         FAIL FAIL ·    ·\n"
        "  arm64-gcc        ok   ok   WARN WARN\n"
    ) in text


def test_the_matrix_is_left_out_when_it_is_too_wide() -> None:
    states = tuple(records.state(patch, "failed" if patch > 5 else "built") for patch in range(30))
    text = render_text(records.run(cells=(records.broken("x86_64-gcc-small", states=states),)))
    assert "Patch by patch" not in text


def test_text_shows_the_summary_verbatim_and_the_ten_largest_symbols() -> None:
    text = render_text(records.run())
    assert f"\n  {records.SUMMARY}\n" in text
    assert "  10 of 19 symbols          old      new  delta\n  page_fixed_fake_head      900        -   -900\n" in text
    assert "function_10" in text
    assert "function_09" not in text
    assert "  .text                 2200000  2198590  -1410\n" in text


def test_a_toolchain_is_named_once() -> None:
    cells = (records.measured(), records.cell("i386-gcc", arch="i386", text=records.text()))
    text = render_text(records.run(cells=cells))
    assert text.count(cells[0].toolchain) == 1
    other = records.cell("i386-clang", arch="i386", toolchain="clang version 19.1.4")
    text = render_text(records.run(cells=(*cells, other)))
    assert f"  {cells[0].toolchain}: {cells[0].id}, i386-gcc\n  clang version 19.1.4: i386-clang\n" in text


def test_text_tells_which_patch_changed_how_much() -> None:
    states = [
        state.model_copy(update={"text_change": change})
        for state, change in zip(records.states(*["built"] * 4), (None, 120, 0, -1530), strict=True)
    ]
    text = render_text(records.run(cells=(records.cell(states=tuple(states)),)))
    rows = [line.split() for line in text.split("2 of 3 patches", 1)[1].splitlines()[:4]]
    assert rows[0] == ["delta"]
    assert [(row[0], row[-1]) for row in rows[1:3]] == [("1", "+120"), ("3", "-1530")]
    assert rows[3] == []


def test_one_patch_is_not_told_apart_from_the_series() -> None:
    states = records.states("built", "built")
    states = (states[0], states[1].model_copy(update={"text_change": -1410}))
    assert "of 1 patch " not in render_text(records.run(cells=(records.cell(states=states),)))


def test_summary_is_computed_when_the_tool_printed_none() -> None:
    assert summary(records.text(verbatim="")) == records.SUMMARY


def test_colour_changes_nothing_but_colour() -> None:
    plain, painted = render_text(everything()), render_text(everything(), colour=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plain
    assert painted.startswith("\x1b[1;31mPROBLEM\x1b[0m: ")
    assert render_text(records.run(), colour=True).startswith("\x1b[1;32mOK\x1b[0m: ")
    assert "\x1b[1;33munreachable\x1b[0m" in painted
    assert "\x1b[1;31mFAIL\x1b[0m" in painted


@pytest.mark.parametrize("colour", [False, True])
def test_a_strangers_control_characters_reach_no_terminal(colour: bool) -> None:
    text = render_text(flooded(everything(), HOSTILE), colour=colour)
    text = re.sub(r"\x1b\[(1;3[123]|0)m", "", text)
    assert not re.findall(r"[^\n -~\xa1-\u1fff\u2010-\u2027\u2030-\u205e\u2100-\ufdff]", text)
    assert "\\x1b[2J" in text
    assert "\\u202e" in text
    assert not [line for line in text.split("\n")[1:] if line.startswith("OK:")]


@pytest.mark.parametrize(
    "flood",
    [
        "x" * 5000,
        "word " * 2000,
        "汉字" * 900,
        "Zoë 金 \u0301\u0301 " * 300,
        "e" + "\u0301" * 5000,
        "❤\ufe0f" * 99,
        "",
        " ",
    ],
    ids=["long word", "long text", "wide", "mixed", "combining", "emoji", "empty", "blank"],
)
def test_never_more_than_78_columns(flood: str) -> None:
    text = render_text(flooded(everything(), flood))
    assert columns(text) <= 78
    assert max(map(len, text.split("\n"))) <= 2 * 78


def test_wide_names_are_aligned_by_columns() -> None:
    lines = Page().table([("name", "size"), ("漢字", "1"), ("e\u0301", "22")], right={1})
    assert lines == ["  name  size", "  漢字     1", "  e\u0301       22"]


def test_a_long_symbol_is_cut_and_its_sizes_are_not() -> None:
    symbol = SymbolRecord(name="very_long_symbol_" * 9, old=123456, new=123450, delta=-6)
    text = render_text(records.run(cells=(records.cell(text=records.text(symbols=(symbol,))),)))
    (line,) = [line for line in text.split("\n") if "very_long" in line]
    assert line.endswith("…   123456   123450     -6")
    assert cell_len(line) == 78


def test_wrap_says_that_it_left_something_out() -> None:
    assert wrap("one two three", 7, most=2) == ["one two", "three"]
    assert wrap("one two three four", 7, most=2) == ["one two", "three…"]
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert cut("abcdef", 4) == "abc…"
    assert cut("abcd", 4) == "abcd"


def test_visible_is_the_same_twice() -> None:
    assert visible("a\tb\x1b\u202e") == "a b\\x1b\\u202e"
    assert neutral(neutral(flooded(everything(), HOSTILE))) == neutral(flooded(everything(), HOSTILE))


def test_a_command_is_broken_between_words_only() -> None:
    assert command_lines("pipeline apply 'a b' --matrix small", 22) == [
        "  pipeline apply \\",
        "    'a b' --matrix \\",
        "    small",
    ]
    assert command_lines("pipeline it's", 40) == ["  # the run names no command of the pipeline"]


@pytest.mark.parametrize(
    "words",
    [
        ["pipeline", "apply-and-build", "/home/" + "long/" * 20 + "series.mbox", "--tree", "path:/x#master"],
        ["pipeline", "x" * 74, "y" * 75, "z" * 76, "--quiet"],
        ["pipeline", "it's " + "a 'quoted' word " * 10],
        ["pipeline", "/bin/" + "p" * 90],
        ["pipeline", "ä" * 100, "日本" * 45],
    ],
)
def test_a_command_can_be_copied_into_a_shell(words: list[str]) -> None:
    lines = command_lines(shlex.join(words), 78)
    assert max(map(cell_len, lines)) <= 78
    typed = subprocess.run(
        ["sh", "-c", 'printf "%s\\n" ' + "\n".join(lines)], capture_output=True, text=True, check=True
    )
    assert typed.stdout.splitlines() == words


def test_the_templates_are_found_in_the_checkout() -> None:
    assert (PROJECT / "templates" / "report.txt.j2").is_file()


def duplicate(name: str = "twin", of: str = "x86_64-gcc-small") -> CellRecord:
    return records.cell(name, status="duplicate", same_as=of, states=(), text=None, sections=())


def test_a_duplicate_confirms_nothing_and_says_whose_it_is() -> None:
    text = render_text(records.run(cells=(records.cell(), duplicate())))
    assert "No problem found: 3 patches, 1 of 1 cell built." in text
    assert "- Built once: twin has the same configuration as x86_64-gcc-small." in text
    assert re.search(r"^  twin +as x86_64-gcc-small +on +64 +-$", text, re.MULTILINE)


def test_a_duplicate_does_not_count_among_the_cells_that_could_fail() -> None:
    broken = records.broken("one", "built", "failed", "failed", "failed")
    assert "in 1 of 1 cell: one" in " ".join(render_text(records.run(cells=(broken, duplicate(of="one")))).split())


def test_what_the_matrix_knows_to_be_out_of_reach_is_one_remark_and_no_lack() -> None:
    known = records.unreachable("flat").model_copy(update={"expected_unreachable": True})
    text = render_text(records.run(cells=(records.cell(), known)))
    assert "1 of 1 cell built" in text
    assert "- Unreachable, as the matrix says: flat." in text
    assert "was dropped" not in text


def test_a_cell_that_is_not_what_the_matrix_says_is_a_remark() -> None:
    odd = records.cell(unexpected="struct page of 56 bytes expected, 64 found")
    text = render_text(records.run(cells=(odd,)))
    assert text.startswith("OK: ")
    assert "- Not what the matrix says: x86_64-gcc-small: struct page of 56 bytes" in text


def test_a_claim_without_a_number_has_its_result_in_words() -> None:
    claims = (
        records.claim(
            "not confirmed",
            None,
            text="No functional change.",
            kind="no-functional-change",
            claimed=None,
            finding="text changes",
            details=("x86_64-hvo: +12 bytes (+12 -0)",),
        ),
        records.claim("refuted", None, kind="preparatory", claimed=None, finding="does not build: patch 2 in one"),
    )
    report = render_text(records.run(claims=claims))
    assert (
        '  not confirmed: text changes\n    "No functional change."\n      x86_64-hvo: +12 bytes (+12 -0)\n' in report
    )
    assert '- Not confirmed: "No functional change.".' in report
    assert "(does not build: patch 2 in one)" in " ".join(report.split())


def test_doubtful_claims_are_named_shortly() -> None:
    """Seen red with their number alone."""
    nothing = {"text": "No functional change", "kind": "no-functional-change", "claimed": None}
    claims = [
        *(records.claim("not confirmed", None, **nothing, patches=patches) for patches in ((2,), (3, 4))),
        records.claim("not confirmed", None, text="mm: " + "word " * 30),
        *(records.claim("not confirmed", None, text=f"claim {at}") for at in range(3)),
    ]
    (remark,) = [remark for remark in remarks(records.run(claims=tuple(claims))) if "onfirmed" in remark]
    assert remark == (
        'Not confirmed: "No functional change" (patch 2), "No functional change" (patches 3-4), '
        '"mm: word word word word word word word…" and 3 claims more.'
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_line_is_a_command_of_a_runner(payload: str) -> None:
    text = render_text(flooded(everything(), payload))
    assert not re.search(r"^\s*::|##\[|##vso\[", text, re.MULTILINE)
    assert columns(text) <= 78


def test_a_missing_cell_is_no_clean_run() -> None:
    lost = records.cell("lost", status="missing", states=(), text=None, sections=())
    record = records.run(cells=(records.cell(), lost), notes=("Put together from 2 runs.",))
    text = render_text(record)
    assert text.startswith("NO VERDICT: No result of 1 cell; no problem found in 1 of the others.\n")
    assert "  - No result, its build did not come to an end: lost.\n" in text
    assert "\n  lost              missing " in text
    assert "\nNote      Put together from 2 runs.\n" in text
    assert exit_status(record) == 1
