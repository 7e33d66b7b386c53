"""What must hold for any bytes that come in as mail: for hypothesis in tests/unit, and for the fuzzer."""

from __future__ import annotations

import unicodedata

from pipeline.mail.diff import file_diffs
from pipeline.mail.mbox import join_mbox, split_mbox
from pipeline.mail.message import Mail, parse, parse_all
from pipeline.mail.suspicion import forbidden, suspicions
from pipeline.mail.thread import in_circles, postings
from pipeline.system.errors import NotObtainedError

UNSHOWABLE = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories that no header may hold when it is shown: controls, surrogates, line and paragraph separators."""
DIRECTIONS = ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI")
"""Bidirectional classes that change the order of what stands beside them."""


def shown(mail: Mail) -> list[str]:
    """The texts of a mail's headers that people see."""
    letter = mail.letter
    texts = [letter.message_id, letter.subject, letter.sender, letter.date, mail.in_reply_to, mail.title]
    return [*texts, *letter.to, *letter.cc, *letter.references]


def mail_is_harmless_or_refused(data: bytes) -> None:
    """Any bytes are a mail whose texts can be shown, or a typed error."""
    try:
        mail = parse(data)
    except NotObtainedError:
        return
    for text in shown(mail):
        assert not [c for c in text if unicodedata.category(c) in UNSHOWABLE], text
        assert not [c for c in text if unicodedata.bidirectional(c) in DIRECTIONS], text
        text.encode()
    mail.letter.body.encode()
    assert "\0" not in mail.letter.body
    for file in file_diffs(mail.letter.body):
        assert isinstance(forbidden(file), str)
        assert all(not set(item.what) & set("\u202e\x1b\n") for item in suspicions(1, file))


def mailbox_is_read_or_refused(data: bytes) -> None:
    """Any bytes are a mailbox, each message of which is read or refused with a reason, or a typed error."""
    try:
        messages = list(split_mbox(data))
        mails, refused = parse_all(messages)
    except NotObtainedError:
        return
    assert sum(map(len, messages)) <= len(data)
    assert len(mails) + len(refused) == len(messages)
    whole = [message if message.endswith(b"\n") else message + b"\n" for message in messages]
    assert list(split_mbox(join_mbox(whole))) == whole
    for posting in postings(mails):
        assert posting.ids <= {mail.message_id for mail in mails}
        assert isinstance(posting.problems, str)
    assert in_circles(mails) <= {mail.message_id for mail in mails}


def check(data: bytes) -> None:
    """As one message and as a mailbox."""
    mail_is_harmless_or_refused(data)
    mailbox_is_read_or_refused(data)


HEAD = b"""\
From: Hugh Page <hugh@example.org>
To: Tally Page <tally@example.org>
Cc: =?utf-8?q?M=C3=BCm?= <mem@example.org>
Subject: [PATCH v2 1/2] mm: look at the head
Date: Tue, 14 Nov 2023 22:13:20 +0000
Message-ID: <1@example.org>
In-Reply-To: <0@example.org>
References: <0@example.org>
MIME-Version: 1.0
"""
DIFF = b"""\
One line less.

Signed-off-by: Hugh Page <hugh@example.org>
---
 mm/util.c | 2 +-

diff --git a/mm/util.c b/mm/util.c
index 1111111..2222222 100644
--- a/mm/util.c
+++ b/mm/util.c
@@ -1,2 +1,2 @@ int f(void)
 int a;
-int b;
+int c;
"""
ANSWER = b"""\
From: Tally Page <tally@example.org>
Subject: Re: [PATCH v2 1/2] mm: look at the head
Message-ID: <2@example.org>
In-Reply-To: <1@example.org>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

> int c;
Reviewed-by: T=E4lly Page <tally@example.org>
--b
Content-Type: text/x-patch; name="fix.patch"
Content-Transfer-Encoding: base64

ZGlmZiAtLWdpdCBhL3ggYi94Cg==
--b--
"""
PLAIN = HEAD + b"Content-Type: text/plain; charset=utf-8\n\n" + DIFF
SEEDS = (
    PLAIN,
    ANSWER,
    b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + PLAIN + b"\nFrom mboxrd@z Thu Jan  1 00:00:00 1970\n" + ANSWER,
)
"""A patch, an answer to it, and both in a mailbox."""

WORDS = (
    *(b"=?utf-8?q?=0A=00=E2=80=AE?=", b"=?utf-7?b?", b"?=", b"\n\t", b"\r\n", b"\n\n", b"\xe2\x80\xae"),
    *(b"multipart/alternative", b"message/rfc822", b"boundary=", b"charset=", b"base64", b"quoted-printable"),
    *(b"utf-16", b"utf-7", b"iso-2022-jp", b"idna", b"From ", b">From ", b"Subject: [PATCH RESEND 0/3]"),
    *(b"diff --git ", b'"a/\\303\\244"', b"@@ -0,0 +1 @@\n", b"new file mode 120000", b"rename to ", b"/dev/null"),
    *(b"GIT binary patch", b"In-Reply-To: ", b"References: ", b"../", b".git/hooks"),
)
