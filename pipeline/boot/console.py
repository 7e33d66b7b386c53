"""A guest's console: text of a stranger's kernel, without control characters, compared with that of the base."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from pipeline.system import untrusted

LONGEST = 1000
"""Characters of a line that are looked at."""
MOST_LINES = 100_000
"""Lines that are compared with the base's: a megabyte can hold half a million."""
MOST_NEW_LINES, MOST_SPLATS = 100, 100

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
"""Control sequences: CSI, OSC and other strings, two-character ones (ECMA-48)."""
_CONTROLS = re.compile(r"[^\t\n -~\u00a0-\U0010ffff]")
_TIME = r"\[ *\d+\.\d+\] ?(?:\[ *[TC]\d+\] ?)?"
_TIMESTAMP = re.compile(f"^{_TIME}")
_SPLAT = re.compile(
    rf"^(?:{_TIME})?"
    r"(?P<words>(?:WARNING: |BUG: |Oops\b|Kernel panic|KASAN: |UBSAN: |Internal error: |"
    r"Unable to handle kernel|general protection fault|kernel BUG at|INFO: task .* blocked|rcu: INFO: .*stall|"
    r"watchdog: BUG|page:\S+ .*refcount|.*\b(?:invalid opcode|stack-protector|double fault): ).*)$",
    re.MULTILINE,
)
_PROCESS = re.compile(r"\b(?:CPU|PID|UID): \d+ ?|\b(?:Comm|comm|Tainted|Not tainted)\b.*$|\bin process \S+")
_OFFSET = re.compile(r"\+0x[0-9a-f]+/0x[0-9a-f]+")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_])(?:0x)?[0-9a-f]*[0-9][0-9a-f]*", re.IGNORECASE)


def without_controls(data: bytes) -> str:
    """Decode a console; control sequences and other control characters are removed, and lines end in LF."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def splats(text: str) -> tuple[str, ...]:
    """Complaints of the kernel in a console, each once, without what differs from boot to boot."""
    lines: dict[str, None] = {}
    for match in _SPLAT.finditer(text):
        lines[_unnumbered(_PROCESS.sub("", match["words"][:LONGEST]))] = None
        if len(lines) == MOST_SPLATS:
            break
    return tuple(lines)


def new_lines(text: str, base: str) -> tuple[str, ...]:
    """Lines that a boot of the base does not have, numbers aside; in order, without their time stamps; not too many."""
    known = {_unnumbered(line) for line in _bare(base)}
    values: dict[str, str] = {}
    for line in _bare(text):
        identity = _unnumbered(line)
        if identity not in known:
            values.setdefault(identity, line)
            if len(values) == MOST_NEW_LINES:
                break
    return tuple(values.values())


def _bare(text: str) -> Iterable[str]:
    looked_at = islice(untrusted.lines(text), MOST_LINES)
    return (bare for line in looked_at if (bare := _TIMESTAMP.sub("", line).strip()[:LONGEST]))


def _unnumbered(line: str) -> str:
    return _NUMBER.sub("N", _OFFSET.sub("", line)).strip()
