"""Threads that were written to take time: a mail of some kilobytes must not keep a processor busy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.claims.find import _statements, _text_deltas
from pipeline.fetch.assembly import _DEPENDS_ON, patch_of, series_of
from pipeline.fetch.trailers import given, uncollected
from pipeline.mail import thread
from pipeline.mail.choice import choose
from pipeline.mail.limits import PARAMETER_LIMIT, TYPED_LIMIT
from pipeline.mail.message import Mail, parse, parse_all
from pipeline.review import ReviewRecord, review
from pipeline.review.quoting import take_apart
from pipeline.system.errors import NotObtainedError
from pipeline.system.watched import Allowance

DIFF = "x\n\n---\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
MOST_SECONDS = 4
"""Of a processor. Each of these took minutes, most of them hours."""


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    with Allowance(MOST_SECONDS).spent_on("the test"):
        yield


def mail(name: str, body: str, answered: str = "", references: str = "", sender: str = "B <b@x.y>") -> bytes:
    subject = "Re: [PATCH] x" if answered else "[PATCH] x"
    headers = f"From: {sender}\nSubject: {subject}\nMessage-ID: <{name}>\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n"
    headers += f"In-Reply-To: <{answered}>\nReferences: {references or f'<{answered}>'}\n" if answered else ""
    return f"{headers}\n{body}\n".encode()


def reviewed(*replies: bytes) -> ReviewRecord:
    mails, _ = parse_all([mail("m0@x", DIFF, sender="A <a@x.y>"), *replies])
    chosen = choose(thread.postings(mails), mails, "", None)
    patches = tuple(patch_of(number, patch) for number, patch in enumerate(chosen.posting.patches, 1))
    others = [message for message in mails if message.message_id not in chosen.posting.ids]
    left_out = uncollected(chosen.posting, chosen.revisions, mails, patches, [])
    return review(series_of(chosen, patches, others, left_out), "http://x/%s")


def reply(body: str) -> Mail:
    return parse(mail("m1@x", body, "m0@x"))


def test_a_chain_of_replies_that_leads_nowhere() -> None:
    padding = " ".join(["<a>"] * 3000)
    replies = [
        mail(f"m{at}@x", "Acked-by: B <b@x.y>", f"m{at - 1}@x", f"<m{at - 1}@x>\n {padding}") for at in range(2, 60)
    ]
    assert reviewed(*replies).points == ()


def test_a_thousand_replies_each_to_the_one_before() -> None:
    replies = [mail(f"m{at}@x", "Acked-by: B <b@x.y>", f"m{at - 1}@x") for at in range(2, 900)]
    assert reviewed(*replies).messages == 898


def test_replies_that_quote_each_other_are_beyond_the_limit_and_counted() -> None:
    comments = "\n".join(f"> line {at}\nPlease fix thing {at}?\n" for at in range(1000))
    answers = "\n".join(f"> Please fix thing {at}?\nWill fix {at}.\n" for at in range(1000))
    replies = [mail("m1@x", comments, "m0@x"), mail("m2@x", answers, "m1@x", "<m0@x> <m1@x>", "A <a@x.y>")]
    assert reviewed(*replies).unread == 1


def test_a_reply_of_a_megabyte_keeps_no_other_from_being_read() -> None:
    long = mail("m1@x", "I will see. " * 4000 + "\n" + ("I will see.\n" * 80_000), "m0@x")
    result = reviewed(long, mail("m2@x", "Please rename foo_bar(), and why?", "m0@x"))
    assert (result.messages, result.unread, len(result.points)) == (1, 1, 1)


@pytest.mark.parametrize(
    "line",
    ["Cc: " + "<@" * 490, "Cc: " + " " * 400 + "@" * 500, "a-by: " + " " * 900, "A-by: x" + " " * 900 + "y@z.w"],
    ids=["brackets", "at signs", "blanks", "blanks before the address"],
)
def test_lines_that_are_nearly_trailers(line: str) -> None:
    given(reply(f"{line}\n" * 300))
    reviewed(mail("m1@x", f"{line}\n" * 300, "m0@x"))


@pytest.mark.parametrize(
    "line", ["On 1 a wrote" + " " * 60_000 + "x wrote:", "On " + "<" * 60_000 + " wrote:", "wrote" + " " * 60_000 + "x"]
)
def test_lines_that_are_nearly_attributions(line: str) -> None:
    take_apart(f"{line}\n> x\n")


def test_a_name_of_quotes() -> None:
    for _ in range(100):
        parse(mail("m1@x", "x", sender=f"{chr(39) * 300} <a@x.y>"))


def test_a_dependency_of_at_signs() -> None:
    assert not _DEPENDS_ON.findall("Depends-on: " + "@" * 60_000)
    assert _DEPENDS_ON.findall("Depends-on: see <https://lore.kernel.org/r/a.b@c>") == ["a.b@c"]
    assert _DEPENDS_ON.findall("Depends-on: a@b") == ["a@b"]


@pytest.mark.parametrize(
    "letter",
    [
        "patch" + " " * 190_000,
        "A. " * 66_000,
        "patch 1 prepares. No functional change. " * 5000,
        "add/remove: 1/1 grow/shrink: 1/1 up/down: 1/-1 (-1)" * 3900,
    ],
    ids=["blanks", "sentences", "statements", "summaries"],
)
def test_any_letter_is_searched_for_claims_in_time(letter: str) -> None:
    list(_statements(letter, 50, ()))
    list(_text_deltas(letter, [], ()))


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "us-ascii"])
def test_bytes_that_no_charset_has(charset: str) -> None:
    raw = mail("m1@x", DIFF).replace(b"\n\n", f"\nContent-Type: text/plain; charset={charset}\n\n".encode(), 1)
    assert parse(raw + (b"\xff\x81" * 30_000 + b"\n") * 60).message_id == "m1@x"


def part(header: str, parts: int = 1) -> bytes:
    raw = mail("m1@x", "").replace(b"\n\n", b"\nContent-Type: multipart/mixed; boundary=b\n\n", 1)
    return raw + f"--b\nContent-Type: text/plain{header}\n\n{DIFF}\n".encode() * parts + b"--b--\n"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (part(";\n " + "\n ".join(["a;" * 1000] * 500)), f"a header of more than {PARAMETER_LIMIT} bytes"),
        (part(";\n a*0=x", TYPED_LIMIT), f"more than {TYPED_LIMIT} lines"),
    ],
)
def test_parts_with_many_parameters_are_not_read(raw: bytes, why: str) -> None:
    with pytest.raises(NotObtainedError, match=why):
        parse(raw)
