"""What a reply takes up, and under which lines: claims, review comments, patches."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from pipeline.record import BootRecord, CheckRecord, LetterRecord, RunRecord
from pipeline.reply import Style, draft, suggestion, suggestion_for, targets
from pipeline.reply.points import answers, of_patch
from pipeline.reply.quoting import Span, find, own_lines, quoted
from pipeline.review.record import PointRecord, ReviewRecord
from pipeline.system.errors import UsageError
from tests.support import records

ME = "Maintainer <me@example.org>"
DATE = datetime(2025, 12, 8, 9, 30, tzinfo=UTC)
FRANK = "Frank van der Linden <fvdl@google.com>"
COMMENT = "remark@google.com"


def mail(message_id: str, **changes: Any) -> LetterRecord:
    """A mail of the thread beside the cover letter."""
    cover = records.letter().message_id
    values: dict[str, Any] = {
        "message_id": message_id,
        "subject": "Re: [PATCH 0/3] mm/hugetlb: Eliminate fake head pages",
        "sender": FRANK,
        "to": ("Kiryl Shutsemau <kas@kernel.org>",),
        "cc": ("linux-mm@kvack.org", "Me <ME@example.org>"),
        "references": (cover,),
        "date": "Tue, 9 Dec 2025 10:20:14 -0800",
        "body": "On Fri, Kiryl wrote:\n> Hello.\n\nIs this faster?\nI wonder.\n\nFrank\n",
    }
    return records.letter(**(values | changes))


def point(**changes: Any) -> PointRecord:
    values: dict[str, Any] = {
        "number": 1,
        "message_id": COMMENT,
        "link": "",
        "author": FRANK,
        "date": "Tue, 9 Dec 2025 10:20:14 -0800",
        "patch": None,
        "revision": 1,
        "quoted": ("+\tprep_compound_page(page);",),
        "text": ("What does this do to prep_compound_page()?",),
        "state": "unanswered",
        "symbols": ("prep_compound_page",),
    }
    return PointRecord(**(values | changes))


def reviewed(*points: PointRecord, **changes: Any) -> RunRecord:
    """A run whose thread has a comment, and patch 2."""
    patch = mail("2@x", sender="Kiryl <kas@kernel.org>", subject="[PATCH 2/3] mm: Rename", body="It is 5% faster.\n")
    series = records.series(messages=(patch, mail(COMMENT), mail("other@x")))
    review = ReviewRecord(version=1, messages=2, points=points)
    return records.run(**{"series": series, "review": review, "claims": (), **changes})


def reply(run: RunRecord, to: str = "", **options: Any) -> EmailMessage:
    return draft(run, identity=ME, date=DATE, own_id="reply@example.org", to=to, **options)


def test_a_reply_to_a_comment_goes_to_its_author() -> None:
    message = reply(reviewed(point()), f"<{COMMENT}>")
    assert message["To"] == FRANK
    assert message["Cc"] == "Kiryl Shutsemau <kas@kernel.org>, linux-mm@kvack.org"
    assert message["In-Reply-To"] == f"<{COMMENT}>"
    assert message["References"] == f"<{records.letter().message_id}> <{COMMENT}>"
    assert message["Subject"] == "Re: [PATCH 0/3] mm/hugetlb: Eliminate fake head pages"


def test_a_reply_to_a_mail_of_ones_own_goes_where_that_went() -> None:
    series = records.series(messages=(mail("mine@x", sender=ME),))
    message = reply(records.run(series=series), "mine@x")
    assert message["To"] == "Kiryl Shutsemau <kas@kernel.org>"
    assert message["Cc"] == "linux-mm@kvack.org"


def test_people_who_are_quoted_below_a_comment_get_a_copy() -> None:
    """Frank answers Tally, who is in no header of his mail."""
    tally = mail("tally@x", sender="Tally Page <tally@x.org>")
    answer = mail(COMMENT, references=(records.letter().message_id, "tally@x"))
    message = reply(reviewed(series=records.series(messages=(tally, answer))), COMMENT)
    assert "Tally Page <tally@x.org>" in message["Cc"]


def test_a_comment_is_answered_under_its_lines_and_the_code_that_it_is_about() -> None:
    text = reply(reviewed(point()), COMMENT).get_content()
    assert text == (
        "On Tue, 9 Dec 2025 10:20:14 -0800, Frank van der Linden wrote:\n"
        "> > + prep_compound_page(page);\n"
        "> What does this do to prep_compound_page()?\n"
        "\n"
        "  prep_compound_page(): 250 → 370 bytes on x86_64\n"
    )


def test_tabs_of_what_is_quoted_stay() -> None:
    body = "On Fri, Kiryl wrote:\n> +\tprep_compound_page(page);\n\nWhat does this do to prep_compound_page()?\n"
    series = records.series(messages=(mail(COMMENT, body=body),))
    text = reply(reviewed(point(), series=series), COMMENT).get_content()
    assert "\n> > +\tprep_compound_page(page);\n> What does this do" in text


def test_a_comment_on_a_patch_is_answered_by_what_was_asked() -> None:
    text = reply(reviewed(point(patch=2)), COMMENT).get_content()
    assert text.endswith("\n\n  prep_compound_page(): 250 → 370 bytes on x86_64, with all 3 patches\n")
    assert "it builds" not in text


def test_what_a_compiler_says_is_no_answer_to_a_comment() -> None:
    """It is told in the mail of the patch, once, and not for each state that shows it."""
    error = records.diagnostic(message="'struct x' has no member named 'read_new'")
    states = (*records.states("built"), *(records.state(at, "failed", errors=(error,)) for at in (1, 2, 3)))
    run = reviewed(point(symbols=("read_new",)), cells=(records.broken("x", states=states),))
    assert COMMENT not in [target.message_id for target in targets(run)]
    assert reply(run, COMMENT).get_content().count("no member named 'read_new'") == 1


def test_only_comments_that_the_run_can_answer_are_answered() -> None:
    other = point(number=2, symbols=("folio_lock",), text=("And folio_lock()?",))
    text = reply(reviewed(point(), other), COMMENT).get_content()
    assert "folio_lock" not in text
    assert "prep_compound_page(): 250" in text


def test_a_number_that_is_right_is_not_said_again() -> None:
    words = "text shrinks: add/remove: 1/2 grow/shrink: 3/14 up/down: 120/-1530 (-1410)"
    claim = records.claim(text=words, claimed=-1410)
    cover = records.letter(body=f"We see that {words}\n")
    text = reply(records.run(claims=(claim,), series=records.series(cover=cover))).get_content()
    assert text.endswith(f"> We see that {words}\n\nI see the same on x86_64.\n")


def test_a_comment_of_which_nothing_is_known_is_answered_only_when_asked() -> None:
    run = reviewed(point(symbols=("folio_lock",)), point(number=2, message_id="other@x", symbols=()))
    assert [target.message_id for target in targets(run)] == [records.letter().message_id]
    assert "What I built says nothing of folio_lock().\n" in reply(run, COMMENT).get_content()
    assert "What I built says nothing of that.\n" in reply(run, "other@x").get_content()


def test_a_comment_on_what_was_measured_deserves_a_reply_of_its_own() -> None:
    run = reviewed(point(), point(number=2, message_id="other@x", symbols=("folio_lock",)))
    assert [(target.message_id, target.why) for target in targets(run)] == [
        (records.letter().message_id, "it builds"),
        (COMMENT, "a comment that builds answer"),
    ]
    # Who is quoted is among those who get it, so that nobody is quoted to the cover letter's sender.
    assert "wrote:" not in reply(run).get_content()
    answered = point(state="answered")
    assert [target.message_id for target in targets(reviewed(answered))] == [records.letter().message_id]


def test_a_mail_without_a_comment_is_quoted_by_its_first_own_lines() -> None:
    text = reply(reviewed(), COMMENT).get_content()
    assert text.endswith("wrote:\n> Is this faster?\n> I wonder.\n")


def test_a_reply_to_a_patch_says_how_it_does_first() -> None:
    claim = records.claim(
        "not checked", None, claimed=None, kind="benchmark", text="It is 5% faster.", finding="not run"
    )
    text = reply(reviewed(claims=(claim, records.claim())), "2@x").get_content()
    # That nobody measured is no news, and the cover letter's claims are not this mail's.
    assert text == "With patches 1-2, it builds on x86_64 (gcc 12.2).\n"
    doubted = claim.model_copy(update={"verdict": "refuted", "finding": "it is slower"})
    text = reply(reviewed(claims=(doubted,)), "2@x").get_content()
    assert "> It is 5% faster.\n\nI see something else: it is slower.\n" in text


@pytest.mark.parametrize("to", ["nobody@x", "<>", "x y"])
def test_a_mail_that_the_run_does_not_know_is_an_error(to: str) -> None:
    with pytest.raises(UsageError, match="knows no mail"):
        reply(reviewed(), to)


def test_a_run_that_kept_no_mails_says_so() -> None:
    with pytest.raises(UsageError) as caught:
        reply(records.run(series=records.series(replies=3)), COMMENT)
    assert "older version" in caught.value.hint


def test_full_has_the_figures_of_every_cell() -> None:
    cells = (records.cell("one"), records.cell("two"), records.unreachable())
    run = records.run(cells=cells)
    assert reply(run, style=Style.FULL).get_content().count(records.SUMMARY) == 2
    assert "unreachable: " not in reply(run).get_content()
    assert len(reply(run).get_content()) < len(reply(run, style=Style.FULL).get_content())


def test_the_report_is_linked_where_it_is() -> None:
    text = reply(records.run(), report_url="https://ci.example.org/%s/report.html").get_content()
    assert "\nFull report:\n\n  https://ci.example.org/2025-12-08T09-12-44-hvo/report.html\n" in text
    assert "Full report" not in reply(records.run()).get_content()


@pytest.mark.parametrize(
    "url", ["ftp://x/%s", "https://x/\n%s", "https://x/ %s", "https://ü/%s", "x", "https://" + "x" * 999]
)
def test_what_is_no_url_is_an_error(url: str) -> None:
    with pytest.raises(UsageError, match="no URL"):
        reply(records.run(), report_url=url)


def test_claims_of_the_same_lines_are_answered_together() -> None:
    claims = (records.claim("refuted", -5, text="reduction of text"), records.claim(text="I see ~1K"))
    text = reply(records.run(claims=claims)).get_content()
    # Nothing is confirmed where something is wrong.
    assert "> I see ~1K reduction of\n> text in vmlinux.\n\nI see -5 bytes on x86_64, not -1000.\n" in text
    assert "-1410" not in text
    both = (records.claim(text="reduction of text"), records.claim(text="I see ~1K"))
    assert reply(records.run(claims=both)).get_content().count("> I see") == 1


def test_lines_are_found_however_they_are_broken() -> None:
    body = "One.\nTwo three\n   four five.\nSix.\n"
    assert find(body, "three four") == Span(1, 2)
    assert find(body, "Six.") == Span(3, 3)
    assert find(body, "five six") is None
    assert find(body, "") is None


def test_quoted_lines_are_never_wrapped() -> None:
    bloat = "  x86_64-defconfig  add/remove: 13/29 grow/shrink: 31/277 up/down: 7461/-25556 (-18095)"
    assert quoted([bloat]) == [f"> {bloat}"]
    assert quoted(["word " * 40]) == ["> " + ("word " * 40).rstrip()]
    assert len(quoted(["x" * 5000])[0].encode()) < 998
    assert quoted(["", "a "]) == [">", "> a"]


def test_own_lines_leave_out_what_others_said() -> None:
    assert own_lines("On Monday, A wrote:\n> one\n\nMine.\nToo.\n\nLater.\n") == ["Mine.", "Too."]
    assert own_lines("> all\n> quoted\n") == []


def test_what_compilers_and_kernels_say_of_a_symbol_is_an_answer() -> None:
    states = (records.state(0), records.state(3, new_warnings=(records.diagnostic(message="unused 'folio_lock'"),)))
    check = CheckRecord(name="walk", status="fail", details=("folio_lock+0x7 hangs",))
    boot = BootRecord(patch=3, scenario="hvo", status="fail", checks=(check,), splats=("BUG in folio_lock_irq",))
    run = records.run(cells=(records.cell("one", states=states, boots=(boot,)),))
    assert answers(run, point(symbols=("folio_lock()",))) == [
        "x86_64: new warning mm/hugetlb.c:1234: unused 'folio_lock'",
        "x86_64: booted, with patches 1-3: walk: folio_lock+0x7 hangs",
    ]
    assert answers(run, point(symbols=("lock", "x.*", "", "()"))) == []


def test_a_flood_of_answers_is_cut() -> None:
    cells = tuple(records.cell(f"cell-{at}") for at in range(9))
    assert answers(records.run(cells=cells), point())[6:] == ["… and 3 more of prep_compound_page()"]


def test_a_patch_that_was_not_built_alone_is_not_said_to_build() -> None:
    run = records.run(cells=(records.cell(states=(records.state(0), records.state(3))),))
    assert of_patch(run, 1) == ["I did not build patch 1 without those that follow it."]
    broken = records.run(cells=(records.broken("odd", "built", "failed", arch="riscv"), records.cell()))
    assert of_patch(broken, 1) == [
        "Patch 1 builds on x86_64 (gcc 12.2).",
        "Patch 1 fails to build on riscv (gcc 12.2).",
    ]


def boots(*words: str) -> tuple[BootRecord, ...]:
    return tuple(BootRecord(patch=3, scenario=f"s{at}", status=word) for at, word in enumerate(words))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"cells": (records.cell(boots=boots("pass", "pass")),)}, True),
        ({"cells": (records.cell(boots=boots("pass", "flaky")),)}, False),
        ({"cells": (records.cell(boots=boots("not run")),)}, False),
        ({"cells": (records.cell(), records.broken("odd", "built", "failed"))}, False),
        ({"cells": (records.cell(), records.unreachable())}, False),
        ({"cells": (records.cell(), records.unreachable().model_copy(update={"expected_unreachable": True}))}, True),
        ({"cells": (records.cell(states=records.states("built", "built")),)}, False),
        ({"cells": ()}, False),
        ({"claims": (records.claim("not confirmed", -5),)}, False),
        ({"claims": (records.claim("not measured", None),)}, True),
        ({"trees": (records.tree(), records.tree(applied="failed"))}, False),
        ({"cells": (records.measured(coverage=records.measured().coverage[1:]),)}, False),  # type: ignore[index]
    ],
)
def test_a_trailer_is_suggested_only_when_everything_passed(changes: dict[str, Any], good: bool) -> None:
    run = records.run(**changes)
    assert suggestion.passed(run) is good
    ran = any(boot.status == "pass" for cell in run.cells for boot in cell.boots)
    assert bool(suggestion_for(run, ME)) is (good and ran)
    assert "Tested-by" not in reply(run).get_content()


def test_a_suggestion_says_what_was_done() -> None:
    run = records.run(cells=(records.cell(boots=boots("pass", "pass")),))
    assert suggestion_for(run, ME) == (
        "Everything passed, 2 boots of the patched kernel. If you agree, this is yours to give: Tested-by: " + ME
    )
    base = records.run(cells=(records.cell(boots=(BootRecord(patch=0, scenario="s", status="pass"),)),))
    assert suggestion_for(base, ME) == "", "the base ran, and not the series"
