"""One Message-ID is one mail."""

from __future__ import annotations

import pytest

from pipeline.mail import copies
from pipeline.mail.message import parse
from tests.support.mails import DIFF, mail, raw


@pytest.mark.parametrize(
    ("copy", "same"),
    [
        (DIFF, True),
        (DIFF + "____\nA mailing list\n", True),
        (DIFF.replace("\n", "\n\n"), True),
        (DIFF.replace("+new", "+newer"), False),
        (DIFF + DIFF.partition("\n\n")[2].replace("util", "page"), False),
        (DIFF + "@@ -9 +9 @@\n-a\n+b\n", False),
        (DIFF + "Reviewed-by: B <b@x>\n", False),
        ("", False),
    ],
)
def test_one_message_id_is_one_mail_but_for_a_footer(copy: str, same: bool) -> None:
    mails = [mail("[PATCH 1/2] a", DIFF, "1"), mail("[PATCH 2/2] b", DIFF + "b", "2"), mail("[PATCH 1/2] a", copy, "1")]
    wanted = frozenset() if same else {"1@example.org"}
    assert copies.ids_of_different_mails(mails) == copies.ids_of_different_mails(mails[::-1]) == wanted


FOOTER = "_______________________________________________\n{0} mailing list\n{0}@lists.example.org\n"


def test_footers_of_two_lists_make_no_two_mails() -> None:
    mails = [mail("[PATCH] a", DIFF + FOOTER.format(name), "1") for name in ("mm", "net")]
    assert copies.ids_of_different_mails(mails) == frozenset()
    mails = [mail("[PATCH] a", DIFF + line, "1") for line in (" one more\n", " another\n")]
    assert copies.ids_of_different_mails(mails) == {"1@example.org"}


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        ({"list_id": "<linux-mm.kvack.org>"}, {"list_id": "A list <linux-mm.vger.kernel.org>"}, 1),
        ({"list_id": "<x.linux.dev>"}, {"list_id": "<linux-mm.vger.kernel.org>"}, 0),
        ({"list_id": "<a.example.org>", "subject": "[mm] [PATCH] a"}, {"list_id": "<b.example.org>"}, 1),
        ({"list_id": "<a.example.org>", "body": DIFF + FOOTER}, {"list_id": "<b.example.org>"}, 1),
        ({}, {"dkim_signature": "v=1; d=example.org"}, 1),
        ({}, {}, 0),
    ],
    ids=["a list of kernel.org", "the order of lists", "no tag in the subject", "no footer", "signed", "the first"],
)
def test_of_copies_the_one_that_was_changed_least_is_taken(
    first: dict[str, str], second: dict[str, str], taken: int
) -> None:
    mails = [
        parse(raw(copy.pop("subject", "[PATCH] a"), copy.pop("body", DIFF), "1", **copy))
        for copy in (dict(first), dict(second))
    ]
    assert copies.distinct(mails) == [mails[taken]]


def test_mails_without_an_id_and_different_ones_of_an_id_stay() -> None:
    bare = parse(b"Subject: x\n\nHello.\n")
    mails = [bare, bare, mail("[PATCH] a", DIFF, "1"), mail("[PATCH] a", DIFF.replace("new", "newer"), "1")]
    assert copies.distinct(mails) == mails
