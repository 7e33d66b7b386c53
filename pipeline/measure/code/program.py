"""Prints the code of object files, inside the sandbox where they were compiled.

The objects are a stranger's bytes, and whatever goes wrong with them stays there. The program runs by the system's own
Python: `elf`, `disassembly`, `parts` and `reader` are the rest of it, and none imports anything but the standard
library.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence

from pipeline.measure.code.disassembly import disassembled
from pipeline.measure.code.reader import code_of

LARGEST_OBJECT = 64 << 20
LONGEST_NAME = 200
MOST_PRINTED = 24 << 20
"""Characters; a defconfig's code takes half of it. Of objects after that only the bytes are compared."""
OBJECTS_AT_ONCE = 100
"""Of one objdump: its arguments stay far below Linux's limit on them (execve(2))."""


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:LONGEST_NAME]) or "?"


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123
        return file.read(LARGEST_OBJECT + 1)


def main(tool: str, listed: str) -> None:
    """Prints the code of objects.

    For each object a line with `@`, `=` (what is known of it holds) or `?` (it cannot be read), its SHA-256, its path,
    and after `?` the reason; after `@` a line for each item: kind, size, digest, shape, name. Between fields are TABs.

    Args:
        tool: objdump, of GNU or LLVM.
        listed: file with a line for each object: SHA-256 of what is known of it, TAB, path.
    """
    with open(listed, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
        rows = [line.rstrip("\n").partition("\t") for line in file]
    digests: dict[str, str] = {}
    changed = []
    for known, _, path in rows:
        try:
            content = _read(path)
        except OSError as error:
            print("?", "", path, error.strerror, sep="\t")
            continue
        digests[path] = hashlib.sha256(content).hexdigest()
        if digests[path] == known:
            print("=", known, path, sep="\t")
        elif len(content) > LARGEST_OBJECT:
            print("?", digests[path], path, f"it has more than {LARGEST_OBJECT >> 20} MiB", sep="\t")
        elif content[:4] != b"\x7fELF":
            # A linker script, or intermediate code for the link: only its bytes can be compared.
            print("@", digests[path], path, sep="\t")
            print("D", len(content), digests[path][:20], "", f"[{_shown(os.path.basename(path))}]", sep="\t")  # noqa: PTH119
        else:
            changed.append(path)
    printed = 0
    for first in range(0, len(changed), OBJECTS_AT_ONCE):
        printed = _print_code(tool, changed[first : first + OBJECTS_AT_ONCE], digests, printed)


def _print_code(tool: str, paths: Sequence[str], digests: Mapping[str, str], printed: int) -> int:
    """Prints what is in objects; returns the characters that were printed so far, with these."""
    waiting = dict.fromkeys(paths)
    for path, sections in disassembled(tool, paths):
        waiting.pop(path, None)
        try:
            items = code_of(_read(path), sections)
        except (ValueError, OSError) as error:
            print("?", digests[path], path, error, sep="\t")
            continue
        lines = ["\t".join((item.kind, str(item.size), item.digest, item.shape, _shown(item.name))) for item in items]
        printed += sum(map(len, lines))
        if printed > MOST_PRINTED:
            print("?", digests[path], path, "there is too much code before it", sep="\t")
            continue
        print("@", digests[path], path, sep="\t")
        if lines:
            print("\n".join(lines))
    for path in waiting:
        print("?", digests[path], path, "it cannot be disassembled", sep="\t")
    return printed


if __name__ == "__main__":
    main(*sys.argv[1:])
