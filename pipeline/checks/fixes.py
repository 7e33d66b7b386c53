"""The check `fixes`: what `Fixes:` names is a commit of the tree's history, by enough digits and its own subject."""

from __future__ import annotations

import re

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.checks.trailers import named, posted
from pipeline.model import CheckFinding, Severity

DIGITS = 12
"""Of a commit id, at least (submitting-patches.rst)."""

_FORM = re.compile(r"(?:commit )?(?P<commit>[0-9a-f]{5,40})\b,?\s*(?P<rest>.*)", re.IGNORECASE)
_SUBJECT = re.compile(r"\(\s*[\"'“](?P<subject>.*?)(?:[\"'”]\s*\)?\s*)?$")
_FIXES = re.compile(r"(?:^|[:,]\s*|\band )fix(?:es|ed)?\b(?P<rest>.*)", re.IGNORECASE)
_NOT_FOR_STABLE = re.compile(
    r"typo|spell|comment|kernel-?doc|document|indent|whitespace|style|format|warning|checkpatch|sparse|grammar|"
    r"include|wording|build|name|test",
    re.IGNORECASE,
)
"""Subjects of fixes that need no `Fixes:`, since no stable tree would want them."""


class FixesCheck:
    """Reads `Fixes:` trailers, and asks the history of the tree where there is one."""

    name = "fixes"
    about = "Fixes: names a commit of the tree by 12 digits and its subject"
    version = 1
    needs = Needs()

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return bool(named(posted(patch.letter), "fixes")) or _looks_like_one(patch.patch.subject)

    def run(self, patch: CheckedPatch, before: State, _after: State, /) -> Outcome:
        values = named(posted(patch.letter), "fixes")
        if not values:
            return Outcome(
                (_finding(Severity.REMARK, "no-fixes", "the subject speaks of a fix, and there is no Fixes:"),)
            )
        findings, unknown = list[CheckFinding](), ""
        for value in values:
            match = _FORM.match(value)
            if match is None:
                findings.append(_finding(Severity.WARNING, "form", f"no commit: {value}"))
                continue
            commit, said = match["commit"].lower(), _SUBJECT.match(match["rest"])
            if len(commit) < DIGITS:
                findings.append(_finding(Severity.WARNING, "short", f"{commit} has fewer than {DIGITS} digits"))
            if said is None:
                findings.append(_finding(Severity.WARNING, "form", f'{commit} is not followed by ("its subject")'))
            unknown = before.no_history
            if not unknown:
                findings += _compared(before.subject(commit), commit, said["subject"] if said else "")
        return Outcome(tuple(findings), f"commits were not looked up: {unknown}" if unknown else "")


def _compared(subject: str | None, commit: str, said: str) -> list[CheckFinding]:
    if subject is None:
        return [_finding(Severity.ERROR, "unknown", f"{commit} is no commit that leads to this tree")]
    if said and _words(said) != _words(subject):
        return [_finding(Severity.WARNING, "subject", f'{commit} is "{subject}", and not "{said}"')]
    return []


def _words(subject: str) -> str:
    return "".join(re.findall(r"\w+", subject.casefold()))


def _looks_like_one(subject: str) -> bool:
    match = _FIXES.search(subject)
    return match is not None and not _NOT_FOR_STABLE.search(subject)


def _finding(severity: Severity, kind: str, message: str) -> CheckFinding:
    return CheckFinding(severity, message, tool="fixes", kind=kind)
