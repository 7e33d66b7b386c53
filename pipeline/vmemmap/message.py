"""The message of the patch that updates Documentation/mm/vmemmap_dedup.rst."""

from __future__ import annotations

import textwrap

from pipeline.record import RunRecord, TreeRecord
from pipeline.record.neutral import neutral
from pipeline.render.reproduction import command_lines
from pipeline.system.text import count, cut, visible

COLUMNS = 72
SUBJECT = "Documentation: vmemmap_dedup: rewrite, as measured"


def commit_message(record: RunRecord, tree: TreeRecord, *, with_series: bool) -> str:
    """Why, on what it was measured, and how to do that again.

    Args:
        with_series: the patch is to be applied after the series.
    """
    position = [tree.name for tree in record.trees].index(tree.name)
    record = neutral(record)
    tree = record.trees[position]
    cells = [cell for cell in record.cells if cell.tree == tree.name]
    boots = [boot for cell in cells for boot in cell.boots if boot.conclusive]
    title = cut(record.series.title, 120)
    about = (
        "Rewrite the document so that it describes the tree as it is."
        if record.is_baseline
        else f'Rewrite the document so that it describes the tree after "{title}", v{record.series.version}.'
        if with_series
        else f'Rewrite the document so that it describes the tree that "{title}", v{record.series.version}, is for.'
    )
    measured = (
        "Every number in it was measured, and what is said of the code was looked up in it; what was not measured is "
        f"named as such. Measured were {count(sum(bool(cell.states) for cell in cells), 'configuration')} "
        f"on {cut(visible(tree.version), 80)}, in {count(len(boots), 'boot')}, by:"
    )
    command = [f"  {line}" for line in command_lines(record.command, COLUMNS - 2)] if record.command else []
    measured += ", by:" if command else f". The tree is {tree.name}."
    return "\n".join([SUBJECT, "", *_filled(about), "", *_filled(measured), "", *command, *([""] if command else [])])


def _filled(text: str) -> list[str]:
    # `---` alone on a line would end the message for git-am(1), and `diff -` begin a patch.
    return [f" {line}" if line.startswith(("-", "diff ")) else line for line in textwrap.wrap(text, COLUMNS)]
