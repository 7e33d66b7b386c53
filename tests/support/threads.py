"""A thread of our own about a series of our own, for tests of reviews."""

from __future__ import annotations

from typing import Any

from pipeline.model import Letter, Patch, Series
from tests.support.mails import raw

AUTHOR = "Ada Author <ada@example.org>"
REVIEWER = "Rex Reviewer <rex@example.net>"
OTHER = "Otto Other <otto@example.com>"
MIDMASK = "https://lore.kernel.org/all/%s"

CODE = """\
---
 mm/pool.c | 4 ++--

diff --git a/mm/pool.c b/mm/pool.c
index 1111111..2222222 100644
--- a/mm/pool.c
+++ b/mm/pool.c
@@ -10,5 +10,5 @@ static void pool_fill(struct pool *pool)
 \tlock_pool(pool);
-\tpool->size = old_size(pool);
+\tpool->size = new_size(pool);
 \tunlock_pool(pool);
 }
--
2.43.0
"""


def letter(message_id: str, sender: str, body: str, *references: str, **changes: Any) -> Letter:
    """A mail of the thread; it answers the last of `references`."""
    values = {
        "message_id": f"{message_id}@x",
        "subject": "Re: [PATCH 0/2] mm: a better pool",
        "sender": sender,
        "to": (),
        "cc": (),
        "references": tuple(f"{reference}@x" for reference in references),
        "date": "",
        "body": body,
        **changes,
    }
    return Letter(**values)


def quoted(text: str, level: int = 1) -> str:
    """Lines as a mail program quotes them."""
    return "".join(f"{'> ' * level}{line}\n" for line in text.splitlines())


def patch(number: int, body: str = f"Why.\n\nSigned-off-by: {AUTHOR}\n{CODE}", **changes: Any) -> Patch:
    subject = f"mm: change {number}"
    values = {
        "number": number,
        "subject": subject,
        "author": AUTHOR,
        "message_id": f"p{number}@x",
        "mail": raw(f"[PATCH {number}/2] {subject}", body, f"p{number}"),
        "files": ("mm/pool.c",),
        **changes,
    }
    return Patch(**values)


def series(*replies: Letter, **changes: Any) -> Series:
    """Two patches with a cover letter, and these replies."""
    cover = letter("cover", AUTHOR, "A pool that fills itself.\n", subject="[PATCH 0/2] mm: a better pool")
    values = {
        "title": "mm: a better pool",
        "version": 1,
        "message_id": cover.message_id,
        "cover": cover,
        "patches": (patch(1), patch(2)),
        "replies": replies,
        **changes,
    }
    return Series(**values)


FORGOTTEN = "I like it. But pool_fill_early() is left as it was, and takes the other path at boot, so that it breaks."
WIDER = "Would you do the same for drain_pool() and with it for the network?"
COMMENT = f"On Monday 2 March 2020 at 10:00, Ada Author wrote:\n> A pool that fills itself.\n\n{FORGOTTEN}\n\n{WIDER}\n"
ANSWER = f"""\
On Tuesday 3 March 2020 at 11:00, Rex Reviewer wrote:
> > A pool that fills itself.
>
> {FORGOTTEN}

Oh dear. Good catch. Will fix.

> {WIDER}

Right, the network is on my list. I will see if that belongs here or in a series of its own.

Another thing I want to do is to have one pool for each CPU.

--
Ada
"""
"""One point promised, one left open, and something volunteered, as threads about huge pages have it, too."""
