"""Compares a letter's diffstat with those that git prints of the series, file by file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.mail.diffstat import paths
from pipeline.model import Diffstat, FileStat

FILES_SHOWN = 5
_SHORTENED = "..."
_BINARY = "Bin"
_LONG_END = 8
"""Characters of a name that is shortened in its last part; git leaves more of it."""


@dataclass(frozen=True)
class Comparison:
    """The result for a diffstat.

    Args:
        verdict: of the claim.
        words: what the patches change, or why that is not known.
        details: where the two differ, a line for each kind of difference.
        differing: how many counts and files differ.
    """

    verdict: str
    words: str
    details: tuple[str, ...]
    differing: int


def compared(shown: Diffstat, counted: Sequence[Diffstat], files: Collection[str]) -> Comparison:
    """A letter's diffstat beside the one of `counted` that is nearest to it.

    Args:
        counted: what git can print of the series; empty where no tree took it.
        files: paths that the patches touch, which is all that is known then.
    """
    if not counted:
        return _names_against(shown, files)
    closest = _counted_against(shown, counted[0])
    for diffstat in counted[1:]:
        if closest.differing:
            closest = min(closest, _counted_against(shown, diffstat), key=lambda comparison: comparison.differing)
    return closest


def nearest(shown: Sequence[Diffstat], counted: Sequence[Diffstat], files: Collection[str]) -> Diffstat | None:
    """The one of a letter's diffstats that differs least from the series; of equals the last, where git puts it."""
    ranked = [(compared(diffstat, counted, files).differing, -at, diffstat) for at, diffstat in enumerate(shown)]
    return min(ranked, key=lambda row: row[:2])[2] if ranked else None


def _counted_against(shown: Diffstat, counted: Diffstat) -> Comparison:
    pairs, unlisted, unchanged = _paired(shown.lines, counted.lines) if shown.lines else ((), (), ())
    other = [
        f"{listed.name} ({listed.change}, and {two.change} in the patches)"
        for listed, two in pairs
        if not _same_change(listed, two)
    ]
    details = _details(
        ("not in the diffstat", [stat.name for stat in unlisted]),
        ("not changed by the patches", [stat.name for stat in unchanged]),
        ("with another count", other),
    )
    counts = sum(
        in_letter != in_patches
        for in_letter, in_patches in zip(
            (shown.files, shown.insertions, shown.deletions),
            (counted.files, counted.insertions, counted.deletions),
            strict=True,
        )
    )
    differing = counts + len(unlisted) + len(unchanged) + len(other)
    files = f"{counted.files} file{'' if counted.files == 1 else 's'}"
    words = f"the patches change {files}, +{counted.insertions} -{counted.deletions} lines"
    return Comparison("not confirmed" if differing else "confirmed", words, details, differing)


def _names_against(shown: Diffstat, files: Collection[str]) -> Comparison:
    """Compare by names alone: without a tree, only these can be told from the patches."""
    listed = [line.name for line in shown.lines]
    means = {name: [FileStat(path, "") for path in paths(name)] for name in listed}
    touched = [FileStat(path, "") for path in sorted(files)]
    known = [meaning for several in means.values() for meaning in several]
    unlisted = [path.name for path in touched if listed and not any(_means(meaning, path) for meaning in known)]
    untouched = [
        name
        for name, several in means.items()
        if not any(_means(meaning, path) for meaning in several for path in touched)
    ]
    details = _details(("not in the diffstat", unlisted), ("not touched by any patch", untouched))
    words = "no tree took the series: lines were not counted"
    return Comparison("not confirmed" if details else "not measured", words, details, len(unlisted) + len(untouched))


_Paired = tuple[Sequence[tuple[FileStat, FileStat]], Sequence[FileStat], Sequence[FileStat]]


def _paired(shown: Sequence[FileStat], counted: Sequence[FileStat]) -> _Paired:
    """Files of both, those of `counted` alone, and those of `shown` alone."""
    pairs, unchanged = list[tuple[FileStat, FileStat]](), list[FileStat]()
    free = {stat.name: stat for stat in counted}
    by_end: dict[str, list[FileStat]] = {}
    for stat in counted:
        for end in (_end(stat.name), stat.name[-_LONG_END:]):
            by_end.setdefault(end, []).append(stat)
    # A shortened name can fit several files: names that are whole or longer choose first.
    for stat in sorted(shown, key=lambda named: (named.name.startswith(_SHORTENED), -len(named.name))):
        other = free.get(stat.name)
        if other is None and stat.name.startswith(_SHORTENED):
            fitting = [file for file in by_end.get(_end(stat.name), ()) if file.name in free and _means(stat, file)]
            other = next((file for file in fitting if _same_change(stat, file)), next(iter(fitting), None))
        if other is None:
            unchanged.append(stat)
        else:
            pairs.append((stat, free.pop(other.name)))
    return pairs, [*free.values()], unchanged


def _end(name: str) -> str:
    """The part that a shortened name shares with the whole one: a file's own name, or the end of a very long one."""
    _, slash, end = name.rpartition("/")
    return f"/{end}" if slash else name[-_LONG_END:]


def _means(shown: FileStat, counted: FileStat) -> bool:
    """Whether a name is a whole one, or what is left of it behind `...`."""
    name = shown.name
    return name == counted.name or (name.startswith(_SHORTENED) and counted.name.endswith(name[len(_SHORTENED) :]))


def _same_change(shown: FileStat, counted: FileStat) -> bool:
    """Equal, or both of a binary file where one of the two does not give its sizes."""
    changes = (shown.change, counted.change)
    return shown.change == counted.change or (
        _BINARY in changes and all(change.startswith(_BINARY) for change in changes)
    )


def _details(*kinds: tuple[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(
        f"{words}: {', '.join([*names[:FILES_SHOWN], *(['…'] if len(names) > FILES_SHOWN else [])])}"
        for words, names in kinds
        if names
    )
