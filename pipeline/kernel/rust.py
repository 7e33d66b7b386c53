"""What compiles the Rust of a kernel: rustc, and bindgen, which makes Rust of C headers (Documentation/rust/).

Which versions will do is asked of the tree (scripts/min-tool-version.sh), and in the end of kconfig, which has the
tree's scripts/rust_is_available.sh look.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.kernel import minimums, toolchain
from pipeline.kernel.kconfig.facts import numbers
from pipeline.kernel.minimums import Minimum
from pipeline.model import Toolchain
from pipeline.system.command import Command
from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import TOOL_ENVIRONMENT
from pipeline.system.process import Processes
from pipeline.system.sandbox import Sandbox

OPTION = "RUST"
"""Of kconfig."""
_TIMEOUT = 60
_VERSION = re.compile(r"\b(\d+\.\d+\.\d+)\b")
_LIBCLANG = re.compile(r"clang version ([^\"\]\n]+)")
_ASKS_LIBCLANG = '#pragma message("clang version " __clang_version__)\n'


@dataclass(frozen=True)
class Program:
    """A program that Rust in a kernel takes.

    Args:
        name: as kbuild calls it, and as the tree's script knows it.
        packages: of Debian; in some suites a newer one has another name.
    """

    name: str
    packages: tuple[str, ...]


PROGRAMS = (Program("rustc", ("rustc", "rustc-web")), Program("bindgen", ("bindgen",)))


def wanted(script: str, arch: str, sandbox: Sandbox, processes: Processes) -> dict[str, str]:
    """The oldest version of each program that a tree can do with, by name; empty where it does not tell.

    Args:
        script: text of the tree's scripts/min-tool-version.sh.
    """
    return {
        program.name: minimums.answer(script, program.name, arch, sandbox, processes) if script else ""
        for program in PROGRAMS
    }


def identify(processes: Processes) -> tuple[Toolchain, ...]:
    """The programs that are there, as they are: with their libraries, and with what they compile of their own."""
    found = []
    for program, details in ((PROGRAMS[0].name, _of_rustc), (PROGRAMS[1].name, _of_bindgen)):
        with suppress(InfrastructureError):
            known = toolchain.identify_program(program, processes)
            facts = [known.digest, *details(program, processes)]
            found.append(Toolchain(program, known.version, hashlib.sha256("\0".join(facts).encode()).hexdigest()))
    return tuple(found)


def shortfall(least: Mapping[str, str], found: Iterable[Toolchain]) -> str:
    """What Rust lacks on this machine: `needs rustc ≥ 1.85.0 and bindgen ≥ 0.71.1; bindgen is not installed`.

    Nothing where all is there, as far as numbers tell.

    Args:
        least: the oldest versions, by name; empty where the tree does not tell, and then kconfig does.
        found: programs of this machine.
    """
    versions = {program.name: version(program) for program in found}
    lacking = [
        f"{name} is {versions[name]}" if versions.get(name) else f"{name} is not installed"
        for name, oldest in least.items()
        if oldest and not (name in versions and Minimum(name, oldest).met_by(versions[name]))
    ]
    needs = " and ".join(f"{name} ≥ {oldest}" for name, oldest in least.items() if oldest)
    return f"needs {needs}; {' and '.join(lacking)}" if lacking else ""


def version(program: Toolchain) -> str:
    """The number in what a program says of itself; empty where there is none."""
    match = _VERSION.search(program.version)
    return match[1] if match else ""


def remedy(program: Program, oldest: str, processes: Processes) -> tuple[str, ...]:
    """Debian's packages of a program that is new enough; none where apt knows none.

    Args:
        oldest: version that will do; empty where any does.
    """
    for package in program.packages:
        words = ("apt-cache", "show", "--no-all-versions", package)
        done = processes.run(Command(words, environment=TOOL_ENVIRONMENT, timeout=_TIMEOUT))
        candidate = re.search(r"^Version: (?:\d+:)?(\d+(?:\.\d+)+)", done.text, re.MULTILINE)
        if done.ok and candidate and numbers(candidate[1]) >= numbers(oldest or "0"):
            # rustc comes without the sources of its own library, which a kernel compiles for itself.
            return (package, package.replace("rustc", "rust-src")) if program.name == "rustc" else (package,)
    return ()


def _of_rustc(program: str, processes: Processes) -> list[str]:
    """The compiler in full words, its libraries, and the sources of its `core`, which kernels are compiled with."""
    driver = toolchain.place(program) or program
    told, root = (toolchain.ask(processes, driver, *words) for words in (("-vV",), ("--print", "sysroot")))
    core = Path(root, "lib/rustlib/src/rust/library/core/src")
    sources = hashlib.sha256()
    for path in sorted(core.rglob("*.rs")) if core.is_dir() else ():
        sources.update(str(path.relative_to(core)).encode() + b"\0" + path.read_bytes())
    return [told, *map(toolchain.digest_of, toolchain.libraries(driver, processes)), sources.hexdigest()]


def _of_bindgen(program: str, processes: Processes) -> list[str]:
    """The libclang that it loads once it runs."""
    with tempfile.TemporaryDirectory(prefix="pipeline-bindgen-") as folder:
        header = Path(folder, "asks.h")
        header.write_text(_ASKS_LIBCLANG)
        words = (toolchain.place(program) or program, str(header))
        done = processes.run(Command(words, environment=TOOL_ENVIRONMENT, timeout=_TIMEOUT))
    return _LIBCLANG.findall(done.text)[:1]
