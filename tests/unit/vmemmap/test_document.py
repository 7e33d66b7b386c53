"""The document on the vmemmap: what it says follows from record and source, and nothing else is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from docutils.core import publish_doctree
from docutils.nodes import Element, Node, raw, system_message

from pipeline.record import CellRecord, RunRecord, StructPageRecord
from pipeline.vmemmap import source as vmemmap
from pipeline.vmemmap.message import commit_message
from pipeline.vmemmap.rst import escaped, paragraph
from pipeline.vmemmap.source import Selected, VmemmapSource
from pipeline.vmemmap.text import render_document
from tests.support import memmaps, records
from tests.support.markup_payloads import PAYLOADS

EVERYTHING = VmemmapSource(
    frozenset(vmemmap._EVIDENCE),
    frozenset(vmemmap.REFERENCES),
    (Selected("riscv", ""), Selected("x86", "X86_64")),
    (Selected("x86", "X86_64"),),
    "2",
    "3",
    "ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP",
    "compound_info_is_mask",
    "hugetlb_vmemmap_restore_folio",
)


def strict(text: str) -> Node:
    """The document as docutils reads it, anything that it complains of raised; neither files nor raw text."""
    settings = {"report_level": 1, "halt_level": 1, "raw_enabled": False, "file_insertion_enabled": False}
    tree = publish_doctree(text, settings_overrides=settings | {"_disable_config": True})
    assert not [*tree.findall(system_message), *tree.findall(raw)]
    return tree


def rendered(*cells: CellRecord, source: VmemmapSource = EVERYTHING) -> str:
    record = records.run(cells=cells)
    text = render_document(record, record.trees[0], source)
    strict(text)
    assert [line for line in text.split("\n") if len(line) > 80] == []
    assert text.startswith(".. SPDX-License-Identifier: GPL-2.0\n\n=")
    assert not re.search(r"\n\n\n|[ \t]\n", text)
    return " ".join(text.split())


def test_sizes_are_those_after_the_last_patch() -> None:
    assert "| ``x86_64`` | no | 80 bytes |" in rendered(
        records.grown(
            states=tuple(
                records.state(patch, struct_page=StructPageRecord(size=size, power_of_two=size == 64), vmemmap=virtual)
                for patch, size, virtual in ((0, 64, True), (3, 80, False))
            )
        )
    )


def test_shared_tails_are_told_with_their_numbers() -> None:
    text = rendered(memmaps.cell(memmaps.boot(memmaps.SHARED), memmaps.boot(memmaps.DAX, "device-dax")))
    assert "(2 MiB / 4 KiB) * 64 bytes / 4 KiB = 8" in text
    assert "A huge page keeps 1 page frame, and 7 page frames can be used for other things." in text
    assert "With HVO in use 1 ``struct page`` of a huge page has ``PG_head`` set, the head: there are no fake" in text
    assert "| ``x86_64`` | 2 MiB | 8 | 1 | 7 (28 KiB) | read-only |" in text
    assert "| ``x86_64`` | 2 MiB | 64 | 1 | 1 | 1 |" in text
    assert "announces 28 KiB for a huge page of 2 MiB, and 28 KiB less were taken from free memory" in text
    assert "The 64 huge pages that were looked at share 1 page frame beside these." in text
    assert "not measured" not in text


def test_fake_heads_are_told() -> None:
    text = rendered(memmaps.cell(memmaps.boot(memmaps.FAKE)))
    assert "8 ``struct page`` of a huge page have ``PG_head`` set, the real head and 7 fake heads." in text
    assert "shared tail page |" not in text
    assert "The page frames that huge pages share" not in text


def test_what_was_not_booted_is_said_to_be_not_measured() -> None:
    text = rendered(records.cell())
    assert "What a huge page's vmemmap looks like with HVO was not measured" in text
    assert "What it saves ------------- This was not measured." in text
    assert "| ``x86_64`` | yes | 64 bytes | not | not | not | | | | | measured | measured | measured |" in text
    assert "page frame 0" not in text


def test_only_the_state_after_the_last_patch_is_described() -> None:
    text = rendered(memmaps.cell(memmaps.boot(memmaps.FAKE, patch=0), memmaps.boot(memmaps.SHARED)))
    assert "fake heads." in text
    assert "the real head and" not in text


def test_every_architecture_and_size_has_its_row() -> None:
    gigantic = memmaps.SHARED | {
        **{"huge-page-kb": 1 << 20, "huge-pages": 2, "raw-heads": 2, "frames": 3},
        **{"mapped-read-only": 8190, "mapped-writable": 2},
    }
    text = rendered(
        memmaps.cell(memmaps.boot(memmaps.SHARED), memmaps.boot(gigantic, "gigantic")),
        memmaps.cell(memmaps.boot(memmaps.SHARED | {"nodes": 2}), name="riscv64-boot", arch="riscv"),
    )
    for row in ("x86_64`` | 2 MiB | 8 |", "x86_64`` | 1 GiB | 4096 |", "riscv`` | 2 MiB | 8 |"):
        assert f"| ``{row}" in text
    assert "4095 (16380 KiB)" in text


SENTENCES = {
    "fake_heads": "``page_fixed_fake_head()``",
    "mask": "``compound_info_is_mask()``",
    "mask_needs_alignment": "ARCH_HAS_ALIGNED_VMEMMAP",
    "one_page_kept": "HUGETLB_VMEMMAP_RESERVE_SIZE",
    "restored": "hugetlb_vmemmap_restore_folio",
    "restoring_can_fail": "memory is needed in order to free memory",
    "self_hosted_left_out": "PageVmemmapSelfHosted",
    "dax": "mm/sparse-vmemmap.c",
    "dax_decided": "vmemmap_can_optimize",
    "mask_needs_hvo": "This is so in kernels with HVO",
    "dax_without_altmap": "altmap",
    "hvo": "CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP``",
    "hvo_needs_vmemmap": "memory model ``CONFIG_SPARSEMEM_VMEMMAP``",
    "hvo_needs_architecture": "by ``ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP``",
    "hvo_needs_power_of_two": "unless the size of ``struct page`` is a power of two",
    "hvo_needs_mask": "unless tails hold a mask",
    "boot_parameter": "hugetlb_free_vmemmap=on",
    "default_on": "OPTIMIZE_VMEMMAP_DEFAULT_ON",
    "sysctl": "vm.hugetlb_optimize_vmemmap",
    "tail_of_zone": "in which zone",
}


@pytest.mark.parametrize(("fact", "sentence"), SENTENCES.items())
def test_what_the_source_does_not_show_is_not_said(fact: str, sentence: str) -> None:
    hidden_by = {
        **{"fake_heads": "mask", "hvo_needs_power_of_two": "hvo_needs_mask"},
        **{"mask_needs_hvo": "mask_needs_alignment"},
    }
    shown = replace(EVERYTHING, shown=EVERYTHING.shown - {hidden_by.get(fact, "")})
    cell = memmaps.cell(memmaps.boot(memmaps.SHARED))
    assert sentence in rendered(cell, source=shown)
    assert sentence not in rendered(cell, source=replace(shown, shown=shown.shown - {fact}))


def test_a_tree_that_shows_nothing_gives_a_document_of_measurements() -> None:
    text = rendered(memmaps.cell(memmaps.boot(memmaps.SHARED)), source=VmemmapSource())
    assert "7 (28 KiB)" in text
    for word in ("CONFIG_HUGETLB", "hugetlb_", "Documentation/", "altmap", "ARCH_WANT"):
        assert word not in text


def test_where_nothing_is_known_nothing_is_said() -> None:
    text = rendered(records.cell(), source=VmemmapSource())
    for word in ("HVO.", "same way", "page table entries", "switch on:", "can be used for"):
        assert word not in text
    assert "Device DAX ========== What it saves was not measured." in text


def test_a_slip_in_the_name_of_a_fact_is_noticed() -> None:
    with pytest.raises(KeyError):
        VmemmapSource().shows("fake-heads")


KCONFIG = """\
config X86
\tdef_bool y
\tselect ARCH_WANT_OPTIMIZE_DAX_VMEMMAP\tif X86_64
\tselect ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP
"""


def test_a_tree_is_read() -> None:
    texts = {
        "arch/x86/Kconfig": KCONFIG,
        "fs/Kconfig": "config HUGETLB_PAGE_OPTIMIZE_VMEMMAP\n\tdef_bool HUGETLB_PAGE\n\tdepends on SPARSEMEM_VMEMMAP\n",
        "include/linux/mm.h": "#define VMEMMAP_RESERVE_NR\t2\n\treturn !altmap && x;\n",
        "include/linux/hugetlb.h": "#define __NR_USED_SUBPAGE 3\n",
        "mm/hugetlb_vmemmap.c": "core_param(hugetlb_free_vmemmap, x, bool, 0);\n",
    }
    paths = [*texts, "Documentation/mm/memory-model.rst", "mm/other.c"]
    vmemmap_source = vmemmap.read(paths, texts)
    assert vmemmap.wanted(paths) == [*texts]
    assert vmemmap_source.shown == {"hvo", "hvo_needs_vmemmap", "dax_without_altmap", "boot_parameter"}
    assert vmemmap_source.references == {"Documentation/mm/memory-model.rst"}
    assert (vmemmap_source.hugetlb, vmemmap_source.dax) == ((Selected("x86", ""),), (Selected("x86", "X86_64"),))
    assert (vmemmap_source.dax_kept, vmemmap_source.used_struct_pages) == ("2", "3")


MERGED = """\
static __always_inline bool compound_info_has_mask(void)
{
\tif (!IS_ENABLED(CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP))
\t\treturn false;

\treturn is_power_of_2(sizeof(struct page));
}
"""


def test_a_tree_is_read_under_the_names_that_it_has() -> None:
    """Linux 7.3 has the mask by another name than the tracked series, 6.1 other names of options and functions."""
    new = {
        "include/linux/page-flags.h": MERGED,
        "mm/hugetlb_vmemmap.c": "tail = READ_ONCE(zone->vmemmap_tails[idx]);\nint hugetlb_vmemmap_restore_folio(x)\n",
    }
    vmemmap_source = vmemmap.read([*new], new)
    assert vmemmap_source.shown == {"mask", "mask_needs_hvo", "mask_needs_power_of_two", "tail_of_zone", "restored"}
    assert (vmemmap_source.mask_function, vmemmap_source.restore_function) == (
        "compound_info_has_mask",
        "hugetlb_vmemmap_restore_folio",
    )
    text = rendered(memmaps.cell(memmaps.boot(memmaps.SHARED)), source=vmemmap_source)
    assert "Where ``compound_info_has_mask()`` is true it is a mask instead" in text
    assert "one shared tail page for each zone and size" in text
    old = {
        "arch/x86/Kconfig": "config X86\n\tselect ARCH_WANT_HUGETLB_PAGE_OPTIMIZE_VMEMMAP\tif X86_64\n",
        "fs/Kconfig": "config HUGETLB_PAGE_OPTIMIZE_VMEMMAP\n\tdef_bool HUGETLB_PAGE\n"
        "\tdepends on ARCH_WANT_HUGETLB_PAGE_OPTIMIZE_VMEMMAP\n",
        "include/linux/page-flags.h": "static const struct page *page_fixed_fake_head(const struct page *page)\n",
        "mm/hugetlb_vmemmap.c": "int hugetlb_vmemmap_restore(const struct hstate *h, struct page *head)\n",
        "mm/sparse-vmemmap.c": "if (pgmap && !altmap)\n\tvmemmap_populate_compound_pages(pfn, start, end);\n",
    }
    vmemmap_source = vmemmap.read([*old], old)
    assert (vmemmap_source.allowed_by, vmemmap_source.restore_function) == (
        "ARCH_WANT_HUGETLB_PAGE_OPTIMIZE_VMEMMAP",
        "hugetlb_vmemmap_restore",
    )
    assert vmemmap_source.hugetlb == (Selected("x86", "X86_64"),)
    assert {"fake_heads", "dax", "dax_without_altmap"} <= vmemmap_source.shown
    text = rendered(memmaps.cell(memmaps.boot(memmaps.FAKE)), source=vmemmap_source)
    assert "| ``x86`` | ``X86_64`` | not asked |" in text
    assert "by ``ARCH_WANT_HUGETLB_PAGE_OPTIMIZE_VMEMMAP``" in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_stay_words(payload: str) -> None:
    record = hostile(payload)
    text = render_document(record, record.trees[0], replace(EVERYTHING, hugetlb=(Selected(payload, payload),)))
    plain = render_document(records.run(cells=record.cells), record.trees[0], EVERYTHING)
    kinds = {node.tagname for node in strict(text).findall(Element)}
    assert kinds <= {node.tagname for node in strict(plain).findall(Element)} | {"reference"}
    assert "\x1b" not in text
    strict(f"{escaped(payload)}\n")
    message = commit_message(record, record.trees[0], with_series=True)
    assert not re.search(r"^(---|diff |Index: )", message, re.MULTILINE)
    assert "\x1b" not in message


def hostile(payload: str) -> RunRecord:
    """A run whose strings are all the payload, but for words of the schema."""
    cell = memmaps.cell(memmaps.boot(memmaps.SHARED), arch=payload, name=payload, tree=payload)
    tree = records.tree(name=payload, version=payload)
    return records.run(cells=(cell,), trees=(tree,), series=records.series(title=payload), command=payload)


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("a ``b c d`` e", 4, ["a", "``b c d``", "e"]),
        ("see Documentation/mm/x.rst now", 8, ["see", "Documentation/mm/x.rst", "now"]),
    ],
)
def test_paragraphs_are_filled(text: str, columns: int, lines: Sequence[str]) -> None:
    assert paragraph(text, columns).split("\n") == lines


def test_words_that_are_no_markup_are_not_escaped() -> None:
    assert escaped("linux-source-6.12 6.12.117-1~deb12u1") == "linux-source-6.12 6.12.117-1~deb12u1"


def test_a_tree_of_one_machine_is_named_by_what_it_is() -> None:
    """The commit message goes to a list: a path of this machine is no use there."""
    private = records.tree(name="path:/home/somebody/linux", kernel="6.12.3", version="0123456789ab")
    record = records.run(
        command="pipeline apply-and-build x@y --tree path:/home/somebody/linux --matrix quick",
        trees=(private,),
        cells=(records.cell(tree=private.name),),
    )
    message = " ".join(commit_message(record, private, with_series=True).split())
    assert "Measured were 1 configuration on 0123456789ab" in message
    assert message.endswith(". The tree is Linux 6.12.3 (0123456789ab).")
    assert "somebody" not in message
