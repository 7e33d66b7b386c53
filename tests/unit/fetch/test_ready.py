"""A patch made ready for git-am(1): what was posted comes through, whatever it went through on its way."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.ready import plain, ready, remarks
from pipeline.mail.mbox import join_mbox, split_mbox
from pipeline.mail.message import parse
from pipeline.system.errors import NotObtainedError
from tests.support.mails import DIFF, raw

MESSAGE = "Text.\n\nSigned-off-by: A U Thor <author@example.org>\n"
GIVEN = "Acked-by: Tally Page <tally@example.org>"


def body_after(message: str, *trailers: str) -> str:
    """The body that git-am(1) is given, as it decodes it."""
    return parse(ready(parse(raw("[PATCH] x", message + DIFF)), trailers)).letter.body


def test_the_posted_body_comes_through_as_it_is() -> None:
    assert body_after(MESSAGE) == MESSAGE + DIFF


@pytest.mark.parametrize(
    ("message", "before"),
    [
        (MESSAGE, MESSAGE),
        ("Text.\n", "Text.\n\n"),
        ("Text.\n\n\n", "Text.\n\n"),
        ("", ""),
        ("From: Devi Loper <devi@example.org>\n", "From: Devi Loper <devi@example.org>\n\n"),
        ("Text.\n\n[me: changed]\nCc: stable@example.org\n", "Text.\n\n[me: changed]\nCc: stable@example.org\n"),
    ],
)
def test_trailers_are_put_behind_those_that_are_there(message: str, before: str) -> None:
    assert body_after(message, GIVEN) == f"{before}{GIVEN}\n{DIFF}"


def test_a_diff_without_three_dashes_keeps_away_from_the_message() -> None:
    bare = DIFF.partition("\n\n")[2]
    whole = parse(ready(parse(raw("[PATCH] x", MESSAGE + bare)), [GIVEN])).letter.body
    assert whole == f"{MESSAGE}{GIVEN}\n\n{bare}"


@pytest.mark.parametrize("line", ["-- >8 --", "---8<---", "-----8<----- cut here", "8< - - - - - - >8"])
def test_what_is_above_scissors_is_left_out(line: str) -> None:
    """As b4-am(5) has it; git-am(1) is told not to look for scissors."""
    assert body_after(f"For you to try.\n\n{line}\n{MESSAGE}") == MESSAGE + DIFF


@pytest.mark.parametrize("line", [">8", "a long line of prose with 8< in it", "8<8<", "- - -", "--------"])
def test_what_only_looks_like_scissors_stays(line: str) -> None:
    assert body_after(f"Text.\n\n{line}\n\n{MESSAGE}") == f"Text.\n\n{line}\n\n{MESSAGE}{DIFF}"


LINES = st.lists(
    st.sampled_from(["From now on", ">From a quote", ">>From x", "From a@b Thu Jan  1 00:00:00 1970", "a=b", "ä", "."])
    | st.text("From >=\x20\tä", max_size=100),
    max_size=8,
)


@given(LINES, st.lists(st.sampled_from(["+dos\r", "+a\rb", "+unix", "+", "+From x", "+\t \r"]), min_size=1, max_size=6))
def test_lines_that_mailboxes_and_git_change_are_safe(lines: list[str], added: list[str]) -> None:
    """`From`, whatever is quoted of it, and CR; through a mailbox as well, which quotes such lines."""
    text = "\n".join(["Text", *(line.rstrip() for line in lines), "end", ""])
    diff = f"---\n\ndiff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -0,0 +1,{len(added)} @@\n" + "\n".join(added) + "\n"
    made = ready(parse(raw("[PATCH] x", text + diff)))
    (through,) = split_mbox(join_mbox([made]))
    assert parse(through).letter.body == parse(made).letter.body == text + diff
    assert b"\r" not in made
    assert not [line for line in made.split(b"\n") if line.lstrip(b">").startswith(b"From ")]


DOS = DIFF.replace("+new\n", "+new\r\n").replace(" kept\n", " kept\r\n")


def encoded(body: bytes, transfer: str) -> bytes:
    head = raw("[PATCH] x", "", content_transfer_encoding=transfer)
    encoders = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}
    return head + encoders.get(transfer, bytes)(body)


@pytest.mark.parametrize("transfer", ["base64", "8bit"])
def test_cr_within_a_diff_alone_is_the_file_s(transfer: str) -> None:
    mail = parse(encoded((MESSAGE + DOS).encode(), transfer))
    assert parse(ready(mail)).letter.body == MESSAGE + DOS


@pytest.mark.parametrize("transfer", ["base64", "8bit"])
def test_crlf_of_all_lines_is_the_mail_s(transfer: str) -> None:
    """RFC 2045, 6.8: text in base64 has CRLF; a CR that is the file's stands before it."""
    for text in (MESSAGE + DIFF, MESSAGE + DOS):
        mail = parse(encoded(text.encode().replace(b"\n", b"\r\n"), transfer))
        assert parse(ready(mail)).letter.body == text


def test_a_soft_line_break_of_quoted_printable_breaks_no_hunk() -> None:
    long = DIFF.replace("+new", "+" + "n = new(" * 40)
    mail = parse(encoded((MESSAGE + long).encode(), "quoted-printable"))
    assert b"=\n" in mail.raw
    assert parse(ready(mail)).letter.body == MESSAGE + long


def test_bytes_of_no_single_charset_reach_the_file_as_they_came() -> None:
    """A file that the patch turns from ISO-8859-1 into UTF-8; git looks at the charset of the message alone."""
    diff = DIFF.encode().replace(b"-old", b"-caf\xe9").replace(b"+new", "+café".encode())
    mail = parse(raw("[PATCH] x", "For André.\n", content_type="text/plain; charset=utf-8") + diff)
    made = ready(mail)
    assert made.endswith("\n\nFor André.\n".encode() + diff)
    assert remarks(mail) == ("its text is said to be utf-8, and bytes of it are read as windows-1252",)


def test_a_message_that_cannot_be_read_is_refused_with_the_reason() -> None:
    mail = parse(raw("[PATCH 1/2] x", "", content_type="text/plain; charset=big5") + b"\xff\xfe\x80.\n" + DIFF.encode())
    with pytest.raises(NotObtainedError, match="patch 1/2 cannot be read: its text is said to be big5, and it is not"):
        remarks(mail)


def test_b4_is_given_a_mail_that_is_true_as_it_came() -> None:
    mail = parse(raw("[PATCH] x", MESSAGE + DIFF))
    assert plain(mail) is mail


def test_b4_is_given_the_person_and_utf_8() -> None:
    person = "Devi Loper <devi@example.org>"
    head = raw("[PATCH] x", "", content_type="text/plain;\n charset=us-ascii", x_original_from=person)
    mail = parse(head.replace(b"A U Thor", b"Devi Loper via Relay") + "For André.\n".encode() + DIFF.encode())
    again = parse(plain(mail).raw)
    assert (again.letter, again.number) == (mail.letter, 1)
    assert plain(mail).raw.startswith(b"From: Devi Loper <devi@example.org>\n")
    assert b"us-ascii" not in plain(mail).raw
    assert remarks(parse(plain(mail).raw)) == ()


def test_b4_is_given_each_trailer_of_a_reply_on_one_line() -> None:
    folded = b"Text.\n\nReviewed-by: Tally Page\n <tally@example.org>\n"
    answer = parse(raw("Re: [PATCH] x", folded.decode()))
    assert plain(answer).raw.endswith(b"\nReviewed-by: Tally Page <tally@example.org>\n")
    patch = parse(raw("[PATCH] x", folded.decode() + DIFF))
    assert plain(patch) is patch
