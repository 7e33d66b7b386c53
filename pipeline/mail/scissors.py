"""The part of a mail above a scissors line, which `git mailinfo --scissors` leaves out of a commit message."""

from __future__ import annotations

import re

_SCISSORS = re.compile(rb">8|8<|>%|%<")
_PERFORATION = re.compile(rb"(?:-|>8|8<|>%|%<)(?:[-\s]|>8|8<|>%|%<)*")


def below_scissors(message: bytes) -> bytes:
    """A commit message below its last line `-- >8 --`; all of it where there is none."""
    lines = message.split(b"\n")
    cuts = [at for at, line in enumerate(lines, 1) if _is_scissors(line)]
    return b"\n".join(lines[cuts[-1] :]) if cuts else message


def _is_scissors(line: bytes) -> bool:
    """Dashes, scissors and few words, at least 8 columns wide; most of it perforation (mailinfo.c of git)."""
    visible, runs = line.strip(), _PERFORATION.findall(line)
    perforated, gaps = sum(map(len, runs)), sum(len(re.findall(rb"\s", run)) for run in runs)
    return bool(_SCISSORS.search(line)) and 8 <= len(visible) < 3 * perforated and 2 * gaps < perforated
