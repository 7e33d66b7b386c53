"""Mails as bytes, complete but for what a test is about."""

from __future__ import annotations

from pipeline.mail.message import Mail, parse

DIFF = """\
---
 mm/util.c | 2 +-

diff --git a/mm/util.c b/mm/util.c
index 1111111..2222222 100644
--- a/mm/util.c
+++ b/mm/util.c
@@ -1,2 +1,2 @@
-old
+new
 kept
"""


def raw(subject: str, body: str = DIFF, message_id: str = "", **headers: str) -> bytes:
    """A mail; keyword `in_reply_to` becomes the header In-Reply-To."""
    lines = [
        f"Message-ID: <{message_id or abs(hash(subject))}@example.org>",
        "From: A U Thor <author@example.org>",
        f"Subject: {subject}",
        *(f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()),
    ]
    return ("\n".join(lines) + "\n\n" + body).encode()


def mail(subject: str, body: str = DIFF, message_id: str = "") -> Mail:
    return parse(raw(subject, body, message_id))


def series(total: int, version: int = 1, *, cover: bool = True, without: tuple[int, ...] = ()) -> list[Mail]:
    """A cover letter and `total` patches, those of `without` left out."""
    tag = "PATCH" if version == 1 else f"PATCH v{version}"
    mails = [mail(f"[{tag} 0/{total}] cover", "Hello.\n", f"v{version}-0")] if cover else []
    numbers = (number for number in range(1, total + 1) if number not in without)
    return mails + [mail(f"[{tag} {at}/{total}] change {at}", DIFF, f"v{version}-{at}") for at in numbers]
