"""Sections of MAINTAINERS: their files and maintainers; patterns mean what get_maintainer.pl makes of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

NAME = "MAINTAINERS"
"""Of the file, at the top of a tree."""
_LINE = re.compile(r"^(?P<kind>[FXNMR]):\s*(?P<value>\S.*?)\s*$")
_WILD = re.compile(r"[*?\[]")
_PATTERN = re.compile(r"^(?P<kind>[FN]):\s*(?P<pattern>\S+)", re.MULTILINE)
_LITERAL = re.compile(r"[\w./+,@~-]*")
"""What a pattern begins with; get_maintainer.pl reads the rest as an expression."""


@dataclass(frozen=True)
class Section:
    """An entry of MAINTAINERS.

    Args:
        files, excluded: patterns of paths that it has, and of those that it has not.
        names: expressions of paths.
        maintainers, reviewers: `Name <address>`, as they stand there.
    """

    files: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    maintainers: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        if any(_matches(pattern, path) for pattern in self.excluded):
            return False
        return any(_matches(pattern, path) for pattern in self.files) or any(
            _matches_expression(name, path) for name in self.names
        )

    @property
    def is_the_rest(self) -> bool:
        """Whether it is there for files that nobody else has."""
        return "*/" in self.files


def sections(text: str) -> tuple[Section, ...]:
    """The sections that have files of their own."""
    with_files = []
    for block in re.split(r"\n\s*\n", text):
        values: dict[str, list[str]] = {kind: [] for kind in "FXNMR"}
        for match in filter(None, map(_LINE.match, block.split("\n"))):
            # Nothing follows a pattern; a line of several words is no pattern.
            if match["kind"] in "MR" or " " not in match["value"]:
                values[match["kind"]].append(match["value"])
        section = Section(*(tuple(values[kind]) for kind in "FXNMR"))
        if (section.files or section.names) and not section.is_the_rest:
            with_files.append(section)
    return tuple(with_files)


def having(known: Iterable[Section], paths: Iterable[str]) -> tuple[Section, ...]:
    """The sections that have one of these files."""
    wanted = tuple(paths)
    return tuple(section for section in known if any(map(section.has, wanted)))


def concerned_sections(text: str, paths: Sequence[str]) -> str:
    """The text of the sections that can match a path; get_maintainer.pl says of them which do."""
    kept = [section for section, patterns in _patterns(text) if any(_can_match(patterns, path) for path in paths)]
    return "Maintainers\n\n" + "\n\n".join(kept) + "\n"


@lru_cache(maxsize=2)
def _patterns(text: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Texts of sections, each with the kinds of its patterns and what is compared of them."""
    texts = []
    for section in re.split(r"\n\s*\n", text):
        matches = _PATTERN.finditer(section)
        patterns = tuple((match["kind"], _compared(match["kind"], match["pattern"])) for match in matches)
        if patterns:
            texts.append((section, patterns))
    return tuple(texts)


def _compared(kind: str, pattern: str) -> str:
    """An expression of names as it is; of a pattern of files what every path that matches begins with."""
    literal = _LITERAL.match(pattern)
    return pattern if kind == "N" or literal is None else literal[0]


def _can_match(patterns: Sequence[tuple[str, str]], path: str) -> bool:
    return any(
        _matches_expression(pattern, path) if kind == "N" else path.startswith(pattern) for kind, pattern in patterns
    )


def _matches(pattern: str, path: str) -> bool:
    """`dir/` is all below it; `*` and `?` do not match a slash."""
    wild = _WILD.search(pattern)
    if not path.startswith(pattern[: wild.start()] if wild else pattern.rstrip("/")):
        return False
    if pattern.endswith("/") and not wild:
        return path.startswith(pattern)
    below = pattern.endswith("/")
    parts, names = pattern.rstrip("/").split("/"), path.split("/")
    if len(names) < len(parts) or (not below and len(names) != len(parts)):
        return False
    return all(fnmatchcase(name, part) for name, part in zip(names, parts, strict=False))


def _matches_expression(expression: str, path: str) -> bool:
    """An `N:` line is an expression of Perl's; one that Python cannot read matches all: nothing false is said."""
    try:
        return re.search(expression, path) is not None
    except re.error:
        return True
