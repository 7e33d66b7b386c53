"""Limits on the cost of a mail or a mailbox: every limit on strangers' bytes in mail is here.

Each is several times what 50,000 messages of five kernel lists need at most (in brackets), and small enough that
reading what is just within it takes little time and memory. They hold before b4 sees anything: its parser is the
standard library's slower one, and quadratic in the length of a header.
"""

from __future__ import annotations

MESSAGE_LIMIT = 8 << 20
"""Bytes of one message (3.6 MB)."""
THREAD_LIMIT = 16 << 20
"""Bytes of a whole mailbox, decompressed (7 MB: 1,500 messages)."""
COUNT_LIMIT = 5000
"""Messages in a mailbox; the review of a stable release is a thread of 1,500."""
HEADER_LIMIT = 16 << 10
"""Bytes of one header (10 KiB, some 400 recipients)."""
HEADER_COUNT_LIMIT = 400
"""Headers of one message (94)."""
PARAMETER_LIMIT = 512
"""Bytes of a header that says what a part is: reading its parameters takes quadratic time (200)."""
TYPED_LIMIT = 500
"""Lines of one message that say what a part is (10)."""
LINE_COUNT_LIMIT = 400_000
"""Lines of one message (47,000); a parser spends some 60 bytes on each, however short."""
LINE_LIMIT = 64 << 10
"""Characters of one line, encoded or decoded (3,000; RFC 5322 allows 998); what looks for diffs goes line by line."""
PART_LIMIT = 100
"""Multiparts and attached messages in one message (3)."""
READING_SECONDS = 4
"""Of a processor, for a mailbox of a few hundred messages: all that is read, sorted and judged of it, b4 included."""
_MORE_AFTER, _MORE_SECONDS, _MOST_MORE = 200, 0.02, 12.0
"""Messages after which each gets so many seconds more, and how many at most: b4 alone takes 11 ms for a patch."""
SETTING = "pipeline.readingSeconds"
"""git's name of the user's own number of them, for a thread of thousands that is known to be honest."""
BOUNDARY_LIMIT = 2_000_000
"""Lines times parts: the parser holds each line against the boundary of every part around it."""


def more_seconds(messages: int) -> float:
    """Seconds that a mailbox gets on top of READING_SECONDS: the review of a stable release is honest, too."""
    return min(max(messages - _MORE_AFTER, 0) * _MORE_SECONDS, _MOST_MORE)
