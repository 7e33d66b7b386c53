"""The few of GitHub's expressions that the project's workflows use; every other one is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Value = Any
"""A string, number, boolean, None, or what JSON makes of them."""

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][\w.-]*|\|\||&&|==|!=|[!(),])")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def filled(text: object, context: Mapping[str, Any]) -> Value:
    """A value of a workflow with its expressions evaluated; a text that is one expression keeps the value's kind."""
    if not isinstance(text, str):
        return text
    if whole := _EXPRESSION.fullmatch(text):
        return evaluate(whole[1], context)
    return _EXPRESSION.sub(lambda match: str(evaluate(match[1], context)), text)


def evaluate(text: str, context: Mapping[str, Any]) -> Value:
    """The value of one expression. Raises AssertionError when it holds anything unknown."""
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        assert match, f"{text!r} is beyond this evaluator"
        tokens.append(match[1])
        at = match.end()
    value, rest = _or(tokens, context)
    assert not rest, f"{text!r} is beyond this evaluator"
    return value


def truth(value: Value) -> bool:
    return value not in (None, False, 0, "")


def _or(tokens: list[str], context: Mapping[str, Any]) -> tuple[Value, list[str]]:
    value, rest = _and(tokens, context)
    while rest[:1] == ["||"]:
        other, rest = _and(rest[1:], context)
        value = value if truth(value) else other
    return value, rest


def _and(tokens: list[str], context: Mapping[str, Any]) -> tuple[Value, list[str]]:
    value, rest = _compared(tokens, context)
    while rest[:1] == ["&&"]:
        other, rest = _compared(rest[1:], context)
        value = other if truth(value) else value
    return value, rest


def _compared(tokens: list[str], context: Mapping[str, Any]) -> tuple[Value, list[str]]:
    value, rest = _single(tokens, context)
    if rest[:1] in (["=="], ["!="]):
        other, after = _single(rest[1:], context)
        return (value == other) == (rest[0] == "=="), after
    return value, rest


def _single(tokens: list[str], context: Mapping[str, Any]) -> tuple[Value, list[str]]:
    first, *rest = tokens
    if first == "!":
        value, rest = _single(rest, context)
        return not truth(value), rest
    if first.startswith("'"):
        return first[1:-1].replace("''", "'"), rest
    if first in ("true", "false"):
        return first == "true", rest
    if rest[:1] == ["("]:
        close = rest.index(")")
        return _called(first, rest[1:close], context), rest[close + 1 :]
    return _looked_up(first, context), rest


def _called(name: str, arguments: list[str], context: Mapping[str, Any]) -> Value:
    if (name, arguments) == ("cancelled", []):
        return False
    assert name == "fromJSON", f"{name}() is beyond this evaluator"
    value, rest = _single(arguments, context)
    assert not rest
    return json.loads(value)


def _looked_up(path: str, context: Mapping[str, Any]) -> Value:
    """What a path names; nothing where a part of it is not there, but contexts must be known."""
    root, *names = path.split(".")
    assert root in context, f"the context {root!r} is not there"
    value = context[root]
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
