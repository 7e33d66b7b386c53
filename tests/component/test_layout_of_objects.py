"""Structs from the debug information of real compilers, and from damaged objects."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.kernel.dwarf import layouts
from pipeline.model import Layout, Member

SOURCE = """\
typedef struct { int a; char b[7]; } inner_t;
struct page {
	unsigned long flags;
	union {
		struct { void *next; const inner_t inner; };
		struct { volatile unsigned long info; unsigned low:3; unsigned high:7; };
	};
	short table[3][4];
	enum { RED } colour;
	char rest[];
};
struct opaque;
struct page *page;
struct opaque *opaque;
struct none *none;
struct empty { } *empty;
"""
COMPILERS = [
    *(["gcc"], ["gcc", "-m32"], ["gcc", "-gdwarf-5"], ["clang"], ["clang", "-gdwarf-5"]),
    *(["aarch64-linux-gnu-gcc"], ["riscv64-linux-gnu-gcc"]),
]


def compiled(folder: Path, compiler: list[str], *options: str, source: str = SOURCE) -> bytes:
    if not shutil.which(compiler[0]):
        pytest.skip(f"{compiler[0]} is not installed")
    (folder / "x.c").write_text(source)
    argv = [compiler[0], "-gdwarf-4", *compiler[1:], *options, "-ffreestanding", "-c", "-o", "x.o", "x.c"]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return (folder / "x.o").read_bytes()


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return compiled(tmp_path, ["gcc"])


@pytest.mark.parametrize("compiler", COMPILERS, ids=" ".join)
def test_structs_are_read_with_their_anonymous_members(compiler: list[str], tmp_path: Path) -> None:
    word = 32 if "-m32" in compiler else 64
    measured = layouts(compiled(tmp_path, compiler), ["page", "opaque", "none", "empty"])
    table, size = (160, 48) if word == 32 else (256, 64)
    assert measured == (
        Layout("empty", 0, ()),
        Layout(
            "page",
            size,
            (
                Member("flags", 0, word),
                Member("next", word, word),
                Member("info", word, word),
                Member("inner", 2 * word, 96),
                Member("low", 2 * word, 3),
                Member("high", 2 * word + 3, 7),
                Member("table", table, 192),
                Member("colour", table + 192, 32),
                Member("rest", table + 224, 0),
            ),
        ),
    )


def test_an_object_without_debug_information_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no debug information"):
        layouts(compiled(tmp_path, ["gcc", "-g0"]), ["page"])


def test_compressed_debug_information_is_refused(tmp_path: Path) -> None:
    """What a few bytes would unpack to is not known beforehand."""
    with pytest.raises(ValueError, match="is compressed"):
        layouts(compiled(tmp_path, ["gcc"], "-gz"), ["page"])


def test_a_struct_of_very_many_members_is_refused(tmp_path: Path) -> None:
    members = "".join(f"int m{at};" for at in range(5000))
    with pytest.raises(ValueError, match="more than 4096 members"):
        layouts(compiled(tmp_path, ["gcc"], source=f"struct page {{ {members} }} page;\n"), ["page"])


def test_a_struct_of_very_deep_structs_is_refused(tmp_path: Path) -> None:
    source = "struct page {" + "struct {" * 80 + "int a;" + "};" * 80 + "} page;\n"
    with pytest.raises(ValueError, match="nested more than"):
        layouts(compiled(tmp_path, ["gcc"], source=source), ["page"])


def test_a_type_of_astronomical_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a type of more than"):
        layouts(compiled(tmp_path, ["gcc"], source="struct page { char a[1UL << 45]; } *page;\n"), ["page"])


@pytest.mark.parametrize(
    "garbage", [b"", b"\x7fELF", b"\0" * 4096, b"!<arch>\n"], ids=["empty", "magic", "zeros", "ar"]
)
def test_what_is_no_object_is_refused(garbage: bytes) -> None:
    with pytest.raises(ValueError, match=r"damaged|no debug information"):
        layouts(garbage, ["page"])


def test_a_damaged_object_is_an_error_or_another_layout_and_never_a_hang(content: bytes) -> None:
    chance = random.Random(1)
    started, refused = time.monotonic(), 0
    for attempt in range(300):
        damaged = bytearray(content[: chance.randrange(len(content))] if attempt % 3 == 0 else content)
        for _ in range(chance.randrange(1, 20)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            layouts(bytes(damaged), ["page"])
        except ValueError:
            refused += 1
    assert refused > 50
    assert time.monotonic() - started < 60
