"""Changes that an author lists: the sections of cover letters and patches for them, revision by revision."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pipeline.mail.message import parse
from pipeline.model import Series
from pipeline.review.alignment import words

_VERSION = re.compile(r"(?<![\w.])(?:patch ?)?\[?v(?:er(?:sion)?\.?)? ?(\d{1,3})\]?(?![\w.])", re.IGNORECASE)
_SINCE = re.compile(r"\b(?:since|from|against|over|after|vs)\b", re.IGNORECASE)
_SINCE_WORDS = ("since", "from", "against")
_SECTION = re.compile(
    r"\b(?:change ?logs?|changes?|changed|history|updates?|revisions?|differences?|diff|new)\b", re.IGNORECASE
)
_BULLET = re.compile(r"^\s*(?:[-*+\u2022o]|[-=]?->|=>|--|\(?\d{1,2}[.)]|\d(?= +[A-Za-z])) +(?=\S)")
_NUMBERED = re.compile(r"\[?(?:patch )?(\d{1,3})/\d{1,3}\b", re.IGNORECASE)
_WHERE = re.compile(r"https?://\S+$")
"""An address at the end of a line is that of an earlier revision, or of what a line was about."""
_END = "---"
"""What stands above a diffstat."""
_LONGEST_HEADING = 70
_MOST_WORDS = 5
MOST_ITEMS = 300


@dataclass(frozen=True)
class Change:
    """One line of a changelog.

    Args:
        patch: that it stands in; 0 is the cover letter.
    """

    patch: int
    text: str


def changes(series: Series, after: int) -> tuple[Change, ...]:
    """Changes that the series lists since revision `after`."""
    all_changes: list[Change] = []
    texts = [(0, series.cover.body)] + [(patch.number, parse(patch.mail).letter.body) for patch in series.patches]
    if series.cover.message_id in {patch.message_id for patch in series.patches}:
        texts = texts[1:]
    for number, body in texts:
        text = body.split("\ndiff --git ")[0]
        all_changes += (
            Change(_patch_of(item) or number, item)
            for version, item in _items(text.splitlines())
            if after < min(version, series.version)
        )
    return tuple(dict.fromkeys(all_changes[:MOST_ITEMS]))


def _patch_of(item: str) -> int:
    """The patch that an item begins with, as `2/5:`; 0 where it has none."""
    match = _NUMBERED.match(item)
    return int(match[1]) if match else 0


def _items(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Every item of every section, with the revision that has it."""
    version, item, blank, any_item = 0, "", False, False
    for line in (*lines, ""):
        titled = heading(line)
        text = line.strip()
        if _WHERE.search(text):
            continue
        starts = titled is not None or bool(_BULLET.match(line)) or not text or text == _END
        if item and starts and version:
            yield version, item
            item, any_item = "", True
        if titled is not None:
            version, item = titled
            any_item = False
        elif text == _END:
            # Right below its heading it underlines that.
            version = version if version and not any_item else 0
        elif not text:
            blank = True
            continue
        elif version and _BULLET.match(line):
            item = words(_BULLET.sub("", line))
        elif version and (item or not blank):
            item = words(f"{item} {text}")
        elif version and blank and not line[:1].isspace():
            version = 0
        blank = False


def heading(line: str) -> tuple[int, str] | None:
    """The revision that a section is about, and what stands behind its colon; `v1 -> v2:` is about 2."""
    head, colon, rest = _BULLET.sub("", line, count=1).strip().partition(":")
    if len(head) > _LONGEST_HEADING or not (numbers := [int(number) for number in _VERSION.findall(head)]):
        return None
    left = re.findall(r"[A-Za-z]+", _VERSION.sub(" ", head))
    named = bool(_SECTION.search(head))
    if len(left) > _MOST_WORDS or not (named or (colon and len(left) <= 1) or _SINCE.search(head)):
        return None
    since = len(numbers) == 1 and (
        _SINCE.search(head) or any(get_close_matches(word, _SINCE_WORDS, 1, 0.8) for word in left)
    )
    # `v1: https://…` says where an earlier revision is.
    return (
        None if rest.strip().startswith(("http", "<http", "//")) else (max(numbers) + (1 if since else 0), words(rest))
    )
