"""Matrices of the fake kernel, and their fragments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FRAGMENTS = {
    "hvo": """\
#: sizeof(struct page) is a power of two
CONFIG_HUGETLBFS=y
CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP=y
CONFIG_PRINTK=y
""",
    "odd": "#: sizeof(struct page) is not a power of two\nCONFIG_MEMCG=y\nCONFIG_PRINTK=y\n",
    "no-vmemmap": "CONFIG_SPARSEMEM_VMEMMAP=n\n",
}

CELLS = {"x86_64-hvo": "hvo", "i386-odd": "odd", "x86_64-no-vmemmap": "no-vmemmap"}


def matrix_text(cells: Mapping[str, str] = CELLS, toolchain: str = "gcc") -> str:
    """A matrix of the fake kernel; `cells` is fragment by id."""
    parts = ['title = "fake"\nprobes = ["struct-page"]\n']
    for name, fragment in cells.items():
        arch = name.partition("-")[0]
        parts.append(
            f'[[cells]]\nid = "{name}"\narch = "{arch}"\ntoolchain = "{toolchain}"\nbase = "tinyconfig"\n'
            f'fragments = ["{fragment}"]\n'
        )
    return "\n".join(parts)


def write_matrix(folder: Path, text: str = "") -> Path:
    """A matrix file with its fragments in `folder`."""
    for name, content in FRAGMENTS.items():
        (folder / f"{name}.config").write_text(content)
    path = folder / "fake.toml"
    path.write_text(text or matrix_text())
    return path


GUEST = ("BLK_DEV_INITRD", "BINFMT_ELF", "DEVTMPFS", "VIRTIO_PCI", "VIRTIO_CONSOLE")

HVO, ODD = "x86_64-hvo", "i386-odd"
