"""The claims of a cover letter, found in its words.

What is looked for: bloat-o-meter's summary lines, the diffstat, "no functional change", patches that prepare others,
and benchmark figures. The words that give a claim away are the tables below; each claim quotes the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise

from pipeline.claims.configuration import cell_named
from pipeline.claims.letter import (
    MOST_TEXT,
    Mention,
    mentions,
    own_words,
    paragraphs,
    statements,
    without_changelog,
)
from pipeline.claims.limits import is_about, is_own, limit
from pipeline.claims.unchanged import is_tagged, means_another_nfc, says_no_change
from pipeline.mail.diff import commit_message
from pipeline.mail.diffstat import diffstats
from pipeline.model import Cell, Claim, ClaimKind, Letter, Series

MOST_OF_A_KIND = 10
_MOST_FIGURES = 500
_NEAR = 4000
"""Characters before a figure in which the configuration is looked for that it is about."""
LONGEST = 400
"""Characters of a statement that is quoted as a whole."""

_SUMMARY = re.compile(
    r"add/remove:\s+\d{1,9}/\d{1,9}\s+grow/shrink:\s+\d{1,9}/\d{1,9}\s+up/down:\s+\d{1,9}/-?\d{1,9}\s+"
    r"\((?P<delta>[+-]?\d{1,9})\)"
)
_PREPARES = re.compile(
    r"\b(?:prepares?|prepared|preparing|preparations?|preparatory|prep|groundwork|preliminary)\b", re.IGNORECASE
)
_REVISION = re.compile(r"\bv\d{1,2}\b")
_FIGURE = re.compile(
    r"(?<![\w.])[~+-]?\d[\d,.]{0,14} ?(?:(?:%|percent\b)(?! (?:of|usage)\b)|[xX]\b|times (?:faster|slower|as)\b|"
    r"[nuµm]?s\b|(?:micro|milli|nano)?seconds?\b|cycles\b|[kKMGT]i?B/s\b|[kM]?IOPS\b|[kM]?ops\b|tps\b|"
    r"[kM]?(?:req|transactions|pages|requests)/s(?:ec)?\b)"
)
_PERFORMANCE = re.compile(
    r"\b(?:fast(?:er)?|slow(?:er|s|ed)?|speed(?:s|up|ups)?|performance|throughput|latency|latencies|bandwidth|"
    r"benchmark\w*|improve\w*|regress\w*|runtime|run ?time|elapsed|overhead|iops|netperf|fio|sysbench|will-it-scale|"
    r"hackbench|unixbench|kernbench|lmbench|perf|takes|took|boot time)\b",
    re.IGNORECASE,
)


def found_claims(series: Series, cells: Sequence[Cell], tracked: Sequence[Claim] = ()) -> tuple[Claim, ...]:
    """Claims of the letter, in its order; claims that are `tracked` in a series.toml stand for the same words.

    Args:
        cells: of the matrix, to tell which one a figure is about.
    """
    text, patches = _letter(series)
    total = len(series.patches)
    messages = [_message(patch.letter) for patch in series.patches if patch.letter]
    subjects = [series.cover.subject, *(patch.subject for patch in series.patches)]
    other_nfc = means_another_nfc([text, *subjects, *messages], sorted(series.files))
    claims = [
        *_text_deltas(text, cells, patches),
        *([] if patches else _diffstats(series.cover)),
        *_statements(text, total, patches, other_nfc=other_nfc),
    ]
    claims += _subjects(series, claims, other_nfc=other_nfc)
    known = [_plain(claim.text) for claim in tracked]
    fresh = [claim for claim in claims if not any(_same_words(_plain(claim.text), words) for words in known)]
    limited = [
        claim for kind in ClaimKind for claim in [claim for claim in fresh if claim.kind is kind][:MOST_OF_A_KIND]
    ]
    whole = _plain(series.cover.body)
    return tuple(sorted(limited, key=lambda claim: whole.find(_plain(claim.text))))


def _letter(series: Series) -> tuple[str, tuple[int, ...]]:
    """The text that speaks for the series, and the patches that it speaks for: patch 1 where there is no letter."""
    if series.patches and series.message_id == series.patches[0].message_id and series.message_id:
        return commit_message(series.cover.body)[:MOST_TEXT], () if len(series.patches) == 1 else (1,)
    return own_words(series.cover.body), ()


def _text_deltas(text: str, cells: Sequence[Cell], patches: tuple[int, ...]) -> Iterator[Claim]:
    for figure in islice(_SUMMARY.finditer(text), _MOST_FIGURES):
        start = max(text.rfind("\n", 0, figure.start()) + 1, figure.start() - LONGEST)
        label = text[start : figure.start()]
        before = [" ".join(words.split()) for words in paragraphs(text[max(0, start - _NEAR) : start])[-1:]]
        cell, reason = cell_named([label, *(words[-300:] for words in before)], cells)
        yield Claim(
            " ".join((text[start : figure.end()] if label.strip() else figure[0]).split()),
            cell,
            int(figure["delta"]),
            relation="near",
            patches=patches,
            obstacle=reason,
            found=True,
        )


def _diffstats(letter: Letter) -> Iterator[Claim]:
    """The diffstats of a letter: which one is that of the series, and not of its prerequisites, the patches tell."""
    for text, shown in dict.fromkeys(diffstats(own_words(letter.body))):
        yield Claim(text, "", None, kind=ClaimKind.DIFFSTAT, diffstat=shown, found=True)


def _message(letter: Letter) -> str:
    return commit_message(letter.body)[:MOST_TEXT]


def _subjects(series: Series, claims: Sequence[Claim], *, other_nfc: bool) -> list[Claim]:
    """Claims of subjects, where the letter says no more about the same patches.

    What the message of a patch takes back of it is a limit of its subject, too.
    """
    lettered = not series.patches or series.message_id != series.patches[0].message_id
    alone = len(series.patches) == 1
    subjects: list[tuple[tuple[int, ...], str, str, str]] = []
    if lettered or alone:
        subjects.append(((), series.cover.subject, series.title, ""))
    for patch in series.patches if not alone else ():
        posted, body = (patch.letter.subject, _message(patch.letter)) if patch.letter else (patch.subject, "")
        subjects.append(((patch.number,), posted, patch.subject, body))
    spoken_of = {claim.patches for claim in claims if claim.kind is ClaimKind.NO_FUNCTIONAL_CHANGE}
    claims_of_subjects = []
    for patches, subject, title, body in subjects:
        span = says_no_change(title, other_nfc=other_nfc)
        stands_alone = span is not None and is_own(title, *span)
        if patches in spoken_of or not (stands_alone or is_tagged(subject, other_nfc=other_nfc)):
            continue
        words = limit(title, *span, "", names_patches=False) if span else ""
        statements = [] if words else list(_statements(body, len(series.patches), patches, other_nfc=other_nfc))
        words = words or next((claim.limit for claim in statements if claim.patches == patches and claim.limit), "")
        text = _plain(subject)[:LONGEST]
        claims_of_subjects.append(
            Claim(text, "*", None, kind=ClaimKind.NO_FUNCTIONAL_CHANGE, patches=patches, limit=words, found=True)
        )
    return claims_of_subjects


def _statements(text: str, total: int, patches: tuple[int, ...], *, other_nfc: bool = False) -> Iterator[Claim]:
    last = ""
    texts = [*without_changelog(paragraphs(text)), ""]
    for paragraph, beyond in pairwise(texts):
        performance = bool(_PERFORMANCE.search(f"{last}\n{paragraph}"))
        following = [*(statement for statement, _ in statements(paragraph)), *_first_statement(beyond)][1:]
        context: list[Mention] = []
        for (statement, begins), after in zip(statements(paragraph), following, strict=True):
            context = [] if begins else context
            named = mentions(statement, total)
            if not _REVISION.search(statement):
                yield from _on_patches(statement, named, context, after, patches, other_nfc=other_nfc)
            context = named[-1:] or context
            if performance:
                yield from _benchmarks(statement)
        last = paragraph


def _first_statement(paragraph: str) -> list[str]:
    return [next((statement for statement, _ in statements(paragraph)), "")]


def _on_patches(
    statement: str,
    named: Sequence[Mention],
    context: Sequence[Mention],
    after: str,
    patches: tuple[int, ...],
    *,
    other_nfc: bool,
) -> Iterator[Claim]:
    """Claims that a statement makes of patches.

    Args:
        named: the patches that it names.
        context: those that its list item names before it; they count where it names none.
        after: the next statement.
        other_nfc: NFC is something else in this series.
    """
    if (span := says_no_change(statement, other_nfc=other_nfc)) and is_own(statement, *span):
        spoken_of = [mention for mention in named if is_about(statement, span[1], mention.start)]
        about = _nearest(spoken_of if named else context, span[0])
        claim = _of_patches(ClaimKind.NO_FUNCTIONAL_CHANGE, statement, statement[slice(*span)], about or patches)
        yield replace(claim, limit=limit(statement, *span, after, names_patches=bool(about)))
    if (words := _PREPARES.search(statement)) and (about := _nearest(named or context, words.start())):
        yield _of_patches(ClaimKind.PREPARATORY, statement, words[0], about)


def _of_patches(kind: ClaimKind, statement: str, words: str, patches: tuple[int, ...]) -> Claim:
    text = _plain(statement)
    return Claim(text if len(text) <= LONGEST else words, "*", None, kind=kind, patches=patches, found=True)


def _nearest(named: Sequence[Mention], position: int) -> tuple[int, ...]:
    """The patches that are named last before a word, or first after it."""
    before = [mention for mention in named if mention.start <= position]
    return (before[-1:] or [*named[:1]] or [Mention((), 0, 0)])[0].patches


def _benchmarks(statement: str) -> Iterator[Claim]:
    """A sentence with a figure; of a table, the lines that have one."""
    if _SUMMARY.search(statement):
        return
    whole = _plain(statement)
    parts = [whole] if len(whole) <= LONGEST and statement.count("\n") < 4 else map(_plain, statement.split("\n"))
    for text in parts:
        if len(text) <= LONGEST and _FIGURE.search(text) and not any(diffstats(text)):
            yield Claim(text, "", None, kind=ClaimKind.BENCHMARK, found=True)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _same_words(words: str, other: str) -> bool:
    return words in other or other in words
