"""Trailers out of replies: what persons give is collected and shown, and all else is named with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given as hypothetically
from hypothesis import strategies as st

from pipeline.fetch.assembly import patch_of
from pipeline.fetch.trailers import answers, collected, doubtful, given, uncollected
from pipeline.mail.message import Mail, parse
from pipeline.mail.thread import postings
from tests.support.clock import at_most
from tests.support.mails import DIFF, raw

MESSAGE = 'Text.\n\nFixes: 0123456789ab ("mm:\nbreak")\nSigned-off-by: A U Thor<author@example.org>\n'
PATCH = parse(raw("[PATCH] mm: x", MESSAGE + DIFF, "patch"))
TALLY = "Tally Page <tally@example.org>"


def made_by_b4(*lines: str) -> Mail:
    """The patch as b4 writes it: blanks and wrapping its own way, `lines` added."""
    own = 'Text.\n\nFixes: 0123456789ab ("mm: break")\nSigned-off-by: A U Thor <author@example.org>\n'
    return parse(raw("[PATCH] mm: x", own + "".join(f"{line}\n" for line in lines) + DIFF, "patch"))


def reply(body: str, parent: str = "patch@example.org") -> Mail:
    return parse(raw("Re: [PATCH] mm: x", body, "reply", in_reply_to=f"<{parent}>"))


CARRIED = [
    f"Reviewed-by: {TALLY}",
    f"Reviewed-By: {TALLY}",
    f"reviewed-by: {TALLY}",
    f"Tested-by: {TALLY} # on i386",
    "Reviewed-by: Page, Tally <tally@example.org>",
    "Acked-by: tally@example.org",
    f"Reported-and-tested-by: {TALLY}",
]
NOT_CARRIED = [
    'Fixes: 0123456789ab ("mm: break it")',
    "fixes: abcdef012345",
    "Link: https://example.org/r/1",
    "Closes: https://example.org/bug/1",
    "BugLink: https://example.org/bug/1",
    "Obsoleted-by: 20240101-topic-0123456789ab",
    "page-table: mem@0.1000",
]


@pytest.mark.parametrize("line", CARRIED)
def test_what_persons_give_is_collected(line: str) -> None:
    assert collected(PATCH, made_by_b4(line)) == (line,)


@pytest.mark.parametrize("line", NOT_CARRIED)
def test_what_is_no_person_s_is_not_collected(line: str) -> None:
    assert collected(PATCH, made_by_b4(line)) == ()


def test_what_the_author_wrote_is_not_collected_again() -> None:
    assert collected(PATCH, made_by_b4()) == ()


def test_a_remark_below_a_trailer_goes_with_it() -> None:
    lines = (f"Acked-by: {TALLY}", "[for mm]", f"Tested-by: {TALLY}")
    assert collected(PATCH, made_by_b4(*lines)) == lines


GIVEN = [
    ("Fine.\n\nReviewed-By: Bob <b@example.org>\nreviewed-by: Bob <b@example.org>\n", 2),
    ("  Suggested-by: Hugh Page <hugh@example.org>\n", 1),
    ("Reviewed-by: Long Name\n<long@example.org>\n", 1),
    ("What does it fix?\n\nFixes: ?\n", 1),
    ("Fixes: 0123456789ab\nLink: https://example.org\n", 2),
    ("Cc: stable@example.org # 6.1\n", 1),
    ("From: A <a@x.org>\nSent: today\nTo: B <b@x.org>\nCc: C <c@x.org>\nSubject: x\n\nYes.\n", 0),
    ("> Reviewed-by: Ghost <ghost@example.org>\n| Reported-by: Robot <robot@example.org>\n", 0),
    ("-- \nAcked-by: Sig Nature <sig@example.org>\n", 0),
    ("stand-by: at noon\nNote: nothing\nPhone: 1\n", 0),
]


@pytest.mark.parametrize(("body", "count"), GIVEN)
def test_what_a_reply_gives(body: str, count: int) -> None:
    assert len(given(reply(f"Hello.\n{body}"))) == count


def left_out(answer: Mail, *added: str, mismatches: tuple[tuple[str, str], ...] = ()) -> dict[str, str]:
    """Reasons by trailer, where b4 added `added`."""
    mails = [PATCH, answer]
    (posting,) = postings(mails)
    patches = [patch_of(1, PATCH, collected(PATCH, made_by_b4(*added), answers(mails)))]
    uncollected_trailers = uncollected(posting, [], mails, patches, mismatches)
    return {uncollected_trailer.trailer: uncollected_trailer.reason for uncollected_trailer in uncollected_trailers}


@pytest.mark.parametrize("line", CARRIED)
def test_what_is_collected_is_not_said_to_be_left_out(line: str) -> None:
    assert left_out(reply(f"{line}\n"), line) == {}


SPELLINGS = [
    ("Reviewed-by: Ann Other<ann@example.org>", "Reviewed-by: Ann Other <ann@example.org>"),
    ('Reviewed-by: "Ann Other" <ann@example.org>', "Reviewed-by: Ann Other <ann@example.org>"),
    ("reviewed-by: Ann Other <ann@example.org>", "Reviewed-By: Ann Other <ann@example.org>"),
    ("Reviewed-by:  Ann  Other <ann@example.org>", "Reviewed-by: Ann Other <ann@example.org>"),
    ("Tested-by: Ann Other <ann@example.org> # with\n 64 MB", "Tested-by: Ann Other <ann@example.org> # with"),
    ("Acked-by: ann@example.org<mailto:ann@example.org>", "Acked-by: ann@example.org"),
    ("Reviewed-by: Ann Other\n<ann@example.org>", "Reviewed-by: Ann Other <ann@example.org>"),
    ("Reviewed-by: Ann Other\n <ann@example.org>", "Reviewed-by: Ann Other <ann@example.org>"),
    ("Reviewed-by: Ann\n  Other <ann@example.org>", "Reviewed-by: Ann Other <ann@example.org>"),
    ("Reviewed-by: Ann Other <ann@example.org", "Reviewed-by: Ann Other <ann@example.org>"),
    ("Tested-by: Ann Other <ann@example.org> [on i386]", "Tested-by: Ann Other <ann@example.org>"),
    ("Acked-by: Ann Other <ann@example.org> (for mm)", "Acked-by: Ann Other <ann@example.org>"),
]


@pytest.mark.parametrize(("said", "written"), SPELLINGS)
def test_however_b4_spells_a_trailer_it_is_the_same(said: str, written: str) -> None:
    assert left_out(reply(f"{said}\n"), written) == {}


REMARKS = [
    ("Acked-by: Tally Page <tally@example.org> (for mm)", "Acked-by: Tally Page <tally@example.org> (for mm)"),
    ("Tested-by: Tally Page<tally@example.org> [i386]", "Tested-by: Tally Page <tally@example.org> [i386]"),
    ("Tested-by: Tally Page <tally@example.org>.", "Tested-by: Tally Page <tally@example.org>"),
    ("Tested-by: Tally Page <tally@example.org> # i386", "Tested-by: Tally Page <tally@example.org> # i386"),
]


@pytest.mark.parametrize(("said", "expected"), REMARKS)
def test_a_remark_behind_an_address_is_collected(said: str, expected: str) -> None:
    by_b4 = expected if "#" in expected else expected[: expected.index(">") + 1]
    assert collected(PATCH, made_by_b4(by_b4), answers([PATCH, reply(f"{said}\n")])) == (expected,)
    other = parse(raw("[PATCH] mm: y", MESSAGE + DIFF, "other"))
    elsewhere = answers([PATCH, other, reply(f"{said}\n", "other@example.org")])
    assert collected(PATCH, made_by_b4(by_b4), elsewhere) == (by_b4,)


def test_a_trailer_that_is_misspelt_is_collected_as_b4_has_it_and_that_is_said() -> None:
    line = f"Reviewd-by: {TALLY}"
    patches = [patch_of(1, PATCH, collected(PATCH, made_by_b4(line)))]
    (words,) = doubtful([PATCH, reply(f"{line}\n")], patches)
    assert words == (f"written wrongly: Reviewed-by is meant, and collected all the same: {line} (reply@example.org)")


REASONS = [
    ("Reviewed-by: Some One one@example.org", "its address has no brackets"),
    ("Fixes: ?", "it names no commit"),
    ("Fixes: 0123456789ab", "no person gives it"),
    ("Link: https://example.org/x", "no person gives it"),
    ("Cc: stable@example.org", "whom to copy is for the author"),
    ("Reviewed-by: Lo Cal <lo@localhost>", "its address is not whole"),
    ("Tested-by: Ro Bot <bot@example.org> # https://example.org/log", "with a link in it"),
    ("Reviewed-by: Some One <one@example.org>", "b4 left it out"),
]


@pytest.mark.parametrize(("line", "reason"), REASONS)
def test_each_that_is_left_out_has_its_reason(line: str, reason: str) -> None:
    (trailer_and_reason,) = left_out(reply(f"Hello.\n\n{line}\n")).items()
    assert trailer_and_reason[0] == line
    assert reason in trailer_and_reason[1]


def test_a_name_that_cannot_be_read_is_in_no_commit() -> None:
    line = "Reviewed-by: J\N{REPLACEMENT CHARACTER}rg <joerg@example.org>"
    assert collected(PATCH, made_by_b4(line)) == ()
    assert left_out(reply(f"{line}\n"), line) == {line: "it cannot be read in the charset that the mail says"}


def test_a_trailer_for_another_is_said_to_be_so() -> None:
    line = "Reviewed-by: Some One <one@example.org>"
    reasons = left_out(reply(f"{line}\n"), mismatches=((line, TALLY),))
    assert reasons == {line: "its address is not that of the sender, A U Thor <author@example.org>"}


def test_where_the_answered_mail_is_not_there_that_is_the_reason() -> None:
    reasons = left_out(reply(f"{CARRIED[0]}\n", "gone@example.org"))
    assert list(reasons.values()) == ["the message that it answers is not in the thread"]


@pytest.mark.parametrize("line", ["Cc: " + "<" * 60_000, "x-by: " + "a@" * 30_000, "a" * 60_000 + ": b", "a:" * 30_000])
def test_a_long_line_takes_no_time(line: str) -> None:
    with at_most(1):
        assert [trailer.line for trailer in given(reply(f"{line}\n{line}\n\n{CARRIED[0]}\n"))] == [CARRIED[0]]
        assert collected(PATCH, made_by_b4(line, CARRIED[0])) == (CARRIED[0],)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)


@hypothetically(
    NAMES, NAMES, st.sampled_from(["Reviewed-by", "ACKED-BY", "tested-by"]), st.sampled_from(["", " # x", "  "])
)
def test_a_trailer_is_collected_and_shown_or_named(name: str, domain: str, kind: str, end: str) -> None:
    """Whatever b4 does with it: never neither, never both."""
    line = f"{kind}: {name.title()} Page <{name}@{domain}.org>{end}"
    answer = reply(f"Hello.\n\n{line}\n")
    for added in ([line.strip()], []):
        shown = collected(PATCH, made_by_b4(*added))
        assert len(shown) + len(left_out(answer, *added)) == 1
