"""Series in the many forms that they are posted in: what comes out is what was put in."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from pipeline.mail.choice import choose
from pipeline.mail.copies import distinct
from pipeline.mail.message import parse, parse_all
from pipeline.mail.thread import postings
from pipeline.system.errors import NotObtainedError
from tests.support.mails import DIFF, raw
from tests.support.posted_forms import GLUED, GLUED_WORDS, KINDS, TITLES, Case, Form, cases, drawn

FORMS = 80
"""Of each kind."""


@pytest.mark.parametrize("seed", range(10))
def test_a_subject_says_what_it_was_made_of(seed: int) -> None:
    chance = Random(seed)
    for _ in range(100):
        form, version, total = drawn(chance), chance.randrange(1, 20), chance.randrange(1, 40)
        number, title = chance.randrange(total + 1), chance.choice(TITLES).format("that")
        subject = form.subject(version, number, total, title)
        mail = parse(raw(subject, DIFF))
        assert (mail.version, mail.number, mail.total, mail.title) == (version, number, total, title), subject


@pytest.mark.parametrize("pattern", GLUED)
@pytest.mark.parametrize("words", GLUED_WORDS)
def test_tags_may_be_glued_together(pattern: str, words: str) -> None:
    for version, number, total in ((2, 0, 2), (3, 1, 12), (11, 12, 12), (4, 100, 100)):
        subject = pattern.format(w=words, v=version, n=number, t=total, title="mm: x")
        mail = parse(raw(subject, DIFF))
        assert (mail.version, mail.number, mail.total, mail.title) == (version, number, total, "mm: x"), subject


def outcome(case: Case) -> tuple[tuple[str, ...], int, str]:
    """Message-ids of the patches that are taken, the version, and all that is said."""
    mails = distinct(parse_all(case.mails)[0])
    try:
        choice = choose(postings(mails), mails, case.about, None)
    except NotObtainedError as error:
        return (), case.version, str(error)
    names = tuple(mail.message_id for mail in choice.posting.patches)
    return names, choice.posting.version, "\n".join((choice.instead, *choice.notes))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_thread_of_each_kind_gives_the_series(kind: Callable[[Form, Random], Case]) -> None:
    forms = set()
    for case in cases(kind, FORMS):
        names, version, said = outcome(case)
        subjects = [mail.split(b"Subject: ")[1].split(b"\n")[0].decode() for mail in case.mails]
        assert (names, version) == (case.names, case.version), (subjects, said)
        assert case.says in said, (subjects, said)
        forms.add(tuple(subjects))
    assert len(forms) >= 60
