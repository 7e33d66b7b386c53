"""The check `checkpatch`: `scripts/checkpatch.pl` of the base on each patch.

It looks at added lines and the message, so that all that it says is new. Where it asks git or the rest of the tree, it
is given nothing, and does without (its own `git_commit_info`, `is_maintained_obsolete`).
"""

from __future__ import annotations

import re

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import last_line
from pipeline.model import CheckFinding, Severity

_LINE = re.compile(r"^(?P<path>.*?):(?P<line>\d+): (?P<level>ERROR|WARNING|CHECK):(?P<kind>[A-Z0-9_]+): (?P<words>.*)$")
_LEVELS = {"ERROR": Severity.ERROR, "WARNING": Severity.WARNING, "CHECK": Severity.REMARK}
_ASKS_THE_TREE = ("UNDOCUMENTED_DT_STRING",)
"""Kinds for which it searches folders of the tree that are not laid out for it."""
_OF_THE_MESSAGE = (
    *("MISSING_FIXES_TAG", "MISSING_SIGN_OFF", "NO_AUTHOR_SIGN_OFF", "FROM_SIGN_OFF_MISMATCH", "COMMIT_MESSAGE"),
)
"""Kinds that it says of the mail when it has read all of it, at the place where it then is."""
_GONE = "dev/null"
"""Where it places what it says of a file that the patch takes away, so of no line: a binding that becomes YAML is told
to keep bindings and other files apart, since `dev/null` is no binding.
"""
_NOISE = {
    # What C has between operators says nothing of a linker script's patterns: *(.text .text.*).
    "SPACING": re.compile(r"\.lds\.[hS]$"),
    # Words of everyday English in any makefile.
    "EMBEDDED_FILENAME": re.compile(r"(?:^|/)(?:Makefile|Kbuild|Kconfig)$"),
}
"""Kinds that it should not say of some files, by their paths."""
_WITH_CONFIGURATION = 'test ! -e "$0/.checkpatch.conf" || cp "$0/.checkpatch.conf" .; exec "$@"'
"""It looks for its configuration where it is started."""


class CheckpatchCheck:
    """Runs checkpatch as the tree configures it in `.checkpatch.conf`."""

    name = "checkpatch"
    about = "scripts/checkpatch.pl of the base"
    version = 4
    needs = Needs(
        tools=(Tool("perl", "perl"),),
        scripts=("scripts/checkpatch.pl",),
        data=("scripts/spelling.txt", "scripts/const_structs.checkpatch", ".checkpatch.conf"),
    )

    def concerns(self, _: CheckedPatch, /) -> bool:
        return True

    def run(self, patch: CheckedPatch, _before: State, after: State, /) -> Outcome:
        options = ["--strict"] if patch.options.values.get("strict", True) else []
        if width := patch.options.values.get("max-line-length"):
            options.append(f"--max-line-length={width}")
        options += ["--no-summary", "--terse", "--showfile", "--show-types", f"--ignore={','.join(_ASKS_THE_TREE)}"]
        words = ("sh", "-c", _WITH_CONFIGURATION, "{src}", "perl", "{script}", "--root={src}", *options, "--", "patch")
        done = after.run(*words, files={"patch": patch.patch.mail})
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        matches = [match for match in map(_LINE.match, lines) if match]
        findings = [self._finding(match) for match in matches if not _is_noise(match["kind"], match["path"])]
        if done.status not in (0, 1) or (done.status and not matches):
            return Outcome(not_checked=f"checkpatch fails: {last_line(done.last_words)}")
        return Outcome(tuple(findings))

    def _finding(self, match: re.Match[str]) -> CheckFinding:
        path, line = ("", 0) if match["kind"] in _OF_THE_MESSAGE else (match["path"], int(match["line"]))
        return CheckFinding(_LEVELS[match["level"]], match["words"], path, line, self.name, match["kind"])


def _is_noise(kind: str, path: str) -> bool:
    return path == _GONE or (kind in _NOISE and _NOISE[kind].search(path) is not None)
