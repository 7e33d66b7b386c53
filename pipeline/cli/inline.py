"""`pipeline inline`: a run's findings where b4's review shows them, beside the lines of patches."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from pipeline import runs as running
from pipeline.b4 import inline as comments
from pipeline.cli.command import command
from pipeline.cli.options import RunArgument
from pipeline.cli.session import Session
from pipeline.system.errors import UsageError
from pipeline.system.git import Repository


@command("inline", example="inline last --branch b4/review/20251205-hvo")
def inline(
    current: Session,
    run: RunArgument = "last",
    branch: Annotated[
        str, typer.Option("--branch", metavar="REF", help="The review branch that b4 made of the series.")
    ] = "HEAD",
) -> None:
    """Lay a run's findings into .git/b4-review of the checkout that you stand in; `b4 review tui` takes them in."""
    current.workspace.prepare()
    files = comments.files(running.read(running.find(current.workspace, run)))
    checkout = Repository(Path())
    status, top, _ = checkout.run("rev-parse", "--show-toplevel")
    git = Path(top.strip(), ".git")
    if status or not git.is_dir():
        raise UsageError("this is no checkout of git", hint="b4 looks into .git/b4-review at the top of a checkout.")
    tip = None if branch.startswith("-") else checkout.commit_of(branch)
    if tip is None:
        raise UsageError(f"the checkout has no commit {branch!r}", hint="git branch --list 'b4/review/*' lists them.")
    folder = git / "b4-review" / tip
    if not files:
        print("nothing was found that b4 could show")
        return
    _lay(folder, files)
    print(folder)


def _lay(folder: Path, files: Mapping[str, str]) -> None:
    """Put files where b4 looks, in place of what this command put there before.

    Raises:
        UsageError: somebody else's comments wait there.
    """
    if folder.exists() and not _is_own(folder):
        raise UsageError(
            f"{folder} holds comments that are not this program's",
            hint="Let `b4 review tui` take them in, or move the folder away; then run the same command again.",
        )
    new_folder = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new_folder, ignore_errors=True)
    new_folder.mkdir(parents=True)
    for name, text in files.items():
        (new_folder / name).write_text(text, encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    new_folder.rename(folder)


def _is_own(folder: Path) -> bool:
    try:
        return (folder / "identity.txt").read_bytes() == comments.IDENTITY.encode()
    except OSError:
        return False
