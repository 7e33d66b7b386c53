"""`pipeline apply`: applies a series to trees and says what fits where."""

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
    """Apply a series to trees, in worktrees of the pipeline, and say where it applies."""
    pipeline = current.pipeline()
    order = Order(request=series_request(series, revision, midmask, rethread, offline), trees=tuple(tree or ()))
    names = resolve(order).trees
    obtained = pipeline.fetch(order.request)
    results = [pipeline.apply(obtained, pipeline.tree(name), base) for name in names]
    for result in results:
        print(f"{result.tree.name}: {result.status}")
        print("\n".join(visible(f"  {line}") for line in base_lines(obtained, result)))
        if result.failed_patch:
            print(f"  patch {result.failed_patch}/{len(obtained.patches)} does not apply")
            for hunk in result.failed_hunks:
                print(visible(f"  {hunk.path}:{hunk.line} {hunk.header}"))
        if result.status is ApplyStatus.FAILED or current.console.verbose:
            print("\n".join(visible(f"  | {line}") for line in result.log.splitlines()))
    good = any(result.usable or result.status is ApplyStatus.ALREADY_MERGED for result in results)
    clean = good and all(result.status is not ApplyStatus.FAILED for result in results)
    raise typer.Exit(
        ExitStatus.CLEAN if clean else ExitStatus.SERIES_HAS_A_PROBLEM if good else ExitStatus.NOT_OBTAINED
    )
