"""Text out of bytes: in the charset that a mail says, unless the bytes show that it is wrong.

Many mails say another charset than they are in, and replacing what does not fit (U+FFFD) would leave that in a commit
for ever. UTF-8 that is longer than ASCII is hardly ever anything else by accident; where it is none, a byte is read as
windows-1252, which is ISO-8859-1 with letters instead of control characters (WHATWG, Encoding Standard, 4.2), as
git-mailinfo(1) and git-commit(1) read it as ISO-8859-1.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
_NO_CHARSETS = ("idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape", "unicode-escape")
"""Python's own codecs, which mail does not know; some take quadratic time."""
_WESTERN = ("", "ascii", "utf-8", "iso8859-1", "cp1252")
"""Charsets that are said of any text, the empty name for one that is not known."""
_WHOLE = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
}
"""Charsets by the name of a part of them that mails say instead."""
_OR_WESTERN = "utf-8-or-windows-1252"
_C1 = {byte: character for byte in range(0x80, 0xA0) if (character := bytes([byte]).decode("cp1252", "ignore"))}
"""The letters that windows-1252 has where ISO-8859-1 has control characters."""
_MOST_STRAY = 20_000
"""Bytes of a text in UTF-8 that are none; with more of them it is in another charset."""


@dataclass(frozen=True)
class Decoded:
    """Text, and how it was read.

    Args:
        remark: how that differs from what was said of it, in words; empty where it does not.
        whole: no character was replaced.
        mixed: the bytes are of no single charset.
    """

    text: str
    remark: str = ""
    whole: bool = True
    mixed: bool = False


def _as_western(error: UnicodeError) -> tuple[str, int]:
    """Decode the bytes that are no UTF-8 as windows-1252, for codecs.register_error()."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _western(error.object[error.start : error.end]), error.end


def _western(content: bytes) -> str:
    """Text of windows-1252; the five bytes that it leaves out are those of ISO-8859-1."""
    return content.decode("latin-1").translate(_C1)


codecs.register_error(_OR_WESTERN, _as_western)


def decoded(content: bytes, charset: str) -> Decoded:
    """The text of `content`, of which a mail says that it is in `charset`.

    Raises:
        ValueError: half of a surrogate pair, which UTF-7 can spell and no other encoding can write.
    """
    name = _known(charset)
    if content.isascii() and name in _WESTERN:
        return Decoded(content.decode("ascii"))
    single = name in _WESTERN or name.startswith(("iso8859", "cp125", "koi8"))
    if single and (text := _strictly(content, "utf-8")) is not None:
        return Decoded(text, "" if name == "utf-8" or not charset else _charset_remark(charset, "it is UTF-8"))
    # ASCII in UTF-16 and UTF-32 is full of NUL, and a patch is full of ASCII.
    wide = name.startswith(("utf-16", "utf-32")) and b"\0" not in content
    if wide and (text := _strictly(content, "utf-8")) is not None:
        return Decoded(text, _charset_remark(charset, "it is UTF-8"))
    if name in ("iso8859-1", "cp1252"):
        return Decoded(_western(content))
    if name in _WESTERN:
        stray = len(content) - len(content.decode("utf-8", "ignore").encode())
        text = content.decode("utf-8", _OR_WESTERN) if stray <= _MOST_STRAY else _western(content)
        return Decoded(text, _charset_remark(charset, "bytes of it are read as windows-1252"), mixed=True)
    for other in dict.fromkeys((name, _WHOLE.get(name, name), "utf-8")):
        if (text := _strictly(content, other)) is not None:
            return Decoded(text, _charset_remark(charset, "it is UTF-8") if other == "utf-8" else "")
    text = content.decode(name, "replace")
    if _HALF_PAIR.search(text):
        raise ValueError("half of a surrogate pair")
    return Decoded(text, _charset_remark(charset, "it is not"), whole=False)


def in_charset(content: bytes, charset: str) -> str:
    """The text alone, for what is only shown."""
    return decoded(content, charset).text


def _known(charset: str) -> str:
    """Python's name of a charset, or nothing where it is none."""
    try:
        name = codecs.lookup(charset).name
        b"".decode(name)
    except (LookupError, ValueError):
        return ""
    return "" if name in _NO_CHARSETS else name


def _strictly(content: bytes, charset: str) -> str | None:
    try:
        text = content.decode(charset)
    except (UnicodeError, LookupError):
        return None
    if not text.isascii() and _HALF_PAIR.search(text):
        raise ValueError("half of a surrogate pair")
    return text


def _charset_remark(charset: str, what: str) -> str:
    return f"its text is said to be {charset or 'of no charset'}, and {what}"
