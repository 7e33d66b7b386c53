"""What ccache notes of its calls, counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.kernel.ccache import CompilerCache, counted, take_calls
from pipeline.model import CompilerCalls, Toolchain
from pipeline.system import untrusted
from tests.support.clock import at_most

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
    assert counted(LOG.encode()) == CompilerCalls(hits=2, misses=1, uncacheable=2)


@pytest.mark.parametrize("text", ["", "cache_miss\n", "\x00\xff\n# \n"])
def test_a_note_that_a_makefile_wrote_makes_no_negative_number(text: str) -> None:
    assert counted(text.encode()).uncacheable >= 0


def test_a_note_of_many_lines_takes_time_by_its_length(tmp_path: Path) -> None:
    """Seen red line by line, and with no limit."""
    note = tmp_path / ".pipeline-ccache"
    with at_most(5):
        assert counted(b"\n" * (16 << 20)) == CompilerCalls(0, 0, 0)
        for line, size in (("cache_miss\n", untrusted.CACHE_NOTE.most + 1), ("\n", 200 << 20)):
            note.write_text(line * (size // len(line) + 1))
            assert take_calls(tmp_path) == CompilerCalls(0, 0, 0)


def test_a_note_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / ".pipeline-ccache").write_text(LOG)
    assert take_calls(tmp_path).hits == 2
    assert take_calls(tmp_path) == CompilerCalls(0, 0, 0)


@pytest.mark.parametrize("kind", ["link", "FIFO", "folder"])
def test_what_a_makefile_put_in_its_place_is_not_followed(tmp_path: Path, kind: str) -> None:
    """Seen red with `Path.open`: the link's target was counted, and a FIFO waited for."""
    (tmp_path / "build").mkdir()
    (tmp_path / "mine").write_text(LOG)
    note = tmp_path / "build/.pipeline-ccache"
    if kind == "link":
        note.symlink_to(tmp_path / "mine")
    elif kind == "FIFO":
        os.mkfifo(note)
    else:
        note.mkdir()
    with at_most(5, wall=True):
        assert take_calls(tmp_path / "build") == CompilerCalls(0, 0, 0)
    assert not os.path.lexists(note)
    assert (tmp_path / "mine").read_text() == LOG


def test_the_program_before_a_compiler_is_written_once(tmp_path: Path) -> None:
    """Others may call it at any time. Seen red where each call wrote it anew."""
    ccache, gcc = CompilerCache(tmp_path, 1 << 30), Toolchain("gcc", "gcc 12", "d" * 64)
    program = ccache.prepare(gcc) / "gcc"
    first = program.stat()
    assert ccache.prepare(gcc) / "gcc" == program
    then = program.stat()
    assert (then.st_ino, then.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert first.st_mode & 0o777 == 0o755
    assert [path.name for path in program.parent.iterdir()] == ["gcc"]
