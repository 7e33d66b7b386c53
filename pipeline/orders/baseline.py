"""A run of trees as they are, without a series: what is built and booted is the base alone; pure."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.model import Applied, ApplyStatus, Letter, Series, SourceState, Tree

SOURCE = "--no-series"


def no_series(trees: Sequence[str]) -> Series:
    """A series without patches, in the place of one that nobody posted.

    Args:
        trees: their names.
    """
    title = f"Baseline of {', '.join(trees)}"
    return Series(title, 1, "", Letter("", title, "", (), (), (), "", ""), (), source=SOURCE)


def unchanged(tree: Tree) -> Applied:
    """A tree to which nothing was applied."""
    return Applied(tree, ApplyStatus.CLEAN, (SourceState(0, "base", tree.commit, tree.tree_id),))
