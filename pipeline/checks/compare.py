"""Findings of the state after a patch that the state before has not, or has less often."""

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
    left = Counter((renamed.get(finding.path, finding.path), finding.kind, finding.message) for finding in before)
    marked: dict[int, CheckFinding] = {}
    findings = [*after]
    for at in sorted(range(len(findings)), key=lambda at: findings[at].line in added.get(findings[at].path, {})):
        identity = (findings[at].path, findings[at].kind, findings[at].message)
        marked[at] = replace(findings[at], new=left[identity] <= 0)
        left[identity] -= 1
    return tuple(marked[at] for at in range(len(findings)))
