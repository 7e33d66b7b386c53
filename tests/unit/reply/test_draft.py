"""The reply draft: threading, headers that nobody can inject into, and a body that a maintainer would send."""

from __future__ import annotations

import email.policy
import re
import shlex
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import PurePosixPath

import pytest
from rich.cells import cell_len

from pipeline.record import RunRecord
from pipeline.reply import draft, send_command, to_bytes
from pipeline.system.errors import UsageError
from tests.support import records

ME = "Maintainer <me@example.org>"
DATE = datetime(2025, 12, 8, 9, 30, tzinfo=UTC)
PARENT = "<20251205194351.1646318-1-kas@kernel.org>"
HEADERS = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
]
CONTROLS = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]"
PAYLOADS = [
    "x\r\nBcc: evil@example.net",
    "x\nBcc: evil@example.net",
    "x\rBcc: evil@example.net",
    "x\r\n\r\nBody of a stranger",
    "x\r\n Bcc: evil@example.net",
    "x\x00\nBcc: evil@example.net",
    "x\x0bBcc: evil@example.net\x0c",
    "x\x85Bcc: evil@example.net",
    "x\u2028Bcc: evil@example.net\u2029",
    "=?utf-8?q?x=0D=0ABcc:_evil=40example.net?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3D0D=3D0ABcc=3A=3F=3D?=",
    "=?no-such-charset?q?x=0D=0A?= \x1b[2J\u202e",
    '"evil@example.net, x" \\',
    "x" * 2000,
    "x\n\tBcc: evil@example.net",
    "\n\nx",
    "x\r\r\nBcc: evil@example.net",
    "x\x1c\x1d\x1eBcc: evil@example.net",
    "x%0d%0aBcc: evil@example.net",
    "x\\r\\nBcc: evil@example.net",
    "=?utf-8?b?eA0KQmNjOiBldmlsQGV4YW1wbGUubmV0?=",
    "=?utf-16?b?/v8ADQAKAEIAYwBj?=",
    "=?utf-7?q?+AA0ACg-Bcc:_evil=40example.net?=",
    "=?iso-2022-jp?b?GyRCJCIbKEINCkJjYzogZQ==?=",
    "=?utf-8?q?a?= =?utf-8?q?=0A?= =?utf-8?q?Bcc:_evil=40example.net?=",
    "x\nContent-Type: text/html; charset=utf-8\n\n<b>",
    "x\nContent-Transfer-Encoding: base64\n",
    "x\nFrom evil@example.net Thu Jan  1 00:00:00 1970\nBcc: evil@example.net",
    "x\n.\nMAIL FROM: evil@example.net",
    "a <evil@example.net>, b",
    "group: evil@example.net, x@example.net;",
    "(comment (evil@example.net)",
    "x\u202eten.elpmaxe@live",
]


def reply(record: RunRecord | None = None, identity: str = ME) -> EmailMessage:
    return draft(record or records.run(), identity=identity, date=DATE, own_id="reply@example.org")


def to(**changes: object) -> RunRecord:
    """A run on a series with another cover letter."""
    return records.run(series=records.series(cover=records.letter(**changes)))


def parsed(message: EmailMessage) -> EmailMessage:
    """What another mail program reads."""
    received = message_from_bytes(to_bytes(message), policy=email.policy.default)
    assert isinstance(received, EmailMessage)
    return received


def body(record: RunRecord) -> str:
    return str(parsed(reply(record)).get_content())


def test_headers_thread_the_reply() -> None:
    message = parsed(reply())
    assert list(message.keys()) == HEADERS
    assert message["From"] == ME
    assert message["To"] == "Kiryl Shutsemau <kas@kernel.org>"
    assert message["Cc"] == (
        "Frank van der Linden <fvdl@google.com>, Andrew Morton <akpm@linux-foundation.org>, linux-mm@kvack.org"
    )
    assert message["Subject"] == "Re: [PATCH 0/3] mm/hugetlb: Eliminate fake head pages"
    assert message["Date"] == "Mon, 08 Dec 2025 09:30:00 +0000"
    assert message["Message-ID"] == "<reply@example.org>"
    assert message["In-Reply-To"] == PARENT
    assert message["References"] == PARENT


def test_references_are_the_parents_and_the_parent_once_each() -> None:
    ids = ("a@x", "<b@x>", "a@x", "20251205194351.1646318-1-kas@kernel.org", "")
    assert parsed(reply(to(references=ids)))["References"] == f"<a@x> <b@x> {PARENT}"


def test_a_message_id_of_ones_own_has_the_identitys_domain() -> None:
    first, other = (draft(records.run(), identity=ME, date=DATE)["Message-ID"] for _ in range(2))
    assert first != other
    assert re.fullmatch(r"<[^<>@\s]+@example\.org>", first)


def test_cc_leaves_out_the_sender_ourselves_and_repetitions() -> None:
    letter = {
        "to": ("LIST@kvack.org", "Me <ME@example.org>", "A <a@x.org>"),
        "cc": ("KAS@kernel.org", "list@kvack.org", "Other <A@X.org>", "not an address", "b@x.org"),
    }
    assert parsed(reply(to(**letter)))["Cc"] == "LIST@kvack.org, A <a@x.org>, b@x.org"


def test_a_reply_goes_where_its_sender_wants_it() -> None:
    letter = {"to": ("list@x.org",), "cc": ("copy@x.org",), "reply_to": ("Kiryl <other@x.org>", "COPY@x.org")}
    message = parsed(reply(to(**letter)))
    assert (message["To"], message["Cc"]) == ("Kiryl <other@x.org>, COPY@x.org", "list@x.org")


def test_the_address_alone_in_reply_to_gets_the_sender_s_name() -> None:
    assert parsed(reply(to(reply_to=("KAS@kernel.org",))))["To"] == "Kiryl Shutsemau <kas@kernel.org>"


def test_our_own_reply_to_is_nobody_to_answer() -> None:
    assert parsed(reply(to(reply_to=(ME,))))["To"] == "Kiryl Shutsemau <kas@kernel.org>"


def test_the_author_of_a_patch_that_another_posted_gets_a_copy() -> None:
    letter = {"to": ("list@x.org",), "cc": (), "body": "From: Devi Loper <devi@x.org>\n\nText.\n"}
    assert parsed(reply(to(**letter)))["Cc"] == "list@x.org, Devi Loper <devi@x.org>"
    answered = letter | {"subject": "Re: [PATCH] x"}
    assert parsed(reply(to(**answered)))["Cc"] == "list@x.org"


def test_without_others_there_is_no_cc() -> None:
    assert "Cc" not in parsed(reply(to(to=(), cc=())))


@pytest.mark.parametrize("subject", ["[PATCH] x", "Re: [PATCH] x", "RE: re:Re: [PATCH] x", "Re: [PATCH]\n x"])
def test_subject_has_one_re(subject: str) -> None:
    assert parsed(reply(to(subject=subject)))["Subject"] == "Re: [PATCH] x"


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 25


def poisoned(field: str, payload: str) -> RunRecord:
    values: dict[str, object] = {
        "sender": f"{payload} <kas@kernel.org>",
        "to": (f"{payload} <fvdl@google.com>", payload),
        "cc": (f"{payload} <list@kvack.org>", f"list2@kvack.org{payload}"),
        "references": ("first@x", f"second@x{payload}"),
        "reply_to": (f"{payload} <kas@kernel.org>", f"kas@kernel.org{payload}", payload),
    }
    return to(**{field: values.get(field, payload)})


def squeezed(name: str) -> str:
    """Without blanks: the newer parser keeps those between encoded words, which RFC 2047 drops."""
    return "".join(name.split())


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("field", ["subject", "sender", "to", "cc", "references", "date", "body", "reply_to"])
def test_no_header_can_be_injected(field: str, payload: str) -> None:
    message = reply(poisoned(field, payload))
    received = parsed(message)
    assert [name for name in received if name != "Cc"] == [name for name in HEADERS if name != "Cc"]
    assert not [value for value in map(str, received.values()) if re.search(CONTROLS, value)]
    assert [address.addr_spec for address in received["To"].addresses] == ["kas@kernel.org"]
    cc = {"fvdl@google.com", "akpm@linux-foundation.org", "linux-mm@kvack.org", "list@kvack.org"}
    assert {address.addr_spec for address in received["Cc"].addresses} <= cc
    older = message_from_bytes(to_bytes(message), policy=email.policy.compat32)
    read = {name: " ".join(str(make_header(decode_header(older[name]))).split()) for name in received}
    meant = {name: " ".join(str(value).split()) for name, value in message.items()}
    assert {name: read[name] for name in HEADERS[3:8]} == {name: meant[name] for name in HEADERS[3:8]}
    for name in ("From", "To", "Cc"):
        names = [str(make_header(decode_header(address.display_name))) for address in received[name].addresses]
        assert [*map(squeezed, names)] == [squeezed(address.display_name) for address in message[name].addresses]
    assert received.get_content() == message.get_content()
    assert max(map(len, to_bytes(message).split(b"\n"))) <= 998


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_header_can_be_injected_through_the_message_id(payload: str) -> None:
    record = to(message_id=f"parent@x>{payload}")
    received = parsed(reply(record))
    assert list(received) == HEADERS
    assert received["In-Reply-To"] == received["References"] == "<parent@x>"
    assert "--in-reply-to=parent@x " in send_command(reply(record), PurePosixPath("x"))
    with pytest.raises(UsageError):
        reply(to(message_id=f"\x1b{payload}"))


def test_names_that_are_not_ascii_are_encoded_and_survive() -> None:
    name = "Jörg Müller, 開発者 " + "ü" * 60
    record = to(sender=f"{name} <joerg@kernel.org>", cc=('"Doe, Jane (mm)" <jane@x.org>', "ivan@x.org (Иван)"))
    raw = to_bytes(reply(record, identity="Łukasz <me@example.org>"))
    headers = raw.split(b"\n\n")[0]
    assert headers.isascii()
    assert max(map(len, headers.split(b"\n"))) <= 78
    received = message_from_bytes(raw, policy=email.policy.default)
    # Not by the newer parser, which keeps the blanks between encoded words that RFC 2047 drops.
    older = message_from_bytes(raw, policy=email.policy.compat32)
    assert str(make_header(decode_header(older["To"]))) == f"{name} <joerg@kernel.org>"
    assert received["From"].addresses[0].display_name == "Łukasz"
    assert [address.display_name for address in received["Cc"].addresses] == [
        "Frank van der Linden",
        "Doe, Jane (mm)",
        "Иван",
    ]


def test_encoded_words_of_a_raw_header_are_decoded_once() -> None:
    record = to(subject="=?utf-8?q?=5BPATCH=5D_gr=C3=BC=C3=9Fe?=", sender="=?utf-8?b?SsO2cmc=?= <j@x.org>")
    assert parsed(reply(record))["Subject"] == "Re: [PATCH] grüße"
    assert parsed(reply(record))["To"] == "Jörg <j@x.org>"


def test_long_message_ids_are_never_broken() -> None:
    long = "a" * 120 + "@namprd11.prod.outlook.example"
    raw = to_bytes(reply(to(message_id=long, references=(long + ".first",))))
    assert f"<{long}>".encode() in raw
    assert message_from_bytes(raw, policy=email.policy.default)["References"] == f"<{long}.first> <{long}>"


def test_body_is_8bit_utf8_with_lf() -> None:
    raw = to_bytes(reply(records.run(claims=(), trees=(records.tree(name="größer — 漢字"),))))
    assert "größer — 漢字".encode() in raw
    assert b"\r" not in raw
    assert b"\nContent-Transfer-Encoding: 8bit\n" in raw
    assert b'\nContent-Type: text/plain; charset="utf-8"\n' in raw
    assert re.search(rb"[^\n]\n\Z", raw)


def test_what_the_letter_does_not_say_is_put_into_nobodys_mouth() -> None:
    claims = (records.claim("refuted", -5, text="Twice as fast"), records.claim("refuted", -300))
    text = body(records.run(claims=claims))
    assert "wrote:\n> I see ~1K reduction of\n> text in vmlinux.\n" in text
    assert "Twice" not in text


def test_body_of_a_clean_run() -> None:
    assert body(records.run()) == (
        "Patches 1-3 build on x86_64 (gcc 12.2), no new warnings. Not booted.\n"
        "Applied to Debian's linux-source-6.12 6.12.117-1.\n"
        "\n"
        "On Fri, 5 Dec 2025 19:43:36 +0000, Kiryl Shutsemau wrote:\n"
        "> I see ~1K reduction of\n"
        "> text in vmlinux.\n"
        "\n"
        "I see -1410 bytes on x86_64.\n"
        "\n"
        f"  {records.SUMMARY}\n"
    )


def test_a_confirmed_diffstat_is_no_news() -> None:
    claims = (records.claim(kind="diffstat", text="text in vmlinux"), records.claim("not checked", None, text="I see"))
    assert "wrote:" not in body(records.run(claims=claims))


def test_a_measurement_of_another_kernel_proves_no_claim() -> None:
    text = body(records.run(claims=(records.claim("refuted", -300),)))
    assert "I see -300 bytes on x86_64, not -1000.\n" in text
    assert records.SUMMARY not in text


@pytest.mark.parametrize("flood", ["x" * 3000, "word " * 900, "汉字 " * 500, "e" + "\u0301" * 3000])
def test_body_has_at_most_72_columns(flood: str) -> None:
    claims = (records.claim("refuted", -300, text=flood, cell=flood),)
    cells = (records.cell(flood), records.broken(f"{flood} ", "built", "failed"))
    trees = (records.tree(name=flood, version=flood), records.tree(name=flood, applied="failed"))
    series = records.series(cover=records.letter(sender=f"{flood} <kas@kernel.org>", date=flood))
    text = body(records.run(claims=claims, cells=cells, trees=trees, series=series))
    # What follows the words that say what it is, in a table of a mail, may be as long as a tool's own name.
    prose = [line for line in text.split("\n") if not re.match(r"  (compiler|architecture|tree|configuration) ", line)]
    assert max(map(cell_len, prose)) <= 72
    assert max(map(cell_len, text.split("\n"))) <= 161


def test_a_line_of_the_log_is_whole_up_to_120_columns() -> None:
    states = (records.state(0), records.state(1, "failed", errors=(records.diagnostic(message="m" * 90),)))
    text = body(records.run(cells=(records.broken("x", states=states),)))
    assert f"\n>> mm/hugetlb.c:1234: error: {'m' * 90}\n" in text
    states = (
        records.state(0),
        records.state(1, "failed", errors=(records.diagnostic(message="\u0301" * 9000),)),
    )
    assert max(map(len, to_bytes(reply(records.run(cells=(records.broken("x", states=states),)))).split(b"\n"))) <= 998


@pytest.mark.parametrize("words", ["Cc: evil@example.net", "x\nCc: evil@example.net", "Acked-by: Evil <e@x> " * 9])
def test_no_line_of_a_stranger_is_read_by_send_email(words: str) -> None:
    series = records.series(cover=records.letter(sender=f"{words} <kas@kernel.org>", date=words, subject=words))
    states = (
        records.state(0),
        records.state(1, "failed", subject=words, errors=(records.diagnostic(words, 1, words),)),
    )
    cells = (records.cell(words), records.broken("x", states=states))
    trees = (records.tree(name=words, version=words, applied="failed"), records.tree())
    run = records.run(series=series, cells=cells, trees=trees, claims=(records.claim(text=words, cell=words),))
    assert not re.search(r"^([a-z-]+-by|cc):", body(run), re.IGNORECASE | re.MULTILINE)


def test_nothing_to_thread_to_is_an_error_with_a_hint() -> None:
    with pytest.raises(UsageError, match="without a Message-ID") as caught:
        reply(to(message_id=""))
    assert "message-id or URL" in caught.value.hint


@pytest.mark.parametrize(
    "identity", ["", "Maintainer", "Maintainer <>", "Maintainer <me>", "me@example.org, you@example.org"]
)
def test_an_identity_without_address_is_an_error(identity: str) -> None:
    with pytest.raises(UsageError, match="identity that replies"):
        reply(identity=identity)


def test_a_letter_without_sender_is_an_error() -> None:
    with pytest.raises(UsageError, match="sender of the mail"):
        reply(to(sender="nobody"))


def test_send_command_names_every_recipient() -> None:
    assert send_command(reply(), PurePosixPath("/runs/a b/reply.eml")) == (
        "git send-email --in-reply-to=20251205194351.1646318-1-kas@kernel.org --suppress-cc=all --to=kas@kernel.org "
        "--cc=fvdl@google.com --cc=akpm@linux-foundation.org --cc=linux-mm@kvack.org '/runs/a b/reply.eml'"
    )


def test_send_command_is_safe_in_a_shell() -> None:
    record = to(message_id="a$(touch${IFS}x)`b`;'@x", to=(), cc=("a$x`y`'&|{}@x.org", "--help@x.org"))
    words = shlex.split(send_command(reply(record), PurePosixPath("-n; rm x")))
    assert words == [
        "git",
        "send-email",
        "--in-reply-to=a$(touch${IFS}x)`b`;'@x",
        "--suppress-cc=all",
        "--to=kas@kernel.org",
        "--cc=a$x`y`'&|{}@x.org",
        "./-n; rm x",
    ]
