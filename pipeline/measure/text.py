"""The effect of a series on the size of vmlinux, by the tree's own bloat-o-meter and by section sizes.

bloat-o-meter runs on the recorded `nm --size-sort` of both kernels rather than on the kernels: `nm` in its sandbox
prints what was recorded. So old kernels need not be kept, and a cross compiler's `nm` is the one that counts.
"""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.model import Build, BuildStatus, SymbolDelta, TextDelta
from pipeline.system import untrusted
from pipeline.system.command import Completed
from pipeline.system.errors import InfrastructureError
from pipeline.system.git import Repository
from pipeline.system.policy import POLICY_VERSION
from pipeline.system.process import Processes
from pipeline.system.sandbox import Box, Job, Sandbox
from pipeline.system.store import Key, Store
from pipeline.system.untrusted import Budget, inflated

_N = "[0-9]{1,19}"
"""A size that a kernel can have; int() refuses to read a number of thousands of digits."""
_SUMMARY = re.compile(
    rf"^add/remove: (?P<add>{_N})/(?P<remove>{_N}) grow/shrink: (?P<grow>{_N})/(?P<shrink>{_N}) "
    rf"up/down: (?P<up>{_N})/-?(?P<down>{_N}) \((?P<delta>-?{_N})\)$",
    re.MULTILINE,
)
_SYMBOL = re.compile(rf"^(?P<name>\S+) +(?P<old>{_N}|-) +(?P<new>{_N}|-) +(?P<delta>[+-]?{_N})$", re.MULTILINE)
_TOTAL = re.compile(rf"^Total: Before=(?P<before>{_N}), After=(?P<after>{_N}), chg", re.MULTILINE)
_SECTION = re.compile(rf"^(?P<name>\S+) +(?P<size>{_N}) +[0-9]+$", re.MULTILINE)

_KINDS = {
    **dict.fromkeys("tTwW", "text"),
    **dict.fromkeys("rR", "rodata"),
    **dict.fromkeys("dDvV", "data"),
    **dict.fromkeys("bB", "bss"),
}
"""Kinds of symbols by nm's letter, those that bloat-o-meter counts; weak ones are functions, or else objects."""

_NUMBERED = re.compile(rb"(?m)\b(?:(__initcall__kmod_\w+?)__\d+_\d+(_\w+)|(__UNIQUE_ID_\w*?)_?\d+)$")
"""Names that hold a line or a count of what comes before (include/linux/init.h, __COUNTER__ in linux/compiler.h)."""

_PRINTED = "printed.z"

# The stand-in for nm in bloat-o-meter's sandbox; its last argument is a recorded symbol table.
_RECORDED_NM = '#!/bin/sh\nfor file; do :; done\nexec cat "$file"\n'


def parse_bloat(output: str) -> TextDelta:
    """scripts/bloat-o-meter's output, in bytes.

    Raises:
        ValueError: it holds no summary line, or more symbols than any kernel has.
    """
    summary, total = _SUMMARY.search(output), _TOTAL.search(output)
    if summary is None or total is None:
        raise ValueError("bloat-o-meter printed no summary")
    table = output[summary.end() : total.start()]
    untrusted.SYMBOLS.check(table.count("\n"))
    return TextDelta(
        add=int(summary["add"]),
        remove=int(summary["remove"]),
        grow=int(summary["grow"]),
        shrink=int(summary["shrink"]),
        up=int(summary["up"]),
        down=int(summary["down"]),
        delta=int(summary["delta"]),
        before=int(total["before"]),
        after=int(total["after"]),
        symbols=tuple(
            SymbolDelta(match["name"], _size(match["old"]), _size(match["new"]), int(match["delta"]))
            for match in _SYMBOL.finditer(table)
        ),
        verbatim=output,
    )


def sized_symbols(symbols: bytes) -> bytes:
    """Lines of `nm --size-sort` that hold a size; llvm-nm lists symbols without one, too, which GNU nm leaves out."""
    # Parse line by line: a list of millions of short lines takes ten times their memory.
    return b"".join(
        line for line in io.BytesIO(symbols) if len(words := line.split(None, 3)) == 3 and words[0].strip(b"0")
    )


def unnumbered(symbols: bytes) -> bytes:
    """Symbols by names that stay when lines move: an initcall is not another one for that."""
    return _NUMBERED.sub(lambda match: b"".join(filter(None, match.groups())), symbols)


def kind_deltas(before: Build, after: Build) -> dict[str, int]:
    """Bytes by which symbols of each kind differ: of code, of constants, of data, and of data that is 0 at boot.

    A section cannot tell that: .text and .rodata are filled up to whole pages where they are mapped apart.
    """
    deltas = dict.fromkeys(dict.fromkeys(_KINDS.values()), 0)
    for sign, build in ((-1, before), (1, after)):
        for line in build.symbols.splitlines():
            size, letter, _ = line.split(maxsplit=2)
            if kind := _KINDS.get(letter.decode("ascii", "replace")):
                deltas[kind] += sign * int(size, 16)
    return deltas


def parse_sections(output: str) -> dict[str, int]:
    """Section name to bytes, from `size -A`; debug sections are left out, they are never loaded.

    Raises:
        ValueError: there are more than any kernel has.
    """
    sections: dict[str, int] = {}
    number = Budget(untrusted.SECTIONS)
    for match in _SECTION.finditer(output):
        number.spend()
        if match["name"] != "Total" and not match["name"].startswith((".debug", ".comment")):
            sections[match["name"]] = int(match["size"])
    return sections


class Measurer:
    """Runs bloat-o-meter; what it printed of two symbol tables is stored.

    Args:
        repository: holds the trees' scripts.
        store: keeps what was printed.
        sandbox: where a tree's script runs.
        processes: the subprocess door.
    """

    def __init__(self, repository: Repository, store: Store, sandbox: Sandbox, processes: Processes) -> None:
        self._repository = repository
        self._store = store
        self._sandbox = sandbox
        self._processes = processes
        self._scripts: dict[str, str] = {}

    def text_delta(self, base_commit: str, before: Build, after: Build) -> TextDelta:
        """The change of size from `before` to `after`.

        The script is the base's own: a series must not measure itself.

        Raises:
            InfrastructureError: the tree has no bloat-o-meter, or it failed.
        """
        script = self._script(base_commit)
        tables = [hashlib.sha256(build.symbols).hexdigest() for build in (before, after)]
        asked = {"script": hashlib.sha256(script.encode()).hexdigest(), "tables": tables, "names": "unnumbered"}
        key = Key("bloat", {**asked, "sandbox": self._sandbox.name, "policy": POLICY_VERSION})
        if stored := self._store.get(key):
            try:
                return self._parsed(inflated(stored.read(_PRINTED), untrusted.TOOL_OUTPUT), before, after)
            except ValueError as error:
                self._store.drop(key, str(error))
        done = self._bloat_o_meter(script, before, after)
        try:
            delta = self._parsed(done.stdout, before, after)
        except ValueError as error:
            raise InfrastructureError(f"{error}: {done.stderr.decode('utf-8', 'replace').strip()[-300:]}") from error
        self._store.put(key, {}, {_PRINTED: zlib.compress(done.stdout)})
        return delta

    def _script(self, base_commit: str) -> str:
        if base_commit not in self._scripts:
            self._scripts[base_commit] = self._repository.out("show", f"{base_commit}:scripts/bloat-o-meter")
        return self._scripts[base_commit]

    def _bloat_o_meter(self, script: str, before: Build, after: Build) -> Completed:
        with tempfile.TemporaryDirectory(prefix="pipeline-bloat-") as name:
            folder = Path(name)
            for part in ("source", "build", "tools"):
                (folder / part).mkdir()
            (folder / "source/bloat-o-meter").write_text(script + "\n")
            (folder / "source/before").write_bytes(unnumbered(before.symbols))
            (folder / "source/after").write_bytes(unnumbered(after.symbols))
            (folder / "tools/nm").write_text(_RECORDED_NM)
            (folder / "tools/nm").chmod(0o755)
            words = ("python3", "{src}/bloat-o-meter", "{src}/before", "{src}/after")
            job = Job(words, merge_stderr=False, output_limit=untrusted.TOOL_OUTPUT.most)
            box = Box(folder / "source", folder / "build", folder / "tools")
            return self._processes.run(self._sandbox.command(job, box))

    @staticmethod
    def _parsed(printed: bytes, before: Build, after: Build) -> TextDelta:
        return replace(parse_bloat(printed.decode("utf-8", "replace")), kinds=kind_deltas(before, after))

    def text_changes(self, base_commit: str, builds: Mapping[int, Build]) -> dict[int, int]:
        """The change by each patch, in bytes: patch number to delta against the state before it.

        Args:
            builds: one cell's, by patch number; 0 is the base. A patch has no change where it was not built, or the
                state before it was not.

        Raises:
            InfrastructureError: as `text_delta`.
        """
        return {
            # Most patches leave most cells as they are: then bloat-o-meter need not be run.
            patch: 0 if before.symbols == after.symbols else self.text_delta(base_commit, before, after).delta
            for patch, after in builds.items()
            if (before := builds.get(patch - 1)) and before.status is after.status is BuildStatus.BUILT
        }


def section_deltas(before: Build, after: Build) -> tuple[tuple[str, int, int], ...]:
    """Sections that differ, and `.text`, as (name, bytes before, bytes after)."""
    names = dict.fromkeys([*before.sections, *after.sections])
    rows = ((name, before.sections.get(name, 0), after.sections.get(name, 0)) for name in names)
    return tuple(row for row in rows if row[0] == ".text" or row[1] != row[2])


def _size(column: str) -> int | None:
    return None if column == "-" else int(column)
