"""The difference between two revisions of a series: in code and in the messages of their patches; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.model import Series
from pipeline.review.asked import IDENTIFIER, WORD, telling_words
from pipeline.review.since import diffs, messages_of
from pipeline.review.symbols import ChangedLine, changed_lines

_AROUND = 2
"""Lines above and below one that a comment stands under."""
NAME = re.compile(r"[A-Za-z]{3}")
_END_OF_STATEMENT = re.compile(r"(?:[;{}:]|\*/)\s*$")
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)")
_INCLUDE = re.compile(r"#\s*include\s*[<\"](?:[^>\"]*/)?([^>\"/]+\.h)[>\"]")
_MORE = 6
"""Telling words with which a message says more than before."""
_LINE_OF_TEXT = 4
"""Words of a line that is told from others."""


@dataclass(frozen=True)
class Difference:
    """Two revisions, and what differs between them."""

    before: Series
    after: Series

    @cached_property
    def old_code(self) -> dict[int, str]:
        return diffs(self.before)

    @cached_property
    def new_code(self) -> dict[int, str]:
        return diffs(self.after)

    @cached_property
    def new_statements(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Lines of patches' messages that the earlier revision has not."""
        old = {" ".join(line.split()) for text in messages_of(self.before).values() for line in text.splitlines()}
        lines = dict.fromkeys(line for text in messages_of(self.after).values() for line in text.splitlines())
        # What a title begins with, all of them do.
        titles = {text.partition("\n")[0] for text in messages_of(self.after).values()}
        return tuple(
            (line, telling_words(line.rpartition(": ")[2] if line in titles else line))
            for line in lines
            if line.strip() and " ".join(line.split()) not in old
        )

    @cached_property
    def old_words(self) -> frozenset[str]:
        return telling_words(" ".join((*self.old_code.values(), *messages_of(self.before).values())))

    @cached_property
    def old_lines(self) -> frozenset[tuple[str, str]]:
        return _added(self.old_code)

    @cached_property
    def new_lines(self) -> frozenset[tuple[str, str]]:
        return _added(self.new_code)

    @cached_property
    def moved_words(self) -> Counter[str]:
        """Words of lines that one revision adds, and the other not."""
        differing = self.old_lines ^ self.new_lines
        return Counter(word for _, line in differing for word in telling_words(line))

    @cached_property
    def only_before(self) -> frozenset[str]:
        """Identifiers that the earlier revision adds, and the later one has nowhere."""
        before = frozenset(
            word for _, line in self.old_lines for word in telling_words(line) if IDENTIFIER.fullmatch(word)
        )
        later = " ".join((*self.new_code.values(), *messages_of(self.after).values()))
        return before - frozenset(WORD.findall(later))

    @cached_property
    def only_after(self) -> frozenset[str]:
        """Identifiers that the later revision adds, and the earlier one has nowhere."""
        later = frozenset(
            word for _, line in self.new_lines for word in telling_words(line) if IDENTIFIER.fullmatch(word)
        )
        return later - self.old_words

    @cached_property
    def new_files(self) -> frozenset[str]:
        """Names of the files that the later revision changes, and the earlier one does not."""
        old, new = (
            {line.path.rpartition("/")[2] for diff in code.values() for line in changed_lines(diff)}
            for code in (self.old_code, self.new_code)
        )
        return frozenset(new - old)

    @cached_property
    def new_headers(self) -> frozenset[str]:
        """Names of headers that a file includes in the later revision, and not in the earlier one."""
        included = (_INCLUDE.match(line) for _, line in self.new_lines - self.old_lines)
        return frozenset(match[1] for match in included if match)

    def has_new_words(self, quoted: Iterable[str]) -> bool:
        """Whether messages or added lines have words now, as they are written, that they had not.

        Added lines may have them from a message.
        """
        patterns = [re.compile(rf"(?<!\w){re.escape(' '.join(words.split()))}(?!\w)") for words in quoted]
        return any(
            pattern.search(new) and not pattern.search(old)
            for old, new in (self._whole, self._added_lines)
            for pattern in patterns
        )

    @cached_property
    def _whole(self) -> tuple[str, str]:
        """The messages and added lines of both revisions."""
        old, new = (f"{text} {added}" for text, added in zip(self.texts, self._added_lines, strict=True))
        return old, new

    @cached_property
    def _added_lines(self) -> tuple[str, str]:
        """The added lines of both revisions."""
        old, new = (" ".join(line for _, line in sorted(added)) for added in (self.old_lines, self.new_lines))
        return old, new

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Those that the earlier revision changes."""
        return tuple(self.images[0])

    @cached_property
    def only_in_one(self) -> frozenset[tuple[str, str, str]]:
        """Changed lines of one revision that the other has not: their file, sign and text."""
        old, new = (
            {(line.path, line.sign, line.text) for diff in code.values() for line in changed_lines(diff)}
            for code in (self.old_code, self.new_code)
        )
        return frozenset(old ^ new)

    def line_at(self, path: str, number: int) -> str:
        """A line of a file as the earlier revision leaves it, where its last patch of the file shows it."""
        shown = ""
        for diff in self.old_code.values():
            shown = _line_at(diff, path, number) or shown
        return shown

    def is_explained(self, patch: int) -> bool:
        """Whether the message of a patch says more than before: several telling words."""
        old, new = (messages_of(revision) for revision in (self.before, self.after))
        title = _bare(old.get(patch, "").partition("\n")[0])
        text = next((text for text in new.values() if _bare(text.partition("\n")[0]) == title), "")
        return len(telling_words(text) - telling_words(old.get(patch, ""))) >= _MORE

    @cached_property
    def texts(self) -> tuple[str, str]:
        """The messages of both revisions, each on one line."""
        old, new = (
            " ".join(" ".join(messages_of(revision).values()).split()) for revision in (self.before, self.after)
        )
        return old, new

    def has_same_title(self, patch: int) -> bool:
        """Whether the patch of that number is called the same in both revisions."""
        titles = [
            {_bare(posted.subject) for posted in revision.patches if posted.number == patch}
            for revision in (self.before, self.after)
        ]
        return bool(titles[0]) and titles[0] == titles[1]

    @cached_property
    def dropped(self) -> frozenset[int]:
        """Patches of the earlier revision that the later one has neither by name nor by most of their lines."""
        titles = {_bare(patch.subject) for patch in self.after.patches}
        numbers = set()
        for patch in self.before.patches:
            own = _added({patch.number: self.old_code[patch.number]})
            left = len(own & self.new_lines)
            if _bare(patch.subject) not in titles and 2 * left <= len(own):
                numbers.add(patch.number)
        return frozenset(numbers)

    @cached_property
    def is_reordered(self) -> bool:
        """Whether patches that both revisions have come in another order."""
        old, new = ([_bare(patch.subject) for patch in revision.patches] for revision in (self.before, self.after))
        return [title for title in old if title in new] != [title for title in new if title in old]

    def is_gone(self, quoted: str) -> bool:
        """Whether a line that the earlier revision adds is added no more: nowhere, or not in a file that had it."""
        text = " ".join(quoted[1:].split())
        old, new = ({path for path, line in lines if line == text} for lines in (self.old_lines, self.new_lines))
        return bool(old) and (not new or (new < old and any(path in self.images[1] for path in old - new)))

    def is_set_otherwise(self, quoted: str) -> bool:
        """Whether an added line has the same words and other white space."""
        text = " ".join(quoted[1:].split())
        old, new = (
            {line for diff in code.values() for line in diff.splitlines() if " ".join(line[1:].split()) == text}
            for code in (self.old_code, self.new_code)
        )
        return bool(old and new) and old.isdisjoint(new)

    def is_gone_around(self, under: Sequence[str]) -> bool:
        """Whether a line of the statement is added no more that a comment stands under; it may take several lines."""
        statement: list[str] = []
        for line in reversed([line for line in under if line.strip("+ ")]):
            if line[:1] != "+" or (statement and _END_OF_STATEMENT.search(line)):
                break
            statement.append(line)
        return any(NAME.search(line) and self.is_gone(line) for line in statement)

    def is_reworded(self, line: str) -> bool:
        """Whether a line of a patch's message is not in it any more, however it is wrapped."""
        text = " ".join(line.split())
        old, new = self.texts
        return len(text.split()) >= _LINE_OF_TEXT and text in old and text not in new

    def is_reworked(self, under: Sequence[str]) -> bool:
        """Whether both revisions change the function that a comment stands in, and not in the same lines."""
        quoted = {" ".join(line.lstrip("+-").split()) for line in under if NAME.search(line)}
        old, new = self.by_place
        places = {place for place, lines in old.items() if any(text in quoted for _, text in lines)}
        return any(place in new and old[place] != new[place] for place in places)

    def is_rewritten_around(self, under: Sequence[str]) -> bool:
        """Whether the lines around a comment are not in the later revision any more, in the file that they are in."""
        quoted = [" ".join(line.lstrip("+ ").split()) for line in under if line[:1] != "-" and NAME.search(line)]
        for path, old in self.images[0].items():
            at = next((at for at in range(len(old) - 1, -1, -1) if quoted and old[at] == quoted[-1]), None)
            if at is not None and path in self.images[1]:
                around = "\n".join(old[max(at - _AROUND, 0) : at + _AROUND + 1])
                return f"\n{around}\n" not in "\n".join(("", *self.images[1][path], ""))
        return False

    @cached_property
    def images(self) -> tuple[dict[str, list[str]], ...]:
        """The lines of both revisions' patches as they come out, by file."""
        return tuple(_image(code) for code in (self.old_code, self.new_code))

    @cached_property
    def by_place(self) -> tuple[dict[tuple[str, str], set[tuple[str, str]]], ...]:
        """The changed lines of both revisions, by file and function."""
        revisions = []
        for code in (self.old_code, self.new_code):
            places: dict[tuple[str, str], set[tuple[str, str]]] = {}
            for line in (line for diff in code.values() for line in changed_lines(diff)):
                places.setdefault((line.path, line.within), set()).add((line.sign, line.text))
            revisions.append(places)
        return tuple(revisions)


def _bare(subject: str) -> str:
    """A title without its prefixes, which a later revision may write otherwise."""
    return subject.casefold().rpartition(": ")[2]


def _added(code: Mapping[int, str]) -> frozenset[tuple[str, str]]:
    lines: Iterable[ChangedLine] = (line for diff in code.values() for line in changed_lines(diff))
    return frozenset((line.path, line.text) for line in lines if line.sign == "+")


def _image(code: Mapping[int, str]) -> dict[str, list[str]]:
    """The lines that patches add or leave as they are, by file; white space does not count."""
    lines: dict[str, list[str]] = {}
    path = ""
    for line in (line for diff in code.values() for line in diff.splitlines()):
        if line.startswith("+++ "):
            path = line.removeprefix("+++ ").removeprefix("b/")
        elif line[:1] in ("+", " ") and line.strip("+ "):
            lines.setdefault(path, []).append(" ".join(line[1:].split()))
    return lines


def _line_at(diff: str, path: str, number: int) -> str:
    """A line of a file by its number behind a diff; empty where the diff does not show it."""
    inside, at = False, 0
    for line in diff.splitlines():
        if line.startswith("diff --git "):
            inside, at = line.endswith(f" b/{path}"), 0
        elif hunk := _HUNK.match(line):
            at = int(hunk[1])
        elif inside and at and line[:1] in ("+", " "):
            if at == number:
                return line[1:]
            at += 1
    return ""
