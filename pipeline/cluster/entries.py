"""Entries that are carried from one store to another: exported from the worker's, checked, and adopted by the run's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from pipeline.boot.report import Boot
from pipeline.cluster.job import Stage, StoredResult
from pipeline.kernel import image
from pipeline.measure.code.table import unpacked
from pipeline.model import BuildStatus, Coverage, Diagnostic, Layout, StructPage
from pipeline.system import untrusted
from pipeline.system.mistakes import first_mistake, mistake_apart, mistake_in
from pipeline.system.store import Entry, Key, Store

STAGES = get_args(Stage)


class RecordingStore(Store):
    """A store that remembers which entries it took; `made` holds the digests of their keys."""

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        super().__init__(folder, report)
        self.made: set[str] = set()

    def put(self, key: Key, value: Any, files: Mapping[str, bytes], *, made_for_run: bool = False) -> Entry:
        self.made.add(key.digest)
        return super().put(key, value, files, made_for_run=made_for_run)


def exported(store: Store, keys: Iterable[Key], made: Collection[str] = ()) -> tuple[StoredResult, ...]:
    """The entries of those of `keys` that are there, `made` holding the digests of those that are new."""
    entries = ((key, store.get(key)) for key in keys if key.stage in STAGES)
    return tuple(
        StoredResult.of(key, entry.value, entry.files(), made=key.digest in made) for key, entry in entries if entry
    )


def adopt(store: Store, results: Iterable[StoredResult], asked: Collection[Key]) -> list[str]:
    """Stores those results that were asked for and hold what their stage holds.

    Returns:
        The others' stages, each with what is wrong.
    """
    wanted = {key.digest for key in asked}
    refused = []
    for result in results:
        if result.key.digest not in wanted:
            refused.append(f"{result.stage} (not asked for)")
        elif mistake := _mistake(result):
            refused.append(f"{result.stage} ({mistake})")
        elif store.get(result.key) is None:
            store.put(result.key, result.value, result.files, made_for_run=result.made)
    return refused


class _BuildValue(BaseModel):
    model_config = ConfigDict(strict=True)

    status: BuildStatus
    seconds: float
    cpu_seconds: float
    steps: int
    warnings: tuple[Diagnostic, ...]
    errors: tuple[Diagnostic, ...]
    sections: dict[str, int]
    struct_page: StructPage | None
    reused: bool = False


class _ImageValue(BaseModel):
    digest: str
    selftest: bool


class _NoValue(BaseModel):
    model_config = ConfigDict(extra="forbid")


_VALUES: Mapping[str, TypeAdapter[Any]] = {
    "build": TypeAdapter(_BuildValue),
    "image": TypeAdapter(_ImageValue),
    "symbol-origins": TypeAdapter(dict[str, str]),
    "code": TypeAdapter(_NoValue),
    "neutral-code": TypeAdapter(_NoValue),
    "dependencies": TypeAdapter(_NoValue),
    "struct-layout": TypeAdapter(list[Layout]),
    "coverage": TypeAdapter(Coverage | None),
    "boot": TypeAdapter(Boot),
}
_FILES = {
    "image": {"kernel.z"},
    "code": {"code.z"},
    "neutral-code": {"neutral.z"},
    "dependencies": {"paths.z"},
    "boot": {"console.z"},
}
"""Files that an entry of a stage must have; those of a build depend on its status."""
_OPTIONAL = {"image": {"selftest", "selftest.missing"}, "build": {"symbols.z"}}


def _mistake(result: StoredResult) -> str:
    """A mistake in a result, which every later run would believe and read; empty where there is none."""
    try:
        untrusted.check_value(result.value)
        text = TypeAdapter(Any).dump_json(result.value)
        if mistake := mistake_apart(find_mistake, text, result.stage):
            return mistake
        value = _VALUES[result.stage].validate_json(text)
    except ValidationError as error:
        return first_mistake(error)
    except ValueError as error:
        return str(error)
    needed = _FILES.get(result.stage, set())
    if result.stage == "build":
        needed = {"log.z", "config"} | ({"symbols.z"} if value.status is BuildStatus.BUILT else set())
    if missing := needed - result.files.keys():
        return f"it lacks {', '.join(sorted(missing))}"
    if unknown := result.files.keys() - needed - _OPTIONAL.get(result.stage, set()):
        return f"it has {min(unknown)}, which is no file of this stage"
    for name, content in sorted(result.files.items()):
        try:
            _check_file(name, content)
        except ValueError as error:
            return f"{name}: {error}"
    if result.stage == "image" and image.value(result.files) != result.value:
        return "it is of another image than it says"
    return ""


def find_mistake(stage: str, text: bytes) -> str:
    """The first mistake in the value of a stage; called in a process of its own."""
    return mistake_in(lambda: _VALUES[stage].validate_json(text))


def _check_file(name: str, content: bytes) -> None:
    """Raises ValueError where a file cannot be read as those who look for it will."""
    if name == "kernel.z":
        untrusted.check_packed(content, untrusted.STORED_FILE, text=False)
    elif name == "symbols.z":
        untrusted.check_packed(content, untrusted.TOOL_OUTPUT, text=False)
    elif name in ("code.z", "neutral.z"):
        unpacked(content)
    elif name.endswith(".z"):
        # Logs are read with bad bytes replaced.
        untrusted.check_packed(content, untrusted.STORED_TEXT, text=name != "log.z")
    elif name == "config":
        untrusted.STORED_CONFIG.check(len(content))
        content.decode()
    else:
        untrusted.STORED_FILE.check(len(content))
