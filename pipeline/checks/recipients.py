"""The check `recipients`: people and lists that `scripts/get_maintainer.pl` of the base names and the mail does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.trailers import Person
from pipeline.checks.words import last_line
from pipeline.kernel.maintainers import NAME, concerned_sections
from pipeline.model import CheckFinding, Severity

MOST_NAMED = 5
_LINE = re.compile(r"^(?P<box>(?:.*>|\S+)) \((?P<roles>.*)\)$")
"""A name can have brackets of its own: `"A U Thor (House)" <author@example.org> (reviewer:SECTION)`."""
_BY_WORDS = ":Keyword:"
"""Whoever is named for a word in the patch, and not for its files, is told by lists as a rule."""
_PEOPLE = ("maintainer", "supporter", "reviewer")
_OPTIONS = (
    *("--nogit", "--nogit-fallback", "--nogit-blame", "--nofixes", "--roles", "--norolestats", "--no-moderated"),
)
"""What MAINTAINERS says, and nothing of git; versions differ in what they know."""
_AT_THE_TOP = ("env", "-C", "{src}", "PERL_HASH_SEED=0")
"""With a hash that has the same order each time: of sections that name a person, the first is shown."""
_EVERYBODY = "THE REST"
"""The section of MAINTAINERS that matches every file; nobody expects its people on each patch."""


class RecipientsCheck:
    """Compares what MAINTAINERS says with To: and Cc: of the mail."""

    name = "recipients"
    about = "maintainers, reviewers and lists that MAINTAINERS names are in To: or Cc:"
    version = 3
    needs = Needs(
        tools=(Tool("perl", "perl"),),
        scripts=("scripts/get_maintainer.pl",),
        data=(NAME, ".get_maintainer.ignore", ".get_maintainer.conf", ".mailmap"),
    )

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return bool(patch.letter.to or patch.letter.cc)

    def run(self, patch: CheckedPatch, _before: State, after: State, /) -> Outcome:
        script = after.script
        options = [option for option in _OPTIONS if _knows(script, option)]
        files = {"patch": patch.diff}
        if _knows(script, "--mpath"):
            # All of it costs the script half a second a patch.
            files[NAME] = concerned_sections(after.data.get(NAME, ""), [*_names(patch)]).encode()
            options += ["--mpath", f"{{build}}/{NAME}"]
        done = after.run(*_AT_THE_TOP, "perl", "{script}", *options, "{build}/patch", files=files)
        if not done.ok:
            return Outcome(not_checked=f"get_maintainer fails: {last_line(done.last_words)}")
        return Outcome(tuple(_missing(patch, done.stdout.decode("utf-8", "replace").splitlines())))


def _knows(script: bytes, option: str) -> bool:
    return re.sub("^--(no-?)?", "", option).encode() in script


def _names(patch: CheckedPatch) -> Iterator[str]:
    return (name for file in patch.files for name in file.names)


def _missing(patch: CheckedPatch, lines: list[str]) -> list[CheckFinding]:
    boxes = [*patch.letter.to, *patch.letter.cc, patch.letter.sender, patch.patch.author]
    asked = [Person.of(box) for box in boxes]
    people, lists = list[str](), list[str]()
    for match in filter(None, map(_LINE.match, lines)):
        person, roles = Person.of(match["box"]), match["roles"]
        left_out = _EVERYBODY in roles or _BY_WORDS in roles
        if left_out or any(person.is_same(recipient) or person.moved(recipient) for recipient in asked):
            continue
        address = parseaddr(match["box"])[1] or match["box"]
        # A list that only sends on what was sent to others, or that everything goes to.
        if "list" in roles.partition(":")[0]:
            if ":" in roles:
                lists.append(address)
        elif any(role in roles for role in _PEOPLE):
            people.append(f"{address} ({roles})")
    findings = []
    for kind, missing in (("person", people), ("list", lists)):
        if missing:
            more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
            words = f"not sent to {', '.join(missing[:MOST_NAMED])}{more}"
            findings.append(CheckFinding(Severity.REMARK, words, tool="get_maintainer", kind=kind))
    return findings
