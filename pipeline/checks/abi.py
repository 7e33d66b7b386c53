"""The check `abi`: what the base's own reader says of descriptions of interfaces (Documentation/ABI) after a patch."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.checks.compare import compared
from pipeline.checks.protocol import NOTHING, CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import interpreter, last_line
from pipeline.model import CheckFinding, Severity
from pipeline.system.command import Completed

# Documentation/ABI/README: the folders that it has, by how stable an interface is.
_FILE = re.compile(r"Documentation/ABI/(?P<name>(?:stable|testing|obsolete|removed)/[\w.,+@-]+)")
_LINE = re.compile(
    r"^(?:Warning: file |\[WARNING\] )(?P<laid>(?:before|after)/[\w.,+@/-]+)[#:](?P<line>\d+):\s+(?P<words>\S.*)$",
    re.MULTILINE,
)
_TWICE = re.compile(
    r"^(?:Warning: |\[WARNING\] )(?P<what>\S.*) is defined (?P<times>\d+) times: +"
    r"(?P<laid>(?:before|after)/[\w.,+@/-]+):",
    re.MULTILINE,
)


class AbiCheck:
    """Reads the files that a patch touches, as they were and as they are."""

    name = "abi"
    about = "touched descriptions of interfaces in Documentation/ABI (get_abi of the base), what is new"
    version = 1
    needs = Needs(
        tools=(Tool("perl", "perl"), Tool("python3", "python3")),
        scripts=("tools/docs/get_abi.py", "scripts/get_abi.py", "scripts/get_abi.pl"),
        data=("tools/lib/python", "scripts/lib"),
    )

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(_FILE.fullmatch(file.name) for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        files, names = dict[str, bytes](), dict[str, str]()
        for file in patch.files:
            for where, state, name in (("before", before, file.names[0]), ("after", after, file.name)):
                if (match := _FILE.fullmatch(name)) and (content := state.read(name)):
                    files[f"{where}/{match['name']}"] = content
                    names[f"{where}/{match['name']}"] = name
        if not any(laid.startswith("after/") for laid in files):
            return NOTHING
        told: dict[str, list[CheckFinding]] = {}
        for where in ("before", "after"):
            laid = {name: content for name, content in files.items() if name.startswith(f"{where}/")}
            if not laid:
                continue
            done = after.run(interpreter(after.script), "{script}", "--dir", where, "validate", files=laid)
            if done.status:
                return Outcome(not_checked=f"get_abi fails: {last_line(done.last_words)}")
            told[where] = _findings(done, names)
        read = tuple(name for laid, name in names.items() if laid.startswith("after/"))
        return Outcome(compared(told["after"], told.get("before", ()), patch.files), read=read)


def _findings(done: Completed, names: Mapping[str, str]) -> list[CheckFinding]:
    """Findings by the names that files have in the tree."""
    findings = [
        CheckFinding(Severity.WARNING, match["words"], names[match["laid"]], int(match["line"]), "get_abi", "form")
        for match in _LINE.finditer(done.text)
        if match["laid"] in names
    ]
    findings += [
        CheckFinding(
            Severity.WARNING,
            f"{match['what']} is described {match['times']} times",
            names[match["laid"]],
            0,
            "get_abi",
            "twice",
        )
        for match in _TWICE.finditer(done.text)
        if match["laid"] in names
    ]
    return findings
