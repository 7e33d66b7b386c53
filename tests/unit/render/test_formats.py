"""A run as Markdown, JUnit XML, KCIDB and CSV: right, within its limits, and no words of strangers that act."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from pathlib import Path

import cmarkgfm
import pytest
from kcidb_io import schema
from lxml import etree

from pipeline.assess.cases import Outcome, cases
from pipeline.record import RunRecord, SymbolRecord
from pipeline.render.formats import FORMATS, Source
from pipeline.render.junit import render_junit
from pipeline.render.kcidb import render_kcidb
from pipeline.render.markdown import BUDGET, code, render_markdown, table
from pipeline.render.symbols import field, render_symbols
from pipeline.render.words import one_line
from tests.support import records
from tests.support.markup_payloads import PAYLOADS
from tests.support.records import LOST
from tests.support.sample_runs import booted, everything, flooded

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))
ALLOWED = {
    "h2",
    "h3",
    "p",
    "ul",
    "li",
    "code",
    "pre",
    "details",
    "summary",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
FACES = [name for name in FORMATS if name not in ("text", "html")]
"""Those two have tests of their own."""


def run_with_boots() -> RunRecord:
    boots = (booted(0, "pass", "fail"), booted(3, "fail", "fail"))
    return records.run(cells=(records.cell("small", boots=boots),))


def buffered() -> RunRecord:
    return records.run(cells=(records.buffered(),))


def unkept() -> RunRecord:
    """A run of a series that breaks a promise of the matrix."""
    return records.run(cells=(records.cell(lost=(LOST,)),))


def troubled() -> RunRecord:
    """A run with every kind of trouble, boots that get worse among them."""
    record = everything()
    return record.model_copy(update={"cells": (*record.cells, *run_with_boots().cells, *recoded().cells)})


def html(markdown: str) -> str:
    """As GitHub makes it of a summary, before it takes out what is not on its list."""
    return str(cmarkgfm.github_flavored_markdown_to_html(markdown, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE))


def tags(markdown: str) -> Counter[str]:
    return Counter(re.findall(r"<(\w+)", html(markdown)))


def rows(text: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text, newline=""))]


# Cases


def test_there_is_a_case_for_each_cell_state_and_check() -> None:
    outcomes = {(case.state, case.check): (case.outcome, case.known) for case in cases(run_with_boots())}
    assert len(outcomes) == 4 * 2 + 1 + 2 * 3
    assert outcomes["patch 2", "build"] == (Outcome.PASS, False)
    assert outcomes["base", "hvo: pool"] == (Outcome.FAIL, True)
    assert outcomes["patch 3", "hvo: pool"] == (Outcome.FAIL, True)
    assert outcomes["patch 3", "hvo: walk"] == (Outcome.FAIL, False)


def test_failures_of_cells_whose_base_fails_are_known() -> None:
    known_failures = [
        (case.label, case.patch) for case in cases(everything()) if case.outcome is Outcome.FAIL and case.known
    ]
    assert known_failures == [("i386-gcc", 0), ("i386-gcc", 1)]


# JUnit


def suites(record: RunRecord) -> etree._Element:
    root = etree.fromstring(render_junit(record).encode())
    SCHEMA.assertValid(root)
    return root


def child(element: etree._Element, tag: str) -> etree._Element:
    (only,) = element.findall(tag)
    return only


def content(element: etree._Element) -> str:
    assert element.text is not None
    return element.text


@pytest.mark.parametrize("record", [records.run(), everything(), run_with_boots(), records.run(cells=(), trees=())])
def test_junit_is_valid_and_counts_right(record: RunRecord) -> None:
    root = suites(record)
    assert sum(int(suite.attrib["tests"]) for suite in root) == len(root.findall(".//testcase"))
    assert sum(int(suite.attrib["failures"]) for suite in root) == len(root.findall(".//failure"))
    assert [suite.get("id") for suite in root] == [str(at) for at in range(len(root))]
    assert sum(int(suite.attrib["skipped"]) for suite in root) == len(root.findall(".//skipped"))


def test_junit_fails_what_is_the_series_own() -> None:
    failed = {
        case.get("name"): content(child(case, "failure"))
        for case in suites(run_with_boots()).iter("testcase")
        if len(case) and case.find("failure") is not None
    }
    assert [*failed] == ["patch 3: hvo", "patch 3: hvo: walk"]
    assert "log: logs/hvo-3.console" in failed["patch 3: hvo: walk"]
    (skipped,) = [case for case in suites(run_with_boots()).iter("testcase") if case.get("name") == "base: hvo: pool"]
    assert str(child(skipped, "skipped").get("message")).startswith("the base: ")


def test_junit_has_the_sizes() -> None:
    properties = {element.get("name"): element.get("value") for element in suites(buffered()).iter("property")}
    assert properties == {
        "size, bytes": "+2686",
        "size: text, bytes": "-1410",
        "size: rodata, bytes": "+0",
        "size: data, bytes": "+0",
        "size: bss, bytes": "+4096",
    }


def test_a_broken_promise_is_a_failure_of_junit() -> None:
    (failed,) = [case for case in suites(unkept()).iter("testcase") if case.find("failure") is not None]
    assert (failed.get("name"), child(failed, "failure").get("message")) == ("patch 3: promises", LOST.what)
    kept = records.run(cells=(records.cell(lost=()),))
    assert [case.get("name") for case in suites(kept).iter("testcase") if len(case)] == []
    assert "patch 3: promises" in {case.get("name") for case in suites(kept).iter("testcase")}


def test_junit_has_what_breaks_does_not_apply_and_is_refuted() -> None:
    failed = [
        (case.get("classname"), case.get("name"))
        for case in suites(everything()).iter("testcase")
        if case.find("failure") is not None
    ]
    assert ("apply", "debian:linux-source-6.1") in failed
    assert ("riscv64-gcc-flat", "patch 2: build") in failed
    assert ("arm64-gcc", "patch 2: warnings") in failed
    assert ("claims", "2: ~1K reduction of text in vmlinux") in failed
    assert not [name for suite, name in failed if suite == "i386-gcc"], "its base fails"


# KCIDB


def kcidb(record: RunRecord) -> dict[str, list[dict[str, object]]]:
    report: dict[str, list[dict[str, object]]] = json.loads(render_kcidb(record))
    schema.V5_3.validate(report)
    return report


def test_kcidb_has_a_broken_promise_and_each_size() -> None:
    by_path = {test["path"]: test for test in kcidb(unkept())["tests"]}
    assert (by_path["matrix.promises"]["status"], by_path["matrix.promises"]["log_excerpt"]) == ("FAIL", LOST.what)
    by_path = {test["path"]: test for test in kcidb(buffered())["tests"]}
    numbers = {path: test["number"]["value"] for path, test in by_path.items()}  # type: ignore[index]
    assert (numbers["size.text"], numbers["size.bss"], numbers["size.all"]) == (-1410, 4096, 2686)


def test_kcidb_has_checkouts_builds_boots_and_the_size() -> None:
    report = kcidb(run_with_boots())
    assert [checkout["misc"]["patches"] for checkout in report["checkouts"]] == [0, 1, 2, 3]  # type: ignore[index]
    assert {build["status"] for build in report["builds"]} == {"PASS"}
    (size,) = [test for test in report["tests"] if test["path"] == "size.all"]
    assert size["number"] == {"value": -1410, "unit": "B"}
    status = {(test["path"], test["id"].rpartition("/")[0][-7:-6]): test["status"] for test in report["tests"]}  # type: ignore[attr-defined]
    assert status["boot.hvo.pool", "0"] == "FAIL", "of the base's own checkout"
    assert report["checkouts"][0]["patchset_hash"] == ""
    assert report["checkouts"][3]["message_id"] == "20251205194351.1646318-1-kas@kernel.org"


def test_kcidb_ties_every_test_to_a_build_and_every_build_to_a_checkout() -> None:
    report = kcidb(everything())
    checkouts, builds = ({item["id"] for item in report[kind]} for kind in ("checkouts", "builds"))
    assert {build["checkout_id"] for build in report["builds"]} <= checkouts
    assert {test["build_id"] for test in report["tests"]} <= builds
    for kind in ("checkouts", "builds", "tests"):
        assert len({item["id"] for item in report[kind]}) == len(report[kind])
    assert [checkout["valid"] for checkout in report["checkouts"]].count(False) == 1


def recoded(**changes: object) -> RunRecord:
    """A run of a series whose second patch changes code, and the third none."""
    changed, unchanged = records.state(2, code=records.code("frob")), records.state(3, code=records.code())
    states = (records.state(0), records.state(1), changed, unchanged)
    return records.run(cells=(records.cell("small", states=states, code=records.code("frob", **changes)),))


def test_junit_says_which_code_differs() -> None:
    (suite,) = [suite for suite in suites(recoded()) if suite.get("name") == "small"]
    numbers = {measured.attrib["name"]: measured.get("value") for measured in suite.iter("property")}
    assert [(name, value) for name, value in numbers.items() if "code" in name] == [
        ("patch 2, code: functions that differ", "1"),
        ("patch 2, code: data objects that differ", "0"),
        ("patch 3, code: functions that differ", "0"),
        ("patch 3, code: data objects that differ", "0"),
        ("code: functions that differ", "1"),
        ("code: data objects that differ", "0"),
    ]
    told = content(child(suite, "system-out")).split("\n")
    assert told[1] == "patch 3, code: no code changed: 900 functions and 400 data objects compared"
    assert told[2] == "code: code changed in 1 function of 1 file; sizes alone show none of the functions; frob()"
    (suite,) = [suite for suite in suites(recoded(more_than=100_000)) if suite.get("name") == "small"]
    numbers = {measured.attrib["name"]: measured.get("value") for measured in suite.iter("property")}
    assert numbers["code: functions and data objects that differ"] == "more than 100000"


def test_kcidb_says_which_code_differs() -> None:
    by_build = {(test["build_id"][-7:], test["path"]): test for test in kcidb(recoded())["tests"]}  # type: ignore[index]
    code = {key: test for key, test in by_build.items() if str(test["path"]).startswith("code.")}
    assert {key: test["number"] for key, test in code.items()} == {
        (f"{patch}/small", f"code.{of}.{kind.replace(' ', '_')}"): {"value": number, "unit": kind}
        for patch, of, counted in ((2, "patch", (1, 0)), (3, "patch", (0, 0)), (3, "series", (1, 0)))
        for kind, number in zip(("functions", "data objects"), counted, strict=True)
    }
    assert str(code["3/small", "code.series.functions"]["log_excerpt"]).endswith("of the functions\nfrob()")
    (many,) = [
        test for test in kcidb(recoded(more_than=100_000))["tests"] if str(test["path"]).startswith("code.series")
    ]
    assert ("number" in many, many["path"], many["status"]) == (False, "code.series.all", "DONE")


# CSV


def test_csv_has_every_change_of_code_that_the_record_names() -> None:
    lines = rows(FORMATS["code"].render(Source(recoded())))
    assert lines[0] == ["tree", "cell", "of", "patch", "kind", "name", "path", "old", "new", "instructions"]
    tree = "debian:linux-source-6.12"
    assert lines[1:] == [
        [tree, "small", of, patch, "function", "frob", "mm/util.c", "64", "64", "2"]
        for of, patch in (("patch", "2"), ("series", "3"))
    ]


def test_csv_has_every_symbol_of_every_cell() -> None:
    lines = rows(render_symbols(records.run(cells=(records.cell("a"), records.cell("b")))))
    assert lines[0] == ["tree", "cell", "symbol", "path", "old", "new", "delta"]
    assert len(lines) == 1 + 2 * 19
    assert lines[1] == ["debian:linux-source-6.12", "a", "prep_compound_page", "", "250", "370", "120"]
    assert lines[19][4:] == ["900", "", "-900"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", " =1", "\t=1"])
def test_a_formula_is_text_in_csv(text: str) -> None:
    assert field(text).startswith("'")
    assert field(f"a{text}") == one_line(f"a{text}")


# Markdown


def test_markdown_opens_with_the_verdict_and_has_its_tables() -> None:
    text = render_markdown(everything())
    assert text.startswith("## ❌ PROBLEM\n\nThe series does not apply everywhere, breaks the build")
    counted = tags(text)
    assert counted["table"] == 3 + sum(cell.text is not None for cell in everything().cells)
    assert not {"a", "img", "script"} & counted.keys()
    assert "mm/hugetlb.c:1234: too few arguments" in text


def test_markdown_counts_the_failures_that_are_the_series_own() -> None:
    row = next(line for line in render_markdown(run_with_boots()).split("\n") if line.startswith("| `small`"))
    assert row.endswith("| 2 of 14 |"), "the boot, for its walk; the base fails in its pool as well"


def many_symbols(cells: int, symbols: int) -> RunRecord:
    symbol_records = tuple(SymbolRecord(name=f"{'symbol' * 8}_{at}", old=at, new=0, delta=-at) for at in range(symbols))
    text = records.text(symbols=symbol_records)
    return records.run(cells=tuple(records.cell(f"cell-{at}", text=text) for at in range(cells)))


def test_markdown_stays_below_its_budget_and_drops_symbols_first() -> None:
    record = many_symbols(100, 300)
    whole, short = render_markdown(record, 10 * BUDGET), render_markdown(record)
    assert len(short.encode()) < BUDGET
    assert whole.count("symbol" * 8) == 100 * 200
    assert 0 < short.count("symbol" * 8) < whole.count("symbol" * 8)
    assert short.partition("### Size")[0] == whole.partition("### Size")[0], "cells are all there"
    tiny = render_markdown(record, 20_000)
    assert len(tiny.encode()) <= 20_000
    assert "symbolsymbol" not in tiny
    assert "`cell-99`" in tiny


@pytest.mark.parametrize("budget", [300, 1000, 3000])
def test_markdown_stays_below_any_budget(budget: int) -> None:
    text = render_markdown(flooded(many_symbols(30, 30), "é" * 5000), budget)
    assert len(text.encode()) <= budget
    assert text.startswith("## ")


@pytest.mark.parametrize(
    ("text", "span"),
    [("a", "`a`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```"), ("a|b", "`a|b`"), ("", "`-`"), (" ", "`-`")],
)
def test_a_code_span_outlasts_the_backticks_in_it(text: str, span: str) -> None:
    assert code(text) == span


@pytest.mark.parametrize("payload", [*PAYLOADS, "a|b", "a\\|b", "\\", "`|`", "|"])
def test_a_word_stays_in_its_cell(payload: str) -> None:
    page = html("\n".join(table([("x", "y"), (payload, "end")])))
    assert Counter(re.findall(r"<(\w+)", page)) == Counter(table=1, thead=1, tr=2, th=2, tbody=1, td=2, code=2)
    assert "<td><code>end</code></td>" in page


# Words of strangers


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("face", FACES)
def test_hostile_words_do_nothing(face: str, payload: str) -> None:
    text = FORMATS[face].render(Source(flooded(troubled(), payload)))
    assert not re.search(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff\u2028\u2029]", text
    )
    assert not re.search(r"^\s*::|##\[|##vso\[", text, re.MULTILINE), "a command of a CI runner"
    if face == "markdown":
        benign = tags(render_markdown(flooded(troubled(), "benign")))
        assert tags(text) == benign or (not payload and tags(text) <= benign)
        assert benign.keys() <= ALLOWED
        assert "href" not in html(text)
    elif face == "junit":
        SCHEMA.assertValid(etree.fromstring(text.encode()))
    elif face == "kcidb":
        schema.V5_3.validate(json.loads(text))
    else:
        header, *others = rows(text)
        for row in others:
            assert len(row) == len(header)
            assert not [
                value
                for value in row
                if not re.fullmatch(r"-?\d+", value) and value.lstrip().startswith(("=", "+", "-", "@"))
            ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("::set-output name=x::y", ": :set-output name=x::y"),
        ("a ##[group]", "a ## [group]"),
        ("x" * 2000, "x" * 999 + "…"),
        ("a::b", "a::b"),
        ("\uffff", "?"),
    ],
)
def test_a_line_is_cut_and_has_no_command_of_a_runner(text: str, words: str) -> None:
    assert one_line(text) == words


def test_notes_of_a_merged_run_stand_at_the_end_of_the_summary() -> None:
    text = render_markdown(records.run(notes=("Put together from 2 runs.", "No ![picture](x) here")))
    assert text.endswith("\n\nNote: `Put together from 2 runs.`\n\nNote: `No ![picture](x) here`\n")
