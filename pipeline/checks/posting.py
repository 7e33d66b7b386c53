"""The check `posting`: a series names the tree that it is for, and is short, where its list wants that."""

from __future__ import annotations

import re

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.model import CheckFinding, Severity

_PREFIX = re.compile(r"^\s*(?:\[[^\]]*\]\s*)*?\[(?P<words>[^\]]*\bPATCH\b[^\]]*)\]", re.IGNORECASE)
_LONGEST = 1000
"""Characters of a subject that are read."""
_NO_TREE = re.compile(r"patch|rfc|rft|resend|repost|v\d+|\d+/\d+|-+", re.IGNORECASE)


class PostingCheck:
    """Reads the subject as it was posted.

    It checks only what the configuration of a list asks for: `tree = "wanted"` for a tree between the brackets, such as
    `[PATCH net-next]`, and `most-patches = N`.
    """

    name = "posting"
    about = "a tree between the brackets of the subject, and few patches, where the list wants it"
    version = 1
    needs = Needs()

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return bool(patch.options.values)

    def run(self, patch: CheckedPatch, _before: State, _after: State, /) -> Outcome:
        values, findings = patch.options.values, list[CheckFinding]()
        prefix = _PREFIX.match(patch.letter.subject[:_LONGEST])
        if values.get("tree") == "wanted" and prefix and not _names_a_tree(prefix["words"]):
            findings.append(_finding("no-tree", f"[{' '.join(prefix['words'].split())}] names no tree"))
        most, patches = values.get("most-patches"), len(patch.series.patches)
        # One finding for the series, at its first patch.
        if isinstance(most, int) and patches > most and patch.number == patch.series.patches[0].number:
            findings.append(_finding("too-many", f"{patches} patches in one series; {most} at most"))
        return Outcome(tuple(findings))


def _names_a_tree(words: str) -> bool:
    return any(not _NO_TREE.fullmatch(word) for word in re.split(r"[\s,]+", words) if word)


def _finding(kind: str, message: str) -> CheckFinding:
    return CheckFinding(Severity.REMARK, message, tool="posting", kind=kind)
