"""The words by which an author says that code does the same as before: "no functional change", "NFC", "NFCI".

NFC is also near-field communication, a NAND flash controller and a form of Unicode. It is the claim only where it
stands as one: as a sentence or in brackets of its own, or behind "is"; never where a letter speaks of another NFC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORDS = re.compile(
    r"\b(?:no|without(?:\s+any)?)\s+(?:(?:intended|visible|intentional)\s+)?"
    r"(?:functional|functionality|behaviou?ral|behaviou?r)\s+changes?\b|"
    r"^\W*(?:there\s+(?:is|are|should\s+be)\s+)?no\s+(?:intended\s+)?changes?\s+(?:in|to|of)\s+"
    r"(?:functionality|behaviou?r)\b",
    re.IGNORECASE,
)
_INTENDED = re.compile(r"(?<![\w/-])NFCI(?![\w/-])")
_AT_END = r"(?=\s*(?:[.!,;)\]]|$)|\s+(?:and|but|except|apart|besides|for|with|in|so|as|other|only|until|when|if|on)\b)"
_SHORT = re.compile(
    r"(?:^\s*|[.!?,;]\s+|(?<=\S) [\u2013\u2014-]+ |[(\[]\s*)(?P<alone>NFC)(?=\s*(?:[.!;)\]]|$))|"
    r"^\s*(?P<first>NFC)(?=,)|"
    rf"\b(?:is|are|be|as|an?|purely|strictly|mostly|should\s+be)\s+(?P<said>NFC){_AT_END}|"
    r"(?<![\w/-])(?P<named>NFC(?:\s+(?:intended|expected)\b|[ -](?:patch(?:es)?|change|changes|clean-?ups?|refactor\w*|"
    r"commits?|series)\b))"
)
_TAG = re.compile(r"\[[^\][]*\b(?P<tag>NFCI?)\b[^\][]*\]")
_OTHER = re.compile(
    r"\b(?i:near[- ]field|nand[- ]flash[- ]controllers?|normali[sz]ation[- ]form|bluetooth|wi-?fi|wlan|rfid|"
    r"smart ?cards?)\b|(?i:\bn\w+[- ]f\w+[- ]c\w*\s*\(NFC\))|"
    r"\b(?:[Tt]he|[Tt]his|[Aa]n?|[Yy]our|[Ee]ach|[Ee]very) NFC\b(?![ -](?:patch|change|clean|refactor|commit|series))|"
    r"\bNFC[ -](?i:chips?|controllers?|devices?|drivers?|tags?|readers?|core|subsystem|stack|targets?|support|hardware|"
    r"modules?|digital|sockets?|layer|protocols?|links?|hub|interface|registers?|block|ip|data|frames?|node|bus)\b|"
    r"^(?:\[[^\]]*\]\s*)*NFC: ",
    re.MULTILINE,
)
_OF_NFC = re.compile(r"(?:^|[/_-])nfc(?:[/_.-]|$)", re.IGNORECASE)


def means_another_nfc(texts: Iterable[str], files: Iterable[str]) -> bool:
    """Whether a series is about what is called NFC as well."""
    return any(map(_OTHER.search, texts)) or any(map(_OF_NFC.search, files))


def says_no_change(statement: str, *, other_nfc: bool = False) -> tuple[int, int] | None:
    """Where a statement says that nothing changes, in long words or short ones."""
    if match := _WORDS.search(statement) or _INTENDED.search(statement):
        return match.span()
    if not other_nfc and (match := _SHORT.search(statement)):
        return match.span(match.lastgroup or 0)
    return None


def is_tagged(subject: str, *, other_nfc: bool = False) -> bool:
    """Whether a tag of a subject says so: `[PATCH NFC 1/2]`."""
    return any(tag["tag"] == "NFCI" or not other_nfc for tag in _TAG.finditer(subject))
