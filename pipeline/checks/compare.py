"""Which findings of the state after a patch are new: those that the state before has not as often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.mail.diff import FileDiff
from pipeline.model import CheckFinding


def compared(
    after: Iterable[CheckFinding], before: Iterable[CheckFinding], files: Sequence[FileDiff]
) -> tuple[CheckFinding, ...]:
    """The findings after a patch, each marked as new or not.

    Lines move, so that findings are told apart by file, kind and words, and counted; of several that are alike those
    at lines that the patch adds are the new ones.

    Args:
        files: the patch's, for names before and after.
    """
    renamed = {file.names[0]: file.name for file in files if file.names}
    added: Mapping[str, Mapping[int, str]] = {file.name: file.added for file in files}
    left = Counter((renamed.get(one.path, one.path), one.kind, one.message) for one in before)
    marked: dict[int, CheckFinding] = {}
    found = [*after]
    for at in sorted(range(len(found)), key=lambda at: found[at].line in added.get(found[at].path, {})):
        identity = (found[at].path, found[at].kind, found[at].message)
        marked[at] = replace(found[at], new=left[identity] <= 0)
        left[identity] -= 1
    return tuple(marked[at] for at in range(len(found)))
