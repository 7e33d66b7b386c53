"""Chooses the objects that show what a series touches, in one configuration, with reasons for files without one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from pipeline.kernel import kconfig
from pipeline.kernel.architectures import architecture
from pipeline.kernel.commands import is_kconfig, is_makefile
from pipeline.kernel.kconfig.explain import explain
from pipeline.kernel.kconfig.expression import Expression, Tristate, evaluate, options_in
from pipeline.kernel.rust import OPTION
from pipeline.model import TouchedFile
from pipeline.objects import rust
from pipeline.objects.device_tree import is_blob, is_device_tree, source, touched_trees
from pipeline.plan.suggest import ASKED, Sources, compiled_if
from pipeline.system.errors import UsageError

MOST_OBJECTS = 400
"""Of a series, that are compiled in one configuration; what a tree-wide series has beyond them is named."""
MOST_INCLUDERS = 20
"""Of the headers that a series touches, all together."""
MOST_ELSEWHERE = 5
"""The same, on architectures that the series does not concern: they show what words and bytes do to a header."""

MOST_BESIDE = 3
"""Files beside a makefile that are compiled to have it read."""

_COMPILED = (".c", ".S")
# What make takes for a path and nothing else: `%`, `$`, `:` and `=` are words of its own, and blanks part them.
_PATH = re.compile(r"[\w.+,~@][\w.+,~@-]*(?:/[\w.+,~@][\w.+,~@-]*)*")


@dataclass(frozen=True)
class Configured:
    """A source state as one configuration has it.

    Args:
        sources: its makefiles and Kconfig files.
        arch: of the configuration.
        values: options and their values.
        no_rust: why no Rust is compiled anywhere; empty where it is, here or in a cell of its own.
    """

    sources: Sources
    arch: str
    values: Mapping[str, str]
    no_rust: str = ""

    def compiles(self, path: str) -> bool:
        condition = compiled_if(self.sources, path, self.arch)
        return condition is not None and evaluate(condition, self.values, unknown=Tristate.Y) >= Tristate.M

    def targets(self, path: str) -> TouchedFile:
        """The objects that show a file of C or assembler, or why there are none."""
        if not is_name(path):
            return TouchedFile(path, reason="make cannot be asked for a file of this name")
        parts = PurePosixPath(path).parts
        if parts[0] == "arch" and parts[1] != architecture(self.arch).folder:
            return TouchedFile(path, reason=f"needs arch/{parts[1]}")
        if path in ASKED or path.endswith("/kernel/asm-offsets.c"):
            return TouchedFile(path, (str(PurePosixPath(path).with_suffix(".s")),))
        if path.endswith(".lds.S"):
            return TouchedFile(path, reason="a linker script: only a link reads it")
        condition = self.sources.kbuild(self.arch).condition(path)
        if condition is not None and evaluate(condition, self.values, unknown=Tristate.Y) >= Tristate.M:
            return TouchedFile(path, (_object(path),))
        includers = self.sources.includers(path) if path.endswith(".c") else ()
        if within := [other for other in includers if is_name(other) and self.compiles(other)]:
            return TouchedFile(path, (_object(within[0]),))
        return TouchedFile(path, reason=self.why_not(path, condition))

    def beside(self, makefile: str) -> TouchedFile:
        """Objects by which a makefile is read: of the first files beside it that are compiled."""
        folder = PurePosixPath(makefile).parent
        if folder.parts[0] == "arch" and folder.parts[1:2] != (architecture(self.arch).folder,):
            return TouchedFile(makefile, reason=f"needs {'/'.join(folder.parts[:2])}")
        paths = sorted(path for path in self.sources.files if path.rpartition("/")[0] == str(folder))
        shown = (self.targets(path) for path in paths if path.endswith(".c") and is_name(path) and self.compiles(path))
        targets = [target for file in islice(shown, MOST_BESIDE) for target in file.targets]
        return TouchedFile(makefile, tuple(targets), reason="" if targets else "no file beside it is compiled")

    def why_not(self, path: str, condition: Expression | None) -> str:
        """What keeps a file from being compiled, in words."""
        if condition is None:
            return f"no makefile that counts for {self.arch} names {PurePosixPath(path).stem}.o"
        lacking = [name for name in sorted(options_in(condition)) if self.values.get(name, "n") == "n"]
        if not lacking:
            return f"needs {condition}"
        words = f"needs CONFIG_{lacking[0]}"
        try:
            because = explain(self.sources.kconfig(self.arch), lacking[0], "y", self.values)
        except UsageError:
            because = ""
        return f"{words}: {because}" if because else f"{words}, which this configuration has not"


def is_name(path: str) -> bool:
    """Whether make takes a path for the name of a file and for nothing else."""
    return bool(_PATH.fullmatch(path))


def chosen(
    configured: Configured, code: Sequence[str], includers: Mapping[str, Sequence[str]], most: int = MOST_INCLUDERS
) -> tuple[TouchedFile, ...]:
    """The objects that show each file, at one source state.

    Args:
        code: the touched files that are there, makefiles among them.
        includers: of headers among them: C files that include them, the most telling first; of Kconfig files: C files
            of options that are changed there.
        most: C files for all headers together.
    """
    of_rust = [path for path in code if rust.is_rust(path)]
    code = [path for path in code if not rust.is_rust(path)]
    files = [configured.targets(path) for path in code if path.endswith(_COMPILED)]
    known = [target for file in files for target in file.targets]
    if len(set(known)) > MOST_OBJECTS:
        kept = set([*dict.fromkeys(known)][:MOST_OBJECTS])
        files = [
            file
            if kept.issuperset(file.targets)
            else TouchedFile(file.path, reason=f"beyond the first {MOST_OBJECTS} objects of a tree-wide series")
            for file in files
        ]
    room, added = most, list[TouchedFile]()
    headers = [path for path in code if path.endswith(".h")]
    taken = dict[str, None]()
    for number, header in enumerate(headers):
        # Every header gets its share of the room that is left.
        share = max(1, (room - len(taken)) // (len(headers) - number))
        targets = list[str]()
        for path in includers.get(header, ()):
            if len(targets) >= share or (len(taken) >= room and _object(path) not in taken):
                break
            if configured.compiles(path) and (shown := configured.targets(path).targets)[:1] == (_object(path),):
                targets += shown
        taken |= dict.fromkeys(targets)
        reason = "" if targets else _no_includer(header, configured.arch)
        added.append(TouchedFile(header, tuple(targets), reason=reason))
    trees = touched_trees(configured.arch, code, includers, MOST_INCLUDERS)
    beside = [_by_trees(configured.beside(path), trees) for path in code if is_makefile(path)]
    of_options = [_of_options(configured, path, includers.get(path, ())) for path in code if is_kconfig(path)]
    others = [
        TouchedFile(path, reason="no object")
        for path in code
        if not path.endswith((*_COMPILED, ".h"))
        and not is_makefile(path)
        and not is_device_tree(path)
        and not is_kconfig(path)
    ]
    shown_by_options = [file for file in of_options if file.targets]
    crates = _of_rust(configured, of_rust)
    found = [*files, *added, *trees, *beside, *shown_by_options, *crates, *others]
    return tuple(sorted(found, key=lambda file: file.path))


def _by_trees(makefile: TouchedFile, trees: Sequence[TouchedFile]) -> TouchedFile:
    """A makefile beside which nothing is compiled but device trees."""
    folder = makefile.path.rpartition("/")[0]
    shown = [target for tree in trees if tree.path.rpartition("/")[0] == folder for target in tree.targets]
    return makefile if makefile.targets or not shown else TouchedFile(makefile.path, tuple(shown[:MOST_BESIDE]))


def _of_rust(configured: Configured, paths: Sequence[str]) -> list[TouchedFile]:
    """The objects of Rust, where there is any; where another cell has it, nothing."""
    if configured.values.get(OPTION) == "y":
        return [
            rust.shown(configured, path)
            if is_name(path)
            else TouchedFile(path, reason="make cannot be asked for a file of this name")
            for path in paths
        ]
    return [TouchedFile(path, reason=configured.no_rust) for path in paths if configured.no_rust]


def _of_options(configured: Configured, kconfig: str, paths: Sequence[str]) -> TouchedFile:
    """The objects of what a Kconfig file's changed options bring."""
    shown = [configured.targets(path) for path in paths if is_name(path) and configured.compiles(path)]
    return TouchedFile(kconfig, tuple(target for file in shown for target in file.targets))


def sources_of(files: Iterable[TouchedFile], includers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The source of every target."""
    sources = {_object(path): path for paths in includers.values() for path in paths}
    for file in files:
        if rust.is_rust(file.path):
            sources |= {target: rust.source(target, file.path) for target in file.targets}
        elif is_device_tree(file.path):
            sources |= {target: source(target) for target in file.targets}
        elif is_makefile(file.path):
            sources |= {
                target: source(target) if is_blob(target) else str(PurePosixPath(target).with_suffix(".c"))
                for target in file.targets
            }
        elif not file.path.endswith(".h"):
            sources |= {target: sources.get(target, file.path) for target in file.targets}
    wanted = {target for file in files for target in file.targets}
    return {target: source for target, source in sorted(sources.items()) if target in wanted}


def values_of(config: str) -> Mapping[str, str]:
    return kconfig.parse_config(config)


def _object(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(".o"))


def _no_includer(header: str, arch: str) -> str:
    parts = PurePosixPath(header).parts
    if parts[0] == "arch" and parts[1] != architecture(arch).folder:
        return f"needs arch/{parts[1]}"
    return "no file that is compiled was found to include it"
