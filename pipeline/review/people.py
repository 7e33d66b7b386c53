"""The people of a thread: names for comparing and for readers, and whose series it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from functools import cached_property, lru_cache

from pipeline.kernel.maintainers import Section, having, sections
from pipeline.mail.message import parse
from pipeline.model import Patch, Series
from pipeline.review.phrases import matches, phrases, sentences
from pipeline.review.record import Role

_RELAYED = re.compile(r"\s+via\s+\S.*$", re.IGNORECASE)
_CALLED = re.compile(
    r"^(?:(?:[Hh]m+|[Mm]hm|[Ss]o|[Aa]nd|[Bb]ut|[Ww]ell|[Oo][Kk]|[Hh]i),? )?@?([A-Z][\w-]+)"
    r"(?:[,:] | (?:(?:and|or) \w+,? )?(?:do|did|can|could|would|will|what|how|any|is|are) )"
)
"""Who is spoken to: `Mona, …`, or `Hm, Mona or others, do you …`."""
_SPOKEN_OF = re.compile(
    r"\b(?:to|by|from|with|for|of|told|assume|assumes|think|believe|guess|suppose|hope|what|that|\w+ed) [\w-]+"
)
"""Somebody who is the object of a sentence, or whose doings it supposes."""
_HELPED = re.compile(r"^(?:Co-developed-by|Signed-off-by):\s*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_APPROVED = re.compile(r"^(?:Reviewed|Acked|Tested)-by:\s*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_EMPLOYER = re.compile(r"\s*\([^()]*\)\s*$")


@lru_cache(maxsize=10_000)
def person(sender: str) -> str:
    """A sender's name for comparing, without list relays and employers; the address where there is no name."""
    name, address = parseaddr(sender)
    name = _EMPLOYER.sub("", _RELAYED.sub("", (name or sender.partition("<")[0]).strip())).strip(" '\"")
    return (_given_name_first(name) or address).casefold()


def _given_name_first(name: str) -> str:
    """Some programs write `Family, Given`."""
    family, comma, first = name.partition(", ")
    return f"{first} {family}" if comma else name


def display(sender: str) -> str:
    """A sender's name as a reader knows it."""
    name, address = parseaddr(sender)
    name = _RELAYED.sub("", (name or sender.partition("<")[0]).strip()).strip(" '\"")
    return _given_name_first(name) or address or "somebody"


def _is_one_of(author: str, senders: Iterable[str]) -> bool:
    """By address, or by a name that may be shorter: people post from other addresses than they write patches at."""
    words = {*person(author).split()}
    return any(
        parseaddr(author)[1].lower() == parseaddr(sender)[1].lower()
        or words <= {*person(sender).split()}
        or words >= {*person(sender).split()}
        for sender in senders
    )


def _message(patch: Patch) -> str:
    return parse(patch.mail).letter.body.partition("\n---\n")[0]


def _helpers(patch: Patch) -> frozenset[str]:
    return frozenset(person(match[1]) for match in _HELPED.finditer(_message(patch)))


def _colleagues(series: Series, authors: Sequence[str], keepers: Keepers | None) -> frozenset[str]:
    """Who writes from the authors' organization, and only answers what people from elsewhere say.

    Whoever reviews answers a patch, has approved it, or looks after its files.
    """
    own = {_organization(author) for author in authors} - {""}
    senders = {letter.message_id: letter.sender for letter in series.replies}
    at_home: set[str] = set()
    elsewhere: set[str] = set()
    for letter in series.replies:
        answered = senders.get(letter.references[-1], "") if letter.references else ""
        if answered and person(answered) == person(letter.sender):
            continue
        if keepers and keepers.role(letter.sender) != "third party":
            continue
        answers = answered and _organization(answered) not in own and _organization(letter.sender) in own
        (at_home if answers else elsewhere).add(person(letter.sender))
    approved = (person(match[1]) for patch in series.patches for match in _APPROVED.finditer(_message(patch)))
    return frozenset(at_home - elsewhere - {*approved})


def _organization(sender: str) -> str:
    """The domain of an address, unless everybody can have one there."""
    domain = parseaddr(sender)[1].rpartition("@")[2].lower()
    return "" if matches(phrases().public, domain) else domain


def _keepers(series: Series, maintainers: str) -> dict[int, Keepers]:
    every = frozenset(path for patch in series.patches for path in patch.files)
    known = having(sections(maintainers), every)
    return {0: Keepers.of(known, every)} | {patch.number: Keepers.of(known, patch.files) for patch in series.patches}


@dataclass(frozen=True)
class Keepers:
    """Maintainers of the files of a patch, by MAINTAINERS: names for comparing, and addresses in lower case."""

    maintainers: frozenset[str]
    reviewers: frozenset[str]

    @classmethod
    def of(cls, known: Sequence[Section], files: Iterable[str]) -> Keepers:
        """Those of the sections that have one of the files."""
        found = having(known, files)
        return cls(
            _known_by([box for section in found for box in section.maintainers]),
            _known_by([box for section in found for box in section.reviewers]),
        )

    def role(self, sender: str) -> Role:
        own = _known_by([sender])
        if own & self.maintainers:
            return "maintainer"
        return "reviewer" if own & self.reviewers else "third party"


def _known_by(people: Iterable[str]) -> frozenset[str]:
    """Addresses, and names of two words or more: people write from other addresses, too."""
    names = (person(box) for box in people)
    addresses = (parseaddr(box)[1].lower() for box in people)
    return frozenset((*(name for name in names if " " in name), *filter(None, addresses)))


@dataclass(frozen=True)
class Authors:
    """Whose series it is: the cover letter's sender and the patches' authors, by name and address.

    Args:
        helpers: who developed a patch with them (`Co-developed-by:`), signed it off before it was posted, or wrote what
            they post, by its number; elsewhere, and where they answer the patch itself, they are reviewers.
        colleagues: of the authors, who answer what reviewers say to them.
        keepers: of the files of each patch, by its number, and of all of them for the cover letter, 0; none where the
            tree is not known.
    """

    names: frozenset[str]
    addresses: frozenset[str]
    helpers: Mapping[int, frozenset[str]] = field(default_factory=dict)
    colleagues: frozenset[str] = frozenset()
    keepers: Mapping[int, Keepers] = field(default_factory=dict)

    @classmethod
    def of(cls, series: Series, maintainers: str = "") -> Authors:
        """Those of a series.

        Args:
            maintainers: text of the tree's MAINTAINERS.
        """
        posters = [series.cover.sender, *(parse(patch.mail).letter.sender for patch in series.patches)]
        # Who wrote a patch that somebody else posts reviews what became of it, and helps to answer for it.
        posted_for = [patch.author for patch in series.patches if not _is_one_of(patch.author, posters)]
        own = [*posters, *(patch.author for patch in series.patches if patch.author not in posted_for)]
        helped = {patch.number: _helpers(patch) for patch in series.patches}
        keepers = _keepers(series, maintainers) if maintainers else {}
        return cls(
            frozenset(map(person, own)),
            frozenset(address.lower() for sender in own if (address := parseaddr(sender)[1])),
            {number: helped.get(number, frozenset()) | {*map(person, posted_for)} for number in (0, *helped)},
            _colleagues(series, own, keepers.get(0)),
            keepers,
        )

    def role(self, sender: str, patch: int, *, in_answer: bool = True) -> Role:
        """Of the sender of a mail about a patch; empty where the tree is not known."""
        if not self.keepers:
            return ""
        if self.wrote(sender, patch, in_answer=in_answer):
            return "author"
        return self.keepers[patch].role(sender) if patch in self.keepers else ""

    @cached_property
    def _first_names(self) -> frozenset[str]:
        return frozenset(name.split()[0] for name in self.names if name)

    def calls(self, text: Sequence[str]) -> bool:
        """Whether a text has the first name of one of them, as it speaks to people, not of them or what they own."""
        said = _SPOKEN_OF.sub(" ", " ".join(text).casefold())
        return any(word in self._first_names for word in re.findall(r"\w+(?:'s\b)?", said))

    def spoken_to(self, to: Sequence[str], text: Sequence[str], lasting: bool = True) -> list[str]:
        """The lines of a text without those that speak to somebody else who has a copy: `Mona, what is the plan?`.

        Of a reviewer, what follows is spoken to them, too, until an author is called.

        Args:
            to: whoever has a copy.
            lasting: what follows is spoken to them, too; else it is to whom it was before.
        """
        kept: list[str] = []
        paragraph: list[str] = []
        others = False
        for line in (*text, ""):
            paragraph.append(line)
            if line.strip():
                continue
            others = self._passed_over(to, paragraph) or (lasting and others and not self.calls(paragraph))
            kept += [] if others else self._up_to_others(to, paragraph)
            paragraph = []
        return kept

    def _up_to_others(self, to: Sequence[str], paragraph: Sequence[str]) -> Sequence[str]:
        """A paragraph up to the sentence that speaks to somebody else."""
        said = sentences(paragraph)
        end = next((at for at in range(1, len(said)) if self._passed_over(to, said[at : at + 1])), len(said))
        return paragraph if end == len(said) else [*said[:end], ""]

    def _passed_over(self, to: Sequence[str], text: Sequence[str]) -> bool:
        called = _CALLED.match(" ".join(text))
        if called is None or self.calls(text):
            return False
        name = called[1].casefold()
        return name not in self._first_names and any(person(copy).split()[:1] == [name] for copy in to)

    def wrote(self, sender: str, patch: int, *, in_answer: bool = True) -> bool:
        """Whether the sender of a mail about a patch is one of them.

        Args:
            in_answer: to somebody's reply.
        """
        if in_answer and person(sender) in (*self.helpers.get(patch, ()), *self.colleagues):
            return True
        # Some write the family's name first in one place, and last in another.
        known = person(sender) in (*self.names, *self._joined) or frozenset(person(sender).split()) in self._name_words
        return known or parseaddr(sender)[1].lower() in self.addresses

    @cached_property
    def _joined(self) -> frozenset[str]:
        """Names of two words in one, whichever comes first."""
        pairs = (name.split() for name in self.names if name.count(" ") == 1)
        return frozenset(word for pair in pairs for word in ("".join(pair), "".join(reversed(pair))))

    @cached_property
    def _name_words(self) -> frozenset[frozenset[str]]:
        return frozenset(words for name in self.names if len(words := frozenset(name.split())) > 1)
