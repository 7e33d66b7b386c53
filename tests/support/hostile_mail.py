"""Mailboxes as somebody would send them who means harm, or whose tools are broken; each made when it is needed."""

from __future__ import annotations

import base64
import gzip
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.developer import mbox
from tests.support.mails import DIFF


def mail(
    subject: str, body: str = DIFF, name: str = "", *, more: bytes = b"", sender: str = "A <a@example.org>"
) -> bytes:
    """A mail; `name` becomes its Message-ID, `more` are further header lines."""
    head = f"From: {sender}\nSubject: {subject}\nMessage-ID: <{name or abs(hash(subject))}@example.org>\n"
    return head.encode("utf-8", "surrogateescape") + more + b"\n" + body.encode()


COVER = mail("[PATCH 0/2] about it", "Hello.\n", "0")
ONE = mail("[PATCH 1/2] one", DIFF, "1", more=b"In-Reply-To: <0@example.org>\nReferences: <0@example.org>\n")
TWO = mail("[PATCH 2/2] two", DIFF.replace("util", "slab"), "2", more=b"References: <0@example.org>\n")
GOOD = (COVER, ONE, TWO)


def reply(more: bytes = b"", body: bytes = b"Reviewed-by: B <b@example.org>\n", name: bytes = b"reply") -> bytes:
    """An answer to patch 1."""
    return (
        b"From: B <b@example.org>\nSubject: Re: [PATCH 1/2] one\nMessage-ID: <%s@example.org>\n" % name
        + b"In-Reply-To: <1@example.org>\nReferences: <0@example.org> <1@example.org>\n"
        + more
        + b"\n"
        + body
    )


def nested(depth: int, kind: bytes = b"multipart/mixed") -> bytes:
    """A part in a part in a …"""
    inside = b"".join(b"Content-Type: %s; boundary=b%d\n\n--b%d\n" % (kind, at, at) for at in range(depth))
    return b"From: C <c@example.org>\nSubject: x\nMessage-ID: <n@x>\n" + inside + b"Content-Type: text/plain\n\nhi\n"


def encoded(encoding: bytes, content: bytes, charset: bytes = b"utf-8") -> bytes:
    """Patch 1 with its body in a transfer encoding."""
    head = b"Content-Type: text/plain; charset=%s\nContent-Transfer-Encoding: %s\n" % (charset, encoding)
    return ONE.partition(b"\n\n")[0] + b"\n" + head + b"\n" + content


def patched(old: str, new: str) -> bytes:
    """The series with something else in patch 1."""
    return mbox([COVER, ONE.replace(old.encode(), new.encode()), TWO])


def diff(body: str) -> bytes:
    """The series with another diff in patch 1."""
    return mbox([COVER, ONE.partition(b"\n\n")[0] + b"\n\n---\n" + body.encode(), TWO])


def with_more(*mails: bytes) -> bytes:
    return mbox([*GOOD, *mails])


def new_file(name: str, content: str, mode: str = "100644") -> str:
    lines = content.split("\n")
    added = "".join(f"+{line}\n" for line in lines)
    return (
        f"diff --git a/{name} b/{name}\nnew file mode {mode}\nindex 0000000..2222222\n--- /dev/null\n+++ b/{name}\n"
        f"@@ -0,0 +1,{len(lines)} @@\n{added}" + ("\\ No newline at end of file\n" if mode == "120000" else "")
    )


@dataclass(frozen=True)
class Hostile:
    """What is sent, and what becomes of it.

    Args:
        content: makes the mailbox.
        words: of the error; where there are none, a series of two patches comes out.
        shown: in the output of a series that comes out.
    """

    content: Callable[[], bytes]
    words: str = ""
    shown: str = ""


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(1000)), packer.flush()])


BIDI = "\u202e } \u2066if (is_admin)\u2069 \u2066"
MAILBOXES: dict[str, Hostile] = {
    # Sizes
    "empty": Hostile(lambda: b"", "the mailbox is empty"),
    "blanks": Hostile(lambda: b" \r\n" * 1000, "the mailbox is empty"),
    "body of 100 MB": Hostile(lambda: mail("[PATCH] x", "y" * 79 + "\n") + b"lines of text\n" * 7_200_000, "16 MiB"),
    "body of 9 MB": Hostile(lambda: with_more(reply(body=b"lines of text\n" * 700_000)), shown="larger than 8 MiB"),
    "line of 5 MB": Hostile(lambda: with_more(reply(body=b"x" * 5_000_000)), shown="line of more than 64 KiB"),
    "line of 5 MB in base64": Hostile(
        lambda: with_more(
            reply(b"Content-Transfer-Encoding: base64\n", base64.encodebytes(b"--- " + b"x" * 5_000_000))
        ),
        shown="line of more than 64 KiB",
    ),
    "two million lines": Hostile(lambda: with_more(reply(body=b"y\n" * 2_000_000)), shown="more than 400000 lines"),
    "6000 messages": Hostile(lambda: mbox([mail("x", "y\n")] * 6000), "more than 5000 messages"),
    "separators without messages": Hostile(lambda: b"From a b 2024\n\n" * 500_000, "more than 400000 lines"),
    "messages of one header": Hostile(
        lambda: b"From a@b Thu Jan  1 00:00:00 1970\nDate: x\n\n" * 300_000, "more than 5000 messages"
    ),
    "separator of 20 MB": Hostile(
        lambda: b"From " + b"a@" * 10_000_000, "line of more than 64 KiB|larger than (8|16) MiB"
    ),
    "gzip bomb": Hostile(_bomb, "larger than 16 MiB when it is unpacked"),
    "gzip bomb of empty members": Hostile(lambda: gzip.compress(b"") * 500_000, "when it is unpacked"),
    "gzip cut short": Hostile(lambda: gzip.compress(mbox(GOOD))[:-20], "ends early"),
    "gzip damaged": Hostile(lambda: b"\x1f\x8b\x08\0" + b"\xff" * 300, "is damaged"),
    "gzip of a good series": Hostile(lambda: gzip.compress(mbox(GOOD))),
    # Headers
    "NUL in a header": Hostile(lambda: with_more(reply(b"To: a\0b@example.org\n")), shown="holds a NUL"),
    "NUL in a patch's subject": Hostile(lambda: patched("[PATCH 1/2] one", "[PATCH 1/2] o\0ne"), "missing 1/2; .*NUL"),
    "bare CR in a header": Hostile(
        lambda: patched("1/2] one\n", "1/2] one\rCc: evil@example.org\n"), "missing 1/2; .*a bare CR in its headers"
    ),
    "newline in an encoded From": Hostile(
        lambda: patched("From: A <a@", "From: =?utf-8?q?A=0ABcc=3A_evil=40example.org?= <a@"),
        "missing 1/2; .*an encoded line end in From",
    ),
    "newline in an encoded Subject": Hostile(
        lambda: patched("1/2] one", "1/2] =?utf-8?b?b25lCkJjYzogZXZpbEBleGFtcGxlLm9yZw==?="), shown="one Bcc: evil@"
    ),
    "newline in an encoded Cc": Hostile(
        lambda: patched("From: A", "Cc: =?utf-8?q?x=0D=0A=0D=0Abody?= <x@example.org>\nFrom: A"), shown="2 patches"
    ),
    "10,000 recipients": Hostile(
        lambda: with_more(reply(b"To: " + b",\n ".join(b"r%d@example.org" % at for at in range(10_000)) + b"\n")),
        shown="header of more than 16 KiB (To)",
    ),
    "100,000 headers": Hostile(lambda: with_more(reply(b"X-A: b\n" * 100_000)), shown="more than 400 headers"),
    "8-bit headers": Hostile(lambda: patched("From: A <", "From: J\u00f6rg <"), shown="one"),
    "latin-1 in a header": Hostile(lambda: mbox([COVER, ONE.replace(b"From: A", b"From: J\xf6rg"), TWO])),
    # Python 3.11.2 reads them, 3.11.7 does not: the mail is there, or it is said to be left out.
    "comments without end": Hostile(lambda: with_more(reply(b"To: " + b"(" * 15_000 + b"\n"))),
    "encoded words without end": Hostile(lambda: with_more(reply(b"Cc: " + b"=?utf-8?q?a?=" * 1200 + b"\n"))),
    "patches that refer to each other in a loop": Hostile(
        lambda: mbox(
            [
                COVER.replace(b"\n\n", b"\nIn-Reply-To: <2@example.org>\nReferences: <2@example.org>\n\n", 1),
                ONE.replace(b"In-Reply-To: <0@", b"In-Reply-To: <1@"),
                TWO.replace(b"References: <0@", b"References: <1@example.org> <0@"),
            ]
        ),
        "missing 2/2",
    ),
    "replies that refer to each other in a loop": Hostile(
        lambda: with_more(
            reply(name=b"a").replace(b"<1@example.org>", b"<b@example.org>"),
            reply(name=b"b").replace(b"<1@example.org>", b"<a@example.org>"),
            reply(name=b"c").replace(b"<1@example.org>", b"<a@example.org>"),
        ),
        shown="trailers of 3 replies are not collected",
    ),
    "patch that answers itself": Hostile(
        lambda: mail("[PATCH] x", DIFF, "1", more=b"In-Reply-To: <1@example.org>\n"), "leads in a circle"
    ),
    "no Message-ID": Hostile(
        lambda: mbox([m.replace(b"Message-ID: <1@example.org>\n", b"") for m in GOOD]), "Message-ID"
    ),
    "date far off": Hostile(lambda: patched("From: A", "Date: Fri, 99 Foo 99999 99:99:99 +9999\nFrom: A")),
    # Threads
    "a copy with the same Message-ID": Hostile(lambda: with_more(ONE)),
    "mixed versions": Hostile(
        lambda: mbox([COVER, ONE, TWO.replace(b"[PATCH 2/2]", b"[PATCH v2 2/2]")]), "is incomplete: missing"
    ),
    "missing patch": Hostile(lambda: mbox([COVER, TWO]), "missing 1/2"),
    "patch 1 of 9999": Hostile(lambda: mbox([mail("[PATCH 1/9999] x")]), "missing 2/9999"),
    # Parts and encodings
    "2,000 nested multiparts": Hostile(lambda: with_more(nested(2000)), shown="2000 nested parts"),
    "2,000 nested multiparts alone": Hostile(lambda: nested(2000), "2000 nested parts"),
    "2,000 nested messages": Hostile(lambda: with_more(nested(2000, b"message/rfc822")), shown="2000 nested parts"),
    "90 parts around many lines": Hostile(lambda: with_more(nested(90) + b"x\n" * 300_000), shown="90 nested parts"),
    "wrong boundary": Hostile(lambda: with_more(reply(b"Content-Type: multipart/mixed; boundary=a\n", b"--b\n\nx\n"))),
    "uuencoded": Hostile(
        lambda: with_more(reply(b"Content-Transfer-Encoding: x-uuencode\n", b"begin 644 /etc/x\n#86)C\n"))
    ),
    "base64 cut short": Hostile(
        lambda: mbox([COVER, encoded(b"base64", base64.encodebytes(DIFF.encode())[:150]), TWO]), "1/2"
    ),
    "unknown charset": Hostile(lambda: mbox([COVER, encoded(b"8bit", DIFF.encode(), b"x-no-such"), TWO])),
    "a codec that is no charset": Hostile(
        lambda: with_more(reply(b"Content-Type: text/plain; charset=punycode\n", b"a-b\n" * 9000))
    ),
    "lone surrogate in UTF-7": Hostile(
        lambda: mbox([COVER, encoded(b"7bit", b"+2AA- " + DIFF.encode().replace(b"+", b"+-"), b"utf-7"), TWO]),
        "missing 1/2; .*half of a surrogate pair",
    ),
    "From lines in bodies": Hostile(lambda: with_more(reply(body=b"\nFrom a@b Thu Jan  1 00:00:00 1970\n>From x\n"))),
    "CR, LF and CRLF mixed": Hostile(lambda: with_more(reply(body=b"a\rb\r\nc\n\rd"))),
    "bytes": Hostile(lambda: bytes(range(256)) * 400, "a NUL"),
    # Diffs
    "path out of the tree": Hostile(lambda: diff(new_file("../../x", "y")), "leads out of the tree"),
    "absolute path": Hostile(lambda: diff(new_file("/etc/passwd", "y")), "no path in a tree"),
    "path in .git": Hostile(lambda: diff(new_file(".git/config", "[core]")), "git's own"),
    "path in .GIT of a folder": Hostile(lambda: diff(new_file("mm/.GIT/config", "[core]")), "git's own"),
    "hook of git": Hostile(lambda: diff(new_file(".git/hooks/post-checkout", "id", "100755")), "git's own"),
    "newline in a file name": Hostile(
        lambda: diff(new_file("Q", "y").replace("a/Q b/Q", '"a/x\\ny" "b/x\\ny"').replace("b/Q", '"b/x\\ny"')),
        "control character",
    ),
    "escape in a file name": Hostile(
        lambda: diff(new_file("Q", "y").replace("a/Q b/Q", '"a/\\033[2J" "b/\\033[2J"').replace("b/Q", '"b/\\033[2J"')),
        "control character",
    ),
    "link to an absolute path": Hostile(lambda: diff(new_file("mm/x", "/etc", "120000")), "leads out of the tree"),
    "link out of the tree": Hostile(lambda: diff(new_file("mm/x", "../../etc", "120000")), "leads out of the tree"),
    "link by way of a link": Hostile(lambda: diff(new_file("mm/x", "a/../../..", "120000")), "leads out of the tree"),
    "submodule": Hostile(lambda: diff(new_file("mm/x", "Subproject commit 1", "160000")), "a submodule"),
    "link of a mode that git reads only": Hostile(
        lambda: diff(new_file("mm/x", "/etc", "120000").replace("mode 120000", "mode 0120000")), "does not write"
    ),
    "link below other folders than a and b": Hostile(
        lambda: diff(new_file("mm/x", "/etc", "120000").replace("a/mm", "i/mm").replace("b/mm", "w/mm")), "leads out"
    ),
    "submodule below no folders": Hostile(
        lambda: diff(new_file("mm/x", "Subproject commit 1", "160000").replace("a/mm/x b/mm", "mm/x mm")), "a submodule"
    ),
    "packed file of a size that git reads only": Hostile(
        lambda: diff(
            f"diff --git a/x b/x\nnew file mode 100644\nindex {'0' * 40}..{'1' * 40}\n"
            "GIT binary patch\nliteral  99999999\nHcmV?d00001\n\nliteral 0\nHcmV?d00001\n\n"
        ),
        "more than 16777216 bytes of files that its patches bring packed",
    ),
    "link within the tree": Hostile(
        lambda: diff(new_file("scripts/x/arm", "../../arch/arm", "120000")), shown="a symbolic link to '../../arch/arm'"
    ),
    ".b4-config": Hostile(lambda: diff(new_file(".b4-config", "[b4]")), shown=".b4-config: programs other than"),
    "hooks of another name": Hostile(lambda: diff(new_file(".githooks/x", "id")), shown="obey this file"),
    "bidirectional controls": Hostile(
        lambda: patched("+new", f"+{BIDI}"), shown="patch 1, mm/util.c:1: not shown: U+202E RIGHT-TO-LEFT OVERRIDE"
    ),
    "homoglyph": Hostile(lambda: patched("+new", "+s\u0441ope();"), shown="U+0441 CYRILLIC SMALL LETTER ES"),
    "invisible letter": Hostile(lambda: patched("+new", "+a\u200bb"), shown="U+200B ZERO WIDTH SPACE"),
    "escape sequence in code": Hostile(lambda: patched("+new", "+/* \x1b[2J */"), shown="not shown: U+001B"),
}


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "series")


def _fifo_in_maildir(folder: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (folder / "series" / name).mkdir(parents=True)
    os.mkfifo(folder / "series/new/1")


def _looping_maildir(folder: Path) -> None:
    (folder / "series").mkdir()
    (folder / "series/new").symlink_to(".")
    (folder / "series/cur").symlink_to("cur")
    (folder / "series/tmp").mkdir()


def _looping_link(folder: Path) -> None:
    (folder / "series").symlink_to("series")


def _huge_file(folder: Path) -> None:
    with (folder / "series").open("wb") as file:
        file.truncate(1 << 40)


def _endless(folder: Path) -> None:
    (folder / "series").symlink_to("/dev/zero")


PLACES: dict[str, tuple[Callable[[Path], None], str]] = {
    "FIFO in place of an mbox": (_fifo, "no regular file"),
    "FIFO in a maildir": (_fifo_in_maildir, "no regular file"),
    "maildir whose folders loop": (_looping_maildir, "cannot be read: Too many levels of symbolic links"),
    "link to itself": (_looping_link, "cannot be read: Too many levels of symbolic links"),
    "sparse file of 1 TiB": (_huge_file, "larger than 16 MiB"),
    "link to a device without end": (_endless, "no regular file"),
}
