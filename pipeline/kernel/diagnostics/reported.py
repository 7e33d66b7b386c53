"""Lines of compilers and linkers as people and robots paste them into mails, without the log around them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.kernel.diagnostics.words import names_in, option_of, plain

LONGEST_LINE = 1000
"""Characters of a line that are read: a mail can be anybody's."""

_OF_A_COMPILER = re.compile(
    r"(?:>> ?)?(?P<path>[\w.+-]+(?:/[\w.+-]+)+):(?P<line>\d{1,9}):(?:\d+:)? (?:sparse: )*"
    r"(?:(?P<kind>fatal error|error|warning): )?(?P<text>\S.*)"
)
_OF_A_LINKER = re.compile(
    r"(?:>> ?)?(?:ERROR: modpost: (?P<symbol>\"\w+\") \[(?P<module>[\w./+-]+)\] undefined|"
    r"(?:\S*ld\S*: )?(?P<object>[\w./+-]+\.[coa]):.*\bundefined reference to (?P<other>[`'\"]\w+['\"]))"
)


@dataclass(frozen=True)
class Report:
    """A line of a report, as a compiler or linker printed it.

    Args:
        path: of a source, an object or a module.
        names: that it quotes, such as a variable.
        option: that switches the warning on; empty where none is named.
    """

    path: str
    text: str
    names: frozenset[str]
    option: str = ""

    @classmethod
    def of(cls, path: str, text: str) -> Report:
        text = plain(text)
        return cls(path, text, frozenset(names_in(text)), option_of(text))

    @property
    def source(self) -> str:
        """The file that has to be compiled to see it; empty where a module alone is named."""
        stem, _, suffix = self.path.rpartition(".")
        return "" if suffix in ("ko", "a") else f"{stem}.c" if suffix == "o" else self.path

    def is_of(self, path: str) -> bool:
        """Whether it is about a file of the tree: a module is known by its folder."""
        mine, _, suffix = self.path.rpartition(".")
        if suffix == "ko":
            return mine.rpartition("/")[0] == path.rpartition("/")[0]
        return mine == path.rpartition(".")[0] if suffix in ("o", "a") else self.path == path

    def is_told_by(self, path: str, message: str) -> bool:
        """Whether a diagnostic says the same, in the words of whatever compiler."""
        if not self.is_of(path):
            return False
        other = Report.of(path, message)
        if self.option and other.option:
            return self.option == other.option and bool(self.names & other.names or not self.names)
        return bool(self.names & other.names) or self.text == other.text


def parsed(line: str) -> Report | None:
    """A line of a compiler or linker, taken apart; None for any other."""
    line = line[:LONGEST_LINE].strip()
    if match := _OF_A_LINKER.match(line):
        symbol = match["symbol"] or match["other"]
        return Report.of(match["module"] or match["object"], f"undefined reference to {symbol}")
    if (match := _OF_A_COMPILER.match(line)) and (match["kind"] or line.startswith(">>")):
        return Report.of(match["path"], match["text"])
    return None
