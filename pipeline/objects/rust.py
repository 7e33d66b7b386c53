"""Rust: the objects that show what a series touches of it, each by the makefile that names it or by its crate's.

What a crate takes in with `mod` is compiled with its root. Below rust/ a crate is named as its folder, and the crate
`kernel` takes macros, bindings and everything else there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Protocol

from pipeline.kernel.commands import is_code, is_makefile
from pipeline.kernel.kconfig.expression import Expression, Tristate, evaluate
from pipeline.model import TouchedFile
from pipeline.plan.suggest import Sources

SUFFIX = ".rs"
FOLDER = "rust"
"""Of the tree's own crates."""
MOST_ROOTS = 3
"""Crates that one file is looked for in."""
_KERNEL = "kernel"


class Configured(Protocol):
    """A source state as one configuration has it."""

    @property
    def sources(self) -> Sources: ...
    @property
    def arch(self) -> str: ...
    @property
    def values(self) -> Mapping[str, str]: ...
    def compiles(self, path: str) -> bool: ...
    def targets(self, path: str) -> TouchedFile: ...
    def why_not(self, path: str, condition: Expression | None) -> str: ...


def is_rust(path: str) -> bool:
    """Whether it is compiled by what compiles Rust alone."""
    own = path.startswith(f"{FOLDER}/") and (is_code(path) or is_makefile(path))
    return own or path.endswith(SUFFIX)


def is_crate(target: str) -> bool:
    """Whether it is a crate of the tree's own."""
    return target.startswith(f"{FOLDER}/")


def source(target: str, path: str) -> str:
    """What an object is compiled from that shows a file."""
    place = PurePosixPath(target)
    if PurePosixPath(path).with_suffix(".o") == place or place.parent != PurePosixPath(FOLDER):
        return path if path.endswith(".c") else str(place.with_suffix(SUFFIX))
    return f"{FOLDER}/{place.stem}/lib.rs"


def shown(configured: Configured, path: str) -> TouchedFile:
    """The objects that show a file of Rust, or of the C beside it, or why there are none."""
    if path.startswith(f"{FOLDER}/"):
        return _of_crates(configured, path)
    condition = configured.sources.kbuild(configured.arch).condition(path)
    if condition is not None:
        if evaluate(condition, configured.values, unknown=Tristate.Y) >= Tristate.M:
            return TouchedFile(path, (_object(path),))
        return TouchedFile(path, reason=configured.why_not(path, condition))
    roots = [root for root in crate_roots(configured.sources, configured.arch, path) if configured.compiles(root)]
    reason = "" if roots else "no makefile names it, and no crate that is compiled takes it in"
    return TouchedFile(path, tuple(map(_object, roots)), reason=reason)


def crate_roots(sources: Sources, arch: str, path: str) -> list[str]:
    """Roots of crates that may take a file in: those that makefiles name, in the nearest folder that has any.

    A root says `mod` and the name of the file, or of the folder that it lies in.
    """
    place, kbuild = PurePosixPath(path), sources.kbuild(arch)
    for folder in place.parents:
        beside = [other for other in sources.rust_files(str(folder)) if other != path]
        if not (named := [other for other in beside if kbuild.condition(other) is not None]):
            continue
        module = re.escape(place.relative_to(folder).with_suffix("").parts[0])
        takes = re.compile(rf"\bmod\s+(?:r#)?{module}\s*;|\bpath\s*=\s*\"{module}\b")
        return [root for root in named if takes.search(sources.read(root))][:MOST_ROOTS]
    return []


def _of_crates(configured: Configured, path: str) -> TouchedFile:
    """Objects of the tree's own crates: of that which a file belongs to, and of the one that takes all others."""
    place = PurePosixPath(path)
    crate = place.parts[1] if len(place.parts) > 2 else place.stem
    names = [_KERNEL] if is_makefile(path) else [crate, _KERNEL]
    own = configured.targets(path).targets if path.endswith(".c") else ()
    crates = dict.fromkeys(f"{FOLDER}/{name.replace('-', '_')}{SUFFIX}" for name in names)
    targets = dict.fromkeys([*own, *(_object(crate) for crate in crates if configured.compiles(crate))])
    return TouchedFile(path, tuple(targets), reason="" if targets else "no crate that is compiled takes it in")


def _object(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(".o"))
