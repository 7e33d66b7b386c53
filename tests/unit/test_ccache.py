"""What ccache notes of its calls, counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.kernel.ccache import counted, take_calls
from pipeline.model import CompilerCalls

LOG = """\
# /src/mm/util.c
cache_miss
direct_cache_miss
local_storage_write
# /src/mm/page.c
direct_cache_hit
local_storage_hit
# /src/lib/a.c
preprocessed_cache_hit
# -
called_for_link
# arch/vdso.S
assembler_or_incbin
"""


def test_each_call_is_counted_once() -> None:
    assert counted(LOG.splitlines()) == CompilerCalls(hits=2, misses=1, uncacheable=2)


@pytest.mark.parametrize("text", ["", "cache_miss\n", "\x00\xff\n# \n"])
def test_a_note_that_a_makefile_wrote_makes_no_negative_number(text: str) -> None:
    assert counted(text.splitlines()).uncacheable >= 0


def test_a_note_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / ".pipeline-ccache").write_text(LOG)
    assert take_calls(tmp_path).hits == 2
    assert take_calls(tmp_path) == CompilerCalls(0, 0, 0)
