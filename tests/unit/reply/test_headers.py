"""Recipients of a reply: pipeline.reply.headers."""

from __future__ import annotations

import pytest

from pipeline.reply.headers import addresses


@pytest.mark.parametrize(
    ("mailbox", "expected"),
    [
        ("Jörg <jorg@Björn.example>", ["jorg@xn--bjrn-6qa.example"]),
        ("jorg@björn.example", ["jorg@xn--bjrn-6qa.example"]),
        ("Jörg <jörg@example.org>", []),
        ("X <x@ö..example>", []),
        (f"X <x@{'ö' * 80}.example>", []),
    ],
)
def test_a_domain_beyond_ascii_is_written_as_servers_take_it(mailbox: str, expected: list[str]) -> None:
    """Seen red: the author of a series was nobody that one could answer."""
    assert [address.addr_spec for address in addresses([mailbox])] == expected


def test_both_forms_of_a_domain_are_one_recipient() -> None:
    assert len(addresses(["J <j@björn.example>", "J <j@xn--bjrn-6qa.example>"])) == 1
