"""Text out of bytes whose charset is said wrongly: as it was meant, or with a word that it is not whole."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.mail.charset import decoded

NAME = "Jürgen Großmann"
WRONG = [
    ("us-ascii", NAME.encode(), NAME, "it is UTF-8"),
    ("iso-8859-1", NAME.encode(), NAME, "it is UTF-8"),
    ("iso-8859-15", NAME.encode(), NAME, "it is UTF-8"),
    ("windows-1252", NAME.encode(), NAME, "it is UTF-8"),
    ("koi8-r", NAME.encode(), NAME, "it is UTF-8"),
    ("x-unknown", NAME.encode(), NAME, "it is UTF-8"),
    ("unknown-8bit", NAME.encode(), NAME, "it is UTF-8"),
    ("gb2312", "“Jürgen”".encode(), "“Jürgen”", "it is UTF-8"),
    ("utf-8", NAME.encode("latin-1"), NAME, "read as windows-1252"),
    ("us-ascii", NAME.encode("latin-1"), NAME, "read as windows-1252"),
    ("", NAME.encode("latin-1"), NAME, "read as windows-1252"),
    ("x-none", b"\x93quoted\x94", "“quoted”", "read as windows-1252"),
    ("utf-8", "é".encode() + b" \xe9", "é é", "read as windows-1252"),
]


@pytest.mark.parametrize(("charset", "content", "text", "remark"), WRONG)
def test_a_charset_that_is_wrong_is_seen_and_said(charset: str, content: bytes, text: str, remark: str) -> None:
    result = decoded(content, charset)
    assert (result.text, result.whole) == (text, True)
    assert result.remark.endswith(remark)
    assert charset in result.remark


RIGHT = [
    ("utf-8", NAME.encode(), NAME),
    ("", NAME.encode(), NAME),
    ("iso-8859-1", NAME.encode("latin-1"), NAME),
    ("iso-8859-2", "Łódź, żółw".encode("iso-8859-2"), "Łódź, żółw"),
    ("iso-8859-15", "5 €".encode("iso-8859-15"), "5 €"),
    ("koi8-r", "привет".encode("koi8-r"), "привет"),
    ("windows-1251", "привет".encode("cp1251"), "привет"),
    ("iso-2022-jp", "日本語".encode("iso-2022-jp"), "日本語"),
    ("gb2312", "字节".encode("gb2312"), "字节"),
    ("gb2312", "镕".encode("gbk"), "镕"),
    ("iso-8859-1", b"\x93quoted\x94 \x85", "“quoted” …"),
    ("iso-8859-1", b"\x81 \xe9", "\x81 é"),
]


@pytest.mark.parametrize(("charset", "content", "text"), RIGHT)
def test_a_charset_that_is_right_is_used(charset: str, content: bytes, text: str) -> None:
    """windows-1252 said to be ISO-8859-1 is what mail programs write: nothing is to be said of it."""
    result = decoded(content, charset)
    assert (result.text, result.remark, result.whole) == (text, "", True)


@pytest.mark.parametrize(("charset", "content"), [("iso-2022-jp", b"\x1b$B\xff\xff"), ("big5", b"\xff\xfe\x80")])
def test_what_cannot_be_read_is_said_to_be_replaced(charset: str, content: bytes) -> None:
    result = decoded(content, charset)
    assert not result.whole
    assert "\N{REPLACEMENT CHARACTER}" in result.text
    assert charset in result.remark


LATIN = st.text(string.ascii_letters + " äöüéèñß", min_size=1)


@given(LATIN, st.sampled_from(["us-ascii", "utf-8", "iso-8859-1", "windows-1252", "x-unknown", ""]))
def test_western_text_is_read_whatever_western_charset_is_said(text: str, charset: str) -> None:
    """Either as it was meant, in both encodings that it can be in, unless its bytes are UTF-8 by accident."""
    assert decoded(text.encode(), charset).text == text
    assert decoded(text.encode("cp1252"), charset).text == text


@given(st.binary(), st.sampled_from(["us-ascii", "utf-8", "iso-8859-1", "windows-1252", "x-unknown", ""]))
def test_no_byte_of_western_text_is_replaced_in_silence(content: bytes, charset: str) -> None:
    result = decoded(content, charset)
    assert result.text.count("\N{REPLACEMENT CHARACTER}") <= content.count("\N{REPLACEMENT CHARACTER}".encode())
    result.text.encode()


@pytest.mark.parametrize("charset", ["utf-16", "UTF-16LE"])
def test_utf_8_that_is_said_to_be_of_wider_characters_is_utf_8(charset: str) -> None:
    text = "größe, 16 bytes "
    read = decoded(text.encode(), charset)
    assert (read.text, read.remark) == (text, f"its text is said to be {charset}, and it is UTF-8")
    assert decoded(text.encode(charset), charset).text == text
