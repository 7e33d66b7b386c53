"""The messages of a thread that comment on a series, each with its parent and the patch that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parseaddr, parsedate_to_datetime
from functools import cached_property
from typing import Literal

from pipeline.mail.diff import has_diff
from pipeline.mail.given import Given, given
from pipeline.mail.subject import parts_of_series, read
from pipeline.model import Letter, Series
from pipeline.review.people import Authors, person
from pipeline.review.phrases import Phrases, matches
from pipeline.review.programs import of_program, relays
from pipeline.review.quoting import Text, take_apart, unquoted
from pipeline.review.record import Role
from pipeline.system.untrusted import REPLY_WORDS, REVIEW_COMPARISONS, REVIEW_WORDS, Budget

_GREETED = re.compile(r"\s*(?:hi|hello|hey|dear)\s+([\w-]+)\W*$", re.IGNORECASE)
_LAST = datetime.max.replace(tzinfo=UTC)
_QUOTES = re.compile(r"^> ?\S", re.MULTILINE)
_PULL = re.compile(r"^\W*git[- ]pull\b", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:(?:re|aw|antw|fwd?|sv|vs)\s*:\s*)+", re.IGNORECASE)


@dataclass(frozen=True)
class Message:
    """A reply.

    Args:
        letter: its headers; of a parent that is missing, what its answer tells of it.
        text: taken apart.
        parent: message-id of what it answers.
        patch: that it is about; 0 is the cover letter.
        lost: it is put together from what its answers quote.
        to_patch: it answers the patch or the cover letter itself.
    """

    letter: Letter
    text: Text
    parent: str
    patch: int
    lost: bool = False
    to_patch: bool = False

    @property
    def id(self) -> str:
        return self.letter.message_id

    @cached_property
    def names(self) -> tuple[str, ...]:
        """How its sender may sign, in lower case."""
        name = person(self.letter.sender)
        return (name, *name.split())

    @cached_property
    def greeted(self) -> str:
        """The name behind a greeting, in lower case."""
        first = next((line for part in self.text.passages for line in part.text if line.strip()), "")
        found = _GREETED.match(first)
        return found[1].casefold() if found else ""

    def others(self, spoken_to: Message) -> tuple[str, ...]:
        """Whoever has a copy, without the sender of the mail that is spoken to."""
        return tuple(copy for copy in (*self.letter.to, *self.letter.cc) if person(copy) != spoken_to.names[0])

    @cached_property
    def given(self) -> tuple[Given, ...]:
        """The trailers that it gives; whom to copy is the author's to say."""
        return tuple(trailer for trailer in given(self.letter.body, self.letter.sender) if trailer.name.lower() != "cc")

    @cached_property
    def lines(self) -> int:
        """Lines and passages that the sender wrote."""
        return sum(1 + len(passage.text) for passage in self.text.passages if passage.text)

    @cached_property
    def words(self) -> int:
        """Characters that the sender wrote."""
        return sum(len(line) for passage in self.text.passages for line in passage.text)


def messages(series: Series, phrases: Phrases) -> tuple[Message, ...]:
    """The replies that are about this revision, parents before their answers; bots' notices are left out.

    A parent that the thread lacks is put together from what its answers quote.
    """
    placed = _Placed(series, phrases)
    thread = [message for letter in series.replies if (message := placed.message(letter))]
    known = {message.id for message in thread}
    thread += _lost_parents(thread, placed, known)
    order = {message.id: position for position, message in enumerate(thread)}
    sent = _moments(thread)
    thread.sort(key=lambda message: (sent[message.id], order[message.id]))
    thread = _parents_first(thread)
    return tuple(message for message in thread if not _is_notice(message, phrases))


def _is_notice(message: Message, phrases: Phrases) -> bool:
    """A program's notice, or a maintainer's request to pull what was applied."""
    return matches(phrases.notices, parseaddr(message.letter.sender)[1]) or bool(_PULL.match(message.letter.subject))


def readable(thread: Sequence[Message]) -> list[Message]:
    """The messages that are within the limits; one that is beyond them keeps no other from being read.

    What somebody answers is looked for in all that the message above says.
    """
    by_id = {message.id: message for message in thread}
    kept, words, comparisons = [], Budget(REVIEW_WORDS), Budget(REVIEW_COMPARISONS)
    for message in thread:
        above = by_id.get(message.parent)
        lines = message.lines * (above.lines if above else 0)
        if message.words <= REPLY_WORDS.most and words.holds(message.words) and comparisons.holds(lines):
            words.spend(message.words)
            comparisons.spend(lines)
            kept.append(message)
    return kept


def role_of(message: Message, authors: Authors, phrases: Phrases) -> Role:
    """Whose message it is; empty where the tree is not known."""
    sender = message.letter.sender
    name, address = parseaddr(sender)
    role = authors.role(sender, message.patch, in_answer=not message.to_patch)
    by_program = matches(phrases.reports, address) or matches(phrases.reports, name)
    return "program" if role and by_program else role


def _moments(thread: Sequence[Message]) -> dict[str, datetime]:
    """When each was sent; a lost parent comes just before its first answer."""
    sent = {message.id: _date(message.letter.date) or _LAST for message in thread}
    for message in thread:
        if message.parent in sent:
            sent[message.parent] = min(sent[message.parent], sent[message.id])
    return sent


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class _Placed:
    """Finds the patch that a letter of the thread is about."""

    def __init__(self, series: Series, phrases: Phrases) -> None:
        self._reports = phrases.reports
        self._own = {patch.message_id: patch.number for patch in series.patches if patch.message_id}
        self._own.setdefault(series.cover.message_id, 0)
        self._letters = {letter.message_id: letter for letter in series.replies}
        self._version = series.version
        self._patches: dict[str, int | Literal["by subject"] | None] = {}
        self._titles = {_same(patch.subject): patch.number for patch in series.patches}
        if series.cover.message_id not in {patch.message_id for patch in series.patches}:
            self._titles[_same(parts_of_series(series.cover.subject)[3])] = 0

    def message(self, letter: Letter) -> Message | None:
        """None where a letter is no reply to this revision."""
        if letter.message_id in self._own or posts(letter):
            return None
        patch = self.patch(letter)
        if patch is None:
            return None
        parent = letter.references[-1] if letter.references else ""
        name, address = parseaddr(letter.sender)
        by_program = matches(self._reports, address) or matches(self._reports, name) or relays(letter.body)
        text = of_program(letter.body) if by_program else take_apart(letter.body)
        return Message(letter, text, parent, patch, to_patch=parent in self._own)

    def patch(self, letter: Letter) -> int | None:
        """By the chain of parents; where it breaks off, by the subject."""
        by_parents = self._by_parents(letter)
        if by_parents != "by subject":
            return by_parents
        version, _, _, title = parts_of_series(_PREFIX.sub("", letter.subject))
        return self._titles.get(_same(title)) if version == self._version else None

    def _by_parents(self, letter: Letter) -> int | Literal["by subject"] | None:
        """The patch that the chain of parents leads to; all mails of a chain share it, so each is looked at once."""
        chain: list[str] = []
        seen: set[str] = set()
        references = [*letter.references]
        patch: int | Literal["by subject"] | None = "by subject"
        while references:
            parent = references.pop()
            if parent in self._own:
                patch = self._own[parent]
                break
            if parent in self._patches:
                patch = self._patches[parent]
                break
            if parent in self._letters and parent not in seen:
                if posts(self._letters[parent]):
                    patch = self._reposted(self._letters[parent])
                    break
                seen.add(parent)
                chain.append(parent)
                references = [*self._letters[parent].references]
        self._patches |= dict.fromkeys(chain, patch)
        return patch

    def _reposted(self, letter: Letter) -> int | None:
        """The patch that another copy of it in this revision is; a part may be posted again in its thread."""
        version, _, _, title = parts_of_series(letter.subject)
        return self._titles.get(_same(title)) if version == self._version else None

    def known(self, message_id: str) -> bool:
        return message_id in self._own or message_id in self._letters


def posts(letter: Letter) -> bool:
    """Whether a letter posts a patch or a cover letter."""
    subject = read(letter.subject)
    # A robot's report has a counter, too: `[tree:branch 3/8] mm/util.c:5: error`.
    # Some answer a patch under its own subject.
    if letter.references and subject.number and not has_diff(letter.body) and _QUOTES.search(letter.body):
        return False
    tagged = subject.number == 0 or subject.patch or has_diff(letter.body)
    return not (subject.reply or _PREFIX.match(letter.subject)) and subject.number is not None and tagged


def _same(title: str) -> str:
    return " ".join(title.split()).casefold()


def _lost_parents(thread: Iterable[Message], placed: _Placed, known: set[str]) -> list[Message]:
    lost: dict[str, Message] = {}
    for message in thread:
        parent = message.parent
        if not parent or parent in known or placed.known(parent) or not message.text.attribution:
            continue
        letter = replace(
            message.letter,
            message_id=parent,
            sender=message.text.attribution,
            to=(),
            cc=(),
            references=message.letter.references[:-1],
            date="",
            body=unquoted(message.letter.body),
        )
        made = placed.message(letter)
        if made and len(letter.body) > len(lost[parent].letter.body if parent in lost else ""):
            lost[parent] = replace(made, lost=True)
    return [*lost.values()]


def _parents_first(thread: list[Message]) -> list[Message]:
    """Clocks differ: an answer that was sent before its parent comes after it all the same."""
    by_id = {message.id: message for message in thread}
    ordered: dict[str, Message] = {}
    for message in thread:
        chain = [message]
        while chain[-1].parent in by_id and chain[-1].parent not in ordered and len(chain) <= len(thread):
            chain.append(by_id[chain[-1].parent])
        for linked in reversed(chain):
            ordered.setdefault(linked.id, linked)
    return [*ordered.values()]
