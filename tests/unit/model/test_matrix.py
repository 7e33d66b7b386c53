"""What values of a matrix tell of themselves."""

from __future__ import annotations

import pytest

from pipeline.model import Fragment, StructPage
from pipeline.model.matrix import has_vmemmap


@pytest.mark.parametrize(("size", "power"), [(64, True), (32, True), (1, True), (56, False), (80, False), (0, False)])
def test_sizes_of_struct_page_that_are_powers_of_two(size: int, power: bool) -> None:
    assert StructPage(size).power_of_two is power


def test_a_requirement_is_asked_for_whatever_the_wish() -> None:
    fragment = Fragment("small", "", {"CONFIG_A": "y"}, wishes={"CONFIG_A": "n", "CONFIG_B": "y"})
    assert fragment.asked == {"CONFIG_A": "y", "CONFIG_B": "y"}


@pytest.mark.parametrize(
    ("line", "virtual"),
    [
        ("CONFIG_SPARSEMEM_VMEMMAP=y", True),
        ("# CONFIG_SPARSEMEM_VMEMMAP is not set", False),
        ("CONFIG_SPARSEMEM_VMEMMAP_ENABLE=y", False),
        ("", False),
    ],
)
def test_a_memmap_is_virtual_where_the_configuration_has_it(line: str, virtual: bool) -> None:
    assert has_vmemmap(f"#\n# Linux/x86 6.12 Kernel Configuration\n#\n{line}\nCONFIG_MMU=y\n") is virtual
