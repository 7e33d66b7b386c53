"""Mistakes that a validation of strangers' values found, in words of a length that can be shown."""

from __future__ import annotations

from pydantic import ValidationError

FLOOD = 1000
"""Mistakes of which none is shown any more: each takes a kilobyte once it is looked at."""
SHOWN = 120
"""Characters of a place, where a key may have been made up that has megabytes."""
_DEPTH = 16


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
