"""One Message-ID is one mail."""

from __future__ import annotations

import pytest

from pipeline.mail import copies
from tests.unit.mails import DIFF, mail


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
    assert copies.told_apart(mails) == copies.told_apart(mails[::-1]) == wanted
