"""A build's log as parsers of its lines see it: a line, the lines after it, and the target that it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from pipeline.model import Diagnostic

LONGEST_LINE = 4096
"""Characters of a line that are looked at: a series' makefiles can print what they like."""

MOST_MORE = 64
"""Lines after the first that one diagnostic can have."""

LONGEST_SOURCE = 200
"""Characters of a source line, or of a function's name, that tell two diagnostics apart."""

_PLACE = re.compile(r"(?P<path>[^\s:][^:]*):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?: ?(?P<rest>\S.*)$")
_KIND = re.compile(
    r"(?P<kind>warning|(?:fatal |internal compiler )?error)(?: \((?P<check>[\w-]+)\))?: *(?P<text>\S.*)$",
    re.IGNORECASE,
)
# kbuild's short output, "  CC [M]  mm/util.o", "  RUSTC L rust/core.o"; it comes before what the command of that step
# prints.
_STEP = re.compile(r"  (?P<word>[A-Z][A-Z0-9_+-]*)(?: \[[A-Z]+\]| [A-Z]{1,2}(?= ))? +(?P<target>\S+)$")
_FUNCTION = re.compile(r"(?:[^\s:][^:]*: )?In (?:[a-z-]+ )*['‘](?P<name>[^'’]+)['’](?P<end>[:,])$")
_INLINED = re.compile(r" +inlined from ['‘](?P<name>[^'’]+)['’] at (?P<path>[^\s:]+):[\d:]+[:,]$")
_OUTSIDE = re.compile(r"(?:[^\s:][^:]*: )?At top level:$|In file included from |make(?:\[\d+\])?: ")


class Kind(Enum):
    """How much a line says: last words count only where no error explains why a build failed; nothing never counts."""

    WARNING = auto()
    ERROR = auto()
    LAST_WORD = auto()
    NOTHING = auto()


@dataclass(frozen=True)
class Complaints:
    """Warnings and errors of a build's log, in order."""

    warnings: tuple[Diagnostic, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    last_words: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Report:
    """A diagnostic as a form found it.

    Args:
        column: tells two on one line apart.
        more: lines after the first that belong to it.
    """

    kind: Kind
    diagnostic: Diagnostic
    column: int = 0
    more: int = 0


@dataclass(frozen=True)
class Line:
    """A line, split as most tools write it.

    Args:
        text: all of it.
        path: a file, where it begins as `path:line:` or `path:line:column:`; else empty.
        rest: what comes after that.
        head: what stands before the first `: `, where that is one word: a program or a file; else empty.
        words: what comes after that.
    """

    text: str
    path: str = ""
    number: int = 0
    column: int = 0
    rest: str = ""
    head: str = ""
    words: str = ""

    @classmethod
    def of(cls, text: str) -> Line:
        before, colon, words = text.partition(": ")
        head = before if colon and not re.search(r"\s", before) else ""
        if place := _PLACE.match(text):
            number, column = int(place["line"]), int(place["column"] or 0)
            return cls(text, place["path"], number, column, place["rest"], head, words)
        return cls(text, head=head, words=words)

    @property
    def program(self) -> str:
        """The head without folders."""
        return self.head.rpartition("/")[2]

    @property
    def name(self) -> str:
        """The file's name without folders."""
        return self.path.rpartition("/")[2]


Form = Callable[["Line", "Log"], Report | None]
"""Reads a line, and what follows it, as one tool prints it; None where it is of another tool, or says nothing bad."""


def kind_of(words: str) -> tuple[Kind, str, str] | None:
    """The kind, the check and the text of `warning: text`, `Error: text`, `Warning (check): text`; None of others."""
    match = _KIND.match(words)
    if match is None:
        return None
    kind = Kind.WARNING if match["kind"].lower() == "warning" else Kind.ERROR
    return kind, match["check"] or "", match["text"].strip()


def shortened(text: str) -> str:
    """A line without what editors change in it, for comparison."""
    return " ".join(text.split())[:LONGEST_SOURCE]


class Log:
    """Lines of a log from one on, and what those before said of it.

    Args:
        compiler: the name of what compiles C.

    Attributes:
        step: kbuild's word for the command that prints, as `CC`, and its target; empty where that is not known.
        function: that compilers say they are in; with the caller's file where it was inlined.
    """

    def __init__(self, log: str, prefixes: Sequence[str], compiler: str) -> None:
        self.compiler = compiler
        self.step = self.target = self.function = ""
        self._lines = [line[:LONGEST_LINE] for line in log.splitlines()]
        self._prefixes = prefixes
        self._at = 0

    def next(self) -> Line | None:
        """The next line that may be of a diagnostic."""
        while self._at < len(self._lines):
            text = self._lines[self._at]
            self._at += 1
            # Nearly all lines are no diagnostics; those that are have a colon, but for some of resolve_btfids'.
            if (":" in text or text.startswith(("  ", "In "))) and not self._is_about(text) and ":" in text:
                return Line.of(text)
            if text.startswith("FAILED "):
                return Line.of(text)
        return None

    def following(self) -> Iterator[str]:
        """The lines after the one that `next` gave."""
        return islice(self._from(self._at), MOST_MORE)

    def _from(self, at: int) -> Iterator[str]:
        while at < len(self._lines):
            yield self._lines[at]
            at += 1

    def skip(self, lines: int) -> None:
        self._at += lines

    def relative(self, path: str) -> str:
        """A path within the source tree, as git names it; others stay."""
        for prefix in self._prefixes:
            path = path.removeprefix(prefix)
        while path.startswith(("./", "../")):
            path = path.split("/", 1)[1]
        return path

    def indented(self, belongs: Callable[[str], object]) -> list[str]:
        """The lines that follow as long as they belong to a diagnostic."""
        parts: list[str] = []
        for line in self.following():
            if not belongs(line):
                break
            parts.append(line)
        return parts

    def _is_about(self, text: str) -> bool:
        """Whether a line only tells what the next ones are about; that is remembered."""
        if step := _STEP.match(text):
            self.step, self.target, self.function = step["word"], step["target"], ""
        elif function := _FUNCTION.match(text):
            self.function = function["name"][:LONGEST_SOURCE]
        elif inlined := _INLINED.match(text):
            # Of several inlined functions the last one is compiled; the fault is mostly in its call.
            self.function = f"{inlined['name'][:LONGEST_SOURCE]} in {self.relative(inlined['path'])}"
        elif _OUTSIDE.match(text):
            self.function = ""
            return not text.startswith("make")
        else:
            return False
        return True
