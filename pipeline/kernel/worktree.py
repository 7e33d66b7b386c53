"""The pipeline's own worktree of a tree: moved from state to state in place.

An in-place checkout rewrites only the files that differ, so that make's dependency tracking keeps builds incremental.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pipeline.system import untrusted_dir
from pipeline.system.git import Repository


class Worktree:
    """A persistent checkout; the caller holds the workspace's lock for it.

    Args:
        repository: the workspace's bare repository.
        folder: where the files lie.
    """

    def __init__(self, repository: Repository, folder: Path) -> None:
        self._repository = repository
        self.folder = folder

    def move_to(self, commit: str) -> None:
        """Checks `commit` out, whatever an interrupted move left behind or somebody changed there.

        git looks at the times of every file, ctime included, and restores what differs; files of which it does not
        know stay.
        """
        lock = self._lock() if (self.folder / ".git").is_file() else None
        if lock is None:
            self._create(commit)
        else:
            lock.unlink(missing_ok=True)
            Repository(self.folder).out("checkout", "--quiet", "--force", "--detach", commit)

    def _lock(self) -> Path | None:
        """git's lock of the checkout, where git knows it for one of the repository, with a commit.

        A checkout of a copied workspace is the original's.
        """
        wanted = ("--git-common-dir", "--git-path", "index.lock", "HEAD")
        status, words, _ = Repository(self.folder).run("rev-parse", "--path-format=absolute", *wanted)
        common, _, rest = words.partition("\n")
        if status != 0 or Path(common).resolve() != self._repository.folder.resolve():
            return None
        return Path(rest.partition("\n")[0])

    def _create(self, commit: str) -> None:
        with suppress(OSError):
            untrusted_dir.remove(self.folder)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._repository.out("worktree", "prune")
        self._repository.out("worktree", "add", "--quiet", "--force", "--detach", str(self.folder), commit)
