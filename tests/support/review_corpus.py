"""Threads with right answers: how they are written down, read, and held against what the review finds."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.fetch.assembly import patch_of, series_of
from pipeline.fetch.trailers import uncollected
from pipeline.mail import thread as threads
from pipeline.mail.choice import choose
from pipeline.mail.mbox import read_file
from pipeline.mail.message import parse_all
from pipeline.model import Series
from pipeline.review import review
from pipeline.review.fates import fates
from pipeline.review.people import Authors, person
from pipeline.review.record import PointRecord, PromiseRecord, ReviewRecord, TrailerRecord

CORPUS = Path(__file__).parents[1] / "unit/review/corpus"
AUTHOR = "Ada Author <ada@example.org>"
MASK = "https://lore.kernel.org/all/%s"
NAMES = ("recall", "precision", "state", "waits-for", "promises", "trailers")
PATCH = """\
{text}

Signed-off-by: {author}
---
{below} mm/pool.c | 2 +-

diff --git a/mm/pool.c b/mm/pool.c
index 1111111..2222222 100644
--- a/mm/pool.c
+++ b/mm/pool.c
@@ -10,5 +10,5 @@ static void pool_fill(struct pool *pool)
 \tlock_pool(pool);
{code}
 \tunlock_pool(pool);
 }}
--\x20
2.43.0
"""
CODE = "-\told_size(pool);\n+\tnew_size(pool);"


@dataclass(frozen=True)
class Score:
    """Right answers of all, by what was asked; and what was wrong."""

    counts: Mapping[str, tuple[int, int]] = field(default_factory=lambda: dict.fromkeys(NAMES, (0, 0)))
    misses: tuple[str, ...] = ()

    def __add__(self, other: Score) -> Score:
        both = {
            name: (self.counts[name][0] + other.counts[name][0], self.counts[name][1] + other.counts[name][1])
            for name in NAMES
        }
        return Score(both, (*self.misses, *other.misses))


@dataclass(frozen=True)
class Thread:
    """A thread and what a careful reader finds in it."""

    name: str
    answers: Mapping[str, Any]
    folder: Path

    @cached_property
    def series(self) -> Series:
        if "mbox" in self.answers:
            return _series([self.folder / self.answers["mbox"]], self.answers.get("revision"))
        return _made([*self._posted(1), *map(_said, self.answers.get("say", ()))], 1)

    @cached_property
    def following(self) -> Series | None:
        """The next revision, where there is one."""
        if "mbox" in self.answers:
            name = self.answers.get("next")
            return _series([self.folder / name], self.answers.get("next_revision")) if name else None
        return _made(self._posted(2), 2) if "next" in self.answers else None

    def _posted(self, version: int) -> list[bytes]:
        """One patch, or two with a cover letter."""
        after = self.answers.get("next", {}) if version > 1 else {}
        number = int(self.answers.get("patches", 1))
        tag = f" v{version}" if version > 1 else ""
        mails = []
        if number > 1:
            text = f"A better pool.\n\n{after.get('changes', '')}\n"
            mails.append(_mail("cover", f"[PATCH{tag} 0/{number}] mm: a better pool", AUTHOR, text, "", version))
        for at in range(1, number + 1):
            text = str(after.get("message", "Fill the pool.")) if at == 1 else "Fill the other pool."
            text += "\n\n" + self.answers["trailers"] if at == 1 and "trailers" in self.answers else ""
            below = str(after.get("changes", "")) + "\n" if number == 1 and "changes" in after else ""
            own = self.answers.get("code", CODE)
            code = str(after.get("code", own) if at == 1 else CODE).rstrip("\n")
            count = f" {at}/{number}" if number > 1 else ""
            body = PATCH.format(text=text, author=AUTHOR, below=below, code=code)
            parent = "cover" if number > 1 else ""
            mails.append(
                _mail(
                    f"p{at}",
                    f"[PATCH{tag}{count}] {after.get('subject', f'mm: fill pool {at}')}",
                    AUTHOR,
                    body,
                    parent,
                    version,
                )
            )
        return mails


def load(folder: Path) -> list[Thread]:
    """The threads of a folder's TOML files."""
    every = (tomllib.loads(path.read_text("utf-8"))["thread"] for path in sorted(folder.glob("*.toml")))
    return [Thread(description["name"], description, folder) for listed in every for description in listed]


def _mail(name: str, subject: str, sender: str, body: str, parent: str, version: int = 1, copy: str = "") -> bytes:
    end = f".v{version}@example.org"
    headers = [f"From: {sender}", f"Subject: {subject}", f"Message-ID: <{name}{end}>"]
    headers += [f"In-Reply-To: <{parent}{end}>", f"References: <{parent}{end}>"] if parent else []
    headers += [f"Cc: {copy}"] if copy else []
    headers += ["Date: Mon, 2 Mar 2020 10:00:00 +0000", "Content-Type: text/plain; charset=utf-8"]
    return ("\n".join(headers) + "\n\n" + body + "\n").encode()


def _said(reply: Mapping[str, str]) -> bytes:
    subject = reply.get("subject", "Re: [PATCH] mm: fill pool 1")
    sender, copy = reply.get("by", AUTHOR), reply.get("cc", "")
    return _mail(reply["id"], subject, sender, reply["text"], reply.get("to", "p1"), copy=copy)


def _series(paths: Sequence[Path], revision: int | None) -> Series:
    return _made([raw for path in paths for raw in read_file(path)], revision)


def _made(raw: Sequence[bytes], revision: int | None) -> Series:
    mails, _ = parse_all(raw)
    chosen = choose(threads.postings(mails), mails, "", revision)
    patches = tuple(patch_of(number, mail) for number, mail in enumerate(chosen.posting.patches, 1))
    others = [mail for mail in mails if mail.message_id not in chosen.posting.ids]
    left_out = uncollected(chosen.posting, chosen.revisions, mails, patches, [])
    return series_of(chosen, patches, others, left_out)


def score(thread: Thread) -> Score:
    """What the review of a thread gets right."""
    reviewed = review(thread.series, MASK)
    kept = _promises(reviewed, thread)
    parts = [*_points(reviewed.points, thread), *kept, *_trailers(reviewed, thread)]
    counts = {name: (sum(right for asked, right, _ in parts if asked == name), 0) for name in NAMES}
    counts = {name: (right, sum(asked == name for asked, _, _ in parts)) for name, (right, _) in counts.items()}
    return Score(counts, tuple(f"{asked}: {words}" for asked, right, words in parts if not right))


Part = tuple[str, bool, str]


def _points(points: Sequence[PointRecord], thread: Thread) -> Iterator[Part]:
    right = thread.answers.get("point", ())
    for point in points:
        shown = f"{point.message_id[:12]} {point.state} {' '.join(point.text)[:90]!r}"
        yield "precision", any(_same(point, answer) for answer in right), shown
    for answer in right:
        if answer.get("optional"):
            continue
        shown = f"{answer['message'][:12]} {answer['words'][:60]!r}"
        match = next((point for point in points if _same(point, answer)), None)
        yield "recall", match is not None, shown
        if match:
            states = answer["state"] if isinstance(answer["state"], list) else [answer["state"]]
            yield "state", match.state in states, f"{shown}: {match.state}, not {'/'.join(states)}"
            if "waits" in answer:
                whom = "author" if _is_author(match.waiting_for, thread) else match.waiting_for
                yield "waits-for", whom == answer["waits"], f"{shown}: {whom!r}, not {answer['waits']!r}"


def _is_author(name: str, thread: Thread) -> bool:
    series = thread.series
    authors = Authors.of(series)
    wrote = [letter.sender for letter in series.replies if authors.wrote(letter.sender, 1)]
    senders = [series.cover.sender, *(patch.author for patch in series.patches), *wrote]
    names = {frozenset(person(sender).split()) for sender in senders}
    known = frozenset(name.casefold().split()) in names
    return name == "the author" or (bool(name) and (name in senders[0] or known))


def _same(point: PointRecord, answer: Mapping[str, Any]) -> bool:
    words = " ".join(" ".join(point.text).split()).casefold()
    return point.message_id.startswith(answer["message"]) and " ".join(answer["words"].split()).casefold() in words


def _promises(reviewed: ReviewRecord, thread: Thread) -> Iterator[Part]:
    after = thread.following
    if after is None:
        return
    known: Sequence[PromiseRecord] = fates(reviewed.points, thread.series, after)
    for answer in thread.answers.get("point", ()):
        if "next" in answer:
            wanted = answer["next"] if isinstance(answer["next"], list) else [answer["next"]]
            kept = next((kept for kept in known if _same(kept.point, answer)), None)
            said = kept.fate if kept else "not listed"
            yield (
                "promises",
                said in wanted,
                f"{answer['message'][:12]} {answer['words'][:60]!r}: {said}, not {wanted[0]}",
            )


def _trailers(reviewed: ReviewRecord, thread: Thread) -> Iterator[Part]:
    """Those of replies; a line is right with its message and whether it is conditional, and listed once."""
    if "trailer" not in thread.answers:
        return
    given = [trailer for trailer in reviewed.trailers if trailer.revision is not None]
    wanted = [
        (answer["message"], answer["line"], answer.get("conditional", False)) for answer in thread.answers["trailer"]
    ]
    for message, line, conditional in wanted:
        right = any(_is(trailer, message, line) and trailer.conditional == conditional for trailer in given)
        yield "trailers", right, f"{message[:12]} {line}"
    for trailer in given:
        if not any(_is(trailer, message, line) for message, line, _ in wanted):
            yield "trailers", False, f"{trailer.message_id[:12]} {trailer.name}: {trailer.value} is none"


def _is(trailer: TrailerRecord, message: str, line: str) -> bool:
    return trailer.message_id.startswith(message) and f"{trailer.name}: {trailer.value}".startswith(line)
