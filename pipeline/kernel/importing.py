"""Imports the tarball of a source tree as one commit, in steps: an import that was killed goes on at its last step.

Steps are commits of a repository of their own, whose objects become the workspace's at the end, all at once. What a
killed import left there is never seen elsewhere.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from pipeline.kernel.tarball import Source, entries
from pipeline.system import untrusted_dir
from pipeline.system.git import Repository, fast_import_path, initialised

_STEP = 8192
"""Members of an archive to a step; a kernel has ninety thousand. A step costs little, and some seconds pass in one."""
_STEPS = "refs/heads/steps"
_PIECE = 1 << 20


def import_archive(
    repository: Repository, archive: Source, message: str, ref: str, folder: Path, say: Callable[[str], None]
) -> str:
    """Streams a tarball into one commit through git-fast-import(1), without unpacking it to disk.

    The first path component is dropped. Names are checked: absolute ones and those with `..` are refused.

    Args:
        archive: at its beginning.
        folder: where it is put together, a folder for this archive and no other. It stays where the process is killed,
            and the next import goes on with it; nobody else uses it meanwhile.
        say: called with a line where an earlier import goes on.

    Returns:
        The commit, which `ref` names from now on; nothing is left behind when it fails.
    """
    try:
        steps = _repository_of_steps(folder, repository)
        done = int(steps.out("log", "-1", "--format=%s", _STEPS)) if steps.commit_of(_STEPS) else 0
        if done:
            say(f"  going on after {done} files of an import that was interrupted")
        with steps.fast_import() as stream:
            _write_steps(stream, archive, done)
        tree = steps.tree_of(_STEPS)
        _adopt(folder, repository.folder)
        # git commit-tree takes the message as it is, and adds no newline.
        commit = repository.out("commit-tree", tree, stdin=message.encode())
        repository.out("update-ref", ref, commit)
    except Exception:
        # The same archive would fail again, and these files may fill the disk.
        _discard(folder)
        raise
    _discard(folder)
    return commit


def _repository_of_steps(folder: Path, repository: Repository) -> Repository:
    """The repository that steps go to; what another tree has already is not written again."""
    steps = initialised(folder)
    (folder / "objects/info/alternates").write_text(f"{repository.folder.resolve()}/objects\n")
    for leftover in (*folder.glob("objects/pack/tmp_*"), *folder.glob("fast_import_crash_*")):
        leftover.unlink(missing_ok=True)
    return steps


def _write_steps(stream: IO[bytes], archive: Source, done: int) -> None:
    """Streams what follows the first `done` members of an archive."""
    start = done
    for number, entry in enumerate(entries(archive)):
        if number < done:
            continue
        if number % _STEP == 0:
            # The steps so far are safe from here on.
            stream.write(b"checkpoint\n\n" if number > done else b"")
            _begin_step(stream, number + _STEP, resumed=0 < done == number)
            start = number + _STEP
        if entry:
            stream.write(b"M %s inline %s\ndata %d\n" % (entry.mode.encode(), fast_import_path(entry.path), entry.size))
            # Write in pieces: a file of zeros takes a thousandth of its size in the archive.
            shutil.copyfileobj(entry.content, stream, _PIECE)
            stream.write(b"\n")
    if not start:
        _begin_step(stream, _STEP, resumed=False)
    stream.write(b"\ndone\n")


def _begin_step(stream: IO[bytes], members: int, *, resumed: bool) -> None:
    """Begins the commit that says of how many members its tree consists; git makes it at the next command."""
    subject = b"%d" % members
    stream.write(b"commit %s\n" % _STEPS.encode())
    stream.write(b"committer pipeline <pipeline@localhost> 946684800 +0000\ndata %d\n%s\n" % (len(subject), subject))
    if resumed:
        stream.write(b"from %s^0\n" % _STEPS.encode())


def _adopt(imported: Path, repository: Path) -> None:
    """Gives a repository the packs of another on the same disk; an index comes last, since it is what git looks for."""
    packs = repository / "objects/pack"
    packs.mkdir(exist_ok=True)
    for index in sorted(imported.glob("objects/pack/*.idx")):
        for file in (index.with_suffix(".pack"), index):
            with suppress(FileExistsError):
                os.link(file, packs / file.name)


def _discard(folder: Path) -> None:
    with suppress(FileNotFoundError):
        untrusted_dir.remove(folder)
