"""The check `maintainers`: new files have an entry in MAINTAINERS, and what a patch writes there matches files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.kernel.maintainers import NAME, Section, sections
from pipeline.model import CheckFinding, Severity

_ENTRY = re.compile(r"^(?P<kind>[FXN]):\s*(?P<pattern>\S+)\s*$")


class MaintainersCheck:
    """Reads MAINTAINERS after a patch; patterns mean what get_maintainer.pl makes of them."""

    name = "maintainers"
    about = (
        "MAINTAINERS has an entry for new files, and its entries match files: those of the patch, and of files that go"
    )
    version = 1
    needs = Needs()

    def concerns(self, patch: CheckedPatch, /) -> bool:
        # What adds no line may take the file away: the states tell.
        return any(_is_new(patch, file.name) or file.name == NAME or not file.added for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        text = after.read(NAME).decode("utf-8", "replace")
        if not text:
            return Outcome(not_checked=f"the tree has no {NAME}")
        ownerless = _ownerless(patch, before, after, sections(text))
        findings = (*ownerless, *_dangling(patch, after), *_left_behind(patch, before, after, text))
        return Outcome(findings, read=tuple(file.name for file in patch.files if file.name == NAME))


def _ownerless(patch: CheckedPatch, before: State, after: State, sections: Sequence[Section]) -> Iterator[CheckFinding]:
    for file in patch.files:
        if (
            after.blob(file.name)
            and not before.blob(file.name)
            and not any(section.has(file.name) for section in sections)
        ):
            yield CheckFinding(Severity.REMARK, "no entry of MAINTAINERS has it", file.name, 0, NAME, "no-entry")


def _dangling(patch: CheckedPatch, after: State) -> Iterator[CheckFinding]:
    """Patterns that the patch adds and that no file matches, nor any that a later patch of the series touches."""
    coming = [path for other in patch.series.patches if other.number > patch.number for path in other.files]
    for file in patch.files:
        for line, text in file.added.items() if file.name == NAME else ():
            match = _ENTRY.match(text)
            if not match or match["kind"] != "F" or after.exists(match["pattern"]):
                continue
            pattern = match["pattern"]
            if not any(path.startswith(pattern) or fnmatchcase(path, pattern) for path in coming):
                yield CheckFinding(Severity.WARNING, f"no file matches {match['pattern']}", NAME, line, NAME, "no-file")


def _left_behind(patch: CheckedPatch, before: State, after: State, text: str) -> Iterator[CheckFinding]:
    """Patterns that no file matches any more, now that the patch takes files away or moves them."""
    names = {name for file in patch.files for name in file.names}
    gone = [name for name in sorted(names) if before.blob(name) and not after.blob(name)]
    for number, line in enumerate(text.split("\n") if gone else (), 1):
        match = _ENTRY.match(line)
        if match is None or match["kind"] != "F":
            continue
        pattern = match["pattern"]
        # Only those are asked about that begin as a file which is gone.
        plain = re.split(r"[*?\[]", pattern)[0]
        if any(name.startswith(plain) for name in gone) and before.exists(pattern) and not after.exists(pattern):
            words = f"no file matches {pattern} any more"
            yield CheckFinding(Severity.REMARK, words, NAME, number, NAME, "left-behind")


def _is_new(patch: CheckedPatch, path: str) -> bool:
    """Whether the diff may make the file: it begins with line 1 and has no other name before."""
    return any(file.name == path and (1 in file.added or len(file.names) > 1) for file in patch.files)
