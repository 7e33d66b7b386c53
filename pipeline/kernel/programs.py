"""Which changes of a source tree leave what runs during a build as it was.

A build runs makefiles, kconfig, scripts and programs that it compiles itself. What all of them are made of is not
known: scripts leave no record of what they read, and programs that another configuration would build leave none at
all. What is known is what objects of the kernel are made of. Where such files are changed, and nothing else is but
texts, on the same configuration, the same programs run. One way back remains: numbers that the compiler says of kernel
code (asm-offsets.s, devicetable-offsets.s), of which make and its programs are made. These are asked for beforehand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.kernel.buildhost import Make
from pipeline.kernel.commands import Recorded, preprocess_command, read_of_tree
from pipeline.kernel.staleness import TOOLS, is_text
from pipeline.system import beneath

_COMPILED = frozenset({".c", ".h", ".S"})
_NOT_KERNEL = TOOLS | {"Documentation"}
_LARGEST_SOURCE = 8 << 20
# What the assembler and the compiler read of it, kbuild does not record.
_UNRECORDED = re.compile(rb"\bincbin\b|\.include\b|#\s*embed\b")
_NAMED_THERE = re.compile(rb"(?:\.incbin|\.include|#\s*embed)\s*\\?[\"<]([^\"\\>\n]+)")
_INCLUDED = re.compile(rb"#\s*include\s*[\"<]([^\">\n]+)")


@dataclass(frozen=True)
class Probe:
    """A compilation that answers with numbers of the kernel.

    Args:
        command: prints assembler.
        answer: SHA-256 of it.
    """

    command: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Programs:
    """What is known of the programs of a build.

    Args:
        kernel: paths of the source tree that objects of the kernel are made of, and nothing else.
        others: all that records name beside.
        probed: paths that probes read.
        probes: by target.
    """

    kernel: frozenset[str]
    others: frozenset[str]
    probed: frozenset[str]
    probes: Mapping[str, Probe]

    def stay(self, changes: Mapping[str, str]) -> bool:
        """Whether all that runs stays as it is, as long as probes answer alike.

        A file that is added, removed or renamed can be found in place of another.

        Args:
            changes: path to git's letter of what became of it: `M` modified, `A` added, `D` deleted, `T` its type or
                mode.
        """
        return all(self._stays(path, letter) for path, letter in changes.items())

    def _stays(self, path: str, letter: str) -> bool:
        if path in self.kernel:
            return letter == "M"
        return is_text(path) and letter != "T" and path not in self.others

    def answer_alike(self, make: Make) -> bool:
        """Whether probes answer as before; `make` is in the folder of the build that they are of."""
        return all(_answer(make, probe.command) == probe.answer for probe in self.probes.values())


def programs_of(make: Make, recorded: Mapping[str, Recorded], source: Path) -> Programs | None:
    """What is known of the programs of a build that lies in make's folder; None where a probe cannot be repeated.

    Args:
        make: in the build's folder.
        recorded: by kbuild, by target.
        source: the source tree.
    """
    probes = {}
    asked = [one for one in recorded.values() if _is_probe(one)]
    for one in asked:
        try:
            command = probe_command(one)
        except ValueError:
            return None
        answer = _answer(make, command)
        if answer is None:
            return None
        probes[one.target] = Probe(command, answer)
    objects = [one for one in recorded.values() if _is_object(one)]
    others = read_of_tree(
        (one for one in recorded.values() if not _is_object(one) and not _is_probe(one)), make.source_prefixes
    )
    unlisted = {path for one in recorded.values() if not _is_kernel(one) for path in _sources_alone(one, make)}
    unrecorded = _names(_NAMED_THERE, source, {one.source for one in objects}) | _names(_INCLUDED, source, unlisted)
    kernel = (
        path for path in _read(objects) - others if _is_of_kernel(path) and PurePosixPath(path).name not in unrecorded
    )
    return Programs(frozenset(kernel), others, _read(asked), probes)


def reads_unrecorded(text: str) -> bool:
    """Whether code includes files in a way that kbuild's records do not show, and make does not see."""
    return _UNRECORDED.search(text.encode()) is not None


def probe_command(one: Recorded) -> tuple[str, ...]:
    """The command that prints the assembler that was recorded as a target.

    Raises:
        ValueError: the recorded command is none of a compiler.
    """
    *words, _, _, source = preprocess_command(one)
    # Names and lines of the source are of no interest.
    return (*(word for word in words if word != "-fverbose-asm"), "-S", "-g0", "-w", "-o", "-", source)


def _answer(make: Make, command: tuple[str, ...]) -> str | None:
    done = make.tool(*command)
    make.check_failure(done)
    return hashlib.sha256(done.stdout).hexdigest() if done.ok else None


def _is_kernel(one: Recorded) -> bool:
    return "-D__KERNEL__" in one.command.split() and bool(one.source)


def _is_probe(one: Recorded) -> bool:
    return _is_kernel(one) and one.target.endswith(".s")


def _is_object(one: Recorded) -> bool:
    """Whether it is part of a kernel: what programs are made of lies in the folders of tools, kernel code or not."""
    return _is_kernel(one) and one.target.endswith(".o") and PurePosixPath(one.target).parts[0] not in TOOLS


def _is_of_kernel(path: str) -> bool:
    place = PurePosixPath(path)
    return place.suffix in _COMPILED and place.parts[0] not in _NOT_KERNEL and not path.endswith(".lds.S")


def _read(recorded: Iterable[Recorded]) -> frozenset[str]:
    return frozenset(path for one in recorded for path in (one.source, *one.dependencies) if path)


def _sources_alone(one: Recorded, make: Make) -> Iterable[str]:
    """Sources that a command names whose record does not tell what else was read."""
    named = () if one.source else read_of_tree([one], make.source_prefixes)
    return (path for path in named if PurePosixPath(path).suffix in _COMPILED)


def _names(pattern: re.Pattern[bytes], source: Path, paths: Collection[str]) -> frozenset[str]:
    """Names of files that sources include by a pattern."""
    names = set[str]()
    for path in paths:
        with suppress(OSError):
            text = beneath.read(source, path, _LARGEST_SOURCE)
            names.update(PurePosixPath(name.decode("utf-8", "replace")).name for name in pattern.findall(text))
    return frozenset(names)
