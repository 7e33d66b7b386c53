"""A TOML file read against its model; a mistake in it becomes one sentence with its place."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeGuard, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.system import untrusted
from pipeline.system.errors import UsageError
from pipeline.system.mistakes import FLOOD, SHOWN, first_mistake, placed
from pipeline.system.untrusted import TooMuchError
from pipeline.system.watched import Allowance, TakesTooLongError

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=64)]


class Definition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


Loaded = TypeVar("Loaded", bound=Definition)


def load(path: Path, kind: type[Loaded]) -> Loaded:
    """Raises UsageError when the file is no TOML, or not of this kind."""
    try:
        with path.open("rb") as file:
            content = file.read(untrusted.DEFINITION.most + 1)
        untrusted.DEFINITION.check(len(content))
        # A key of ten thousand parts takes tomllib minutes.
        with in_time(f"reading {path}"):
            return kind.model_validate(tomllib.loads(content.decode()))
    except TooMuchError as error:
        raise UsageError(f"{path} has {error.message}") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {_first_mistake(error, kind)}") from error
    except (ValueError, RecursionError) as error:
        # The file may come from a fork, nested as deeply and with numbers as long as its author likes.
        raise UsageError(f"{path} is not valid TOML: {str(error)[:200]}") from error


@contextmanager
def in_time(what: str) -> Iterator[None]:
    """Raises UsageError when what is done with a file takes too much of a processor."""
    try:
        with Allowance(untrusted.DEFINITION_SECONDS).spent_on(what):
            yield
    except TakesTooLongError as error:
        raise UsageError(error.message, hint="Was it made by others?") from error


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean …?` for a misspelt word, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _first_mistake(error: ValidationError, kind: type[Definition]) -> str:
    """A sentence for the first thing that pydantic found, with the nearest valid key for a misspelt one."""
    # A misspelt key that is required is two mistakes to pydantic; the misspelling explains the other.
    if error.error_count() > FLOOD:
        return first_mistake(error)
    mistake = min(error.errors(include_input=False), key=lambda mistake: mistake["type"] != "extra_forbidden")
    place = placed(mistake["loc"])
    if mistake["type"] != "extra_forbidden":
        return f"{place}: {mistake['msg'][:SHOWN]}"
    key = str(mistake["loc"][-1])[:SHOWN]
    valid = _keys_at(kind, mistake["loc"][:-1])
    return f"unknown key {place!r}; valid keys: {', '.join(valid)}.{nearest(key, valid)}"


def _keys_at(kind: type[Definition], place: tuple[int | str, ...]) -> list[str]:
    annotation: object = kind
    for part in place:
        if isinstance(part, int):
            continue  # one of several that are alike
        annotation = (
            annotation.model_fields[part].annotation if _is_definition(annotation) else get_args(annotation)[-1]
        )
        annotation = _definition_in(annotation)
    return list(annotation.model_fields) if _is_definition(annotation) else []


def _definition_in(annotation: object) -> object:
    """The definition in `Kind | None`, `tuple[Kind, ...]` and the like, however deep; a dict's is chosen by a key."""
    if _is_definition(annotation) or get_origin(annotation) is dict:
        return annotation
    return next((inner for arg in get_args(annotation) if _is_definition(inner := _definition_in(arg))), annotation)


def _is_definition(annotation: object) -> TypeGuard[type[Definition]]:
    return isinstance(annotation, type) and issubclass(annotation, Definition)
