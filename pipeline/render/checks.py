"""The section of the text report on checks of patches."""

from __future__ import annotations

from pipeline.assess.checks import CheckRow, check_rows, patch_findings
from pipeline.record import RunRecord
from pipeline.render.measured import Block, first
from pipeline.render.page import Page

FINDINGS_SHOWN = 5
"""Of a patch."""
PATCHES_SHOWN = 40


def check_matrix(record: RunRecord, page: Page) -> list[str]:
    """Checks by patches; where that is wider than the page, checks with the number of patches by word."""
    rows = check_rows(record)
    patches = list(dict.fromkeys(row.patch for row in rows))
    checks = list(dict.fromkeys(row.check for row in rows))
    words: dict[tuple[str, int], str] = {}
    for row in rows:
        # Where trees differ, the worst result is shown here, and the trees are named below.
        known = words.get((row.check, row.patch), "·")
        words[row.check, row.patch] = max(known, _sign(row), key=_weight)
    # A check that has nothing to look at in any patch needs no line.
    checks = [check for check in checks if any(words.get((check, patch), "·") != "·" for patch in patches)]
    table = [("", *(f"p{patch}" for patch in patches))]
    table += [(check, *(words.get((check, patch), "·") for patch in patches)) for check in checks]
    if page.fits(table, gap=1):
        return page.table(table, gap=1)
    counted = [("", "ok", "findings", "not checked")]
    for check in checks:
        signs = [words.get((check, patch), "·") for patch in patches]
        kinds = (signs.count("ok"), sum(sign.isdigit() or sign == "FAIL" for sign in signs), signs.count("?"))
        counted.append((check, str(kinds[0]), str(kinds[1]), str(kinds[2])))
    return page.table(counted, right={1, 2, 3})


def check_blocks(record: RunRecord) -> list[Block]:
    by_patch = patch_findings(record)
    blocks = [Block(title, notes=first(lines, FINDINGS_SHOWN)) for title, lines in by_patch[:PATCHES_SHOWN]]
    more = len(by_patch) - PATCHES_SHOWN
    return [*blocks, *([Block(f"And {more} more patches with findings, in run.json")] if more > 0 else [])]


def _sign(row: CheckRow) -> str:
    if row.word in ("ok", "-"):
        return {"-": "·"}.get(row.word, row.word)
    if row.word == "PROBLEM":
        return "FAIL"
    return str(len(row.findings)) if row.findings else "?"


def _weight(sign: str) -> tuple[int, int]:
    return {"·": 0, "ok": 1, "?": 2, "FAIL": 4}.get(sign, 3), int(sign) if sign.isdigit() else 0
