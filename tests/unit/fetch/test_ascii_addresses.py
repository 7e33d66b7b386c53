"""Addresses beyond ASCII on their way to b4 and back: pipeline.fetch.ascii_addresses."""

from __future__ import annotations

import pytest

from pipeline.fetch.ascii_addresses import as_written, has_wide_address, in_ascii
from tests.support.clock import at_most

TEXTS = [
    "Signed-off-by: Jörg <jorg@Björn.example>",
    'Cc: jörg@björn.example, "Åsa" <åsa@x.example>',
    "Acked-by: Ö <ö..ö@.>",
    f"To: <a@{'ö' * 70}.example>",
]


@pytest.mark.parametrize("text", TEXTS)
def test_addresses_come_back_as_they_were_written(text: str) -> None:
    raw = text.encode()
    assert has_wide_address(raw)
    (plain,), written = in_ascii([raw])
    assert not has_wide_address(plain)
    assert as_written(plain, written) == raw


def test_a_domain_is_what_headers_have_for_it() -> None:
    (plain,), _ = in_ascii(["<bjorn@Rombobjörn.se>".encode()])
    assert plain == b"<bjorn@xn--rombobjrn-67a.se>"


@pytest.mark.parametrize("text", ["Jörg <j@example.org>", "plain <a@b.example>", "ö @ ö", ""])
def test_names_and_words_stay(text: str) -> None:
    assert not has_wide_address(text.encode())
    assert in_ascii([text.encode()]) == ([text.encode()], {})


def test_bytes_that_are_no_text_have_a_form_too() -> None:
    (plain,), written = in_ascii([b"<a\xff@b\xfe.example>"])
    assert plain.isascii()
    assert as_written(plain, written) == b"<a\xff@b\xfe.example>"


def test_long_words_take_linear_time() -> None:
    with at_most(2):
        has_wide_address(("ö" * 8_000_000).encode())
        in_ascii(["".join(f"ö{at}@ö " for at in range(200_000)).encode()])
