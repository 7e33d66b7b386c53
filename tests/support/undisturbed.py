"""What a killed run is compared with: the same one, undisturbed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support.interruption import await_
from tests.support.runner import Runner, processes_in
from tests.support.timeless import without_times


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody disturbed: its arguments, its report but for times, and the seconds that it took."""

    arguments: tuple[str, ...]
    report: tuple[str, ...]
    seconds: float


def builds(workspace: Path) -> dict[str, int]:
    """Finished builds, and when they were stored."""
    entries = workspace.glob("store/build/*/*/entry.json")
    return {str(path): path.stat().st_mtime_ns for path in entries}


def assert_goes_on(run: Runner, undisturbed: Undisturbed) -> None:
    """Nobody of the killed run is left; the same command ends as the undisturbed one, and builds what was missing."""
    await_("no process is left", lambda: not processes_in(run.workspace))
    finished = builds(run.workspace)
    again = run(*undisturbed.arguments)
    assert again.returncode == 0, again.stderr
    assert not [words for words in ("Waiting for", "damaged", "Traceback") if words in again.stderr], again.stderr
    assert {path: moment for path, moment in builds(run.workspace).items() if path in finished} == finished
    assert sum(state.cached for cell in run.record().cells for state in cell.states) == len(finished)
    for shown, wanted in zip(without_times(run.record()), undisturbed.report, strict=True):
        assert shown == wanted
