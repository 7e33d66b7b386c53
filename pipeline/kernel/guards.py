"""Conditions under which a preprocessor keeps a line: the `#if`s around it as an expression of Kconfig.

What is no option (`__BIG_ENDIAN`, `BITS_PER_LONG == 64`, an include guard) is a macro whose value nobody knows here:
whoever solves the expression hopes for it, and asks the preprocessor afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from pipeline.kernel.kconfig.expression import NO, YES, Expression, Macro, Option, all_of, negated, size_of
from pipeline.kernel.kconfig.syntax import parse_expression
from pipeline.kernel.preprocessor import without_comments
from pipeline.system.errors import UsageError
from pipeline.system.untrusted import TooMuchError

MOST_NESTED = 32
"""Conditionals within one another; what is deeper is not looked at."""
MOST_BRANCHES = 64
"""Of one conditional; what comes after them is not looked at."""
MOST_PARTS = 500_000
"""Parts of all conditions of a file together; lines behind them are taken for lines without a condition."""
LONGEST = 2000
"""Characters of a condition; a longer one is taken for a macro."""

_DIRECTIVE = re.compile(r"\s*#\s*(?P<name>ifdef|ifndef|if|elifdef|elifndef|elif|else|endif)\b(?P<rest>.*)")
_ASKED = re.compile(
    r"(?:\bdefined\s*\(\s*CONFIG_(?P<within>\w+)\s*\)|\bdefined\s+CONFIG_(?P<plain>\w+)"
    r"|\bIS_(?:ENABLED|BUILTIN|REACHABLE)\s*\(\s*CONFIG_(?P<enabled>\w+)\s*\)|\bCONFIG_(?P<bare>\w+))"
)
_CALL = re.compile(r"\b\w+\s*\([^()]*\)|\bdefined\s+\w+")
_ATOM = re.compile(r"\s*(&&|\|\||!(?!=)|\(|\))\s*")


def guards(source: str, wanted: Collection[int]) -> Mapping[int, Expression]:
    """The condition of each wanted line of a source file; lines without a condition are left out.

    Args:
        source: of C or preprocessed assembly.
        wanted: numbers of lines.
    """
    kept: dict[int, Expression] = {}
    # For each conditional around the line: the condition outside it, and those of its branches so far.
    outer: list[tuple[Expression, list[Expression]]] = []
    kept_if: Expression = YES
    too_deep, inside, directive, spent = 0, False, "", 0
    for number, line in enumerate(source.split("\n"), 1):
        text, inside = without_comments(line, inside)
        if directive or _DIRECTIVE.match(text):
            directive += text.rstrip().removesuffix("\\")
            if text.rstrip().endswith("\\") and len(directive) < LONGEST:
                continue
            match, directive = _DIRECTIVE.match(directive), ""
            if match is None:
                continue
            name, rest = match["name"], match["rest"]
            if name.startswith("if"):
                if len(outer) == MOST_NESTED:
                    too_deep += 1
                    continue
                asked = condition(name, rest)
                outer.append((kept_if, [asked]))
                kept_if = _joined(kept_if, asked)
            elif too_deep:
                too_deep -= name == "endif"
            elif outer and name == "endif":
                kept_if, _ = outer.pop()
            elif outer and len(outer[-1][1]) >= MOST_BRANCHES:
                kept_if = Macro("one of many branches")
            elif outer:
                around, branches = outer[-1]
                asked = YES if name == "else" else condition(name.removeprefix("el"), rest)
                kept_if = _joined(around, *(negated(branch) for branch in branches), asked)
                branches.append(asked)
            spent += size_of(kept_if)
            if spent > MOST_PARTS:
                break
        elif number in wanted and kept_if != YES:
            kept[number] = kept_if
    return kept


def condition(name: str, rest: str) -> Expression:
    """The condition of a directive.

    Args:
        name: `if`, `ifdef` or `ifndef`.
        rest: of its line, without comments.
    """
    rest = " ".join(rest.split())
    if name != "if":
        option = rest.removeprefix("CONFIG_")
        known: Expression = Option(option) if rest.startswith("CONFIG_") and _is_option(option) else Macro(rest[:100])
        return negated(known) if name == "ifndef" else known
    if len(rest) > LONGEST:
        return Macro(rest[:100])
    try:
        return parse_expression(" ".join(_translated(rest)))
    except (UsageError, TooMuchError):
        return Macro(rest[:100])


def _translated(rest: str) -> list[str]:
    """A condition in Kconfig's language, piece by piece."""
    macros: list[str] = []

    def unknown(text: str) -> str:
        macros.append(text)
        return f" $(macro-{len(macros)}) "

    def option(match: re.Match[str]) -> str:
        name = next(group for group in match.groups() if group)
        return f" @{name} " if _is_option(name) else unknown(match[0])

    rest = _ASKED.sub(option, rest)
    rest = _CALL.sub(lambda match: unknown(match[0]), rest)
    words = []
    for piece in _ATOM.split(rest):
        atom = piece.strip()
        if not atom or _ATOM.fullmatch(atom) or re.fullmatch(r"\$\(macro-\d+\)", atom):
            words.append(atom)
        elif atom.rstrip("uUlL") in ("0", "1"):
            words.append(NO.text if atom[0] == "0" else YES.text)
        elif re.fullmatch(r"@\w+", atom):
            words.append(atom[1:])
        else:
            words.append(unknown(atom))
    return [word.strip() for word in words if word.strip()]


def _is_option(name: str) -> bool:
    """Whether an option has this name; `CONFIG_X_MODULE` says of X that it is a module."""
    return not name.endswith("_MODULE") and len(name) < 100


def _joined(*conditions: Expression) -> Expression:
    try:
        return all_of(*conditions)
    except TooMuchError:
        return Macro("too much")
