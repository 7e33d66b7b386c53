"""Trailers by patch: who gave them, on which revision, and whether b4 carries them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from email.utils import parseaddr

from pipeline.mail import message
from pipeline.model import Patch, Series
from pipeline.review.messages import Message
from pipeline.review.phrases import Phrases, matches, sentences
from pipeline.review.points import Link
from pipeline.review.quoting import TRAILER
from pipeline.review.record import TrailerRecord

OF_THE_AUTHOR = ("signed-off-by", "co-developed-by", "link", "buglink", "fixes", "closes")
"""In a posted patch, those that its author puts there."""
KNOWN = (
    "reviewed-by",
    "acked-by",
    "tested-by",
    "reported-by",
    "suggested-by",
    "signed-off-by",
    "co-developed-by",
    "requested-by",
    "debugged-by",
)
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")


def trailers(series: Series, messages: Sequence[Message], link: Link, phrases: Phrases) -> tuple[TrailerRecord, ...]:
    """Those that patches were posted with, then those that replies give, in the thread's order."""
    texts = {patch.number: message.parse(patch.mail).letter.body for patch in series.patches}
    return (*_posted(series, texts, link), *_given(series, messages, texts, link, phrases))


def _posted(series: Series, texts: dict[int, str], link: Link) -> Iterator[TrailerRecord]:
    for patch in series.patches:
        collected = {same(line) for line in patch.collected_trailers}
        for name, value in written(texts[patch.number]):
            if name.lower() not in OF_THE_AUTHOR and same(f"{name}: {value}") not in collected:
                yield TrailerRecord(
                    patch=patch.number,
                    name=name,
                    value=value,
                    message_id=patch.message_id,
                    link=link(patch.message_id),
                    revision=None,
                    carried=True,
                )


def _given(
    series: Series, messages: Sequence[Message], texts: dict[int, str], link: Link, phrases: Phrases
) -> Iterator[TrailerRecord]:
    by_number = {patch.number: patch for patch in series.patches}
    known = {
        (uncarried_trailer.message_id, same(uncarried_trailer.trailer)): uncarried_trailer.reason
        for uncarried_trailer in series.uncarried_trailers
    }
    there = {patch.number: _there(texts[patch.number], patch) for patch in series.patches}
    for one in messages:
        asks = _asks(one, phrases)
        for name, value, above in {
            same(f"{name}: {value}"): (name, value, above) for name, value, above in one.text.given
        }.values():
            about = [by_number[one.patch]] if one.patch in by_number else [*series.patches]
            wanted = same(f"{name}: {value}")
            lacking = [patch.number for patch in about if wanted not in there[patch.number]]
            yield TrailerRecord(
                patch=one.patch or None,
                name=name,
                value=value,
                message_id=one.id,
                link=link(one.id),
                revision=series.version,
                carried=not lacking,
                reason=(
                    _miswritten(name)
                    or known.get((one.id, same(f"{name}: {value}")))
                    or _reason(one, name, value, lacking, len(about))
                )
                if lacking
                else "",
                conditional=_conditional(above, asks, phrases),
            )


def _asks(one: Message, phrases: Phrases) -> bool:
    """Whether a message asks for a change anywhere."""
    return any(phrases.asks(said) for passage in one.text.passages for said in sentences(passage.text))


def _conditional(above: Sequence[str], asks: bool, phrases: Phrases) -> bool:
    """Whether the words above a trailer give it for the case that something is changed."""
    said = sentences(above)[-2:]
    return any(matches(phrases.condition, one) or (asks and matches(phrases.rest, one)) for one in said)


def _miswritten(name: str) -> str:
    """What a trailer was meant to be, where its name is nearly one that is known."""
    written_as = name.lower()
    if written_as in KNOWN or not (meant := get_close_matches(written_as.replace(" ", "-"), KNOWN, 1, 0.85)):
        return ""
    return f"it is written wrongly: {meant[0].capitalize()} is meant"


def _reason(one: Message, name: str, value: str, lacking: Sequence[int], asked: int) -> str:
    found = _ADDRESS.search(value)
    address, sender = found[0].lower() if found else "", parseaddr(one.letter.sender)[1].lower()
    if name.lower().endswith("-by") and not address:
        return "it names no address"
    if address and sender and address != sender:
        return f"its address is not the sender's, {sender}"
    if one.lost:
        return "the message that gives it is only quoted in the thread"
    return "b4 does not take it" if len(lacking) == asked else f"b4 does not take it for {_listed(lacking)}"


def _listed(numbers: Sequence[int]) -> str:
    return f"patch{'es' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def written(body: str) -> tuple[tuple[str, str], ...]:
    """The trailers in the message of a patch, name and value."""
    text = re.split(r"^---\s*$", body, maxsplit=1, flags=re.MULTILINE)[0]
    found = (TRAILER.match(line.strip()) for line in text.splitlines())
    return tuple(dict.fromkeys((match["name"], match["value"]) for match in found if match))


def _there(text: str, patch: Patch) -> frozenset[str]:
    """The trailers that a patch has, for comparing."""
    carried = [*patch.collected_trailers, *(f"{known}: {rest}" for known, rest in written(text))]
    return frozenset(map(same, carried))


def same(line: str) -> str:
    """A trailer for comparing: what stands behind the address (b4 may add a remark) is left out."""
    name, _, value = line.partition(":")
    address = _ADDRESS.search(value)
    return f"{name.strip().lower()}: {(address[0] if address else ' '.join(value.split())).lower()}"
