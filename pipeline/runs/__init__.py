"""Runs on disk: one folder each; `run.json` is written last, so its presence means that the run is finished."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from pydantic import ValidationError

from pipeline.record import RunRecord
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.errors import UsageError
from pipeline.system.mistakes import MistakenError, first_mistake
from pipeline.system.untrusted import TooMuchError
from pipeline.system.workspace import Workspace

RECORD = "run.json"
MOST_SYMBOLS = 2000
"""Of a cell, in a record that would be too large otherwise."""
_LONGEST_TABLE, _LONGEST_BODY = 100_000, 1000
_MOMENT = "%Y%m%d-%H%M%S"


@dataclass(frozen=True)
class RunFolder:
    """A run that is under way: files can be added; `finish` makes it count."""

    id: str
    folder: Path

    def write(self, name: str, content: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)

    def copy(self, name: str, source: Path) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, path)

    def finish(self, record: RunRecord) -> None:
        unfinished = self.folder / f"{RECORD}.part"
        cut = record.within_limits()
        if cut is not record:
            record = cut.model_copy(update={"notes": (*cut.notes, "Texts or lists that nobody would read are cut.")})
        text = record.to_json()
        for symbols, table in ((MOST_SYMBOLS, _LONGEST_TABLE), (0, 0)):
            if len(text.encode()) > untrusted.RUN.most:
                # Nobody would read it.
                text = _shortened(record, symbols, table).to_json()
        with unfinished.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self.folder / RECORD)


@dataclass(frozen=True)
class KnownRun:
    """A line of `pipeline runs`: finished, running, broken or unreadable; `record` is there for finished ones."""

    id: str
    folder: Path
    state: str
    record: RunRecord | None


def _shortened(record: RunRecord, most: int, table: int) -> RunRecord:
    """The record with the symbols that changed most and the beginnings of mails, and a note that says so.

    Args:
        most: symbols of a cell.
        table: characters of the table of them.
    """
    cells = [
        cell.model_copy(
            update={
                "text": cell.text.model_copy(
                    update={
                        "symbols": tuple(sorted(cell.text.symbols, key=lambda symbol: -abs(symbol.delta))[:most]),
                        "verbatim": cell.text.verbatim[:table],
                    }
                )
            }
        )
        if cell.text
        else cell
        for cell in record.cells
    ]
    letters = [letter.model_copy(update={"body": letter.body[:_LONGEST_BODY]}) for letter in record.series.messages]
    patches = tuple(patch.model_copy(update={"diff": ""}) for patch in record.series.patches)
    series = record.series.model_copy(update={"messages": tuple(letters), "patches": patches})
    note = f"The record would be too large: of each cell it holds the {most} symbols that changed most."
    return record.model_copy(update={"cells": tuple(cells), "series": series, "notes": (*record.notes, note)})


@contextmanager
def begin(workspace: Workspace, title: str, started: datetime) -> Iterator[RunFolder]:
    """A new run folder, locked while the run is under way."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].rstrip("-") or "series"
    started = started.astimezone(UTC)
    newest = max((_moment(path.name) for path in workspace.runs.iterdir()), default=started)
    # Runs are in the order of their names, even where the clock went back since the last one began.
    moment = newest + timedelta(seconds=1) if newest > started else started
    stem = f"{moment.strftime(_MOMENT)}-{slug}"
    for attempt in range(1, 100):
        identifier = stem if attempt == 1 else f"{stem}-{attempt}"
        try:
            (workspace.runs / identifier).mkdir()
        except FileExistsError:
            continue
        with workspace.lock(f"run-{identifier}"):
            yield RunFolder(identifier, workspace.runs / identifier)
        return
    raise UsageError(f"there are a hundred runs called {stem} already")


def _moment(name: str) -> datetime:
    """The start of a run, by its name; long ago where it does not say."""
    try:
        return datetime.strptime(name[: len("20261231-235959")], _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def known_runs(workspace: Workspace) -> list[KnownRun]:
    """The runs of the workspace, oldest first."""
    runs = []
    for folder in sorted(path for path in workspace.runs.iterdir() if path.is_dir()):
        try:
            runs.append(KnownRun(folder.name, folder, "finished", read(folder)))
        except UsageError:
            if (folder / RECORD).exists():
                state = "unreadable"
            else:
                state = "running" if workspace.is_locked(f"run-{folder.name}") else "broken"
            runs.append(KnownRun(folder.name, folder, state, None))
    return runs


def find(workspace: Workspace, name: str) -> Path:
    """The folder of a run: its id, an unambiguous part of it, `last`, or a path to the folder or its run.json.

    Raises:
        UsageError: there is none, or several.
    """
    path = Path(name)
    if path.name == RECORD and path.is_file():
        return path.parent
    if (path / RECORD).is_file():
        return path
    finished = [run for run in known_runs(workspace) if run.state == "finished"]
    matching = finished[-1:] if name == "last" else [run for run in finished if name in run.id]
    exact = [run for run in matching if run.id == name]
    if len(exact or matching) != 1:
        problem = "several runs match" if matching else "there is no finished run"
        ids = "".join(f"\n  {run.id}" for run in matching[:5])
        raise UsageError(
            f"{problem} {name!r}{ids}",
            hint="`pipeline runs` lists them; `last` is the newest.",
        )
    return (exact or matching)[0].folder


def newest_of(workspace: Workspace, message_id: str) -> RunRecord | None:
    """The newest finished run of a series that has this mail as its cover letter or as a patch.

    Raises:
        UsageError: that run is of another version of pipeline.
    """
    # Most runs are of other series, and looking for a word is quicker than reading a record.
    word = json.dumps(message_id, ensure_ascii=False).encode("utf-8", "replace")
    for folder in sorted(workspace.runs.iterdir() if workspace.runs.is_dir() else [], reverse=True):
        with suppress(OSError):
            if word not in untrusted_dir.read(folder, RECORD, untrusted.RUN.most):
                continue
            record = read(folder)
            series = record.series
            if message_id in (series.message_id, *(patch.message_id for patch in series.patches)):
                return record
    return None


def read(folder: Path) -> RunRecord:
    """The record of a finished run.

    Raises:
        UsageError: it is missing, cannot be read, or is of another schema.
    """
    path = folder / RECORD
    try:
        return RunRecord.from_json(untrusted_dir.read(folder, RECORD, untrusted.RUN.most))
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no {RECORD}: the run did not finish", hint="Run its command again.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except TooMuchError as error:
        raise UsageError(f"{path} cannot be read: {error.message}", hint="Was it made by others?") from error
    except (ValidationError, MistakenError) as error:
        mistake = first_mistake(error) if isinstance(error, ValidationError) else str(error)
        raise UsageError(f"{path} is not a run of this version of pipeline: {mistake}") from error


def below(folder: Path) -> Iterator[tuple[Path, RunRecord | None]]:
    """The folders of all runs below a folder, however deep, in order of their paths; None for what cannot be read."""
    for path in sorted(folder.rglob(RECORD)):
        try:
            yield path.parent, read(path.parent)
        except UsageError:
            yield path.parent, None


def files_in(folder: Path) -> frozenset[str]:
    """Names of the files that lie in a run's folder itself."""
    return frozenset(path.name for path in folder.iterdir() if path.is_file())


def seen_from(folder: Path, place: Path) -> str | None:
    """A run's folder as a relative URL from `place`, with a slash at its end; empty where the two are the same.

    None where it does not lie below: what is published is a folder with all in it, and a URL that leads out of it shows
    others nothing but how folders are called on this machine.
    """
    path = os.path.relpath(folder.resolve(), place.resolve())
    if path.split("/")[0] == "..":
        return None
    return "" if path == "." else f"{quote(path)}/"


def remove_broken(workspace: Workspace) -> int:
    """Removes runs that ended half-way; returns how many."""
    broken = [run for run in known_runs(workspace) if run.state == "broken"]
    for run in broken:
        shutil.rmtree(run.folder)
    return len(broken)
