"""Symbols that a comment names, and whether the patches of a revision touch them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

MOST = 12
CONTEXT_LINES = 3
"""How many quoted lines of code above a comment count as its subject."""

# Paths, addresses, message-ids and places such as `foo.c:12` contain no symbols.
_ELSEWHERE = re.compile(r"\S*(?:://|@)\S*|[\w.+-]*/[\w./+-]+|\b[\w-]+\.(?:c|h|S|rst|txt|py|sh|ya?ml|dtsi?|o|ko|rs)\b")
_SYMBOL = re.compile(
    r"(?<![\w.-])(?P<called>[A-Za-z_]\w{2,})\s?\(\)|(?<![\w-])(?P<joined>[A-Za-z]\w*_\w+|_+[A-Za-z]\w+)"
)
_CODE = re.compile(r"(?P<called>[A-Za-z_]\w{2,})\(|(?<![\w-])(?P<joined>[A-Za-z]\w*_\w+|_+[A-Za-z]\w+)")
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@ ?(?P<context>.*)$")
_FUNCTION = re.compile(
    r"^[A-Za-z_][\w\s*]*?\b(?P<name>\w+)\(|^(?:struct|union|enum) (?P<type>\w+) \{|^#define (?P<macro>\w+)"
)
_ANNOTATION = re.compile(r"__[a-z]+")
"""Such as `__init` and `__user`."""
_COMMENT = re.compile(r"\s*(?:/\*|\*|//)")
_KEYWORDS = frozenset(("for", "while", "switch", "return", "sizeof", "typeof", "defined", "likely", "unlikely"))


def named(text: Iterable[str], quoted: Sequence[str]) -> tuple[str, ...]:
    """Symbols that a comment names, then those of the code right above it: words with an underscore or parentheses."""
    names = dict.fromkeys(name for line in text for name in _names_in(_SYMBOL, _ELSEWHERE.sub(" ", line)))
    code = [line for line in quoted if line.strip()]
    hunks = [at for at, line in enumerate(code) if _HUNK.match(line)]
    if hunks:
        context = _HUNK.match(code[hunks[-1]])
        near = [*([context["context"]] if context else []), *code[hunks[-1] + 1 :][-CONTEXT_LINES:]]
    else:
        # Quoted text is no code unless it looks like a diff.
        near = [
            line for line in code[-CONTEXT_LINES:] if line[0] in "+-" and not line.startswith(("-- ", "---", "+++"))
        ]
    names |= dict.fromkeys(name for line in near for name in _names_in(_CODE, line))
    return tuple(names)[:MOST]


def _names_in(pattern: re.Pattern[str], line: str) -> Iterator[str]:
    for match in pattern.finditer(line):
        name = match["called"] or match["joined"]
        if name not in _KEYWORDS and not _ANNOTATION.fullmatch(name) and re.search(r"[A-Za-z]{2}", name):
            yield name


@dataclass(frozen=True)
class ChangedLine:
    """A line of a diff that is added or removed, and the functions, structs or macros that it lies in."""

    path: str
    sign: str
    text: str
    within: str


def changed_lines(diff: str) -> Iterator[ChangedLine]:
    """Yield the changed lines of a git diff.

    `within` is the header of the hunk, or the last definition above the line. A comment belongs to the one below it.
    """
    path, within, inside = "", "", False
    comments: list[tuple[str, str]] = []
    for line in (*diff.splitlines(), ""):
        sign, text = line[:1], line[1:]
        of_code = inside and sign in ("+", "-", " ") and line != "-- "
        if of_code and _FUNCTION.match(text):
            within = text
        if not (of_code and (_COMMENT.match(text) or not text.strip())):
            for kind, words in comments:
                yield ChangedLine(path, kind, words, within)
            comments.clear()
        words = " ".join(text.split())
        if not of_code:
            if line.startswith("diff --git "):
                path, within, inside = line.rpartition(" b/")[2], "", False
            elif hunk := _HUNK.match(line):
                within, inside = hunk["context"], True
            elif line == "-- ":
                inside = False
        elif sign != " " and _COMMENT.match(text):
            comments.append((sign, words))
        elif sign != " ":
            yield ChangedLine(path, sign, words, within)


def touched(symbols: Sequence[str], diffs: Mapping[int, str]) -> dict[str, dict[int, Counter[ChangedLine]]]:
    """For each symbol, by patch number, the changed lines that name it or lie in it."""
    patterns = {name: re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") for name in symbols}
    result: dict[str, dict[int, Counter[ChangedLine]]] = {name: {} for name in symbols}
    for number, diff in diffs.items():
        wanted = [name for name in symbols if name in diff]
        for line in changed_lines(diff) if wanted else ():
            for name in wanted:
                if patterns[name].search(line.text) or patterns[name].search(line.within):
                    result[name].setdefault(number, Counter())[line] += 1
    return result
