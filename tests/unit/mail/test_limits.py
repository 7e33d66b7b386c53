"""What a large mailbox gets more than a small one."""

from __future__ import annotations

import pytest

from pipeline.mail.limits import COUNT_LIMIT, more_seconds


@pytest.mark.parametrize(("messages", "seconds"), [(0, 0), (200, 0), (300, 2), (800, 12), (COUNT_LIMIT, 12)])
def test_a_large_mailbox_gets_more_seconds_up_to_a_limit(messages: int, seconds: float) -> None:
    assert more_seconds(messages) == pytest.approx(seconds)
