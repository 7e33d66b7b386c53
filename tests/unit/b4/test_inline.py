"""Findings as b4's review reads them: its own reader takes the files apart again."""

from __future__ import annotations

from b4.review import _review

from pipeline.b4.inline import IDENTITY, files
from pipeline.record import CheckFindingRecord, PatchCheckRecord, RunRecord
from tests.support import records

DIFF = (
    "diff --git a/mm/util.c b/mm/util.c\n--- a/mm/util.c\n+++ b/mm/util.c\n@@ -10,3 +10,4 @@ static int a(void)\n"
    " \tint x;\n-\tx = 1;\n+\tx = 2;\n+\tx = 3;\n \treturn x;\n"
)


def run(*findings: CheckFindingRecord) -> RunRecord:
    series = records.series()
    first = series.patches[0].model_copy(update={"diff": DIFF})
    check = PatchCheckRecord(
        tree="v6.12", patch=first.number, check="checkpatch", status="checked", findings=findings, seconds=1.0
    )
    return records.run(series=series.model_copy(update={"patches": (first, *series.patches[1:])}), checks=(check,))


def finding(message: str, line: int, path: str = "mm/util.c") -> CheckFindingRecord:
    return CheckFindingRecord(severity="warning", message=message, path=path, line=line, tool="checkpatch", kind="SAID")


def test_b4_shows_a_finding_at_its_line_and_what_has_none_above() -> None:
    contents = files(run(finding("say it better", 12), finding("the subject is long", 0, "")))
    assert (contents["identity.txt"], set(contents)) == (IDENTITY, {"identity.txt", "0001.txt"})
    note, _, quoted = contents["0001.txt"].partition("\n> diff --git ")
    assert "the subject is long" in note
    (comment,) = _review._extract_comments_from_quoted_reply(f"> diff --git {quoted}")
    assert comment["content"] == "+\tx = 3;"
    assert "say it better" in comment["text"]


def test_a_comment_can_go_into_a_mail_as_it_is() -> None:
    """No name of a cell, no path that the quoted diff has, no tool's name for its kind of finding."""
    errors = (
        records.diagnostic("mm/util.c", 12, "too few arguments"),
        records.diagnostic("mm/other.c", 3, "no such x"),
    )
    states = (records.state(0), records.state(1, "failed", errors=errors))
    base = run(finding("say it better", 12))
    cells = (records.broken("x86_64-one", states=states), records.broken("x86_64-two", states=states))
    text = files(base.model_copy(update={"cells": cells}))["0001.txt"]
    note, _, quoted = text.partition("\n> diff --git ")
    assert "Error on x86_64 in 2 configurations (gcc 12.2): mm/other.c:3: no such x" in " ".join(note.split())
    comments = _review._extract_comments_from_quoted_reply(f"> diff --git {quoted}")
    assert " ".join(comments[0]["text"].split()) == (
        "checkpatch: say it better Error on x86_64 in 2 configurations (gcc 12.2): too few arguments"
    )


def test_what_a_finding_quotes_is_no_quotation_to_b4() -> None:
    text = files(run(finding("> diff --git a/x b/x", 12)))["0001.txt"]
    (comment,) = _review._extract_comments_from_quoted_reply(text)
    assert comment["line"] == 12


def test_where_nothing_was_found_there_is_no_folder() -> None:
    assert files(run()) == {}
