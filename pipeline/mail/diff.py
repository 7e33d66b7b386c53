"""The git diffs in a patch: which files they name, whether lines were lost on the way, and what each changes.

Format: git-diff(1), "Generating patch text with -p"; names are C-quoted as core.quotePath says in git-config(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_DIFF_FILE = re.compile(r'^diff --git (?:"?a/)(?P<old>.+?)"? (?:"?b/)(?P<new>.+?)"?$', re.MULTILINE)
_DIFF = re.compile(r"^(?:diff --git |--- \S.*\n\+\+\+ \S)", re.MULTILINE)
_DIFFSTAT = re.compile(
    r"^ (\d+) files? changed(?:, (\d+) insertions?\(\+\))?(?:, (\d+) deletions?\(-\))?", re.MULTILINE
)
_NO_HUNK = re.compile(
    r"^(?:diff --git |index )[^\n]*\n--- [^\n]+\n\+\+\+ (?:b/)?(?P<name>[^\n]+)"
    r"(?:\n(?=diff --git |-- ?$|\n)|\n?\Z)",
    re.MULTILINE,
)
_COUNTED = (r"^diff --git ", r"^--- .+\n\+\+\+ .", r"^\+", r"^-")
"""Files, headers with a line of each sign, and lines of each sign."""
_END_OF_MESSAGE = re.compile(r"^(?:---|diff --git .*)$", re.MULTILINE)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)

_HEADER = "diff --git "
_RENAMED = re.compile(r"^(?:rename|copy) (?:from|to|old|new) (.+?)\r?$")
_MODE = re.compile(r"^(?:new file mode|new mode|index \S+) (\d{6})\s*$")
_HEADERS = re.compile(
    r"^(?:(?:old|new|deleted file|new file) mode |(?:copy|rename) (?:from|to|old|new) |index |"
    r"(?:dis)?similarity index |--- |\+\+\+ )"
)
"""What git-apply(1) reads between `diff --git` and the first hunk: it goes by the first words, lenient in the rest."""
_WRITTEN = re.compile(
    r"(?:(?:(?:old|new|deleted file|new file) mode \d{6}|index \S+(?: \d{6})?|(?:dis)?similarity index .*)\s*|"
    r"(?:---|\+\+\+) .*|"
    r'(?:copy|rename) (?:from|to) (?:[^" ].*|"(?:[^"\\]|\\.)*")\r?)'
)
"""The same as git writes it, so that it means here what it means to git-apply(1)."""
_HUNK = re.compile(r"^@@ -\d{1,9}(?:,(?P<old>\d{1,9}))? \+(?P<start>\d{1,9})(?:,(?P<new>\d{1,9}))? @@")
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPED = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))


@dataclass(frozen=True)
class FileDiff:
    """The changes of a diff to one file.

    Args:
        names: every name that its headers give, old ones first, unquoted; the leading `a/` or `b/` is taken off.
        modes: file modes after the patch, octal as git writes them; none where the headers give none.
        added: text of the added lines, by line number after the patch.
        unusual: the first of its headers that git would not write so; empty where all are as git writes them.
    """

    names: tuple[str, ...]
    modes: frozenset[str]
    added: Mapping[int, str]
    unusual: str = ""

    @property
    def name(self) -> str:
        """The name after the patch, or before it where the patch deletes the file."""
        return self.names[-1] if self.names else ""


def file_diffs(text: str) -> Iterator[FileDiff]:
    """The diffs in a patch, in order, whether git wrote them or diff(1) did; text around them is passed over."""
    lines = text.split("\n")
    names, modes, added = list[str](), set[str](), dict[int, str]()
    inside, in_headers, unusual, at = False, False, "", 0
    while at < len(lines):
        line = lines[at]
        header = line.startswith(_HEADER)
        plain = line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ ")
        if header or (plain and (added or not inside)):
            if inside:
                yield FileDiff(tuple(dict.fromkeys(names)), frozenset(modes), added, unusual)
            names, modes, added, inside, unusual = [], set(), {}, True, ""
        in_headers = header or (in_headers and bool(_HEADERS.match(line)))
        if in_headers and not header and not unusual and not _WRITTEN.fullmatch(line):
            unusual = line
        if header:
            names += _named_in(line)
        elif plain:
            # These are exact where the line `diff --git` is ambiguous: names with blanks.
            names = [*_names(line[4:]), *_names(lines[at + 1][4:])] or names
            at += 1
        elif inside and (hunk := _HUNK.match(line)):
            at = _read_hunk(lines, at + 1, hunk, added)
            continue
        elif inside and (match := _MODE.match(line)):
            modes.add(match[1])
        elif inside and (match := _RENAMED.match(line)):
            names.append(unquoted(match[1]))
        at += 1
    if inside:
        yield FileDiff(tuple(dict.fromkeys(names)), frozenset(modes), added, unusual)


def _named_in(line: str) -> list[str]:
    """The names in a line `diff --git`; where both are the same, git-apply(1) takes any folder for `a` and `b`."""
    if match := _DIFF_FILE.match(line):
        quoted = line.rstrip().endswith('"') or line.startswith('diff --git "')
        return [unquoted(f'"{name}"') if quoted else name for name in (match["old"], match["new"])]
    words = line.removeprefix(_HEADER).rstrip("\r")
    middle = len(words) // 2
    halves = [unquoted(half).partition("/")[2] for half in (words[:middle], words[middle + 1 :])]
    return halves[:1] if words[middle : middle + 1] == " " and halves[0] == halves[1] else []


def _read_hunk(lines: Sequence[str], at: int, hunk: re.Match[str], added: dict[int, str]) -> int:
    """Add the new lines of a hunk to `added`. Its header says how many lines it has, whatever they look like.

    Returns:
        The index of the line behind it.
    """
    old, new, number = int(hunk["old"] or 1), int(hunk["new"] or 1), int(hunk["start"])
    while at < len(lines) and (old > 0 or new > 0):
        sign = lines[at][:1]
        if sign not in ("", " ", "+", "-", "\\"):
            break
        if sign == "+":
            added[number] = lines[at][1:]
        old -= sign in ("", " ", "-")
        new -= sign in ("", " ", "+")
        number += sign in ("", " ", "+")
        at += 1
    return at


def hunks_are_whole(text: str) -> bool:
    """Whether each hunk has as many lines as its header says."""
    lines, at = text.removesuffix("\n").split("\n"), 0
    while at < len(lines):
        hunk = _HUNK.match(lines[at])
        at += 1
        old, new = (int(hunk["old"] or 1), int(hunk["new"] or 1)) if hunk else (0, 0)
        while at < len(lines) and (old > 0 or new > 0) and lines[at][:1] in ("", " ", "+", "-", "\\"):
            old -= lines[at][:1] in ("", " ", "-")
            new -= lines[at][:1] in ("", " ", "+")
            at += 1
        if old or new:
            return False
    return True


def _names(text: str) -> list[str]:
    """The name behind `---` or `+++`, its first folder taken off as `patch -p1` does; none for /dev/null."""
    name = unquoted(text.split("\t")[0].rstrip("\r"))
    if name == "/dev/null":
        return []
    return [name if name.startswith("/") else name.partition("/")[2] or name]


def unquoted(name: str) -> str:
    """A name without git's quotes; octal escapes stand for bytes of UTF-8."""
    if len(name) < 2 or not name.startswith('"') or not name.endswith('"'):
        return name

    def byte(match: re.Match[bytes]) -> bytes:
        word = match[1]
        return bytes([int(word, 8) & 255 if len(word) == 3 else _ESCAPED[word[0]]])

    return _ESCAPE.sub(byte, name[1:-1].encode("utf-8", "surrogateescape")).decode("utf-8", "replace")


def diff_files(diff: str) -> tuple[str, ...]:
    """Paths that the diffs in a patch name, old and new, each once."""
    return tuple(dict.fromkeys(name for file in file_diffs(diff) for name in file.names))


def diff_of(body: str) -> str:
    """The text from its first git diff on, or nothing."""
    match = _DIFF_FILE.search(body)
    return body[match.start() :] if match else ""


def commit_message(body: str) -> str:
    """The part of a patch's mail that becomes the commit message."""
    return _END_OF_MESSAGE.split(body, maxsplit=1)[0]


def has_diff(body: str) -> bool:
    return bool(_DIFF.search(body))


def cut_off(body: str) -> str:
    """A reason to think that the end of a patch is missing: its diffstat counts more, and there is no signature.

    Or a file has names and no hunk, which git-am(1) refuses and git-apply(1) reads as no change. Empty if it is whole.
    """
    diff = diff_of(body)
    if match := _NO_HUNK.search(diff):
        return f"its diff of {match['name']} has no hunk"
    counts = _DIFFSTAT.findall(body.removesuffix(diff))
    if not counts or _SIGNATURE.search(diff):
        return ""
    asked = [int(count or 0) for count in counts[-1]]
    files, headers, added, removed = (len(re.findall(pattern, diff, re.MULTILINE)) for pattern in _COUNTED)
    counted = (files, added - headers, removed - headers)
    if all(have >= want for have, want in zip(counted, asked, strict=True)):
        return ""
    names = ("file", "insertion", "deletion")
    words = [
        f"{have} of {want} {name}(s)" for name, have, want in zip(names, counted, asked, strict=True) if have < want
    ]
    return f"its diff ends after {', '.join(words)}"
