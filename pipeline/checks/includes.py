"""The check `includes`: headers that a file includes more than once after a patch, and not before it."""

from __future__ import annotations

import re

from pipeline.checks.compare import compared
from pipeline.checks.protocol import NOTHING, CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import last_line
from pipeline.model import CheckFinding, Severity

_LINE = re.compile(r"^(?P<laid>(?P<where>before|after)/\S+): (?P<header>\S+) is included more than once")
_CODE = (".c", ".h")


class IncludesCheck:
    """Runs the base's script on each file as it was and as it is; it does not see conditions, which are mostly old."""

    name = "includes"
    about = "headers that a touched file includes twice (scripts/checkincludes.pl of the base), what is new"
    version = 1
    needs = Needs(tools=(Tool("perl", "perl"),), scripts=("scripts/checkincludes.pl",))

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(
            file.name.endswith(_CODE) and any("include" in text for text in file.added.values()) for file in patch.files
        )

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        files, names = dict[str, bytes](), dict[str, str]()
        for at, file in enumerate(patch.files):
            for where, state, name in (("before", before, file.names[0]), ("after", after, file.name)):
                if file.name.endswith(_CODE) and (content := state.read(name)):
                    laid = f"{where}/{at}{file.name[-2:]}"
                    files[laid], names[laid] = content, name
        if not files:
            return NOTHING
        done = after.run("perl", "{script}", *files, files=files)
        told: dict[str, list[CheckFinding]] = {"before": [], "after": []}
        for match in filter(None, map(_LINE.match, done.stdout.decode("utf-8", "replace").splitlines())):
            name, header = names.get(match["laid"], ""), match["header"]
            line = _last_line_with(files.get(match["laid"], b"").decode("utf-8", "replace"), header)
            finding = CheckFinding(
                Severity.WARNING, f"{header} is included more than once", name, line, "checkincludes", "twice"
            )
            told[match["where"]].append(finding)
        if done.status and not any(told.values()):
            return Outcome(not_checked=f"checkincludes fails: {last_line(done.last_words)}")
        return Outcome(compared(told["after"], told["before"], patch.files))


def _last_line_with(text: str, header: str) -> int:
    pattern = re.compile(rf'\s*#\s*include\s*[<"]{re.escape(header)}[>"]')
    return max((number for number, line in enumerate(text.split("\n"), 1) if pattern.match(line)), default=0)
