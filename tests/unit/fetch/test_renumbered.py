"""A posting's mails with subjects and references that every program reads alike."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from pipeline.fetch.renumbered import readable_replies, renumbered
from pipeline.mail.message import Mail, parse
from pipeline.mail.thread import Posting, postings
from tests.support.mails import DIFF, mail, raw


def posted(*mails: Mail) -> Posting:
    (posting,) = postings(mails)
    return posting


def header(message: Mail, name: str) -> str:
    return str(message_from_bytes(message.raw, policy=policy.default)[name] or "")


def test_subjects_count_and_references_lead_to_the_first() -> None:
    mails = [parse(raw("[PATCH v3,0/2] about", "Hello.\n", "c", references="<x@y>", in_reply_to="<x@y>"))]
    mails += [
        parse(raw(f"[linux-mm] [net,v3,{at} of 2] one", DIFF, f"p{at}", in_reply_to="<c@example.org>")) for at in (1, 2)
    ]
    made = renumbered(posted(*mails)).mails
    assert [header(message, "Subject") for message in made] == [
        "[PATCH v3 0/2] about",
        "[PATCH v3 1/2] one",
        "[PATCH v3 2/2] one",
    ]
    assert [header(message, "In-Reply-To") for message in made] == ["", "<c@example.org>", "<c@example.org>"]
    assert [header(message, "References") for message in made] == ["", "<c@example.org>", "<c@example.org>"]
    assert [message.message_id for message in made] == [message.message_id for message in mails]
    assert [message.letter.body for message in made] == [message.letter.body for message in mails]


@pytest.mark.parametrize("title", ["mm: größe", "mm: 页面", "mm: " + "ä" * 200])
def test_a_title_beyond_ascii_is_kept(title: str) -> None:
    (made,) = renumbered(posted(mail(f"[PATCH V 2] {title}"))).mails
    assert (made.title, made.version, made.number, made.total) == (title, 2, 1, 1)
    made.raw.partition(b"\n\n")[0].decode("ascii")


def test_tags_that_git_takes_away_are_not_left_to_be_read_as_numbers() -> None:
    (made,) = renumbered(posted(mail("[PATCH] [media] [3of4] uvc: x"))).mails
    assert header(made, "Subject") == "[PATCH 1/1] uvc: x"


@pytest.mark.parametrize("name", ["DKIM-Signature", "X-Developer-Signature", "x-developer-key"])
def test_signatures_of_the_subject_as_it_was_are_left_out(name: str) -> None:
    signed = parse(f"{name}: a=b;\n\tc=d\n".encode() + raw("[PATCH] x"))
    result = renumbered(posted(signed))
    assert result.signed
    assert name.encode() not in result.mails[0].raw
    assert b"c=d" not in result.mails[0].raw
    assert not renumbered(posted(mail("[PATCH] x"))).signed


def test_line_ends_stay_what_they_are() -> None:
    windows = parse(raw("[PATCH] x").replace(b"\n", b"\r\n"))
    (made,) = renumbered(posted(windows)).mails
    assert made.raw.count(b"\n") == made.raw.count(b"\r\n")


def test_a_diff_without_re_is_kept_from_b4() -> None:
    series = mail("[PATCH] x", message_id="p")
    replies = [mail("Re: [PATCH] x", DIFF, "a"), mail("[tip: mm/core] x", DIFF, "b"), mail("thanks", "Acked.\n", "c")]
    kept = readable_replies([series, *replies], posted(series))
    assert [message.message_id for message in kept] == ["a@example.org", "c@example.org"]
