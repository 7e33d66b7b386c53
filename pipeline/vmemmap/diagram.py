"""Draws in characters how the vmemmap pages of one huge page are mapped to page frames."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pipeline.vmemmap.memmap import Memmap, Tails

MOST_ROWS = 10
"""Rows of a drawing. Where there are more vmemmap pages, the first ones and the last one are drawn."""

_LEFT, _RIGHT, _WIDE = 36, 22, 14
"""Width of the left boxes, of the right boxes, and of the space between them, in characters."""


def before(memmap: Memmap) -> list[str]:
    """Draw the state without the optimization: each vmemmap page is mapped to a page frame of its own."""
    pages = _drawn(memmap.vmemmap_pages, 1)
    return _draw(memmap, pages, [page for page in pages if page is not None], [])


def after(memmap: Memmap) -> list[str]:
    """Draw what the boot saw: page frames that are kept, and the one that all other vmemmap pages are mapped to."""
    kept = memmap.kept or 0
    pages = _drawn(memmap.vmemmap_pages, kept)
    rest = [at for at, page in enumerate(pages) if page is None or page >= kept]
    return _draw(memmap, pages, list(range(kept)), rest)


def _drawn(pages: int, kept: int) -> list[int | None]:
    """Numbers of the vmemmap pages that are drawn; None stands for a gap."""
    if pages <= MOST_ROWS:
        return list(range(pages))
    return [*range(kept + 2), None, pages - 1]


def _draw(memmap: Memmap, pages: list[int | None], frames: Collection[int], joined: Sequence[int]) -> list[str]:
    """The lines of the drawing.

    Args:
        pages: the number of the vmemmap page in each row; None for a gap.
        frames: numbers of the vmemmap pages that have a page frame of their own.
        joined: indexes of the rows that share one page frame.
    """
    rail = f"+{'-' * (_LEFT - 2)}+"
    box = f"+{'-' * (_RIGHT - 2)}+"
    per_page = memmap.page_size // memmap.struct_page
    shared = memmap.tails is Tails.SHARED and bool(joined)
    # The line that joins them ends at a frame of its own, or at the last frame that is kept.
    rows = [*joined] if shared or not joined else [joined[0] - 1, *joined]
    target = rows[len(rows) // 2 if shared else 0] if rows else -1
    left: list[str] = [rail]
    right: dict[int, str] = {}
    for at, page in enumerate(pages):
        line = 2 * at + 1
        left += [f"| {_label(page, per_page, memmap.base_pages):<{_LEFT - 4}} |", rail]
        if page is not None and page in frames:
            right |= {line - 1: box, line: f"|{f'page frame {page}':^{_RIGHT - 2}}|", line + 1: box}
        if at == target and shared:
            right |= {line - 1: box, line: f"|{'shared tail page':^{_RIGHT - 2}}|", line + 1: box}
    lines = []
    span = range(2 * rows[0] + 1, 2 * rows[-1] + 2) if rows else range(0)
    for number, words in enumerate(left):
        at, is_row = divmod(number, 2)
        page = pages[at] if is_row else None
        link = " " * _WIDE
        if is_row and at in rows:
            link = " -----+" + ("----->" if at == target else "")
        elif is_row and page is not None and page in frames:
            link = f" {'-' * (_WIDE - 3)}>"
        elif number in span:
            link = "      |"
        lines.append(f"{words}{link:<{_WIDE}}{right.get(number, '')}".rstrip())
    title = f"{'vmemmap':^{_LEFT}}{'':{_WIDE}}{'page frames':^{_RIGHT}}".rstrip()
    return [title, *lines]


def _label(page: int | None, per_page: int, base_pages: int) -> str:
    if page is None:
        return "     ..."
    last = min((page + 1) * per_page, base_pages) - 1
    return f"{page:4}: struct page {page * per_page}-{last}"
