"""The files that a patch changed once it is applied, as git has them.

What a patch does is judged by its text before (`pipeline.mail.suspicion`). Where that reads a header otherwise than
git-apply(1), this is what came of it.
"""

from __future__ import annotations

from pipeline.mail.suspicion import SUBMODULE, SYMLINK, refused, stays_inside
from pipeline.model import Patch
from pipeline.system.git import Repository


def changed_paths(repository: Repository, before: str, after: str, patch: Patch) -> tuple[str, ...]:
    """Paths that differ between two commits.

    Args:
        patch: that was applied in between.

    Raises:
        NotObtainedError: it makes a submodule, or a symbolic link that leads out of the tree.
    """
    words = repository.out("diff-tree", "-r", "-z", "--no-abbrev", "--no-renames", before, after).split("\0")
    paths = words[1::2]
    for about, path in zip(words[::2], paths, strict=False):
        _, mode, _, name, _ = about.split()
        if mode == SUBMODULE:
            raise refused(patch.number, f"it makes {path!r} a submodule")
        if mode == SYMLINK:
            target = repository.blobs([name])[0].decode("utf-8", "replace")
            if not stays_inside(path, target):
                raise refused(patch.number, f"it makes {path!r} a symbolic link that leads out of the tree")
    return tuple(paths)
