"""The changes of a series to a tree's code, from one diff between base and last state."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pipeline.kernel.commands import is_code
from pipeline.mail import diffstat as mail_diffstat
from pipeline.model import ChangedFile, Diffstat
from pipeline.system.git import Repository
from pipeline.system.watched import TakesTooLongError

MOST_STRUCTS = 64
"""Structs that are looked at; the rest of a tree-wide series is left out."""

_HUNK = re.compile(r"@@ -\d+(?:,(?P<old>\d+))? \+(?P<start>\d+)(?:,(?P<new>\d+))? @@ ?(?P<heading>.*)")
_ALGORITHMS = ("myers", "minimal", "patience", "histogram")
_THRESHOLDS = (*range(10, 100, 10), 75, 85, 95, 100)
_MOST_THRESHOLDS = 24
_SIMILAR = re.compile(r":\S+ \S+ \S+ \S+ [RC](\d{3})\t")
# Names in full, and of the graph of signs as little as there can be.
_WHOLE_STAT = ("--no-color", "--no-ext-diff", "--no-textconv", "--stat=9000,8900", "--stat-graph-width=1")
_STRUCT = re.compile(r"(?:typedef\s+)?struct\s+(?P<name>\w+)\s*\{")


@dataclass
class _File:
    path: str
    lines: list[int] = field(default_factory=list)
    structs: dict[str, None] = field(default_factory=dict)


def parse_diff(diff: str) -> dict[str, tuple[tuple[int, ...], tuple[str, ...]]]:
    """Files of code that a unified diff adds or changes: path to added lines (their new numbers) and touched structs.

    A struct is touched where a line is added or removed between `struct NAME {` at the start of a line (in the hunk or
    in its heading) and the next `}` at the start of one.
    """
    files = [_File("")]
    lines = iter(diff.split("\n"))
    for line in lines:
        if line.startswith("+++ "):
            files.append(_File(_path(line[4:])))
        elif hunk := _HUNK.match(line):
            _read_hunk(files[-1], hunk, lines)
    return {file.path: (tuple(file.lines), tuple(file.structs)) for file in files if file.path and is_code(file.path)}


def _read_hunk(file: _File, hunk: re.Match[str], lines: Iterator[str]) -> None:
    """Takes a hunk's lines, as many as its header says: an added line can look like any header."""
    old, new = (1 if hunk[side] is None else int(hunk[side]) for side in ("old", "new"))
    number = int(hunk["start"])
    opened = _STRUCT.match(hunk["heading"])
    struct = opened["name"] if opened else ""
    while old > 0 or new > 0:
        line = next(lines, None)
        if line is None:
            return
        kind, text = line[:1], line[1:]
        if kind == "\\":
            continue
        if opened := _STRUCT.match(text):
            struct = opened["name"]
        if kind in ("+", "-") and struct:
            file.structs[struct] = None
        if text.startswith("}"):
            struct = ""
        if kind == "+":
            file.lines.append(number)
        old -= kind != "+"
        new -= kind != "-"
        number += kind != "-"


def _path(word: str) -> str:
    """A path from a `+++` line, empty for a file that is removed; git quotes odd ones as C does."""
    word = word.rstrip("\t")
    if word.startswith('"') and word.endswith('"') and len(word) > 1:
        try:
            word = ast.literal_eval(f"b{word}").decode("utf-8", "replace")
        except (SyntaxError, ValueError):
            return ""
    return word.removeprefix("b/") if word.startswith("b/") else ""


def lines_digest(changed: Iterable[ChangedFile]) -> str:
    """SHA-256 of which lines a series changes, for keys of what is measured of them."""
    return hashlib.sha256(repr([(file.path, file.lines) for file in changed]).encode()).hexdigest()


def changed_files(repository: Repository, base: str, last: str) -> tuple[ChangedFile, ...]:
    """The code that differs between two commits; a file that was renamed counts as a new one.

    Raises:
        GitError: git failed.
    """
    # Whole functions and structs as context, so that a hunk deep inside a struct shows which one it is.
    diff = repository.out(
        *("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--function-context", "--text"),
        *("--src-prefix=a/", "--dst-prefix=b/", base, last),
    )
    room = MOST_STRUCTS
    files = []
    # git cat-file takes one name to a line.
    changed = {path: file for path, file in parse_diff(diff).items() if "\n" not in path}
    sources = repository.blobs([f"{last}:{path}" for path in changed])
    for (path, (lines, structs)), source in zip(changed.items(), sources, strict=True):
        files.append(ChangedFile(path, source.decode("utf-8", "replace"), lines, structs[:room]))
        room -= len(files[-1].structs)
    return tuple(files)


def touched_files(repository: Repository, base: str, last: str) -> frozenset[str]:
    """Paths that differ between two commits; of a file that was renamed both.

    Raises:
        GitError: git failed.
    """
    listed = repository.out("diff-tree", "-r", "-z", "--no-renames", "--name-only", base, last)
    return frozenset(listed.split("\0")) - {""}


def diffstats(repository: Repository, base: str, last: str) -> tuple[Diffstat, ...]:
    """Diffstats that `git diff --stat` can print between two commits, each once; first that of git-format-patch(1).

    What it prints depends on settings of the one who called it: how renames are found, how alike files must be for one,
    how lines are matched and names quoted.
    Nothing where it takes too long to tell.

    Raises:
        GitError: git failed.
    """
    diffstats: dict[Diffstat, None] = {}
    try:
        for paired in _pairings(repository, base, last):
            for algorithm in _ALGORITHMS:
                options = (*paired, f"--diff-algorithm={algorithm}")
                for quoted in ("true", "false"):
                    setting = f"core.quotePath={quoted}"
                    printed = repository.out("-c", setting, "diff", *_WHOLE_STAT, *options, base, last)
                    diffstats |= dict.fromkeys(counted for _, counted in mail_diffstat.diffstats(printed))
                    if '"' not in printed:
                        break
    except TakesTooLongError:
        # Lines that others count may be right, whatever the rest would be.
        return ()
    return tuple(diffstats) or (Diffstat(0, 0, 0),)


def _pairings(repository: Repository, base: str, last: str) -> Iterator[tuple[str, ...]]:
    """Options by which git tells which file is another one renamed or copied, as far as they differ for two commits.

    A threshold (`-M90%`) decides which pairs are taken: of those that people use and the likeness of each pair itself,
    those that give other pairs than the ones before.
    """
    yield ("--find-renames",)
    yield ("--find-renames", "--break-rewrites")
    known = {_pairs(repository, "--find-renames", base, last)}
    for kind in ("--find-renames", "--find-copies"):
        loose = _pairs(repository, f"{kind}=1%", base, last)
        if not loose:
            continue
        alike = {max(int(_SIMILAR.findall(line)[0]), 1) for line in loose}
        tried = sorted({*_THRESHOLDS, *sorted(alike)[-_MOST_THRESHOLDS + len(_THRESHOLDS) :]}, reverse=True)
        for option in (kind, *(f"{kind}={threshold}%" for threshold in tried), "--no-renames"):
            pairs = _pairs(repository, option, base, last)
            if pairs not in known:
                known.add(pairs)
                yield (option,)


def _pairs(repository: Repository, option: str, base: str, last: str) -> tuple[str, ...]:
    raw = repository.out("diff", "--raw", "--no-abbrev", option, base, last)
    return tuple(line for line in raw.splitlines() if _SIMILAR.match(line))
