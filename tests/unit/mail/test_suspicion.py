"""What in a patch is refused, and what is pointed at."""

from __future__ import annotations

import pytest

from pipeline.mail.diff import file_diffs
from pipeline.mail.suspicion import forbidden, suspicions
from pipeline.record import SuspicionRecord
from pipeline.render.text_report import render_text, verdict
from tests.support import records
from tests.support.hostile_mail import new_file
from tests.support.mails import DIFF


def reason(text: str) -> str:
    return " ".join(filter(None, map(forbidden, file_diffs(text))))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x", "leads out"),
        ("mm/../../x", "leads out"),
        ("mm/./x", "leads out"),
        ("mm//x", "leads out"),
        ("/etc/x", "no path"),
        (".git/x", "git's own"),
        ("mm/.Git/x", "git's own"),
        ("mm/.g\u200cit/x", "git's own"),
        ("mm/git~1/x", "git's own"),
        ("mm/.git. /x", "git's own"),
        ("mm/\x1bx", "control character"),
    ],
)
def test_names_that_no_patch_may_have(name: str, words: str) -> None:
    assert words in reason(new_file(name, "x"))


@pytest.mark.parametrize("name", ["mm/x.c", ".gitignore", "mm/..x", "mm/x..", ".github/x", "mm/a b/c", "Größe"])
def test_names_that_are_fine(name: str) -> None:
    assert reason(new_file(name, "x")) == ""


@pytest.mark.parametrize("header", ["rename from", "rename to", "copy to"])
def test_renames_are_looked_at_too(header: str) -> None:
    assert "leads out" in reason(f"diff --git a/x b/x\nsimilarity index 100%\n{header} ../x\n")


LINK = new_file("mm/x", "/etc", "120000")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LINK.replace("mode 120000", "mode  120000"), "a header that git does not write: 'new file mode  120000'"),
        (LINK.replace("mode 120000", "mode 0120000"), "git does not write"),
        # git-apply(1) keeps 32 bits of a number.
        (LINK.replace("mode 120000", "mode 1000000120000"), "git does not write"),
        (LINK.replace("mode 120000", "mode -37777657777600"), "git does not write"),
        (LINK.replace("mode 120000", "mode 120000 "), "leads out"),
        (LINK.replace("mode 120000", "mode 120000\r"), "leads out"),
        (LINK.replace("a/mm", "i/mm").replace("b/mm", "w/mm"), "leads out"),
        (LINK.replace("diff --git a/mm/x b/mm/x", "diff --git mm/x mm/x"), "leads out"),
        (LINK.replace("120000", "160000").replace("a/mm", "i/mm").replace("b/mm", "w/mm"), "a submodule"),
        ('diff --git a/x b/x\nsimilarity index 100%\ncopy from "mm/x"\ncopy to x\n', ""),
        ('diff --git a/x b/x\nsimilarity index 100%\ncopy from "mm/x" \ncopy to x\n', "git does not write"),
        ("diff --git a/x b/x\nsimilarity index 100%\nrename old mm//x\nrename new x\n", "git does not write"),
        ("diff --git i/x w/x\nsimilarity index 100%\ncopy from mm//x\ncopy to x\n", "leads out"),
    ],
)
def test_headers_that_git_reads_and_does_not_write(text: str, words: str) -> None:
    """Seen red: each made a link out of the tree or a submodule, or copied what was not counted."""
    assert words in reason(text) if words else reason(text) == ""


def test_text_behind_a_diff_is_no_header() -> None:
    assert reason(DIFF + "\nnew file mode for all\nindex of words 1\ncopy from  me\n") == ""


def test_a_diff_that_git_did_not_write_is_looked_at_too() -> None:
    assert "leads out" in reason("--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n")


@pytest.mark.parametrize("target", ["x", "a/b", "../x", "../../arch/x", "..x/y", "a..b"])
def test_a_link_that_stays_inside_is_not_suspicious(target: str) -> None:
    assert reason(new_file("mm/sub/x", target, "120000")) == ""


@pytest.mark.parametrize("target", ["/x", "../../../x", "a/../x", "..", "../..", "a/..", "./x", "", "a//b", "x\ny"])
def test_a_link_that_might_lead_out_is_suspicious(target: str) -> None:
    assert "leads out" in reason(new_file("mm/sub/x", target, "120000"))


@pytest.mark.parametrize("target", ["a\u202eb", "a\nb", "a\x9b2Jb"])
def test_where_a_link_leads_is_shown_without_what_deceives(target: str) -> None:
    (file,) = file_diffs(new_file("mm/link", target, "120000"))
    link = next(suspicions(1, file)).what
    assert link.startswith("a symbolic link to 'a")
    assert link.isprintable()


def test_a_link_that_is_taken_away_is_not_suspicious() -> None:
    text = new_file("x", "/etc", "120000").replace("new file", "deleted file").replace("+/etc", "-/etc")
    assert reason(text.replace("@@ -0,0 +1,1 @@", "@@ -1,1 +0,0 @@")) == ""


def suspicions_of(line: str) -> list[tuple[int, bool, str]]:
    (file,) = file_diffs(DIFF.replace("+new", f"+{line}"))
    return [(suspicion.line, suspicion.deceptive, suspicion.what) for suspicion in suspicions(3, file)]


@pytest.mark.parametrize(
    "line",
    [
        "plain",
        "\ttab",
        "J\u00f6rg M\u00fcller",
        "5 \u00b5s",
        "\u0394t",
        "\u0441\u043e\u0431\u0430\u043a\u0430",
        "漢字",
        "caf\u00e9_x",
        "x\r",
    ],
)
def test_a_line_that_is_what_it_seems_is_not_suspicious(line: str) -> None:
    assert suspicions_of(line) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("a\u202eb", "not shown: U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("a\u2066b\u2069", "not shown: U+2066 LEFT-TO-RIGHT ISOLATE, U+2069 POP DIRECTIONAL ISOLATE"),
        ("a\x08b", "not shown: U+0008 control character"),
        ("a\rb", "not shown: U+000D control character"),
        ("\ufeffa", "not shown: U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("s\u0441ope", '"s\u0441ope" is not what it looks like: U+0441 CYRILLIC SMALL LETTER ES'),
    ],
)
def test_a_line_that_deceives_is_said_with_what_is_in_it(line: str, what: str) -> None:
    assert suspicions_of(line) == [(1, True, what)]


def test_only_what_a_patch_adds_is_looked_at() -> None:
    (file,) = file_diffs(DIFF.replace("-old", "-\u202e").replace(" kept", " \u202e"))
    assert list(suspicions(1, file)) == []


def test_what_deceives_in_a_prerequisite_is_a_remark_and_no_problem_of_the_series() -> None:
    said = SuspicionRecord(patch=2, path="mm/a.c", line=3, what="not shown: U+202E", deceptive=True)
    own, needed = (
        records.run(series=records.series(suspicions=(suspicion,)))
        for suspicion in (said, said.model_copy(update={"prerequisite": "mm: first"}))
    )
    assert verdict(own).problems == ("Patch 2 deceives the eye at mm/a.c:3: not shown: U+202E",)
    assert verdict(needed).problems == ()
    words = "Prerequisite 'mm: first', patch 2, mm/a.c: not shown: U+202E."
    assert words in " ".join(render_text(needed).split())
