"""What Rust in a kernel takes, and what of it a machine lacks."""

from __future__ import annotations

import pytest

from pipeline.kernel.rust import shortfall, version, wanted
from pipeline.model import Toolchain
from pipeline.system.process import Processes
from pipeline.system.sandbox import Unsandboxed

RUSTC = Toolchain("rustc", "rustc 1.85.0 (4d91de4e4 2025-02-17) (built from a source tarball)", "1")
BINDGEN = Toolchain("bindgen", "bindgen 0.60.1", "2")
LEAST = {"rustc": "1.85.0", "bindgen": "0.71.1"}
NEEDS = "needs rustc ≥ 1.85.0 and bindgen ≥ 0.71.1"


@pytest.mark.parametrize(
    ("least", "found", "words"),
    [
        (LEAST, (RUSTC,), f"{NEEDS}; bindgen is not installed"),
        (LEAST, (RUSTC, BINDGEN), f"{NEEDS}; bindgen is 0.60.1"),
        (LEAST, (), f"{NEEDS}; rustc is not installed and bindgen is not installed"),
        ({"rustc": "1.78.0", "bindgen": "0.60.1"}, (RUSTC, BINDGEN), ""),
        ({"rustc": "1.100.0", "bindgen": ""}, (RUSTC,), "needs rustc ≥ 1.100.0; rustc is 1.85.0"),
        ({"rustc": "", "bindgen": ""}, (), ""),
    ],
)
def test_what_is_missing_is_said_with_what_the_tree_needs(
    least: dict[str, str], found: tuple[Toolchain, ...], words: str
) -> None:
    assert shortfall(least, found) == words


def test_a_program_tells_its_version() -> None:
    assert (version(RUSTC), version(BINDGEN)) == ("1.85.0", "0.60.1")


def test_the_tree_is_asked_for_what_it_needs() -> None:
    script = 'case "$1" in rustc) [ "$SRCARCH" = x86 ] && echo 1.85.0 || echo 1.96.0 ;; *) exit 1 ;; esac\n'
    box, processes = Unsandboxed(), Processes()
    assert wanted(script, "x86_64", box, processes) == {"rustc": "1.85.0", "bindgen": ""}
    assert wanted(script, "s390", box, processes) == {"rustc": "1.96.0", "bindgen": ""}
    assert wanted("", "x86_64", box, processes) == {"rustc": "", "bindgen": ""}
