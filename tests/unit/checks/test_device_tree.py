"""What dt-validate says that is no fault of a device tree."""

from __future__ import annotations

import pytest

from pipeline.checks.device_tree import is_untyped

TYPES = "'object', 'integer', 'array', 'boolean', 'null'"


@pytest.mark.parametrize(
    ("words", "untyped"),
    [
        (rf"ec-thermal: polling-delay: b'\x00\x00\x13\x88' is not of type {TYPES}", True),
        (rf"""ec-thermal: label: b"it's\x00" is not of type {TYPES}""", True),
        (f"ec-thermal: polling-delay: [[5000]] is not of type {TYPES}", False),
        ("ec@28: 'reg' is a required property", False),
        ("ec@28: compatible: ['b', 'c'] is too long", False),
    ],
)
def test_bytes_of_a_property_without_a_type_are_told_apart(words: str, untyped: bool) -> None:
    assert is_untyped(words) is untyped
