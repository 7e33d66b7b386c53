"""Text of `format=flowed` as it was before a mail program flowed it (RFC 3676), as git-mailinfo(1) reads it.

A patch is found in such mails in two states. Some programs stuff its lines, so that each that began with a blank has
two; others say `format=flowed` and leave the text alone. Which it is, the text shows.
"""

from __future__ import annotations

import re

from pipeline.mail.diff import hunks_are_whole

_STUFFED = re.compile(r"^ (?: |From |>|$)", re.MULTILINE)
_NOT_STUFFED = re.compile(r"^ (?! |From |>|$)", re.MULTILINE)


def unflowed(text: str, *, delsp: bool) -> str:
    """The text of a patch as its sender had it.

    Args:
        text: as it came, lines end with LF.
        delsp: `DelSp=yes`: the blank at the end of a line that goes on was added.
    """
    # Below the signature stand the footers of lists, which nobody stuffs.
    own = text.partition("\n-- \n")[0]
    stuffed = bool(_STUFFED.search(own)) and not _NOT_STUFFED.search(own)
    readings = (joined(text, delsp=delsp), text)
    return next((reading for reading in (readings if stuffed else readings[::-1]) if hunks_are_whole(reading)), text)


def joined(text: str, *, delsp: bool) -> str:
    """Lines unstuffed, and those that end with a blank joined with the next; `-- ` of a signature goes on nowhere.

    Quoted lines stay as they are: many programs put a blank behind each `>`, and what is quoted is found by its lines.
    """
    lines: list[str] = []
    paragraph = ""
    for line in text.split("\n"):
        if line == "-- " or line.startswith(">"):
            lines += [paragraph] if paragraph else []
            lines.append(line)
            paragraph = ""
            continue
        content = line.removeprefix(" ")
        # A line of blanks alone is context of a diff: programs that flow text trim it elsewhere (RFC 3676, 4.2).
        if content.endswith(" ") and content.strip(" "):
            paragraph += content[:-1] if delsp else content
        else:
            lines.append(paragraph + content)
            paragraph = ""
    return "\n".join([*lines, paragraph] if paragraph else lines)
