"""Mails from bytes to values, strangers' bytes included."""

from __future__ import annotations

import base64
import quopri
import re

import pytest

from pipeline.mail import mbox, message, thread
from pipeline.mail.diff import diff_files, has_diff
from pipeline.mail.headers import only_read_fields
from pipeline.mail.mbox import join_mbox, split_mbox
from pipeline.mail.message import Mail, parse
from pipeline.system.errors import NotObtainedError
from tests.support.clock import at_most
from tests.support.mails import DIFF, raw
from tests.support.paths import SHARED

SEPARATOR = b"From a@b Thu Jan  1 00:00:00 1970\n"
THREADS = SHARED / "mail"

SUBJECTS = [
    ("[PATCH] mm: one", 1, 1, 1, "mm: one"),
    ("[PATCH v3 02/11] mm: two", 3, 2, 11, "mm: two"),
    ("[RFC PATCH net-next v2 1/2] net: three", 2, 1, 2, "net: three"),
    ("[PATCHv2 1/3] four", 2, 1, 3, "four"),
    ("[PATCH-v2 1/3] four", 2, 1, 3, "four"),
    ("[PATCH 1/2 v4] five", 4, 1, 2, "five"),
    ("[PATCH RESEND v3 1/3] six", 3, 1, 3, "six"),
    ("[PATCH 0/3] a cover letter", 1, 0, 3, "a cover letter"),
    ("[PATCH 6.12 000/100] stable", 1, 0, 100, "stable"),
    ("[patch 1/2]no blank, small letters", 1, 1, 2, "no blank, small letters"),
    ("[PATCH 1/2] afs: a version at the end [ver #3]", 3, 1, 2, "afs: a version at the end [ver #3]"),
    ("[PATCH RESEND v6 (corrected v2) 0/2] a remark", 6, 0, 2, "a remark"),
    ("[PATCH v6.1.y 1/2] a stable tree", 1, 1, 2, "a stable tree"),
    ("[PATCH v2.1 1/2] half a revision", 2, 1, 2, "half a revision"),
    ("[PATCH IPv6 v4l2 1/2] no versions", 1, 1, 2, "no versions"),
    ("[PATCH 1/2 [for 5.10] unclosed", 1, 1, 2, "unclosed"),
    ("[PATCH v2 1/2] [media] a tag in the title", 2, 1, 2, "[media] a tag in the title"),
]


@pytest.mark.parametrize(("subject", "version", "number", "total", "title"), SUBJECTS)
def test_a_subject_tells_version_number_total_and_title(
    subject: str, version: int, number: int, total: int, title: str
) -> None:
    mail = parse(raw(subject))
    assert (mail.version, mail.number, mail.total, mail.title) == (version, number, total, title)
    assert not mail.reply


@pytest.mark.parametrize(
    "subject",
    [
        *("Re: [PATCH 1/2] x", "RE: [PATCH v2 0/3] x", "re: [PATCH] x", "AW: [PATCH] x", "Fwd: [PATCH] x"),
        *("[linux-mm] Re: [PATCH] x", "答复: [PATCH 1/2] x", "Rif: [PATCH] x", "Re[2]: [PATCH] x"),
    ],
)
def test_a_reply_is_never_a_patch_even_with_a_diff(subject: str) -> None:
    mail = parse(raw(subject))
    assert mail.reply
    assert mail.number is None


@pytest.mark.parametrize("subject", ["mm: no tag", "[RFC] only a question", "", "[PATCH unfinished", "PATCH 1/2"])
def test_a_subject_without_a_patch_tag_is_no_part_of_a_series(subject: str) -> None:
    mail = parse(raw(subject))
    assert mail.number is None
    assert mail.title == subject


def test_a_subject_folded_over_lines_is_read_as_one() -> None:
    assert parse(raw("[PATCH v2\n 1/2] mm:\n  long")).title == "mm: long"


def test_a_message_without_a_diff_is_no_patch() -> None:
    assert parse(raw("[PATCH 1/2] nothing to see", "no diff here\n")).number is None


def test_a_cover_letter_needs_no_diff() -> None:
    assert parse(raw("[PATCH 0/2] about", "hello\n")).number == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("diff --git a/x b/x\n", True),
        ("text\n--- a/x\n+++ b/x\n", True),
        ("text\n---\n x | 2 +-\n", False),
        ("> diff --git a/x b/x\n", False),
        ("", False),
    ],
)
def test_a_diff_is_seen_at_the_start_of_a_line_only(body: str, expected: bool) -> None:
    assert has_diff(body) is expected


def test_both_names_of_a_rename_and_each_file_once_are_listed() -> None:
    diff = "diff --git a/old.c b/new.c\ndiff --git a/mm/a b.c b/mm/a b.c\ndiff --git a/new.c b/new.c\n"
    assert diff_files(diff) == ("old.c", "new.c", "mm/a b.c")


def test_headers_are_read_into_fields() -> None:
    mail = parse(
        raw(
            "[PATCH] x",
            message_id="one",
            to="B <b@x>, c@x",
            cc="undisclosed-recipients:;",
            references="<r1@x>\n <r2@x>",
            in_reply_to="<r2@x>",
            date="Fri, 05 Dec 2025 19:43:36 +0000",
        )
    )
    letter = mail.letter
    assert (mail.message_id, mail.in_reply_to) == ("one@example.org", "r2@x")
    assert letter.references == ("r1@x", "r2@x")
    assert letter.to == ("B <b@x>", "c@x")
    assert letter.cc == ()
    assert letter.sender == "A U Thor <author@example.org>"
    assert letter.date == "Fri, 05 Dec 2025 19:43:36 +0000"
    assert mail.files == ("mm/util.c",)


@pytest.mark.parametrize(
    ("encoding", "encode"), [("base64", base64.encodebytes), ("quoted-printable", quopri.encodestring)]
)
def test_encoded_bodies_are_decoded(encoding: str, encode: object) -> None:
    body = f"Größe, {'long ' * 40}\n{DIFF}"
    assert callable(encode)
    head = "Subject: [PATCH] x\nContent-Type: text/plain; charset=utf-8\n"
    data = f"{head}Content-Transfer-Encoding: {encoding}\n\n".encode() + encode(body.encode())
    mail = parse(data)
    assert mail.letter.body == body
    assert mail.number == 1


@pytest.mark.parametrize(
    "header",
    [
        "From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <j@x.org>",
        "From: =?iso-8859-1?b?SvZyZyBN/GxsZXI=?= <j@x.org>",
        "From: Jörg Müller <j@x.org>",
    ],
)
def test_a_non_ascii_author_is_decoded(header: str) -> None:
    assert parse(f"{header}\nSubject: [PATCH] x\n\n{DIFF}".encode()).letter.sender == "Jörg Müller <j@x.org>"


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x7f", "\x9b", "\u202e"])
def test_an_address_with_a_control_character_is_none(character: str) -> None:
    mail = parse(raw("[PATCH] x", To=f"Tally <tally@exa{character}mple.org>, Mem <mem@example.org>"))
    assert mail.letter.to == ("Mem <mem@example.org>",)


def test_a_declared_charset_is_used() -> None:
    head = b"Subject: x\nContent-Type: text/plain; charset=iso-8859-1\n\n"
    assert parse(head + "Grüße\n".encode("latin-1")).letter.body == "Grüße\n"


def test_an_unknown_charset_is_read_as_utf8_and_bad_bytes_as_windows_1252() -> None:
    head = b"Subject: [PATCH] x\nContent-Type: text/plain; charset=x-no-such\n\n"
    mail = parse(head + b"h\xc3\xa9 \xff\n" + DIFF.encode())
    assert mail.letter.body.startswith("hé ÿ\n")
    assert mail.number == 1


def test_line_ends_of_the_body_are_plain() -> None:
    mail = parse(raw("[PATCH] x").replace(b"\n", b"\r\n"))
    assert "\r" not in mail.letter.body
    assert mail.number == 1


def test_the_text_parts_of_a_multipart_are_joined_and_others_left_out() -> None:
    data = (
        b"Subject: [PATCH] x\nContent-Type: multipart/mixed; boundary=B\n\n"
        b"--B\nContent-Type: text/plain\n\nhello\n"
        b"--B\nContent-Type: text/html\n\n<p>no</p>\n"
        b"--B\nContent-Type: text/x-patch\n\n" + DIFF.encode() + b"\n--B--\n"
    )
    mail = parse(data)
    assert mail.letter.body.startswith("hello\n")
    assert "<p>" not in mail.letter.body
    assert mail.number == 1


def read(data: bytes) -> Mail | None:
    """The mail, or None where it is refused in the way that it should be."""
    try:
        return parse(data)
    except NotObtainedError:
        return None


GARBAGE = {
    "nothing": b"",
    "only NUL": b"\0\0\0\0",
    "no header": b"garbage\n\xff\xfe",
    "broken encoded words": b"Subject: =?utf-8?b?!!!!?= =?x?q?=\nFrom: \0<\n\nx",
    "broken addresses": b'From: <<<>>>, ,;:\nTo: @@@ <\nCc: "\nMessage-ID: <\nReferences: >><<\nDate: x\n\nx\n',
    "empty content type": b"Content-Type: ;;;=\n\nx\n",
    "NUL in a charset": b'Content-Type: text/plain; charset="\0"\n\nx\n',
    "binary charset": b"Content-Type: text/plain; charset=\xff\xfe\n\nx\n",
    "a codec that is no charset": b"Content-Type: text/plain; charset=idna\n\n\xff..\n",
    "an undefined codec": b"Content-Type: text/plain; charset=undefined\n\nx\n",
    "continuations of a parameter": b"Content-Type: text/plain; charset*0=a; charset*=b; charset*1*=c\n\nx",
    "broken base64": b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!!a",
    "no boundary": b"Content-Type: multipart/mixed\n\nx\n",
    "nested comments": b"Message-ID: " + b"(" * 3000 + b"\n\nx",
    "nested comments in a type": b"Content-Type: " + b"(" * 3000 + b"\n\nx",
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_no_patch_or_a_typed_error(data: bytes) -> None:
    with at_most(1):
        mail = read(data)
    assert mail is None or mail.number is None


def nested(depth: int) -> bytes:
    """A multipart in a multipart in a …"""
    head = b"From: a@b\nSubject: [PATCH] x\nMessage-ID: <d@x>\nMIME-Version: 1.0\n"
    inside = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (at, at) for at in range(depth))
    ends = b"".join(b"--b%d--\n" % at for at in reversed(range(depth)))
    return head + inside + b"Content-Type: text/plain\n\nhello\n" + ends


def test_a_shallow_multipart_is_read() -> None:
    assert parse(nested(5)).letter.body == "hello"


def test_a_multipart_of_two_thousand_levels_ends_soon() -> None:
    with at_most(1):
        mail = read(nested(2000))
    assert mail is None or mail.letter.subject == "[PATCH] x"


LONG_HEADERS = {
    "addresses": b"To: " + b"a@b," * 12_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?a?=" * 6_000,
    "angle brackets": b"From: " + b"<" * 40_000,
}


@pytest.mark.parametrize("header", LONG_HEADERS.values(), ids=LONG_HEADERS.keys())
def test_a_header_of_fifty_kilobytes_or_more_ends_soon(header: bytes) -> None:
    with at_most(0.5):
        mail = read(header + b"\n\nx\n")
    assert mail is None or mail.letter.body == "x\n"


def test_a_message_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message, "MESSAGE_LIMIT", 1000)
    parse((b"Subject: x\n\n" + b"line\n" * 200)[:1000])
    with pytest.raises(NotObtainedError, match="larger than 0 MiB"):
        parse((b"Subject: x\n\n" + b"line\n" * 200)[:1001])


# Mailboxes


def test_a_single_message_without_a_separator_is_a_mailbox_of_one() -> None:
    data = b"Subject: x\n\n>From here\n\nFrom a@b Thu Jan  1 00:00:00 1970\nbody\n"
    assert list(split_mbox(data)) == [data]


@pytest.mark.parametrize(
    ("quoted", "plain"),
    [
        (b">From here", b"From here"),
        (b">>From a quote", b">From a quote"),
        (b"> From", b"> From"),
        (b">from", b">from"),
    ],
)
def test_mboxrd_quoting_is_taken_away_once(quoted: bytes, plain: bytes) -> None:
    assert list(split_mbox(SEPARATOR + b"Subject: x\n\n" + quoted + b"\n")) == [b"Subject: x\n\n" + plain + b"\n"]


def test_messages_are_split_at_separators() -> None:
    data = SEPARATOR + b"Subject: a\n\none\n\n" + SEPARATOR + b"Subject: b\n\ntwo\n"
    assert list(split_mbox(data)) == [b"Subject: a\n\none\n", b"Subject: b\n\ntwo\n"]


def test_messages_with_crlf_are_split() -> None:
    data = (SEPARATOR + b"Subject: a\n\none\n\n" + SEPARATOR + b"Subject: b\n\n>From two\n").replace(b"\n", b"\r\n")
    first, second = split_mbox(data)
    assert first.startswith(b"Subject: a\r\n\r\none\r\n")
    assert second == b"Subject: b\r\n\r\nFrom two\r\n"


@pytest.mark.parametrize(
    "line", [b"\nFrom here on, nothing\n", b"text\nFrom a@b Thu Jan  1 00:00:00 1970\n", b"\nFrom: a@b in 2024\n"]
)
def test_from_in_a_body_separates_nothing(line: bytes) -> None:
    assert len(list(split_mbox(SEPARATOR + b"Subject: a\n\nbody\n" + line + b"end\n"))) == 1


NOT_SEPARATING = {
    "prose that ends with a year": b"From chapter 9 of the second edition of 2019\nthe words are these.\n",
    "a date in the middle": b"From the log of Mon Jan 15 10:00:00 2024 it is seen\nSubject: that\n",
    "a separator that is talked about": b"From a@b Thu Jan  1 00:00:00 1970\nis what stands there.\n",
    "a separator and what is no header of a mail": b"From a@b Thu Jan  1 00:00:00 1970\nNote: nothing\n\nmore\n",
    "from git": b"From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n\n",
}


@pytest.mark.parametrize("line", NOT_SEPARATING.values(), ids=NOT_SEPARATING)
@pytest.mark.parametrize("before", [b"", b"From: x@y\nSubject: z\n"], ids=["in a message", "behind headers"])
def test_a_line_of_prose_separates_nothing(line: bytes, before: bytes) -> None:
    """git-mailsplit(1) splits at a date of asctime(3); that of a list's archive has headers behind it as well."""
    whole = before + b"Subject: a\n\nbody\n\n" + line + b"end\n"
    assert list(split_mbox(SEPARATOR + whole)) == [whole]


SEPARATING = [
    b"From a@b Thu Jan  1 00:00:00 1970",
    b"From - Thu Jan 11 00:00:00 1970",
    b"From a@b  Thu Jan  1 00:00 1970",
    b"From 17@xxx Mon Jan 01 00:00:00 +0000 2001",
    b"From a@b Thu Jan  1 00:00:00 CET 1970",
    b"From a@b Thu Jan  1 00:00:00 1970 +0100",
    b"From mboxrd@z Thu Jan  1 00:00:00 1970",
    b"From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001",
]


@pytest.mark.parametrize("line", SEPARATING)
def test_the_separators_of_many_programs_separate(line: bytes) -> None:
    head = line + b"\nX-Any: y\n z\nfrom: a@b\nSubject: x\n\n"
    assert list(split_mbox(head + b"one\n\n" + head + b"two\n")) == [
        head.partition(b"\n")[2] + b"one\n",
        head.partition(b"\n")[2] + b"two\n",
    ]


@pytest.mark.parametrize("line", [SEPARATING[-1], b"From git@z Thu Jan  1 00:00:00 1970"])
def test_what_git_and_b4_wrote_for_git_am_is_not_quoted(line: bytes) -> None:
    """git-format-patch(1) and b4-am(5) write a message's own `>From` as it is."""
    body = b"From: a@b\nSubject: x\n\n>From now on\n>>From a quote\n\nFrom then on\n"
    assert list(split_mbox(line + b"\n" + body)) == [body]


@pytest.mark.parametrize("data", [b"", b"\n \r\n"])
def test_an_empty_mailbox_is_an_error_that_says_so(data: bytes) -> None:
    with pytest.raises(NotObtainedError, match="empty"):
        list(split_mbox(data))


def test_a_mailbox_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mbox, "THREAD_LIMIT", 1 << 20)
    with pytest.raises(NotObtainedError, match="larger than 1 MiB"):
        list(split_mbox(b"x" * ((1 << 20) + 1)))


def test_a_mailbox_of_too_many_messages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mbox, "COUNT_LIMIT", 3)
    stored = SEPARATOR + b"Subject: a\n\none\n\n"
    assert len(list(split_mbox(stored * 3))) == 3
    with pytest.raises(NotObtainedError, match="more than 3 messages"):
        list(split_mbox(stored * 4))


def test_a_mailbox_of_very_many_separators_is_refused_soon() -> None:
    with at_most(1), pytest.raises(NotObtainedError, match="more than 5000 messages"):
        list(split_mbox((SEPARATOR + b"Date: x\n\n") * 100_000))
    with at_most(1):
        assert len(list(split_mbox(SEPARATOR + b"Date: x\n\n" + (SEPARATOR + b"\n") * 100_000))) == 1


@pytest.mark.parametrize(
    "mails",
    [
        [b"Subject: a\n\nFrom the\n>From x\n>>From y\nFrom here on Mon 2024\n"],
        [b"Subject: a\n\none\n", b"Subject: b\n\ntwo\n\n\n", b"Subject: c\n\nthree\n"],
        [b"Subject: a\n\none\n\nFrom a@b Thu Jan  1 00:00:00 1970\ntwo\n", b"Subject: b\n\n\xff\0\n"],
        [b"Subject: a\r\n\r\nFrom crlf\r\n", b"Subject: b\r\n\r\n"],
    ],
)
def test_joining_and_splitting_gives_the_same_messages(mails: list[bytes]) -> None:
    assert list(split_mbox(join_mbox(mails))) == mails


# Real threads, where they are at hand

POSTED = {
    "erofs-bdev": {1: [1, 2, 3, 4], 2: [3, 4]},
    "jbd2-recover-v2": {2: [0, 1, 2, 3, 4, 5, 6]},
    "kasan-kunit-v2": {2: [0, 1, 2, 3], 3: [0, 1, 2, 2, 3, 3], 4: [0, 1, 2, 3]},
    "qconfig-cleanup": {1: [0, 1, 2, 3, 4, 5, 6, 7]},
    "scftorture-v3": {3: [0, 1, 2, 3, 4]},
    "sparse-vmemmap-v3": {3: [0, 1, 2, 3, 4, 5]},
    "sysfs-binattr-v2": {2: [0, 1, 2, 3]},
    "tmpfs-casefold-v7": {7: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]},
}
"""Numbers posted of each revision; 0 is the cover letter."""


@pytest.mark.parametrize("name", POSTED)
def test_a_real_thread_holds_what_its_index_says(name: str) -> None:
    path = THREADS / f"{name}.mbox"
    if not path.is_file():
        pytest.skip(f"no real threads here: {path} is missing")
    mails = [parse(content) for content in split_mbox(path.read_bytes())]
    # One Message-ID can come twice, when a list sent its copy, too.
    distinct = list({mail.message_id: mail for mail in mails}.values())
    numbers = {
        version: sorted(mail.number for mail in distinct if mail.version == version and mail.number is not None)
        for version in thread.versions(mails)
    }
    assert numbers == POSTED[name]
    row = re.search(rf"^\| {name} \|[^|]*\| (\d+)( \+ cover)?", (THREADS / "INDEX.md").read_text(), re.MULTILINE)
    assert row is not None
    first = numbers[min(numbers)]
    assert (max(first), 0 in first) == (int(row[1]), bool(row[2]))
    assert all(mail.message_id and mail.letter.sender for mail in mails)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_fields_that_nobody_reads_are_not_taken_apart(end: bytes) -> None:
    fields = [b"X-One: 1", b"Subject: [PATCH] x", b"Received: by a", b"\tfor b", b"FROM: A U Thor <a@example.org>"]
    fields += [b"References: <one@example.org>", b" <two@example.org>", b"List-Id: <l.example.org>"]
    raw = end.join([*fields, b"", b"Text: of it", b"", b"More."])
    kept = end.join([fields[1], *fields[4:7], b"", b"Text: of it", b"", b"More."])
    assert only_read_fields(raw).replace(b"\r\n", b"\n") == kept.replace(b"\r\n", b"\n")
    assert parse(raw).letter == parse(kept).letter


@pytest.mark.parametrize("line", [b"X-One : 1", b"no field", b"\xff: 1", b"> X: 1"])
def test_a_line_that_is_no_field_still_ends_the_headers(line: bytes) -> None:
    """Seen red where it was taken for a field: what follows it is the mail's text for Python, git and b4."""
    raw = b"From: A <a@example.org>\n" + line + b"\nX-Two: 2\nSubject: hidden\n\nText.\n"
    assert only_read_fields(raw) == raw
    assert parse(raw).letter.subject == ""
