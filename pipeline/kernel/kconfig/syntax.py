"""Reads expressions of the Kconfig language (Documentation/kbuild/kconfig-language.rst)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

from pipeline.kernel.kconfig.expression import (
    NUMBER,
    TRISTATES,
    YES,
    Comparison,
    Expression,
    Literal,
    Macro,
    Not,
    Option,
    Term,
    all_of,
    any_of,
)
from pipeline.system.errors import UsageError

MAX_DEPTH = 64
"""Brackets and negations within one another; Linux needs five."""

_TOKEN = re.compile(
    r"\s*(?:(&&|\|\||!=|<=|>=|[=<>!()])|\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'|([\w./-]+)|(\$\()|(#))"
)

Token: TypeAlias = str | Term
"""An operator, `if`, or a term."""


@lru_cache(maxsize=1 << 16)
def parse_clause(text: str) -> tuple[Expression | None, Expression]:
    """Takes `VALUE if CONDITION` apart, comments removed: the value, None where there is none, and the condition.

    Raises:
        UsageError: it is no expression, or nested too deeply.
    """
    tokens = tuple(_tokens(text))
    at = tokens.index("if") if "if" in tokens else len(tokens)
    return _parse(tokens[:at], text), _parse(tokens[at + 1 :], text) or YES


def parse_expression(text: str) -> Expression:
    """Raises UsageError when `text` is no expression."""
    value, condition = parse_clause(text)
    if value is None or condition != YES:
        raise _mistake(text)
    return value


def _tokens(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _mistake(text)
        at = match.end()
        operator, double, single, word, macro, comment = match.groups()
        if comment:
            return
        if macro:
            at = _end_of_macro(text, at)
            yield Macro(text[match.start(5) : at])
        elif operator or word == "if":
            yield operator or word
        elif word is not None:
            yield Literal(word) if word in TRISTATES or NUMBER.fullmatch(word) else Option(word)
        else:
            string = double if double is not None else single
            yield Macro(f'"{string}"') if "$(" in string else Literal(string)


def _end_of_macro(text: str, at: int) -> int:
    depth = 1
    while depth:
        if at == len(text):
            raise _mistake(text)
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return at


def _parse(tokens: Sequence[Token], text: str) -> Expression | None:
    if not tokens:
        return None
    parser = _Parser(tokens, text)
    expression = parser.any_of(0)
    if parser.at < len(tokens):
        raise _mistake(text)
    return expression


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.at = 0
        self._tokens = tokens
        self._text = text

    def any_of(self, depth: int) -> Expression:
        parts = [self._all_of(depth)]
        while self._take("||"):
            parts.append(self._all_of(depth))
        return any_of(*parts)

    def _all_of(self, depth: int) -> Expression:
        parts = [self._operand(depth)]
        while self._take("&&"):
            parts.append(self._operand(depth))
        return all_of(*parts)

    def _operand(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise UsageError(f"nested more than {MAX_DEPTH} deep: {self._text[:60]!r}", hint="No kernel does that.")
        if self._take("!"):
            return Not(self._operand(depth + 1))
        if self._take("("):
            inner = self.any_of(depth + 1)
            if not self._take(")"):
                raise _mistake(self._text)
            return inner
        left = self._term()
        for operator in ("=", "!=", "<=", ">=", "<", ">"):
            if self._take(operator):
                return Comparison(left, operator, self._term())
        return left

    def _term(self) -> Term:
        if self.at == len(self._tokens) or isinstance(token := self._tokens[self.at], str):
            raise _mistake(self._text)
        self.at += 1
        return token

    def _take(self, operator: str) -> bool:
        accepted = self.at < len(self._tokens) and self._tokens[self.at] == operator
        self.at += accepted
        return accepted


def _mistake(text: str) -> UsageError:
    return UsageError(f"no Kconfig expression: {text.strip()[:60]!r}", hint="Does `make olddefconfig` accept the tree?")
