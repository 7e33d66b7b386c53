"""What a tree's source shows of the vmemmap's deduplication: pure, from the text of the files that decide it."""

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
_EVIDENCE = {
    "hvo": ("fs/Kconfig", r"^config HUGETLB_PAGE_OPTIMIZE_VMEMMAP$"),
    "hvo_needs_vmemmap": (
        "fs/Kconfig",
        r"^config HUGETLB_PAGE_OPTIMIZE_VMEMMAP\n(?:[ \t]+.*\n)*?[ \t]+depends on SPARSEMEM_VMEMMAP$",
    ),
    "hvo_needs_architecture": (
        "fs/Kconfig",
        r"^config HUGETLB_PAGE_OPTIMIZE_VMEMMAP\n(?:[ \t]+.*\n)*?[ \t]+depends on ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP$",
    ),
    "default_on": ("fs/Kconfig", r"^config HUGETLB_PAGE_OPTIMIZE_VMEMMAP_DEFAULT_ON$"),
    "boot_parameter": (_HVO, r"\bhugetlb_free_vmemmap\b"),
    "sysctl": (_HVO, r"\.procname\s*=\s*\"hugetlb_optimize_vmemmap\""),
    "one_page_kept": (_HVO_HEADER, r"#define HUGETLB_VMEMMAP_RESERVE_SIZE\s+PAGE_SIZE$"),
    "hvo_needs_power_of_two": (_HVO_HEADER, r"is_power_of_2\(sizeof\(struct page\)\)"),
    "hvo_needs_mask": (_HVO_HEADER, r"\bcompound_info_is_mask\(\)"),
    "restored": (_HVO, r"\bhugetlb_vmemmap_restore_folio\b"),
    "restoring_can_fail": (_HVO, r"\balloc_vmemmap_page_list\b[^;]{0,500}?\)\)?\s*return -ENOMEM;"),
    "mapped_read_only": (_HVO, r"\bPAGE_KERNEL_RO\b"),
    "self_hosted_left_out": (_HVO, r"\bPageVmemmapSelfHosted\b"),
    "tail_of_zone": (_HVO, r"\bfolio_zonenum\b|\bpage_zonenum\b"),
    "mask": ("include/linux/page-flags.h", r"\bcompound_info_is_mask\("),
    "mask_needs_alignment": (
        "include/linux/page-flags.h",
        r"compound_info_is_mask\(void\)\n\{[^}]{0,500}?ARCH_HAS_ALIGNED_VMEMMAP",
    ),
    "fake_heads": ("include/linux/page-flags.h", r"\bpage_fixed_fake_head\("),
    "dax_without_altmap": ("include/linux/mm.h", r"!altmap\b"),
    "dax": ("mm/sparse-vmemmap.c", r"\bvmemmap_can_optimize\("),
    "dax_tail_shared": ("mm/sparse-vmemmap.c", r"\bdevmap_vmemmap_tail\("),
}
_SELECT = r"^[ \t]+select {option}(?:[ \t]+if[ \t]+(?P<condition>[A-Za-z0-9_ !&|()=]+))?$"
_ARCHITECTURE = re.compile(r"arch/([a-z0-9]+)/Kconfig")
_HUGETLB_HEADER = "include/linux/hugetlb.h"
FILES = (_HUGETLB_HEADER, *dict.fromkeys(path for path, _ in _EVIDENCE.values()))


@dataclass(frozen=True)
class Selected:
    """An architecture that selects an option, and the condition that it selects it on (empty: always)."""

    arch: str
    condition: str


@dataclass(frozen=True)
class VmemmapSource:
    """What the source shows; whatever is false or empty must not be said of the tree.

    Args:
        shown: names of the facts that were found, those of `_EVIDENCE`.
        references: documents of `REFERENCES` that are there.
        hugetlb: architectures that allow the optimization for HugeTLB, by ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP.
        dax: the same for device DAX, by ARCH_WANT_OPTIMIZE_DAX_VMEMMAP.
        dax_kept: page frames of the vmemmap that device DAX keeps, the expression of VMEMMAP_RESERVE_NR.
        used_struct_pages: of a HugeTLB page, those that hold what is its own, __NR_USED_SUBPAGE.
    """

    shown: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    hugetlb: tuple[Selected, ...] = ()
    dax: tuple[Selected, ...] = ()
    dax_kept: str = ""
    used_struct_pages: str = ""

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
    """What a tree shows.

    Args:
        paths: all of its files.
        texts: of the files that `wanted` names, by path.
    """
    kept = re.search(r"^#define VMEMMAP_RESERVE_NR\s+(\S.*)$", texts.get("include/linux/mm.h", ""), re.MULTILINE)
    used = re.search(r"^#define __NR_USED_SUBPAGE\s+(\d{1,3})$", texts.get(_HUGETLB_HEADER, ""), re.MULTILINE)
    return VmemmapSource(
        frozenset(
            fact
            for fact, (path, evidence) in _EVIDENCE.items()
            if re.search(evidence, texts.get(path, ""), re.MULTILINE)
        ),
        frozenset(paths) & frozenset(REFERENCES),
        _selecting("ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP", texts),
        _selecting("ARCH_WANT_OPTIMIZE_DAX_VMEMMAP", texts),
        kept[1].strip() if kept and re.fullmatch(r"[A-Za-z0-9_ ()?:]{1,60}", kept[1].strip()) else "",
        used[1] if used else "",
    )


def _selecting(option: str, texts: Mapping[str, str]) -> tuple[Selected, ...]:
    found = []
    for path, text in sorted(texts.items()):
        if arch := _ARCHITECTURE.fullmatch(path):
            lines = re.finditer(_SELECT.format(option=option), text, re.MULTILINE)
            found += [Selected(arch[1], (line["condition"] or "").strip()) for line in lines]
    return tuple(found)
