"""Properties of the door that mail comes in by, whatever the bytes."""

from __future__ import annotations

import gzip

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.mail.mbox import join_mbox, split_mbox, unzipped
from pipeline.mail.message import parse_all
from pipeline.system.errors import NotObtainedError
from tests.fuzz.mail import mail_is_harmless_or_refused, mailbox_is_read_or_refused

# The machine may be busy: no example has a time limit of its own.
unhurried = settings(deadline=None, max_examples=200)

HEADERS = [b"From", b"To", b"Cc", b"Subject", b"Message-ID", b"In-Reply-To", b"References", b"Date", b"Content-Type"]
HEADERS += [b"Content-Transfer-Encoding", b"MIME-Version", b"X"]
VALUES = [
    *(
        b"=?utf-8?q?=0A=0D=00=E2=80=AE?=",
        b"=?utf-7?q?+2AA-?=",
        b"=?x?b?!?=",
        b"=?utf-8?b?Cg==?=",
        b"\n ",
        b"\r",
        b"\xff",
    ),
    *(b"a@b", b"<", b">", b"(", b")", b'"', b"\\", b",", b";", b":", b"[PATCH v2 1/2]", b"Re: ", b" ", b"\xc2\x85"),
    *(
        b"multipart/mixed; boundary=b",
        b"message/rfc822",
        b"text/plain; charset=",
        b"utf-7",
        b"utf-16",
        b"punycode",
        b"base64",
    ),
    *(b"quoted-printable", b"x-uuencode", b"\x1b[2J", b"\xe2\x80\xa8"),
]
BODIES = [
    b"--b\n",
    b"--b--\n",
    b"\n",
    b"From x 2024\n",
    b">From \n",
    b"diff --git a/x b/x\n",
    b"@@ -1 +1 @@\n",
    b"+\xff\n",
]
header = st.builds(
    lambda name, values: name + b": " + b"".join(values) + b"\n",
    st.sampled_from(HEADERS),
    st.lists(st.one_of(st.sampled_from(VALUES), st.binary(max_size=6)), max_size=6),
)
mail = st.builds(
    lambda head, body: b"".join(head) + b"\n" + b"".join(body),
    st.lists(header, max_size=8),
    st.lists(st.one_of(st.sampled_from([*BODIES, *VALUES]), st.binary(max_size=20)), max_size=12),
)
anything = st.one_of(st.binary(max_size=500), mail)


@unhurried
@given(anything)
def test_any_bytes_are_a_mail_or_a_typed_error(data: bytes) -> None:
    mail_is_harmless_or_refused(data)


@unhurried
@given(st.lists(anything, min_size=1, max_size=4))
def test_every_message_is_read_or_left_out_with_a_reason(messages: list[bytes]) -> None:
    try:
        mails, refused = parse_all(messages)
    except NotObtainedError:
        return
    assert len(mails) + len(refused) == len(messages)


@unhurried
@given(anything)
def test_any_bytes_are_a_mailbox_or_a_typed_error(data: bytes) -> None:
    mailbox_is_read_or_refused(data)


@unhurried
@given(st.lists(anything, min_size=1, max_size=5))
def test_joining_and_splitting_gives_the_same_messages(messages: list[bytes]) -> None:
    whole = [message if message.endswith(b"\n") else message + b"\n" for message in messages]
    assert list(split_mbox(join_mbox(whole))) == whole


@unhurried
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_what_was_zipped_comes_back_and_nothing_else_does(data: bytes, noise: bytes) -> None:
    assert unzipped(gzip.compress(data), "x") == data
    assert unzipped(gzip.compress(data) + gzip.compress(noise), "x") == data + noise
    try:
        unzipped(noise, "x")
    except NotObtainedError:
        return
    assert noise.startswith(b"\x1f\x8b")
