"""Everything of a run that others get to see, and names of the machine that must not be in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.record import RunRecord
from pipeline.render.formats import FORMATS
from tests.support.runner import Runner


def faces(run: Runner, record: RunRecord) -> Iterator[tuple[str, str]]:
    """Each report, printed and elsewhere, the index, and a draft to every mail in both styles, by name."""
    for name in FORMATS:
        yield name, said(run, "report", record.id, "--format", name, "-o", "-")
    target = run.folder / "faces-index"
    target.mkdir(exist_ok=True)
    for name in FORMATS:
        said(run, "report", record.id, "--format", name, "-o", str(target / name))
        yield f"{name} elsewhere", (target / name).read_text()
    # It asks for no workspace.
    index = [sys.executable, "-m", "pipeline", "index", str(run.workspace / "runs"), "-o", str(target / "index.html")]
    subprocess.run(index, env=run.environment, cwd=run.folder, check=True, capture_output=True)
    yield "index", (target / "index.html").read_text()
    for letter in (record.series.cover, *record.series.messages):
        for style in ("summary", "full"):
            draft = target / "draft.eml"
            said(run, "reply", record.id, "--to", letter.message_id, "--style", style, "-o", str(draft))
            yield f"{style} to {letter.message_id}", draft.read_text()


def said(run: Runner, *arguments: str) -> str:
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def named_in(text: str, run: Runner, *others: Path) -> list[str]:
    """Which places a text names, by path, as seen from beside, or last name where that is only theirs.

    Places are the workspace, the current folder, home, and `others`.
    """
    folders = [run.folder, run.workspace, Path(run.environment["HOME"]), *others]
    names = {str(folder) for folder in folders} | {folder.name for folder in folders if folder.name[-1].isdigit()}
    names |= {f"../{folder.name}/" for folder in folders}
    return sorted(name for name in names if name in text)
