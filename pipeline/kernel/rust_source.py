"""Which lines of a Rust source are code, and under which options the compiler takes them.

Read as far as that needs: brackets, comments, literals and `#[cfg(…)]`. What such an attribute is about ends where
brackets, `;` and `,` say so, and no grammar of Rust; what is no option (`target_arch`, `test`) is a macro whose value
nobody knows here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.kernel.kconfig.expression import (
    NO,
    YES,
    Comparison,
    Expression,
    Literal,
    Macro,
    Option,
    all_of,
    any_of,
    negated,
)
from pipeline.system.untrusted import TooMuchError

MOST_NESTED = 16
"""Conditions around one another; what is deeper is not looked at."""
MOST_DEEP = 200
"""Brackets of a condition within one another."""

_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_TOKEN = re.compile(
    r"//[^\n]*"
    r"|/\*"
    r"|(?:b|c)?r(?P<hashes>#{0,255})\""
    r"|(?:b|c)?\"(?:[^\"\\]|\\.)*(?:\"|\\?\Z)"
    # A character, or else a lifetime.
    r"|b?'(?:[^'\\\n]|\\[^\n][^'\n]{0,12})'|'\w+"
    r"|->|=>|[=!<>]=|\w+|[^\s\w]",
    re.DOTALL,
)
_OPTION = re.compile(r"CONFIG_(\w{1,100})", re.ASCII)
_COMMENT = re.compile(r"/\*|\*/")
_BLOCKS = frozenset({"fn", "impl", "struct", "enum", "union", "trait", "mod", "extern", "macro_rules"})
# First words of what goes on behind a block, up to its semicolon.
_LASTING = frozenset({"let", "const", "static", "type", "use", "return"})
# What stands behind a block and still belongs to what it is part of.
_GO_ON = frozenset({"else", ";", ",", ".", "?"})
# Conditions that do not hold where a kernel is compiled.
_NEVER = frozenset({"test", "doc", "doctest", "false"})


@dataclass(frozen=True)
class Lines:
    """A source file, line by line.

    Args:
        code: numbers of the lines that are neither blank, nor comment, nor nothing but `#[cfg(…)]`.
        guards: what keeps a line, where that is a condition.
    """

    code: frozenset[int]
    guards: Mapping[int, Expression]


@dataclass(frozen=True)
class _Token:
    text: str
    first: int
    last: int


@dataclass
class _Region:
    """What a condition is about, while it is read.

    Args:
        depth: of the brackets around it.
        whole: it goes up to the bracket that closes these, as by `#![cfg(…)]`.
        kind: `block` or `lasting`, as its first words say; empty for fields, arms and expressions.
        angles: that are open, as far as they are brackets.
        said: there is a `:` or `=` at its level.
        closed: its block is over.
    """

    condition: Expression
    first: int
    depth: int
    whole: bool
    kind: str = ""
    angles: int = 0
    said: bool = False
    closed: bool = False

    def follow(self, text: str) -> bool:
        """Takes a word at its level; whether it is the last."""
        if text == "fn" and self.kind == "lasting" and not self.said:
            self.kind = "block"
        elif not self.kind and not self.said:
            self.kind = "block" if text in _BLOCKS else "lasting" if text in _LASTING else ""
        self.said = self.said or text in (":", "=")
        self.angles = max(0, self.angles + (text == "<") - (text == ">"))
        self.closed = text == "}" and self.kind != "lasting"
        return text == ";" or (text == "," and not self.kind and not self.angles)


def scan(source: str) -> Lines:
    """Tells code from the rest, and finds what `#[cfg(…)]` keeps or drops."""
    reader = _Reader(list(_tokens(source)))
    reader.read()
    return Lines(frozenset(reader.code), _by_line(reader.spans))


def guards(source: str, wanted: Collection[int]) -> Mapping[int, Expression]:
    """What keeps each of the wanted lines; lines that are conditioned by nothing are left out."""
    return {number: guard for number, guard in scan(source).guards.items() if number in wanted}


def _tokens(source: str) -> Iterator[_Token]:
    """Words of a source, comments left out."""
    at, line = 0, 1
    while match := _TOKEN.search(source, at):
        line += source.count("\n", at, match.start())
        end = match.end()
        if match[0] == "/*":
            end = _end_of_comment(source, end)
        elif match["hashes"] is not None:
            closing = source.find(f'"{match["hashes"]}', end)
            end = len(source) if closing < 0 else closing + 1 + len(match["hashes"])
        text = source[match.start() : end]
        last = line + text.count("\n")
        if not text.startswith(("//", "/*")):
            yield _Token(text, line, last)
        at, line = end, last


def _end_of_comment(source: str, at: int) -> int:
    """Where a comment ends that begins before `at`; comments nest."""
    depth = 1
    while match := _COMMENT.search(source, at):
        depth += 1 if match[0] == "/*" else -1
        at = match.end()
        if not depth:
            return at
    return len(source)


class _Reader:
    """Goes through the words of a source once.

    Args:
        tokens: the words.
    """

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self.code = set[int]()
        self.spans: list[tuple[int, int, Expression]] = []
        self._tokens = tokens
        self._regions: list[_Region] = []
        self._depth = 0
        self._last = 0

    def read(self) -> None:
        at = 0
        while at < len(self._tokens):
            if self._tokens[at].text == "#" and (end := self._attribute(at)):
                at = end
                continue
            self._take(self._tokens[at])
            at += 1
        self._end(lambda _: True)

    def _attribute(self, at: int) -> int:
        """Where an attribute ends that begins at a word; 0 where none does."""
        whole = self._text(at + 1) == "!"
        start = at + 1 + whole
        if self._text(start) != "[":
            return 0
        # What is closed is over, whatever the attribute is about.
        self._end(lambda region: region.closed)
        depth, end = 0, start
        while end < len(self._tokens):
            text = self._tokens[end].text
            depth += (text in _OPEN) - (text in _CLOSE)
            end += 1
            if not depth:
                break
        words = [token.text for token in self._tokens[start + 1 : end - 1]]
        if words[:2] != ["cfg", "("]:
            for token in self._tokens[at:end]:
                self.code.update(range(token.first, token.last + 1))
        elif len(self._regions) < MOST_NESTED:
            self._regions.append(_Region(_condition(words[2:-1]), self._tokens[at].first, self._depth, whole))
        self._last = self._tokens[end - 1].last
        return end

    def _take(self, token: _Token) -> None:
        text = token.text
        if text in _CLOSE:
            self._depth = max(0, self._depth - 1)
            self._end(lambda region: region.depth > self._depth)
        if text not in _GO_ON:
            self._end(lambda region: region.closed)
        self.code.update(range(token.first, token.last + 1))
        self._last = token.last
        if text in _OPEN:
            self._depth += 1
        else:
            here = [region for region in self._regions if region.depth == self._depth and not region.whole]
            ended = [region for region in here if region.follow(text)]
            self._end(lambda region: region in ended)

    def _end(self, is_over: Callable[[_Region], bool]) -> None:
        """Ends regions with the word before."""
        for region in [region for region in self._regions if is_over(region)]:
            self._regions.remove(region)
            self.spans.append((region.first, max(region.first, self._last), region.condition))

    def _text(self, at: int) -> str:
        return self._tokens[at].text if at < len(self._tokens) else ""


def _by_line(spans: Sequence[tuple[int, int, Expression]]) -> Mapping[int, Expression]:
    """What keeps each line that a condition is about."""
    kept: dict[int, Expression] = {}
    waiting = sorted(spans, key=lambda span: span[0], reverse=True)
    around: list[tuple[int, int, Expression]] = []
    bounds = sorted({bound for first, last, _ in spans for bound in (first, last + 1)})
    for bound, until in pairwise(bounds):
        while waiting and waiting[-1][0] <= bound:
            around.append(waiting.pop())
        around = [span for span in around if span[1] >= bound]
        guard = _joined([condition for _, _, condition in around])
        kept |= dict.fromkeys(range(bound, until), guard) if guard != YES else {}
    return kept


def _joined(conditions: Sequence[Expression]) -> Expression:
    try:
        return all_of(*conditions)
    except TooMuchError:
        return Macro("too much")


def _condition(words: Sequence[str]) -> Expression:
    """What stands in `cfg(…)`."""
    try:
        (condition,) = _predicates([*words, ")"], 0)[0]
    except (ValueError, IndexError, TooMuchError):
        return Macro(" ".join(words)[:100])
    return condition


def _predicates(words: Sequence[str], at: int, depth: int = 0) -> tuple[list[Expression], int]:
    """The predicates up to the next bracket that closes, and where it stands.

    Raises:
        ValueError, IndexError: they make no sense.
        TooMuchError: there are too many.
    """
    if depth > MOST_DEEP:
        raise ValueError("too deep")
    predicates: list[Expression] = []
    while words[at] != ")":
        name, behind = words[at], words[at + 1]
        if behind == "(":
            inner, at = _predicates(words, at + 2, depth + 1)
            predicates.append(_COMBINED[name](*inner) if name in _COMBINED else Macro(f"{name}(…)"))
            at += 1
        elif behind == "=":
            predicates.append(_compared(name, words[at + 2]))
            at += 3
        else:
            predicates.append(_named(name))
            at += 1
        at += words[at] == ","
    return predicates, at


def _named(name: str) -> Expression:
    if option := _OPTION.fullmatch(name):
        return Option(option[1])
    return NO if name in _NEVER else Macro(name[:100])


def _compared(name: str, text: str) -> Expression:
    option = _OPTION.fullmatch(name)
    if option is None or not text.startswith('"'):
        return Macro(f"{name} = {text}"[:100])
    return Comparison(Option(option[1]), "=", Literal(text[1:-1]))


def _none_of(*operands: Expression) -> Expression:
    return negated(all_of(*operands))


_COMBINED: Mapping[str, Callable[..., Expression]] = {"all": all_of, "any": any_of, "not": _none_of}
