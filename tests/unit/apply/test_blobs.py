"""What patches were made from, by the blobs that they name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pipeline.apply.blobs import Match, matched, preimages
from pipeline.fetch.assembly import patch_of
from pipeline.mail.message import parse
from pipeline.model import Patch
from tests.support.mails import raw


def diff(path: str, old: str, new: str, more: str = "") -> str:
    names = f"--- {'/dev/null' if old == '0000000' else f'a/{path}'}\n+++ b/{path}\n"
    return f"diff --git a/{path} b/{path}\n{more}index {old}..{new} 100644\n{names}@@ -1 +1 @@\n-a\n+b\n"


def patch(number: int, *diffs: str) -> Patch:
    mail = parse(raw(f"[PATCH {number}/9] x", "Text.\n---\n\n" + "".join(diffs)))
    return patch_of(number, mail)


def test_a_file_was_what_it_was_before_its_first_patch() -> None:
    patches = [
        patch(1, diff("mm/a.c", "aaaaaaa", "bbbbbbb"), diff("mm/new.c", "0000000", "ccccccc")),
        patch(2, diff("mm/a.c", "bbbbbbb", "ddddddd"), diff("mm/new.c", "ccccccc", "eeeeeee")),
        patch(3, diff("mm/b.c", "1111111", "2222222")),
    ]
    assert preimages(patches) == {"mm/a.c": "aaaaaaa", "mm/b.c": "1111111"}


def test_a_renamed_file_is_looked_for_under_its_old_name() -> None:
    renamed = (
        "diff --git a/mm/old.c b/mm/new.c\nsimilarity index 90%\nrename from mm/old.c\nrename to mm/new.c\n"
        "index 1234567..89abcde 100644\n--- a/mm/old.c\n+++ b/mm/new.c\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert preimages([patch(1, renamed), patch(2, diff("mm/new.c", "89abcde", "0000001"))]) == {"mm/old.c": "1234567"}


@pytest.mark.parametrize(
    ("there", "match", "exact"),
    [
        ({"a": "1234567" + "0" * 33, "b": "89abcde" + "0" * 33}, Match(2, 2), True),
        ({"a": "1234567" + "0" * 33, "b": "f" * 40}, Match(1, 2), False),
        ({}, Match(0, 2), False),
    ],
)
def test_blobs_are_compared_by_what_is_known_of_them(there: Mapping[str, str], match: Match, *, exact: bool) -> None:
    compared = matched({"a": "1234567", "b": "89abcde"}, there)
    assert (compared, compared.exact) == (match, exact)


def test_a_series_of_new_files_matches_nothing_exactly() -> None:
    assert not matched({}, {}).exact
