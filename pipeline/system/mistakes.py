"""Mistakes of a validation of strangers' values, in words of a length that can be shown, and at a bounded price.

pydantic notes every mistake, and each takes up to half a kilobyte: two megabytes of `{},` become two gigabytes. So what
has room for many mistakes is read in a process with limits first, and here once it is known to be without any.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from pydantic import ValidationError

from pipeline.system import confined, untrusted
from pipeline.system.process import Processes
from pipeline.system.untrusted import TooMuchError

FLOOD = 1000
"""Mistakes of which none is shown any more: each takes a kilobyte once it is looked at."""
SHOWN = 120
"""Characters of a place, where a key may have been made up that has megabytes."""
_DEPTH = 16
_ROOM = 20_000
"""Parts of a text that are read here at once, were each of them wrong in several ways."""


class MistakenError(ValueError):
    """JSON of a stranger is not what it should be; says where."""


def first_mistake(error: ValidationError) -> str:
    """The first mistake and its place; of a flood, how many there are."""
    count = error.error_count()
    if count > FLOOD:
        return f"it has {count} mistakes"
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{placed(first['loc'])}: {first['msg'][: 3 * SHOWN]}"


def placed(parts: tuple[int | str, ...]) -> str:
    """The place of a mistake, cut: `cells.0.id`."""
    return ".".join(str(part)[:SHOWN] for part in parts[:_DEPTH])


def mistake_in(validate: Callable[[], object]) -> str:
    """The first mistake that a validation finds; empty where it finds none."""
    try:
        validate()
    except ValidationError as error:
        return first_mistake(error)
    return ""


def mistake_apart(find: Callable[..., str], text: bytes, *arguments: str, texts: int = 0) -> str:
    """The first mistake in JSON of a stranger; empty where a validation in this process will find few, or none.

    Args:
        find: a function of a module that has `mistake_in` validate; its last argument is the text.
        texts: bytes that may be taken for each byte of the text, beside what any reading may take: files in it are held
            several times.

    Raises:
        TooMuchError: to find out takes more than it may.
    """
    if sum(map(text.count, (b",", b":", b"{", b"["))) <= _ROOM:
        return ""
    memory = untrusted.CONFINED_MEMORY + texts * len(text)
    try:
        return str(confined.call(_processes(), find, *arguments, data=text, memory=memory))
    except confined.UnreadableError as error:
        raise TooMuchError(error.reason) from error


@cache
def _processes() -> Processes:
    return Processes()
