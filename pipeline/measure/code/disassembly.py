"""Instructions of object files, as objdump prints them: GNU's or LLVM's.

The standard library alone: this runs inside the sandbox, by the system's own Python (see `program`).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.measure.code.elf import ObjectFile, Relocation

_FORMAT = re.compile(r"^(?P<path>.*):\s+file format ")
_SECTION = re.compile(r"^Disassembly of section (?P<name>.*):$")
_INSTRUCTION = re.compile(r"^ *(?P<address>[0-9a-f]+):\s*(?P<text>\S.*)$")
NOP = re.compile(r"(?:(?:cs|data16|ds|es)\s+)*(?:nop|int3|xchg +%ax,%ax|xchg *%eax,%eax|lea *(?:0x0)?\(%esi)")


class Instruction(NamedTuple):
    address: int
    end: int
    text: str


def disassembled(tool: str, paths: Sequence[str]) -> Iterator[tuple[str, list[tuple[str, list[Instruction]]]]]:
    """Instructions by section name, in the order of sections, of each object that `tool` (objdump) reads."""
    command = [tool, "-d", "-z", "--no-show-raw-insn", *paths]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace"
    ) as run:
        assert run.stdout is not None
        path, sections = "", list[tuple[str, list[Instruction]]]()
        addresses: list[tuple[int, str]] = []

        def close_section() -> None:
            if sections:
                ends = [address for address, _ in addresses[1:]]
                rows = zip(addresses, [*ends, -1], strict=True)
                sections[-1] = (sections[-1][0], [Instruction(at, end, text) for (at, text), end in rows])
            addresses.clear()

        for line in run.stdout:
            instruction = _INSTRUCTION.match(line)
            if instruction:
                addresses.append((int(instruction["address"], 16), " ".join(instruction["text"].split())))
            elif section := _SECTION.match(line):
                close_section()
                sections.append((section["name"], []))
            elif header := _FORMAT.match(line):
                close_section()
                if path:
                    yield path, sections
                path, sections = header["path"], []
        close_section()
        if path:
            yield path, sections


def by_index(elf: ObjectFile, sections: Sequence[tuple[str, list[Instruction]]]) -> dict[int, list[Instruction]]:
    """Instructions by the section's index; the disassembler names sections, and several can have one name."""
    placed: dict[int, list[Instruction]] = {}
    waiting = list(sections)
    for section in elf.sections:
        if section.executable and waiting and waiting[0][0] == section.name:
            _, instructions = waiting.pop(0)
            if instructions:
                instructions[-1] = instructions[-1]._replace(end=section.size)
            placed[section.number] = instructions
    return placed


def without_addends(text: str, relocations: Sequence[Relocation]) -> str:
    """An instruction's text without the addends that its fields hold."""
    for relocation in relocations:
        if relocation.addend:
            for form in ("0x{:x}", "0x{:08x}"):
                text = text.replace(form.format(relocation.addend & 0xFFFFFFFF), "0x0")
            text = text.replace(f"#{relocation.addend}", "#0")
    return text
