"""The content of Documentation/mm/vmemmap_dedup.rst: tables and sentences on measurements. The template lays out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment

from pipeline.assess.before_after import last_memmap, last_struct_page
from pipeline.record import CellRecord, RunRecord, TreeRecord
from pipeline.render.page import templates
from pipeline.system.text import count
from pipeline.vmemmap import diagram
from pipeline.vmemmap.memmap import Kind, Memmap, Tails, memmaps
from pipeline.vmemmap.rst import escaped, literal, paragraph, table
from pipeline.vmemmap.source import Selected, VmemmapSource

UNMEASURED = "not\nmeasured"
"""In a table, where columns are scarce."""
_TAILS = {
    Tails.OWN: "no",
    Tails.FAKE_HEADS: "to head page",
    Tails.SHARED: "to shared page",
    Tails.REPEATED: "to tail page",
}


@dataclass(frozen=True)
class Example:
    """One huge page in words and drawings."""

    arch: str
    huge_page: str
    base_pages: int
    struct_page: int
    vmemmap_pages: int
    before: Sequence[str]
    after: Sequence[str]
    kept: str
    freed: str
    read_only: str
    shared: str
    heads: str


@dataclass(frozen=True)
class View:
    """The values of the template; tables are text, and empty where there is nothing to say.

    Args:
        tree: version of the tree, escaped.
        patches: how many are applied, in words; empty for none.
        rows: whether any boot tells of the memmap.
    """

    tree: str
    patches: str
    rows: bool
    formulas: Sequence[str]
    sizes: str
    unmeasured: bool
    example: Example | None
    heads: Sequence[str]
    savings: str
    shared: str
    several_on_a_node: bool
    announced: Sequence[str]
    dax: Example | None
    architectures: str
    seen: str


def render_document(record: RunRecord, tree: TreeRecord, source: VmemmapSource) -> str:
    """The document for one tree of a run, as it is after the last patch that was built.

    Args:
        tree: of the run.
        source: what the tree's own files show after the series.
    """
    cells = [cell for cell in record.cells if cell.tree == tree.name]
    text = _templates().get_template("vmemmap_dedup.rst.j2").render(view=_view(tree, cells, source), source=source)
    return text.rstrip("\n") + "\n"


@cache
def _templates() -> Environment:
    jinja = templates()
    jinja.filters["fill"] = paragraph
    return jinja


def _view(tree: TreeRecord, cells: Sequence[CellRecord], source: VmemmapSource) -> View:
    last = max((state.patch for cell in cells for state in cell.states), default=0)
    all_memmaps = [memmap for memmap in memmaps(cells) if memmap.patch == last]
    hugetlb = [memmap for memmap in all_memmaps if memmap.kind is Kind.HUGETLB]
    optimized = [memmap for memmap in hugetlb if memmap.freed is not None]
    dax = [memmap for memmap in all_memmaps if memmap.kind is Kind.DEVICE_DAX and memmap.kept is not None]
    sizes = _sizes(cells, all_memmaps)
    return View(
        escaped(tree.version),
        count(last, "patch") if last else "",
        bool(all_memmaps),
        list(dict.fromkeys(_formula(memmap) for memmap in all_memmaps if _exact(memmap))),
        table(("arch", "vmemmap", "struct\npage", "base\npage", "huge page", "memmap\npages"), sizes),
        any(UNMEASURED in row for row in sizes),
        _example(min(optimized, key=lambda memmap: memmap.vmemmap_pages)) if optimized else None,
        _heads(hugetlb),
        table(("arch", "huge page", "vmemmap\npages", "kept", "freed", "others\nare"), _savings(optimized)),
        table(
            ("arch", "huge page", "HugeTLB\npages", "nodes", "shared\nframes", "most on\na node"),
            _unique(_shared_row(memmap) for memmap in optimized if memmap.tails is Tails.SHARED),
        ),
        any((memmap.shared_per_node or 0) > 1 for memmap in optimized),
        _announced(hugetlb),
        _example(dax[0]) if dax else None,
        table(("arch", "HugeTLB", "device DAX"), _architectures(source)),
        table(
            ("arch", "struct\npage", "huge page", "tails\nhold", "tails\nremapped", "heads"),
            _unique(_seen_row(memmap) for memmap in all_memmaps),
        ),
    )


def _unique(rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(rows))


def _size(number: int) -> str:
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if number >= 1 << shift and number % (1 << shift) == 0:
            return f"{number >> shift} {unit}"
    return f"{number} bytes"


def _exact(memmap: Memmap) -> bool:
    return memmap.base_pages * memmap.struct_page % memmap.page_size == 0


def _formula(memmap: Memmap) -> str:
    huge, base = _size(memmap.huge_page), _size(memmap.page_size)
    return f"({huge} / {base}) * {memmap.struct_page} bytes / {base} = {memmap.vmemmap_pages}"


def _sizes(cells: Iterable[CellRecord], all_memmaps: Sequence[Memmap]) -> list[tuple[str, ...]]:
    """Kinds of kernels that were built, with each size of huge page that was seen in it."""
    rows = []
    for cell in cells:
        if (page := last_struct_page(cell)) is None:
            continue
        kernel = (
            literal(cell.arch),
            {True: "yes", False: "no", None: UNMEASURED}[last_memmap(cell)],
            f"{page.size} bytes",
        )
        seen = [memmap for memmap in all_memmaps if memmap.cell == cell.id]
        rows += [
            (*kernel, _size(memmap.page_size), _size(memmap.huge_page), str(memmap.vmemmap_pages)) for memmap in seen
        ]
        rows += [] if seen else [(*kernel, UNMEASURED, UNMEASURED, UNMEASURED)]
    known = {row[:3] for row in rows if UNMEASURED not in row[3:]}
    return _unique(row for row in rows if UNMEASURED not in row[3:] or row[:3] not in known)


def _example(memmap: Memmap) -> Example:
    heads = "One ``struct page`` of each huge page has ``PG_head``." if memmap.heads_per_page == 1 else ""
    return Example(
        literal(memmap.arch),
        _size(memmap.huge_page),
        memmap.base_pages,
        memmap.struct_page,
        memmap.vmemmap_pages,
        diagram.before(memmap),
        diagram.after(memmap),
        count(memmap.kept or 0, "page frame"),
        count(memmap.freed or 0, "page frame"),
        _read_only(memmap),
        f"The {count(memmap.pages, 'huge page')} that were looked at share "
        f"{count(memmap.shared, 'page frame')} beside these."
        if memmap.shared
        else "",
        heads,
    )


def _read_only(memmap: Memmap) -> str:
    """`all` of the vmemmap pages behind those that are kept, `none`, or empty where it is neither."""
    remapped = (memmap.vmemmap_pages - (memmap.kept or 0)) * memmap.pages
    return {remapped: "all", 0: "none"}.get(-1 if memmap.read_only is None else memmap.read_only, "")


def _heads(hugetlb: Sequence[Memmap]) -> list[str]:
    """How many struct pages of a huge page have PG_head where HVO is in use, and what that makes of them."""
    kernels: dict[tuple[Tails, int], dict[str, None]] = {}
    for memmap in hugetlb:
        if memmap.deduplicated and memmap.heads_per_page:
            huge_page = f"{_size(memmap.huge_page)} on {literal(memmap.arch)}"
            kernels.setdefault((memmap.tails, memmap.heads_per_page), {})[huge_page] = None
    return [
        f"With HVO in use {heads} ``struct page`` of a huge page {'has' if heads == 1 else 'have'} ``PG_head`` set, "
        f"{_what_of_heads(tails, heads)}. This was seen with huge pages of {', '.join(seen)}."
        for (tails, heads), seen in kernels.items()
    ]


def _what_of_heads(tails: Tails, heads: int) -> str:
    if tails is Tails.FAKE_HEADS:
        return f"the real head and {count(heads - 1, 'fake head')}"
    return "the head: there are no fake heads" if heads == 1 else "and its tails are not mapped to the head's page"


def _savings(optimized: Iterable[Memmap]) -> list[tuple[str, ...]]:
    return _unique(
        (
            literal(memmap.arch),
            _size(memmap.huge_page),
            str(memmap.vmemmap_pages),
            str(memmap.kept),
            f"{memmap.freed} ({_size((memmap.freed or 0) * memmap.page_size)})",
            {"all": "read-only", "none": "writable"}.get(_read_only(memmap), "some read-only"),
        )
        for memmap in optimized
    )


def _shared_row(memmap: Memmap) -> tuple[str, ...]:
    known = (memmap.nodes, memmap.shared, memmap.shared_per_node)
    return (
        literal(memmap.arch),
        _size(memmap.huge_page),
        str(memmap.pages),
        *(str(n) if n else UNMEASURED for n in known),
    )


def _announced(hugetlb: Iterable[Memmap]) -> list[str]:
    """The savings that the kernel announces, beside those that free memory shows."""
    return list(
        dict.fromkeys(
            f"On {literal(memmap.arch)} the kernel announces {memmap.announced_kb} KiB for a huge page of "
            f"{_size(memmap.huge_page)}, and {memmap.saved_kb} KiB less were taken from free memory for each."
            for memmap in hugetlb
            if memmap.announced_kb and memmap.saved_kb is not None
        )
    )


def _seen_row(memmap: Memmap) -> tuple[str, ...]:
    return (
        literal(memmap.arch),
        str(memmap.struct_page),
        f"{_size(memmap.huge_page)}{', DAX' if memmap.kind is Kind.DEVICE_DAX else ''}",
        memmap.encoding or UNMEASURED,
        _TAILS[memmap.tails],
        str(memmap.heads_per_page or UNMEASURED),
    )


def _architectures(source: VmemmapSource) -> list[tuple[str, ...]]:
    names = sorted({selected.arch for selected in (*source.hugetlb, *source.dax)})
    # In older trees, no option of an architecture says whether it allows device DAX.
    asked = bool(source.dax) or not source.shows("dax")
    return [
        (literal(name), _condition(source.hugetlb, name), _condition(source.dax, name) if asked else "not asked")
        for name in names
    ]


def _condition(selected: Sequence[Selected], arch: str) -> str:
    conditions = [candidate.condition for candidate in selected if candidate.arch == arch]
    if not conditions:
        return "no"
    return " or ".join(map(literal, conditions)) if all(conditions) else "yes"
