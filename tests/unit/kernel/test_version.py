"""The version that a kernel's Makefile has."""

from __future__ import annotations

import pytest

from pipeline.kernel.version import kernel_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\nNAME = Any\n", "6.12.0-rc3"),
        ("# SPDX\nVERSION=7\nPATCHLEVEL\t=\t3\nSUBLEVEL = 1\nEXTRAVERSION =\nVERSION = 9\n", "7.3.1"),
        ("VERSION = 6\n", "6"),
        ("all:\n\techo VERSION = 6\n", ""),
        ("", ""),
    ],
)
def test_the_version_is_put_together_as_kbuild_does(text: str, version: str) -> None:
    assert kernel_version(text) == version
