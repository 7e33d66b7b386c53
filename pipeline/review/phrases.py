"""Meanings of the words of a reply: the rules of `phrases.toml`, and sentences to match them with."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

from pipeline.review.record import PointState

Rules = tuple[re.Pattern[str], ...]

LONGEST_SENTENCE = 1000
"""Characters that rules look at: they are written for sentences, not for a table of numbers."""

_END = re.compile(r"(?<=[.!?])[)\"']?\s+(?=[\"'(`]?[A-Z0-9]|[\"`]\w)|(?<=[.!?])\s+(?=i\b)|\s+[:;]-?[)P(]\s+")
_TORN = re.compile(r"(?<=\b(?:the|and|for))\n{2,}(?=[a-z])|(?<=\b(?:in|of|to|or|be|is|an))\n{2,}(?=[a-z])")
"""Where a sentence cannot end, and goes on below a blank line that a program has put there."""
_TYPESET = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
"""Apostrophes and quotation marks of typesetters, and those of the rules."""
_OWN_PART = re.compile(
    r"(?:if (?:so|not)|in that case|then),? i(?:'ll|'d| should| will| would| can| could| may| might)\b"
    r"(?! (?:like|love|prefer|rather|expect|want|suggest|appreciate)\b)",
    re.IGNORECASE,
)
"""The beginning of what somebody will do about an answer: of the one who is asked it wants nothing."""
_WANTED = re.compile(
    r"\b(?:(?:would|do) you (?:\w+ )?(?:prefer|rather|want|like)|(?:should|shall) (?:i|we))\b[^?]{0,500}\?$",
    re.IGNORECASE,
)
"""Of an author who asks what is wanted, and perhaps gives the reasons below."""
_SMILEY = re.compile(r"\s*[:;]-?[)P(/]+\s*$")


@dataclass(frozen=True)
class Answer:
    """The meaning of an author's answer.

    Args:
        words: the sentences that say so.
        asks_back: it ends in a question to whoever it answers.
    """

    state: PointState
    words: tuple[str, ...]
    asks_back: bool = False


@dataclass(frozen=True)
class Phrases:
    """The rules, compiled.

    Args:
        author: of the author's answers, by the state that they lead to; in the order in which they are tried.
        denied: a dispute, too, where no question was asked; announced: no promise where something is disputed.
        conceded: of who gives in; offered: of who would do it if it is wanted.
        elsewhere: of what is said of other comments; already: of what is so as it is.
        volunteered, intended: of sentences in which the author means to do something unasked; errands: that changes no
            patch.
        agreed: of the author; admitted: of a fault, that an author agrees to mend whatever was asked; relieved: of who
            leaves it to whoever asks; heard: of an answer that says no more; tried: of who gives in below a yes;
            reserved: of what is no agreement for all that.
        everything: of an answer to all comments of a mail.
        disputed, accepted, withdrawn, seconded, request: of what others answer; countered: of what begins an answer
            that disputes; declined: of a maintainer, of what somebody else wants; opinion: of what asks, somebody's own
            wish; notes: of what begins a note; taken: of who does it instead of the author.
        asking, objection: of what makes a point of its own in an answer; inquiry: of what asks how things are, in words
            of a request; additive: of paragraphs that begin one.
        pleasantry, unless: of sentences that say nothing about the code, and of what undoes it.
        signposts: of sentences that point to others; handed: of those that hand the patch over.
        tags: of sentences that ask for consent; solicits: of those that look for a reviewer.
        greeting, closing, listing, elision, footnote: of whole lines; code: of what is no sentence;
            repeated: under code, of what says the comment before again; form: of where a letter of set words begins.
        reports, notices: of senders; public: of domains that tell nothing of who writes from there.
    """

    author: tuple[tuple[PointState, Rules], ...]
    denied: Rules
    conceded: Rules
    offered: Rules
    announced: Rules
    agreed: Rules
    admitted: Rules
    relieved: Rules
    heard: Rules
    tried: Rules
    reserved: Rules
    everything: Rules
    elsewhere: Rules
    already: Rules
    volunteered: Rules
    intended: Rules
    errands: Rules
    disputed: Rules
    countered: Rules
    accepted: Rules
    withdrawn: Rules
    declined: Rules
    seconded: Rules
    opinion: Rules
    notes: Rules
    taken: Rules
    request: Rules
    asking: Rules
    inquiry: Rules
    objection: Rules
    additive: Rules
    pleasantry: Rules
    unless: Rules
    signposts: Rules
    handed: Rules
    tags: Rules
    solicits: Rules
    greeting: Rules
    closing: Rules
    listing: Rules
    elision: Rules
    footnote: Rules
    code: Rules
    repeated: Rules
    form: Rules
    reports: Rules
    notices: Rules
    public: Rules

    def answer(self, said: Sequence[str], question: bool = False) -> Answer:
        """What an answer of the author does.

        What closes wins over what opens: a promise over a doubt beside it. Agreement with a request promises, with a
        question it answers; "yes, but" is no agreement.

        Args:
            said: its sentences.
            question: a question is answered, and nothing was asked for.
        """
        said = [sentence for sentence in said if not matches(self.elsewhere, sentence)] or said
        kinds = [(self._kind(sentence, question), sentence) for sentence in said]
        spoken = [text for text in said if not (matches(self.code, text) or self.pleasant(text))] or said
        if self.agrees(said[0]) and not question:
            kinds = [("promised" if matches(self.tried, sentence) else kind, sentence) for kind, sentence in kinds]
        asks_back = bool(spoken) and "?" in spoken[-1]
        if any(kind == "disputed" for kind, _ in kinds):
            kinds = [pair for pair in kinds if not (pair[0] == "promised" and matches(self.announced, pair[1]))]
        present = {kind for kind, _ in kinds}
        conceded = tuple(sentence for sentence in said if matches(self.conceded, sentence))
        if conceded and kinds[-1][0] is None and not asks_back:
            return Answer("promised", conceded)
        for state in ("promised", "disputed", "undecided"):
            if state in present and not (state == "disputed" and kinds[-1][0] == "undecided"):
                words = (
                    sentence
                    for kind, sentence in kinds
                    if kind == state or (state == "promised" and self.agrees(sentence))
                )
                offers = state == "undecided" and any(
                    matches(self.offered, sentence) or _WANTED.search(sentence) for sentence in said
                )
                return Answer(state, tuple(words), (asks_back or offers) and state != "promised")
        if asks_back:
            return Answer("undecided", tuple(spoken[-1:]), True)
        relieved = tuple(sentence for sentence in said if matches(self.relieved, sentence))
        if relieved:
            return Answer("answered", relieved)
        agreed = tuple(sentence for sentence in said if self.agrees(sentence))
        if agreed and (not question or any(self._without_reserve(self.admitted, sentence) for sentence in agreed)):
            return Answer("promised", agreed)
        heard = tuple(sentence for sentence in said if matches(self.heard, sentence))
        if heard and not question and all(sentence in heard or self.pleasant(sentence) for sentence in said):
            return Answer("promised", heard)
        return Answer("answered", agreed or tuple(said[:1]))

    def _kind(self, sentence: str, question: bool) -> PointState | None:
        denied: PointState | None = "disputed" if not question and matches(self.denied, sentence) else None
        if matches(self.offered, sentence):
            return "undecided"
        kind = next((kind for kind, rules in self.author if matches(rules, sentence)), denied)
        return None if question and kind == "disputed" else kind

    def agrees(self, sentence: str) -> bool:
        """It says yes, and nothing against it."""
        return self._without_reserve((*self.agreed, *self.admitted), sentence)

    def disputes(self, said: Sequence[str]) -> tuple[str, ...]:
        """The sentences of an answer to the author that do not take it."""
        return tuple(
            sentence
            for at, sentence in enumerate(said)
            if matches(self.disputed, sentence) or (at == 0 and matches(self.countered, sentence))
        )

    def accepts(self, sentence: str) -> bool:
        return self._without_reserve(self.accepted, sentence)

    def _without_reserve(self, rules: Rules, sentence: str) -> bool:
        """It says so, and no "but" follows: what comes before it ("but then again, …, so I am fine") was weighed."""
        sentence = sentence[:LONGEST_SENTENCE]
        starts = [said.start() for rule in rules if (said := rule.search(sentence))]
        return bool(starts) and not matches(self.reserved, sentence[max(starts) :])

    def asks(self, sentence: str) -> bool:
        """It asks for a change, in whatever form: please, could you, should this not."""
        denied = self.pleasant(sentence) or matches(self.withdrawn, sentence) or matches(self.inquiry, sentence)
        return matches(self.asking, sentence) and not denied

    def wants(self, sentence: str) -> bool:
        """It is a request, a question or an objection."""
        return self.asks(sentence) or sentence.endswith("?") or matches(self.objection, sentence)

    def urges(self, sentence: str) -> bool:
        """It wants something as somebody's own wish, and does not tell how things are."""
        return (self.asks(sentence) and matches(self.opinion, sentence)) or (
            self.wants(sentence) and not self.asks(sentence)
        )

    def consents(self, said: Sequence[str]) -> bool:
        """It takes the patch, takes a remark back, or begins with a word for what stands above it."""
        settled = (*self.handed, *self.withdrawn)
        seconded = any(matches(self.seconded, sentence) for sentence in said[:1])
        return seconded or any(matches(settled, sentence) for sentence in said)

    def only_asks(self, said: Sequence[str]) -> bool:
        """It asks a question, and wants nothing."""
        meant = self.substance(said)
        wanted = any(
            self.asks(sentence) or (matches(self.objection, sentence) and not matches(self.inquiry, sentence))
            for sentence in meant
            if not _OWN_PART.match(sentence)
        )
        # What is left of a question on merging, which is none on the code, is what the reviewer will do about it.
        heard = said if any(map(_OWN_PART.match, meant)) else meant
        return any(sentence.endswith("?") for sentence in heard) and not wanted

    def pleasant(self, sentence: str) -> bool:
        """It says nothing about the code."""
        if matches(self.signposts, sentence) or matches(self.handed, sentence):
            return True
        undone = matches(self.unless, sentence) or matches(self.objection, sentence)
        return matches(self.pleasantry, sentence) and not undone

    def substance(self, sentences: Sequence[str]) -> tuple[str, ...]:
        """Without what says nothing about the code; a word that asks for consent needs something to consent to."""
        said = tuple(sentence for sentence in sentences if not self.pleasant(sentence))
        if any(matches(self.solicits, sentence) for sentence in said):
            # `Mona? Rex?`
            said = tuple(sentence for sentence in said if not (matches(self.solicits, sentence) or " " not in sentence))
        return () if all(matches(self.tags, sentence) for sentence in said) else said


def matches(rules: Rules, text: str) -> bool:
    return any(rule.search(text[:LONGEST_SENTENCE]) for rule in rules)


@cache
def phrases() -> Phrases:
    """The rules that ship."""
    rules = tomllib.loads(resources.files("pipeline.review").joinpath("phrases.toml").read_text("utf-8"))
    author = rules["author"]
    states: tuple[PointState, ...] = ("undecided", "promised", "disputed")
    names = {known.name for known in fields(Phrases)}
    sections = ({name: author[name] for name in author if name not in states}, rules["others"], rules["lines"])
    return Phrases(
        author=tuple((state, _compiled(author[state])) for state in states),
        pleasantry=_compiled(rules["pleasantry"]["words"]),
        tags=_compiled(rules["tags"]["words"]),
        solicits=_compiled(rules["solicits"]["words"]),
        **{
            name: _compiled(section[name])
            for section in (*sections, rules["pleasantry"], rules["senders"])
            for name in section
            if name in names
        },
    )


def _compiled(expressions: Sequence[str]) -> Rules:
    return tuple(re.compile(expression, re.IGNORECASE) for expression in expressions)


def sentences(lines: Sequence[str]) -> tuple[str, ...]:
    """The sentences of a text, each on one line; a blank line ends one, too."""
    paragraphs = _TORN.sub(" ", "\n".join(line.strip() for line in lines).translate(_TYPESET)).split("\n\n")
    parts = (part for text in paragraphs for part in _END.split(" ".join(text.split())))
    return tuple(part for piece in parts if (part := _SMILEY.sub("", piece).strip()))
