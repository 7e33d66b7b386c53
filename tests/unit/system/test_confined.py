"""Readings in a process of their own: what comes of them, and that nothing they meet takes more than it may."""

from __future__ import annotations

import math
import operator
import os
import posixpath
import shlex
import signal
import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.kernel import dwarf, logs, preprocessor, records, symbols
from pipeline.system import confined, untrusted
from pipeline.system.confined import UnreadableError
from pipeline.system.errors import InfrastructureError
from pipeline.system.process import Processes

SRC = ["/src/"]


@pytest.fixture
def processes() -> Processes:
    return Processes()


def test_what_a_function_returns_comes_back(processes: Processes) -> None:
    assert confined.call(processes, posixpath.join, "a", "b") == "a/b"
    assert confined.call(processes, operator.length_hint, data=b"\0\xff\n" * 3) == 9


def test_what_a_function_cannot_read_is_said(processes: Processes) -> None:
    with pytest.raises(UnreadableError, match="what the build left cannot be read: No closing quotation"):
        confined.call(processes, shlex.split, "'a")
    with pytest.raises(UnreadableError, match="No such file"):
        confined.call(processes, os.listdir, "/nowhere")


def test_a_mistake_of_a_reader_is_no_more_than_that(processes: Processes) -> None:
    with pytest.raises(UnreadableError, match="ZeroDivisionError"):
        confined.call(processes, operator.truediv, 1, 0)


def test_memory_has_a_limit(processes: Processes) -> None:
    """Seen red without RLIMIT_AS."""
    with pytest.raises(UnreadableError, match="more than 256 MiB"):
        confined.call(processes, operator.mul, [0], 1 << 28)


def test_time_has_a_limit(processes: Processes) -> None:
    """Seen red without RLIMIT_CPU."""
    with pytest.raises(UnreadableError, match="more than 5 s"):
        confined.call(processes, math.factorial, 10_000_000)


def test_an_answer_has_a_limit(processes: Processes) -> None:
    """Seen red with 64 MiB, the limit on the output of any command."""
    with pytest.raises(UnreadableError, match="24 MiB of output"):
        confined.call(processes, operator.mul, "x", 25 << 20)


def test_a_reader_writes_no_file(processes: Processes, tmp_path: Path) -> None:
    """Seen red without RLIMIT_FSIZE."""
    (tmp_path / "file").write_bytes(b"x" * 10)
    with pytest.raises(UnreadableError):
        confined.call(processes, os.truncate, str(tmp_path / "file"), 100)
    assert (tmp_path / "file").stat().st_size == 10


def test_a_program_that_is_killed_from_outside_does_not_blame_what_it_read(processes: Processes) -> None:
    """Seen red with every ending of the process taken for one of its input."""
    with pytest.raises(InfrastructureError, match="was killed"):
        confined.call(processes, signal.raise_signal, int(signal.SIGKILL))


# Attacks: each took hundreds of MiB, tens of seconds or a traceback in the process of the run


@pytest.mark.parametrize("mebibytes", [8, 2])
def test_sparse_records_are_read_within_the_limits(processes: Processes, tmp_path: Path, mebibytes: int) -> None:
    """723 MiB and 37 s before."""
    for number in range(80):
        with (tmp_path / f".{number}.o.cmd").open("wb") as file:
            file.truncate(mebibytes << 20)
    assert confined.call(processes, records.read_build, str(tmp_path), SRC)["read"] == []
    assert processes.reading_seconds < untrusted.CONFINED_SECONDS


def test_too_many_records_are_unreadable(processes: Processes, tmp_path: Path) -> None:
    """Seen red without the budget: it went on to the limit on its time."""
    for number in range(200):
        with (tmp_path / f".{number}.o.cmd").open("wb") as file:
            file.truncate(2 << 20)
    with pytest.raises(UnreadableError, match=r"more than \d+ bytes of .cmd files"):
        confined.call(processes, records.read_build, str(tmp_path), SRC)


def record(target: str, command: str, source: str) -> str:
    return f"savedcmd_{target} := {command}\n\nsource_{target} := {source}\n\ndeps_{target} := \\\n  /src/a.h \\\n\n"


@pytest.mark.parametrize(
    "command",
    ["gcc -D__KERNEL__ -DX=' -c -o a.o /src/a.c", "true", "", "gcc -c -o a.o elsewhere.c", "gcc \\"],
    ids=["a quote that nothing closes", "no compiler", "nothing", "another source", "a backslash at the end"],
)
def test_a_forged_command_leaves_its_lines_unknown(processes: Processes, tmp_path: Path, command: str) -> None:
    """A ValueError that nobody caught before: a traceback, and the exit status of a series that has a problem."""
    (tmp_path / ".a.o.cmd").write_text(record("a.o", command, "/src/a.c"))
    (tmp_path / ".vmlinux.o.cmd").write_text("savedcmd_vmlinux.o := ld -o vmlinux.o a.o\n")
    answer = confined.call(processes, records.read_paths, str(tmp_path), SRC, ["a.c", "a.h", "b.c"])
    assert answer["compiled"] == ["a.c", "a.h"]
    assert answer["commands"] == []


def test_an_honest_command_is_found(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / ".a.o.cmd").write_text(record("a.o", "gcc -D__KERNEL__ -c -o a.o /src/a.c", "/src/a.c"))
    (tmp_path / ".vmlinux.o.cmd").write_text("savedcmd_vmlinux.o := ld -o vmlinux.o a.o\n")
    answer = confined.call(processes, records.read_paths, str(tmp_path), SRC, ["a.c", "a.h"])
    assert answer["commands"] == [[["gcc", "-D__KERNEL__", "-E", "-w", "/src/a.c"], ["a.c", "a.h"]]]


def elf(sections: dict[str, bytes]) -> bytes:
    """A 64-bit object with these sections and nothing else."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*sections, ".shstrtab"))
    bodies = {**sections, ".shstrtab": names}
    headers, content = struct.pack("<IIQQQQIIQQ", *[0] * 10), b""
    for name, body in bodies.items():
        kind = 3 if name == ".shstrtab" else 1
        place = 64 + len(content)
        headers += struct.pack("<IIQQQQIIQQ", names.index(name.encode()), kind, 0, 0, place, len(body), 0, 0, 1, 0)
        content += body
    numbers = (1, 62, 1, 0, 0, 64 + len(content), 0, 64, 0, 0, 64, len(bodies) + 1, len(bodies))
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", *numbers) + content + headers


def test_a_million_empty_units_are_unreadable(processes: Processes, tmp_path: Path) -> None:
    """657 MiB and a minute before."""
    abbreviations = b"\1\x11\0\0\0\0"
    unit = struct.pack("<IHIBB", 8, 4, 0, 8, 1)
    content = elf({".debug_info": unit * 1_000_000, ".debug_abbrev": abbreviations, ".debug_str": b"\0"})
    (tmp_path / "a.o").write_bytes(content)
    with pytest.raises(UnreadableError, match="more than 1000 units"):
        confined.call(processes, dwarf.read_object, str(tmp_path), "a.o", ["page"])
    assert processes.reading_seconds < untrusted.CONFINED_SECONDS


def test_a_log_without_end_is_unreadable_or_read(processes: Processes) -> None:
    """A line of `a/a/a/…` of 4 MiB: 53 s before."""
    started = time.monotonic()
    with suppress(UnreadableError):
        confined.call(processes, logs.read_log, SRC, data=b"a/" * (2 << 20) + b"\n" + (b"a/" * 2000 + b"\n") * 1000)
    assert processes.reading_seconds < untrusted.CONFINED_SECONDS + 1
    assert time.monotonic() - started < 60


def test_a_preprocessor_that_prints_forged_markers_is_read_within_the_limits(processes: Processes) -> None:
    """Seen red with a list of all lines."""
    output = b'# 1 "/src/a.c"\n' * 1_000_000 + b"\n" * (10 << 20)
    printed = confined.call(processes, preprocessor.read_printed, [[len(output), ["a.c"]]], SRC, data=output)
    assert printed == {"a.c": []}
    assert processes.reading_seconds < untrusted.CONFINED_SECONDS


def test_symbols_with_line_ends_in_their_names_are_read_within_the_limits(processes: Processes) -> None:
    printed = b"a.o:1 T x\n" * (3 << 20)
    assert confined.call(processes, symbols.read_origins, {"a.o": "a.c"}, data=printed) == {"x": "a.c"}
    assert processes.reading_seconds < untrusted.CONFINED_SECONDS
