"""Findings of programs, and whether a later revision mends what they name; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.review.difference import Difference

_FINDING = re.compile(
    r"^\s*(?:>> ?)?(?:(?P<path>[\w.,/+@-]+\.[a-zA-Z]+):(?: ?(?P<line>\d+)\b)?|(?:error|warning)(?:\[\w+\])?:)",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r"\.example(?:\.dts|\.dtb)?$|\.\w+$")
_QUOTED = re.compile(r"[`'\"\u2018]([^`'\"\u2018\u2019\s]{2,80})[`'\"\u2019]")
_SEPARATOR = re.compile(r"::|\.|->")


def mended(text: Sequence[str], difference: Difference) -> tuple[int, int]:
    """Of the findings in a text, how many the later revision mends, and how many can be told.

    A finding is mended where the line that it names is gone, or where lines that name what it quotes changed: in the
    file that it is about, if the series has that.
    """
    told = [outcome for line in text if (outcome := _is_mended(line, difference)) is not None]
    return sum(told), len(told)


def _is_mended(finding: str, difference: Difference) -> bool | None:
    found = _FINDING.match(finding)
    if found is None:
        return None
    path = _known(found["path"] or "", difference)
    shown = difference.line_at(path, int(found["line"])) if path and found["line"] else ""
    if shown and difference.is_gone(f"+{shown}"):
        return True
    names = [_SEPARATOR.split(name)[-1] for name in _QUOTED.findall(finding)]
    names = [name for name in names if len(name) > 1]
    if not names:
        return None
    stem = _stem(path or found["path"] or "")
    lines = [text for where, _, text in difference.only_in_one if not path or _stem(where) == stem]
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) for name in names for text in lines)


def _known(path: str, difference: Difference) -> str:
    """The file of the series that a program names: with a folder before it, or by the example that is made of it."""
    files = difference.files
    whole = next((known for known in files if path and (path == known or path.endswith(f"/{known}"))), "")
    return whole or next((known for known in files if path and _stem(known) == _stem(path)), "")


def _stem(path: str) -> str:
    return _EXAMPLE.sub("", path.rpartition("/")[2])
