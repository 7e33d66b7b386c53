"""`pipeline apply`: what fits where."""

from __future__ import annotations

import typer

from pipeline.cli.command import command
from pipeline.cli.options import (
    BaseOption,
    MidmaskOption,
    OfflineOption,
    RethreadOption,
    RevisionOption,
    SeriesArgument,
    TreeOption,
    series_request,
)
from pipeline.cli.session import Session
from pipeline.model import ApplyStatus
from pipeline.orders.order import BaseChoice, Order
from pipeline.orders.prepare import resolve
from pipeline.render.series import base_lines
from pipeline.system.errors import ExitStatus
from pipeline.system.text import visible


@command("apply", example="apply series.mbox --tree path:~/linux#master")
def apply(
    current: Session,
    series: SeriesArgument,
    tree: TreeOption = None,
    revision: RevisionOption = None,
    midmask: MidmaskOption = "",
    rethread: RethreadOption = None,
    offline: OfflineOption = False,
    base: BaseOption = BaseChoice.AUTO,
) -> None:
    """Apply a series to trees, in the pipeline's own worktrees, and say what fits where."""
    pipeline = current.pipeline()
    order = Order(request=series_request(series, revision, midmask, rethread, offline), trees=tuple(tree or ()))
    names = resolve(order).trees
    found = pipeline.fetch(order.request)
    results = [pipeline.apply(found, pipeline.tree(name), base) for name in names]
    for one in results:
        print(f"{one.tree.name}: {one.status}")
        print("\n".join(visible(f"  {line}") for line in base_lines(found, one)))
        if one.failed_patch:
            print(f"  patch {one.failed_patch}/{len(found.patches)} does not apply")
            for hunk in one.failed_hunks:
                print(visible(f"  {hunk.path}:{hunk.line} {hunk.header}"))
        if one.status is ApplyStatus.FAILED or current.console.verbose:
            print("\n".join(visible(f"  | {line}") for line in one.log.splitlines()))
    good = any(one.usable or one.status is ApplyStatus.ALREADY_MERGED for one in results)
    clean = good and all(one.status is not ApplyStatus.FAILED for one in results)
    raise typer.Exit(
        ExitStatus.CLEAN if clean else ExitStatus.SERIES_HAS_A_PROBLEM if good else ExitStatus.NOT_OBTAINED
    )
