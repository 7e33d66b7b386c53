"""The check `spelling`: codespell, with the base's `scripts/spelling.txt` as its dictionary, on added lines and the
message. Without codespell checkpatch still looks for the same words.
"""

from __future__ import annotations

import re

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import last_line
from pipeline.model import CheckFinding, Severity

_LINE = re.compile(r"^(?:\./)?(?P<laid>\w+):(?P<line>\d+): (?P<words>.*)$")
_CORRECTION = re.compile(r"^(?P<wrong>[\w'-]+)\|\|(?P<right>[^\n|]+)$", re.MULTILINE)
_WORD = re.compile(r"[\w'’-]+")
"""What codespell takes for a word (`word_regex_def`)."""
_MESSAGE = "message"


class SpellingCheck:
    """Lays added lines into files of their own, so that an old mistake is nobody's news."""

    name = "spelling"
    about = "words of scripts/spelling.txt in added lines and the message (codespell)"
    version = 1
    needs = Needs(tools=(Tool("codespell", "codespell"),), scripts=("scripts/spelling.txt",))

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return bool(patch.files)

    def run(self, patch: CheckedPatch, _before: State, after: State, /) -> Outcome:
        places = {_MESSAGE: ("", list[int]())}
        files = {_MESSAGE: f"{patch.patch.subject}\n{patch.message}".encode()}
        for at, file in enumerate(patch.files):
            if file.added and file.name != "scripts/spelling.txt":
                places[f"f{at}"] = (file.name, [*file.added])
                files[f"f{at}"] = "".join(f"{text}\n" for text in file.added.values()).encode()
        corrections = [*_CORRECTION.finditer(after.script.decode("utf-8", "replace"))]
        # To start codespell costs more than to look whether it can find anything.
        text = b"\n".join(files.values()).decode("utf-8", "replace").lower()
        if not {match["wrong"].lower() for match in corrections}.intersection(_WORD.findall(text)):
            return Outcome()
        dictionary = "".join(f"{match['wrong']}->{match['right']}\n" for match in corrections)
        options = ("--dictionary", "dictionary.txt", "--disable-colors")
        laid = [*files]
        done = after.run("codespell", *options, *laid, files={**files, "dictionary.txt": dictionary.encode()})
        findings = []
        for match in filter(None, map(_LINE.match, done.stdout.decode("utf-8", "replace").splitlines())):
            path, lines = places.get(match["laid"], ("", []))
            number = int(match["line"])
            line = lines[number - 1] if 0 < number <= len(lines) else 0
            findings.append(CheckFinding(Severity.REMARK, match["words"], path, line, "codespell", "spelling"))
        # Its status is that of getopt(3) where it refuses an option, and the number of mistakes otherwise.
        if done.status and not findings:
            return Outcome(not_checked=f"codespell fails: {last_line(done.last_words)}")
        return Outcome(tuple(findings))
