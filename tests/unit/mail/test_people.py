"""Who wrote a mail whose From: a list or a relay changed, and where answers to it go."""

from __future__ import annotations

import pytest

from pipeline.mail.message import parse
from pipeline.mail.people import behind, in_body_author
from tests.support.clock import at_most
from tests.support.mails import DIFF

PERSON = "Devi Loper <devi@example.org>"
VIA = "Devi Loper via B4 Relay <devnull+devi.example.org@relay.example>"
LIST = "Devi Loper via linux-any <linux-any@lists.example>"

MUNGED: dict[str, tuple[str, str]] = {
    "b4's relay": (f"From: {VIA}\nReply-To: devi@example.org\nX-Original-From: {PERSON}", ""),
    "X-Original-From before all else": (
        f"From: {VIA}\nReply-To: Other <other@example.org>\nX-Original-From: {PERSON}",
        "From: Some One <one@example.org>\n\n",
    ),
    "Google Groups": (
        "From: 'Devi Loper' via Any Group <any@groups.example>\nX-Original-Sender: devi@example.org",
        "",
    ),
    "Mailman": (f"From: {LIST}\nReply-To: {PERSON}", ""),
    "Mailman, quoted": (f'From: "Devi Loper via linux-any" <linux-any@lists.example>\nReply-To: {PERSON}', ""),
    "Mailman, the list in Reply-To, too": (f"From: {LIST}\nReply-To: linux-any@lists.example, {PERSON}", ""),
    "Mailman 3, the author in Cc": (f"From: {LIST}\nReply-To: linux-any@lists.example\nCc: {PERSON}", ""),
    "an address alone": (f"From: {LIST}\nReply-To: devi@example.org", ""),
    "nothing but the body": (f"From: {LIST}", f"From: {PERSON}\n\n"),
    "an encoded name": ("From: =?utf-8?q?Devi_Loper_via_Any?= <a@lists.example>\nReply-To: devi@example.org", ""),
    "nothing at all was changed": (f"From: {PERSON}", ""),
    "the person is copied": (f"From: {LIST}\nReply-To: {PERSON}\nCc: devi@example.org", ""),
    "the person is copied, and posts for another": (
        f"From: {LIST}\nReply-To: {PERSON}\nCc: devi@example.org",
        "From: Some One <one@example.org>\n\n",
    ),
    "another's patch, and the sign-off": (
        f"From: {LIST}\nReply-To: linux-any@lists.example",
        f"From: Some One <one@example.org>\n\nText.\n\nSigned-off-by: {PERSON}\n",
    ),
    "the sign-off, beside another list in Reply-To": (
        f"From: {LIST}\nReply-To: other@lists.example\nCc: other@lists.example",
        f"Text.\n\nSigned-off-by: {PERSON}\nReviewed-by: Some One <one@example.org>\n",
    ),
    "Mailman, a name made of the local part": (
        "From: devi--- via linux-any <linux-any@lists.example>\nReply-To: devi@example.org\nCc: devi@example.org",
        f"From: {PERSON}\n\n",
    ),
    "groups.io": ('From: "Devi Loper via any.example" <devi=example.org@any.example>\nReply-To: x@any.example', ""),
    "the address encoded in another": ("From: Devi Loper <devi=40example.org@dmarc.example>", ""),
    "Sympa": ('From: "Devi Loper (devi@example.org via linux-any Mailing List)" <linux-any@lists.example>', ""),
    "Sympa, the name alone": (
        f'From: "Devi Loper (via linux-any Mailing List)" <linux-any@lists.example>\nReply-To: {PERSON}',
        "",
    ),
    "the list's address under the person's name": (
        f"From: Devi Loper <linux-any@lists.example>\nReply-To: {PERSON}\nList-Post: <mailto:linux-any@lists.example>",
        "",
    ),
    "the list's address under its own name": (
        f"From: any <linux-any@lists.example>\nReply-To: {PERSON}\nList-Post: <mailto:linux-any@lists.example>",
        "",
    ),
    "an address for DMARC": (
        'From: "Devi Loper" <dmarc-noreply@lists.example> (Redacted sender)',
        f"From: {PERSON}\n\n",
    ),
    "the name the other way round": (f'From: "Loper, Devi via any" <linux-any@lists.example>\nReply-To: {PERSON}', ""),
    "a remark with the name": (
        f'From: "Devi Loper \\(Any Corp\\) via any" <linux-any@lists.example>\nReply-To: {PERSON}, o@example.org',
        "",
    ),
    "Author:": (f"From: {LIST}\nAuthor: {PERSON}\nReply-To: other@example.org", ""),
}
HEAD = "\nTo: linux-any@lists.example\nSubject: [PATCH] x\nMessage-ID: <1@x>\n\n"


@pytest.mark.parametrize("form", MUNGED)
def test_the_sender_is_the_person(form: str) -> None:
    headers, start = MUNGED[form]
    assert parse(f"{headers}{HEAD}{start}Text.\n{DIFF}".encode()).letter.sender == PERSON


def test_a_relay_that_hides_everything_stays_the_sender() -> None:
    mail = parse(f"From: {LIST}\nReply-To: linux-any@lists.example{HEAD}{DIFF}".encode())
    assert mail.letter.sender == LIST
    assert behind(LIST, ["Some One <one@example.org>", PERSON]) == PERSON
    assert behind(LIST, ["Some One <one@example.org>"]) == LIST
    assert behind(PERSON, ["Devi Loper <other@example.org>"]) == PERSON


def test_no_other_person_is_the_sender() -> None:
    mail = parse(f"From: {LIST}\nCc: one@example.org{HEAD}From: Some One <one@example.org>\n\nText.\n{DIFF}".encode())
    assert mail.letter.sender == LIST


def test_a_name_made_of_a_local_part_is_no_name() -> None:
    headers = "From: devi--- via any <linux-any@lists.example>\nReply-To: devi@example.org"
    assert parse(f"{headers}{HEAD}{DIFF}".encode()).letter.sender == "devi@example.org"


def test_a_header_that_is_there_twice_counts_twice() -> None:
    headers = f"From: {PERSON}\nTo: one@example.org\nCc: two@example.org\nCc: three@example.org"
    letter = parse(f"{headers}\nReply-To: {PERSON}\nReply-To: four@example.org{HEAD}Text.\n".encode()).letter
    assert letter.to == ("one@example.org", "linux-any@lists.example")
    assert letter.cc == ("two@example.org", "three@example.org")
    assert letter.reply_to == (PERSON, "four@example.org")


def test_a_person_who_posts_for_another_stays_the_sender() -> None:
    mail = parse(f"From: Tally Page <tally@example.org>{HEAD}From: {PERSON}\n\nText.\n{DIFF}".encode())
    assert mail.letter.sender == "Tally Page <tally@example.org>"


@pytest.mark.parametrize("name", ["'" * 15_000, " via" * 3000, '"' + "x via " * 2500 + '"'])
def test_a_long_name_takes_no_time(name: str) -> None:
    with at_most(1):
        parse(f"From: {name} <a@x.org>{HEAD}Text.\n".encode())


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ("Reply-To: Other <other@example.org>", ("Other <other@example.org>",)),
        ("Reply-To: linux-any@lists.example", ()),
        ("Reply-To: Any <LINUX-ANY@lists.example>, other@example.org", ("other@example.org",)),
        ("Reply-To: any@post.example\nList-Post: <mailto:any@post.example?x=y>", ()),
        ("Reply-To: copy@example.org\nCc: copy@example.org", ()),
        ("Reply-To: garbage", ()),
        ("X: y", ()),
    ],
)
def test_an_own_reply_to_is_told_from_that_of_a_list(headers: str, wanted: tuple[str, ...]) -> None:
    assert parse(f"From: {PERSON}\n{headers}{HEAD}Text.\n".encode()).letter.reply_to == wanted


@pytest.mark.parametrize(
    ("body", "author"),
    [
        (f"From: {PERSON}\n\nText.\n", PERSON),
        (f"\n\nFrom: {PERSON}\n\nText.\n", PERSON),
        (f"Subject: another\nFrom: {PERSON}\nDate: x\n\nText.\n", PERSON),
        ("From: Devi Loper\n <devi@example.org>\n\nText.\n", PERSON),
        ("From: =?utf-8?q?Devi?= Loper <devi@example.org>\n\nText.\n", PERSON),
        ("From: devi@example.org\n\nText.\n", "devi@example.org"),
        ("From: Devi Loper devi@example.org\n\nText.\n", PERSON),
        (f"Not for the log.\n\n-- >8 --\nFrom: {PERSON}\nSubject: x\n\nText.\n", PERSON),
        (f"From: Some One <one@example.org>\n-- >8 --\nText.\n---\n-- >8 --\nFrom: {PERSON}\n", ""),
        (f"> From: {PERSON}\n\nText.\n", ""),
        (f"Text.\n\nFrom: {PERSON}\n", ""),
        ("From: the start\n\nText.\n", ""),
        ("", ""),
    ],
)
def test_the_author_in_the_body_is_the_one_that_git_finds(body: str, author: str) -> None:
    assert in_body_author(body) == author
