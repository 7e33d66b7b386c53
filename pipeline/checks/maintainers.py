"""The check `maintainers`: new files have an entry in MAINTAINERS, and what a patch writes there matches files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.model import CheckFinding, Severity

_FILE = "MAINTAINERS"
_ENTRY = re.compile(r"^(?P<kind>[FXN]):\s*(?P<pattern>\S+)\s*$")


@dataclass(frozen=True)
class _Section:
    """Patterns of an entry: files that it has, files that it has not, and expressions of paths."""

    files: tuple[str, ...]
    excluded: tuple[str, ...]
    names: tuple[str, ...]

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


class MaintainersCheck:
    """Reads MAINTAINERS after a patch; patterns mean what get_maintainer.pl makes of them."""

    name = "maintainers"
    about = "MAINTAINERS has an entry for new files, and entries of the patch match files"
    version = 1
    needs = Needs()

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(_is_new(patch, file.name) or file.name == _FILE for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        text = after.read(_FILE).decode("utf-8", "replace")
        if not text:
            return Outcome(not_checked=f"the tree has no {_FILE}")
        return Outcome((*_ownerless(patch, before, after, _sections(text)), *_dangling(patch, after)))


def _ownerless(patch: CheckedPatch, before: State, after: State, sections: list[_Section]) -> Iterator[CheckFinding]:
    for file in patch.files:
        if (
            after.blob(file.name)
            and not before.blob(file.name)
            and not any(section.has(file.name) for section in sections)
        ):
            yield CheckFinding(Severity.REMARK, "no entry of MAINTAINERS has it", file.name, 0, _FILE, "no-entry")


def _dangling(patch: CheckedPatch, after: State) -> Iterator[CheckFinding]:
    """Patterns that the patch adds and that no file matches."""
    for file in patch.files:
        for line, text in file.added.items() if file.name == _FILE else ():
            match = _ENTRY.match(text)
            if match and match["kind"] == "F" and not after.exists(match["pattern"]):
                yield CheckFinding(
                    Severity.WARNING, f"no file matches {match['pattern']}", _FILE, line, _FILE, "no-file"
                )


def _is_new(patch: CheckedPatch, path: str) -> bool:
    """Whether the diff may make the file: it begins with line 1 and has no other name before."""
    return any(file.name == path and (1 in file.added or len(file.names) > 1) for file in patch.files)


def _sections(text: str) -> list[_Section]:
    sections = []
    for block in re.split(r"\n\s*\n", text):
        patterns: dict[str, list[str]] = {"F": [], "X": [], "N": []}
        for match in filter(None, map(_ENTRY.match, block.split("\n"))):
            patterns[match["kind"]].append(match["pattern"])
        section = _Section(tuple(patterns["F"]), tuple(patterns["X"]), tuple(patterns["N"]))
        if (section.files or section.names) and not section.is_the_rest:
            sections.append(section)
    return sections


def _matches(pattern: str, path: str) -> bool:
    """`dir/` is all below it; `*` and `?` do not match a slash."""
    if pattern.endswith("/") and not set("*?[").intersection(pattern):
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
