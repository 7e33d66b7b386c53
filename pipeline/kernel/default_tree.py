"""The default tree: the kernel checkout around the user, or the one that git is configured for."""

from __future__ import annotations

from pathlib import Path

from pipeline.system.git import Repository, user_settings

SETTING = "pipeline.tree"


def default_trees(folder: Path) -> tuple[str, ...]:
    """Names of the trees, none where nothing tells; the checkout is only read.

    Args:
        folder: where the user stands.
    """
    checkout = kernel_checkout(folder)
    # The commit, without changes in the working tree.
    return (f"path:{checkout}#HEAD",) if checkout else user_settings(SETTING)


def kernel_checkout(folder: Path) -> Path | None:
    """The checkout around `folder` where what it has committed is a kernel; None elsewhere."""
    if not folder.is_dir():
        return None
    # git looks for a repository above a folder of the checkout, not above one that is kept beside it.
    status, output, _ = Repository(folder).run("rev-parse", "--show-toplevel")
    top = Path(output.rstrip("\n"))
    if status != 0 or not output.strip() or not top.is_dir():
        return None
    files = ("HEAD:Kconfig", "HEAD:Kbuild", "HEAD:MAINTAINERS", "HEAD:scripts/Kbuild.include")
    known = all(Repository(top).run("cat-file", "-e", name)[0] == 0 for name in files)
    return top if known else None
