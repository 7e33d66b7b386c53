"""Facts that a tree's source shows of the vmemmap's deduplication: pure, from the text of the files that decide it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DOCUMENT = "Documentation/mm/vmemmap_dedup.rst"
REFERENCES = (
    "Documentation/admin-guide/mm/hugetlbpage.rst",
    "Documentation/admin-guide/kernel-parameters.txt",
    "Documentation/admin-guide/sysctl/vm.rst",
    "Documentation/arch/powerpc/vmemmap_dedup.rst",
    "Documentation/mm/memory-model.rst",
)
"""Documents that another one may refer to, where the tree has them."""

_HVO = "mm/hugetlb_vmemmap.c"
_HVO_HEADER = "mm/hugetlb_vmemmap.h"
_PAGE_FLAGS = "include/linux/page-flags.h"
_POPULATE = "mm/sparse-vmemmap.c"
_MASK = r"compound_info_[a-z]{1,10}_mask"
"""The function that decides whether tails hold a mask; its name is not the same in all trees."""
_LONGEST_BODY = 2000
_MASK_BODY = f"{_PAGE_FLAGS}:body"
"""Not a file: what that function does."""
_EVIDENCE = {
    "hvo": ("fs/Kconfig", r"^config HUGETLB_PAGE_OPTIMIZE_VMEMMAP$"),
    "hvo_needs_vmemmap": (
        "fs/Kconfig",
        r"^config HUGETLB_PAGE_OPTIMIZE_VMEMMAP\n(?:[ \t]+.*\n)*?[ \t]+depends on SPARSEMEM_VMEMMAP$",
    ),
    "hvo_needs_architecture": (
        "fs/Kconfig",
        r"^config HUGETLB_PAGE_OPTIMIZE_VMEMMAP\n(?:[ \t]+.*\n)*?[ \t]+depends on (ARCH_WANT_[A-Z_]{1,60})$",
    ),
    "default_on": ("fs/Kconfig", r"^config HUGETLB_PAGE_OPTIMIZE_VMEMMAP_DEFAULT_ON$"),
    "boot_parameter": (_HVO, r"\bhugetlb_free_vmemmap\b"),
    "sysctl": (_HVO, r"\.procname\s*=\s*\"hugetlb_optimize_vmemmap\""),
    "one_page_kept": (_HVO_HEADER, r"#define HUGETLB_VMEMMAP_RESERVE_SIZE\s+PAGE_SIZE$"),
    "hvo_needs_power_of_two": (_HVO_HEADER, r"is_power_of_2\(sizeof\(struct page\)\)"),
    "hvo_needs_mask": (_HVO_HEADER, rf"\b{_MASK}\(\)"),
    "restored": (_HVO, r"\b(hugetlb_vmemmap_restore(?:_folio)?)\("),
    "restoring_can_fail": (_HVO, r"\balloc_vmemmap_page_list\b[^;]{0,500}?\)\)?\s*return -ENOMEM;"),
    "mapped_read_only": (_HVO, r"\bPAGE_KERNEL_RO\b"),
    "self_hosted_left_out": (_HVO, r"\bPageVmemmapSelfHosted\b"),
    "tail_of_zone": (_HVO, r"\bfolio_zonenum\b|\bpage_zonenum\b|\bzone->vmemmap_tails\b"),
    "mask": (_PAGE_FLAGS, rf"\b({_MASK})\(void\)"),
    "mask_needs_alignment": (_MASK_BODY, r"ARCH_HAS_ALIGNED_VMEMMAP"),
    "mask_needs_hvo": (_MASK_BODY, r"CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP"),
    "mask_needs_power_of_two": (_MASK_BODY, r"is_power_of_2\(sizeof\(struct page\)\)"),
    "fake_heads": (_PAGE_FLAGS, r"\bpage_fixed_fake_head\("),
    "dax_without_altmap": (f"include/linux/mm.h {_POPULATE}", r"!altmap\b"),
    "dax": (_POPULATE, r"\bvmemmap_populate_compound_pages\("),
    "dax_decided": (_POPULATE, r"\bvmemmap_can_optimize\("),
    "dax_tail_shared": (_POPULATE, r"\bdevmap_vmemmap_tail\("),
}
_SELECT = r"^[ \t]+select {option}(?:[ \t]+if[ \t]+(?P<condition>[A-Za-z0-9_ !&|()=]+))?$"
_ARCHITECTURE = re.compile(r"arch/([a-z0-9]+)/Kconfig")
_HUGETLB_HEADER = "include/linux/hugetlb.h"
FILES = (
    _HUGETLB_HEADER,
    *dict.fromkeys(path for paths, _ in _EVIDENCE.values() for path in paths.split() if path != _MASK_BODY),
)


@dataclass(frozen=True)
class Selected:
    """An architecture that selects an option, and the condition that it selects it on (empty: always)."""

    arch: str
    condition: str


@dataclass(frozen=True)
class VmemmapSource:
    """Facts that the source shows; whatever is false or empty must not be said of the tree.

    Args:
        shown: names of the facts that were found, those of `_EVIDENCE`.
        references: documents of `REFERENCES` that are there.
        hugetlb: architectures that allow the optimization for HugeTLB, by the option `allowed_by`.
        dax: the same for device DAX, by ARCH_WANT_OPTIMIZE_DAX_VMEMMAP.
        dax_kept: page frames of the vmemmap that device DAX keeps, the expression of VMEMMAP_RESERVE_NR.
        used_struct_pages: of a HugeTLB page, those that hold what is its own, __NR_USED_SUBPAGE.
        allowed_by: the option by which architectures allow the optimization for HugeTLB.
        mask_function: the function that says whether tails hold a mask.
        restore_function: the function that makes the vmemmap of a huge page whole again.
    """

    shown: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    hugetlb: tuple[Selected, ...] = ()
    dax: tuple[Selected, ...] = ()
    dax_kept: str = ""
    used_struct_pages: str = ""
    allowed_by: str = ""
    mask_function: str = ""
    restore_function: str = ""

    def shows(self, *facts: str) -> bool:
        """Whether every one of these facts was found.

        Raises:
            KeyError: there is no such fact, a slip in the caller.
        """
        return all(_EVIDENCE[fact] and fact in self.shown for fact in facts)


def wanted(paths: Iterable[str]) -> list[str]:
    """The files of a tree that `read` looks into."""
    return [path for path in paths if path in FILES or _ARCHITECTURE.fullmatch(path)]


def read(paths: Iterable[str], texts: Mapping[str, str]) -> VmemmapSource:
    """The facts that a tree shows.

    Args:
        paths: all of its files.
        texts: of the files that `wanted` names, by path.
    """
    kept = re.search(r"^#define VMEMMAP_RESERVE_NR\s+(\S.*)$", texts.get("include/linux/mm.h", ""), re.MULTILINE)
    used = re.search(r"^#define __NR_USED_SUBPAGE\s+(\d{1,3})$", texts.get(_HUGETLB_HEADER, ""), re.MULTILINE)
    texts = {**texts, _MASK_BODY: _mask_body(texts.get(_PAGE_FLAGS, ""))}
    matches = {fact: match for fact in _EVIDENCE if (match := _evidence(fact, texts))}
    named = {fact: match[1] for fact, match in matches.items() if match.re.groups}
    return VmemmapSource(
        frozenset(matches),
        frozenset(paths) & frozenset(REFERENCES),
        _selecting(named.get("hvo_needs_architecture", "ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP"), texts),
        _selecting("ARCH_WANT_OPTIMIZE_DAX_VMEMMAP", texts),
        kept[1].strip() if kept and re.fullmatch(r"[A-Za-z0-9_ ()?:]{1,60}", kept[1].strip()) else "",
        used[1] if used else "",
        *(named.get(fact, "") for fact in ("hvo_needs_architecture", "mask", "restored")),
    )


def _mask_body(text: str) -> str:
    """The function that decides whether tails hold a mask, from its brace to the next that closes."""
    match = re.search(rf"\b{_MASK}\(void\)\n\{{", text)
    return text[match.end() :][:_LONGEST_BODY].partition("}")[0] if match else ""


def _evidence(fact: str, texts: Mapping[str, str]) -> re.Match[str] | None:
    """Where one of the files shows a fact; a group of the match is the name that the tree has for it."""
    paths, pattern = _EVIDENCE[fact]
    match = (re.search(pattern, texts.get(path, ""), re.MULTILINE) for path in paths.split())
    return next(filter(None, match), None)


def _selecting(option: str, texts: Mapping[str, str]) -> tuple[Selected, ...]:
    all_selected = []
    for path, text in sorted(texts.items()):
        if arch := _ARCHITECTURE.fullmatch(path):
            lines = re.finditer(_SELECT.format(option=option), text, re.MULTILINE)
            all_selected += [Selected(arch[1], (line["condition"] or "").strip()) for line in lines]
    return tuple(all_selected)
