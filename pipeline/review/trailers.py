"""Trailers by patch: who gave them, on which revision, and whether b4 carries them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.utils import parseaddr

from pipeline.mail import message
from pipeline.model import Patch, Series
from pipeline.review.messages import Message
from pipeline.review.points import Link
from pipeline.review.record import TrailerRecord

OF_THE_AUTHOR = ("signed-off-by", "co-developed-by", "link", "buglink", "fixes", "closes")
"""In a posted patch, those that its author puts there."""
_TRAILER = re.compile(
    r"^(?P<name>[a-z]+(?:-[a-z]+)*-by|fixes|closes|link|buglink): +(?P<value>\S.*)$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")


def trailers(series: Series, messages: Sequence[Message], link: Link) -> tuple[TrailerRecord, ...]:
    """Those that patches were posted with, then those that replies give, in the thread's order."""
    texts = {patch.number: message.parse(patch.mail).letter.body for patch in series.patches}
    return (*_posted(series, texts, link), *_given(series, messages, texts, link))


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
                    collected=True,
                )


def _given(series: Series, messages: Sequence[Message], texts: dict[int, str], link: Link) -> Iterator[TrailerRecord]:
    by_number = {patch.number: patch for patch in series.patches}
    known = {
        (uncollected_trailer.message_id, same(uncollected_trailer.trailer)): uncollected_trailer.reason
        for uncollected_trailer in series.uncollected_trailers
    }
    by_patch = {patch.number: _in_patch(texts[patch.number], patch) for patch in series.patches}
    for reply in messages:
        for trailer in {same(trailer.line): trailer for trailer in reply.given}.values():
            name, value = trailer.name, trailer.value
            about = [by_number[reply.patch]] if reply.patch in by_number else [*series.patches]
            wanted = same(f"{name}: {value}")
            lacking = [patch.number for patch in about if wanted not in by_patch[patch.number]]
            yield TrailerRecord(
                patch=reply.patch or None,
                name=name,
                value=value,
                message_id=reply.id,
                link=link(reply.id),
                revision=series.version,
                collected=not lacking,
                reason=(
                    trailer.wrong
                    or known.get((reply.id, same(f"{name}: {value}")))
                    or _reason(reply, name, value, lacking, len(about))
                )
                if lacking
                else "",
                conditional=trailer.conditional,
            )


def _reason(reply: Message, name: str, value: str, lacking: Sequence[int], asked: int) -> str:
    match = _ADDRESS.search(value)
    address, sender = match[0].lower() if match else "", parseaddr(reply.letter.sender)[1].lower()
    if name.lower().endswith("-by") and not address:
        return "it names no address"
    if address and sender and address != sender:
        return f"its address is not the sender's, {sender}"
    if reply.lost:
        return "the message that gives it is only quoted in the thread"
    return "b4 does not take it" if len(lacking) == asked else f"b4 does not take it for {_listed(lacking)}"


def _listed(numbers: Sequence[int]) -> str:
    return f"patch{'es' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def written(body: str) -> tuple[tuple[str, str], ...]:
    """The trailers in the message of a patch, name and value."""
    text = re.split(r"^---\s*$", body, maxsplit=1, flags=re.MULTILINE)[0]
    matched = (_TRAILER.match(line.strip()) for line in text.splitlines())
    return tuple(dict.fromkeys((match["name"], match["value"]) for match in matched if match))


def _in_patch(text: str, patch: Patch) -> frozenset[str]:
    """The trailers that a patch has, for comparing."""
    lines = [*patch.collected_trailers, *(f"{known}: {rest}" for known, rest in written(text))]
    return frozenset(map(same, lines))


def same(line: str) -> str:
    """A trailer for comparing: what stands behind the address (b4 may add a remark) is left out."""
    name, _, value = line.partition(":")
    address = _ADDRESS.search(value)
    return f"{name.strip().lower()}: {(address[0] if address else ' '.join(value.split())).lower()}"
