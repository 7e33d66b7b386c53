"""Decides which changes of a source tree leave the programs of its build as they were.

A build runs makefiles, kconfig, scripts and programs that it compiles itself. What all of them are made of is not
known: scripts leave no record of what they read, and programs that another configuration would build leave none at
all. What is known is what objects of the kernel are made of. Where such files are changed, and nothing else is but
texts, on the same configuration, the same programs run.

One way back remains: what the compiler says of kernel code (asm-offsets.s, devicetable-offsets.s) becomes text that
makefiles, scripts and programs read. What it is made of decides what runs. To compile it beforehand and look would
not do: code can tell where it is compiled, by `__has_include` of a file that is only there in earnest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.kernel.commands import Recorded, read_of_tree
from pipeline.kernel.staleness import TOOLS, is_text
from pipeline.system import untrusted_dir

_COMPILED = frozenset({".c", ".h", ".S"})
_NOT_KERNEL = TOOLS | {"Documentation"}
_LARGEST_SOURCE = 8 << 20
# What assembler and compiler read by these, kbuild does not record; clang takes one file for another by include_alias,
# and records as read what it is only asked about.
_UNRECORDED = re.compile(rb"\bincbin\b|\.include\b|\binclude_alias\b|__has_(?:include|embed)")
# Between a backslash and its line's end, or in place of that, and of blanks: compilers differ.
_CONTROL = re.compile(rb"[^\t\n\f -~\x80-\xff]")
_SPLICE = re.compile(rb"\\[^\S\n]*\n")
# A directive that includes, or that may go on in the next. Comments count as blanks; Unicode's blanks do, to clang.
_DIRECTIVE = re.compile(
    rb"(?:#|%:)(?:[^\S\n]|[\x80-\xff]|/\*[^*\n]*\*/)*(?P<words>(?:include|import|embed)[^\n]*|/\*[^\n]*)"
)
# Any other can include a unit, and then it is none: by a macro, by `#import`, after a comment. What kbuild records is
# read by make, to which other characters mean something: after `#`, a list of what an object was made of ends.
_OF_HEADER = re.compile(rb"include[^\S\n]*(?:<[\w./,+-]*\.h>|\"[\w./,+-]*\.h\")")
# A line that is nothing else has the only quotes that no macro can take for a string.
_PLAIN_INCLUDE = re.compile(rb"^[^\S\n]*#[^\S\n]*include[^\S\n]+\"[\w./-]*\.h\"[^\S\n]*$", re.MULTILINE)
_ASSEMBLES = re.compile(rb"\"|##|%:%:|\?\?|asm", re.IGNORECASE)
_NAMED_THERE = re.compile(rb"(?:\.incbin|\.include|#\s*embed)\s*\\?[\"<]([^\"\\>\n]+)")
_INCLUDED = re.compile(rb"#\s*include\s*[\"<]([^\">\n]+)")


@dataclass(frozen=True)
class Programs:
    """Facts on the programs of a build, as paths of the source tree.

    Args:
        kernel: what objects of the kernel are made of, and nothing else is; what the compiler is asked about, too.
        units: those that are compiled and that nothing includes.
        asked: what the compiler read where its answer is read in turn.
        others: all that is named by records of anything else.
        assembled: what assemblers opened and kbuild did not record: targets, each with a blank and a path behind it.
    """

    kernel: frozenset[str]
    units: frozenset[str]
    asked: frozenset[str]
    others: frozenset[str]
    assembled: frozenset[str] = frozenset()

    def decided_by(self, changes: Mapping[str, str]) -> frozenset[str] | None:
        """Changed files whose content decides what runs; None where that is not known, and any could.

        A file that is added, removed or renamed can be found in place of another.

        Args:
            changes: path to git's letter of what happened to it: `M` modified, `A` added, `D` deleted, `T` its type or
                mode.
        """
        if not all(self._is_known(path, letter) for path, letter in changes.items()):
            return None
        if not changes.keys() & self.asked:
            return frozenset()
        # A changed file that the compiler reads may include any other changed file, but no unit.
        return frozenset(changes.keys() - self.units)

    def _is_known(self, path: str, letter: str) -> bool:
        if path in self.kernel:
            return letter == "M"
        return is_text(path) and letter != "T" and path not in self.others


def programs_of(
    recorded: Iterable[Recorded], source: Path, prefixes: tuple[str, ...], assembled: frozenset[str] = frozenset()
) -> Programs:
    """The facts on the programs of a build.

    Args:
        recorded: by kbuild.
        source: the source tree.
        prefixes: how its paths begin in records.
        assembled: as in `Programs`.
    """
    objects, asked, others = list[Recorded](), list[Recorded](), list[Recorded]()
    for record in recorded:
        (objects if _is_object(record) else asked if _is_asked(record) else others).append(record)
    foreign = read_of_tree(others, prefixes)
    alone = (path for other in others if not other.source for path in read_of_tree([other], prefixes))
    unrecorded = _names(_NAMED_THERE, source, (compiled.source for compiled in objects))
    # A command whose record does not name everything that was read.
    unrecorded |= _names(_INCLUDED, source, (path for path in alone if PurePosixPath(path).suffix in _COMPILED))
    unrecorded |= {PurePosixPath(word.partition(" ")[2]).name for word in assembled}
    kernel = frozenset(
        path
        for path in _read((*objects, *asked)) - foreign
        if _is_of_kernel(path) and PurePosixPath(path).name not in unrecorded
    )
    included = frozenset(path for reader in (*objects, *asked) for path in reader.dependencies)
    units = frozenset(compiled.source for compiled in objects) & kernel - included - _read(asked)
    return Programs(kernel, units, _read(asked), foreign, assembled)


def reads_unrecorded(text: str) -> bool:
    """Whether code includes files in a way that the base's records say nothing of, as far as one can see.

    What is included must be named, and be a header: a macro can stand for any name. An assembler's word that is in
    pieces is not found: see `pipeline.kernel.assembled`, and `speaks_to_assembler`.
    """
    code = _SPLICE.sub(b"", text.encode())
    if _CONTROL.search(code) or _UNRECORDED.search(code):
        return True
    return any(_OF_HEADER.match(match["words"]) is None for match in _DIRECTIVE.finditer(code))


def speaks_to_assembler(changes: Iterable[str], text: str) -> bool:
    """Whether changed code can make up words for an assembler, of any pieces.

    A file's name must stand in quotes there. So it takes a string, in the changed code or in a macro that it names
    inline assembly by; or code that is assembly.

    Args:
        changes: paths of changed files.
        text: their changed lines.
    """
    if any(path.endswith(".S") for path in changes):
        return True
    code = _SPLICE.sub(b"", text.encode())
    return bool(_ASSEMBLES.search(_PLAIN_INCLUDE.sub(b"", code)))


def _is_kernel(record: Recorded) -> bool:
    """Whether it is compiled as kernel code; the source may be a generated one, which is not named."""
    return "-D__KERNEL__" in record.command.split() and bool(record.source or record.dependencies)


def _is_asked(record: Recorded) -> bool:
    """Whether it is assembler that is read for what the compiler says there."""
    return _is_kernel(record) and record.target.endswith(".s")


def _is_object(record: Recorded) -> bool:
    """Whether it is part of a kernel: what programs are made of lies in the folders of tools, kernel code or not."""
    return _is_kernel(record) and record.target.endswith(".o") and PurePosixPath(record.target).parts[0] not in TOOLS


def _is_of_kernel(path: str) -> bool:
    place = PurePosixPath(path)
    return place.suffix in _COMPILED and place.parts[0] not in _NOT_KERNEL and not path.endswith(".lds.S")


def _read(recorded: Iterable[Recorded]) -> frozenset[str]:
    return frozenset(path for record in recorded for path in (record.source, *record.dependencies) if path)


def _names(pattern: re.Pattern[bytes], source: Path, paths: Iterable[str]) -> frozenset[str]:
    """Names of files that sources include by a pattern."""
    names = set[str]()
    for path in set(paths):
        with suppress(OSError):
            text = untrusted_dir.read(source, path, _LARGEST_SOURCE)
            names.update(PurePosixPath(name.decode("utf-8", "replace")).name for name in pattern.findall(text))
    return frozenset(names)
