"""Diagnostics of a build that another build has not: the only place where two lists of them are compared.

Two are the same where path, message and the function around them are, or the line that the series left as it was; lines
move, and a file can be renamed. They are counted, so that the second of two alike is new where the base has one, and a
diagnostic that vanished pays for another only in the same function. What is not known of both, as of builds that older
versions stored, does not tell them apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from pipeline.kernel.moved import Moved


class Located(Protocol):
    """A diagnostic with the function and line that it is compared by."""

    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def message(self) -> str: ...
    @property
    def function(self) -> str: ...
    @property
    def source(self) -> str: ...


Compared = TypeVar("Compared", bound=Located)


class _Place(NamedTuple):
    """Where a diagnostic is; the line by its number before, 0 where it is new or that is not known."""

    function: str
    source: str
    line: int

    @property
    def bare(self) -> bool:
        return not (self.function or self.source)


_Question = Callable[[_Place], Hashable]

_STAGES: tuple[tuple[_Question, _Question], ...] = (
    (lambda later: later.line or None, lambda earlier: earlier.line or None),
    (lambda later: (later.function, later.source), lambda earlier: (earlier.function, earlier.source)),
    (lambda later: later.function or None, lambda earlier: earlier.function or None),
    (lambda later: None if later.function else later.source or None, lambda earlier: earlier.source or None),
    (lambda later: later.source or None, lambda earlier: None if earlier.function else earlier.source or None),
    (lambda later: later.bare or None, lambda _: True),
    (lambda _: True, lambda earlier: earlier.bare or None),
)
"""What of two places must be equal, of the later one and of the earlier one: first all, then what both have."""

# Offsets, positions in other files, and names of temporary files: they move with code that has nothing to do with it.
_MOVING = re.compile(r"0x[0-9a-f]+|(?<=\.[chSs]):\d+(?::\d+)?|(?<=line )\d+|(?<=/tmp/cc)\w{6}", re.IGNORECASE)
_NUMBERS_OF_TYPES = re.compile(r"(multiple IDs found for '[^']*'): .*")
_WORD = re.compile(r"[\w./+-]+")


def new_ones(
    diagnostics: Iterable[Compared], before: Iterable[Located], moved: Moved | None = None
) -> tuple[Compared, ...]:
    """Diagnostics that were not there before, in their order.

    Args:
        moved: where the source of those before is now.
    """
    moved = moved or Moved()
    renamed = _Renamed(moved.renames)
    unchanged = _Renamed({})
    earlier: dict[tuple[str, str], list[_Place]] = defaultdict(list)
    for diagnostic in before:
        key, place = _compared(diagnostic, renamed, diagnostic.line)
        earlier[key].append(place)
    diagnostics = list(diagnostics)
    later: dict[tuple[str, str], list[tuple[int, _Place]]] = defaultdict(list)
    for at, diagnostic in enumerate(diagnostics):
        key, place = _compared(diagnostic, unchanged, moved.line_before(diagnostic.path, diagnostic.line))
        later[key].append((at, place))
    new = [at for key, places in later.items() for at in _unpaired(places, earlier.get(key, []))]
    return tuple(diagnostics[at] for at in sorted(new))


def _unpaired(later: Sequence[tuple[int, _Place]], earlier: Sequence[_Place]) -> list[int]:
    """The later places that are left when each earlier place was paired with a later one."""
    waiting = list(later)
    for of_later, of_earlier in _STAGES:
        if not (waiting and earlier):
            break
        offered: dict[Hashable, list[_Place]] = defaultdict(list)
        for place in earlier:
            offered[of_earlier(place)].append(place)
        left = []
        for at, place in waiting:
            wanted = of_later(place)
            if wanted is not None and offered.get(wanted):
                offered[wanted].pop()
            else:
                left.append((at, place))
        waiting, earlier = left, [place for places in offered.values() for place in places]
    return [at for at, _ in waiting]


class _Renamed:
    """Texts with the new names of files; what is made of a file, as `mm/util.o`, follows it."""

    def __init__(self, renames: Mapping[str, str]) -> None:
        self._names = dict(renames)
        self._stems = {_stem(old): _stem(new) for old, new in renames.items()}

    def __call__(self, text: str) -> str:
        return _WORD.sub(lambda word: self._name(word[0]), text) if self._names else text

    def _name(self, word: str) -> str:
        if word in self._names:
            return self._names[word]
        stem = _stem(word)
        return self._stems[stem] + word[len(stem) :] if stem in self._stems else word


def _stem(path: str) -> str:
    """A path without what follows the last dot of its name."""
    stem, dot, suffix = path.rpartition(".")
    return stem if dot and "/" not in suffix else path


def _compared(diagnostic: Located, renamed: _Renamed, line: int) -> tuple[tuple[str, str], _Place]:
    # Quotation marks follow the locale.
    message = diagnostic.message.replace("‘", "'").replace("’", "'")
    message = _MOVING.sub("", _NUMBERS_OF_TYPES.sub(r"\1", message))
    # Where a function was inlined, the linker names one line for many callers.
    place = _Place(renamed(diagnostic.function), diagnostic.source, 0 if " in " in diagnostic.function else line)
    return (renamed(diagnostic.path), renamed(message)), place
