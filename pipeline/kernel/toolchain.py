"""Compilers by name: make variables, the tools that belong to one, and its identity.

`gcc-12` and `clang-14` are compilers beside GNU binutils, a cross compiler is named with its prefix
(`riscv64-linux-gnu-gcc-12`, `riscv64-linux-gnu-clang`), and `llvm-14` is LLVM for everything (`make LLVM=-14`); `llvm`
is the newest of these that is installed. See Documentation/kbuild/llvm.rst.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.model import Toolchain
from pipeline.system.command import Command
from pipeline.system.errors import InfrastructureError, UsageError
from pipeline.system.policy import SEARCH_PATH, TOOL_ENVIRONMENT
from pipeline.system.process import Processes

_NAME = re.compile(r"(?P<prefix>(?:[A-Za-z0-9_.]+-)*?)(?P<family>gcc|clang|llvm)(?P<suffix>(?:-[0-9][0-9.]*)?)")
_CLANG = re.compile(r"clang-([0-9]+)")
_LLVM_LIBRARY = re.compile(r"=> (/\S*/lib(?:LLVM|clang|rustc_driver)[\w.+-]*) \(")


@dataclass(frozen=True)
class ToolchainName:
    """A toolchain's name, taken apart.

    Args:
        prefix: of the cross tools, `riscv64-linux-gnu-`; empty for the host's.
        family: `gcc`, `clang` (with GNU binutils), or `llvm` (with LLVM's own).
        suffix: the version as Debian's programs have it, `-12`; empty for the default.
    """

    prefix: str
    family: str
    suffix: str

    @classmethod
    def parse(cls, name: str) -> ToolchainName:
        """Raises UsageError when no toolchain has such a name."""
        match = _NAME.fullmatch(name)
        if match is None or (match["family"] == "llvm" and match["prefix"]):
            raise UsageError(
                f"there is no toolchain {name!r}",
                hint="gcc, gcc-12, clang, clang-14 (with GNU binutils), llvm-14 (LLVM=-14), llvm (the newest); "
                "a cross prefix for gcc and clang: riscv64-linux-gnu-gcc-12.",
            )
        return cls(match["prefix"], match["family"], match["suffix"])

    @property
    def driver(self) -> str:
        """The compiler's program. One clang compiles for every architecture."""
        return f"{self.prefix}gcc{self.suffix}" if self.family == "gcc" else f"clang{self.suffix}"

    @property
    def linker(self) -> str:
        return f"ld.lld{self.suffix}" if self.family == "llvm" else f"{self.prefix}ld"

    def binary_tool(self, tool: str) -> str:
        """The program that reads what this toolchain makes: `nm` or `size`."""
        return f"llvm-{tool}{self.suffix}" if self.family == "llvm" else f"{self.prefix}{tool}"

    @property
    def packages(self) -> dict[str, str]:
        """The programs that a build calls by name, and Debian's packages of them."""
        target = self.prefix.rstrip("-").replace("_", "-")
        if self.family == "gcc":
            return {self.driver: f"gcc{self.suffix}" + (f"-{target}" if target else "")}
        packages = {self.driver: f"clang{self.suffix}"}
        if self.family == "llvm":
            return packages | {self.linker: f"lld{self.suffix}", self.binary_tool("nm"): f"llvm{self.suffix}"}
        return packages | {self.linker: f"binutils-{target}" if target else "binutils"}


def make_variables(name: str) -> dict[str, str]:
    """Variables for kbuild: `CC` and, with a cross prefix, `CROSS_COMPILE`; or `LLVM`.

    See Documentation/kbuild/kbuild.rst and llvm.rst.
    """
    parsed = ToolchainName.parse(name)
    if parsed.family == "llvm":
        return {"LLVM": parsed.suffix or "1"}
    return {"CC": parsed.driver} | ({"CROSS_COMPILE": parsed.prefix} if parsed.prefix else {})


def newest(name: str) -> str:
    """`llvm` as the newest that is installed whole, `llvm-19`; every other name as it is.

    Where only programs without a number are there, they are `llvm`, which is `make LLVM=1`.
    """
    parsed = ToolchainName.parse(name)
    if parsed.family != "llvm" or parsed.suffix:
        return name
    folders = map(Path, SEARCH_PATH.split(":"))
    versions = {
        match[1] for folder in folders for path in folder.glob("clang-*") if (match := _CLANG.fullmatch(path.name))
    }
    whole = [version for version in versions if all(map(place, ToolchainName("", "llvm", f"-{version}").packages))]
    return f"{name}-{max(whole, key=int)}" if whole else name


def with_cross_prefix(name: str, prefix: str) -> str:
    """A toolchain for another architecture: `gcc-12` becomes `riscv64-linux-gnu-gcc-12`, `llvm` stays as it is."""
    parsed = ToolchainName.parse(name)
    return name if parsed.prefix or parsed.family == "llvm" else f"{prefix}{name}"


def identify(name: str, processes: Processes) -> Toolchain:
    """Looks a toolchain up; `llvm` gets the name of what was found.

    Raises:
        UsageError: no toolchain has such a name.
        InfrastructureError: it is not installed or does not run.
    """
    name = newest(name)
    parsed = ToolchainName.parse(name)
    for program, package in parsed.packages.items():
        if place(program) is None:
            what = f"the compiler {name}" if program == name else f"{program}, of the toolchain {name},"
            raise InfrastructureError(
                f"{what} is not installed", hint=f"apt-get install {package} (see `pipeline doctor`)."
            )
    driver = place(parsed.driver) or parsed.driver
    version = ask(processes, driver, "--version").splitlines()[0]
    if parsed.family == "gcc":
        parts = [driver] + [ask(processes, driver, f"-print-prog-name={part}") for part in ("cc1", "as", "ld")]
        files = [file for part in parts if (file := place(part))]
    else:
        # clang is its own assembler; Debian's is a small program on top of large libraries.
        files = [driver, *libraries(driver, processes), place(parsed.linker) or parsed.linker]
    digests = map(digest_of, files)
    return Toolchain(name, version, hashlib.sha256(" ".join(digests).encode()).hexdigest())


def identify_program(name: str, processes: Processes) -> Toolchain:
    """Looks a program up that is used beside a compiler.

    Raises:
        InfrastructureError: it is not installed or does not run.
    """
    program = place(name)
    if program is None:
        raise InfrastructureError(f"{name} is not installed", hint=f"apt-get install {name} (see `pipeline doctor`).")
    version = ask(processes, program, "--version").splitlines()[0]
    return Toolchain(name, version, digest_of(program))


def llvm_libraries(ldd: str) -> list[str]:
    """Files of the shared LLVM, clang and rustc libraries in what ldd prints of a program."""
    return sorted(_LLVM_LIBRARY.findall(ldd))


def libraries(program: str, processes: Processes) -> list[str]:
    """LLVM's and rustc's own of a program; none of a static one."""
    done = processes.run(Command(("ldd", program), environment=TOOL_ENVIRONMENT, timeout=30))
    return llvm_libraries(done.text) if done.ok else []


def place(program: str) -> str | None:
    """Where a program of a toolchain is; None where it is not."""
    return shutil.which(program, path=SEARCH_PATH)


def ask(processes: Processes, program: str, *words: str) -> str:
    """What a program of the machine answers.

    Raises:
        InfrastructureError: it fails.
    """
    done = processes.run(Command((program, *words), environment=TOOL_ENVIRONMENT, timeout=30))
    if not done.ok:
        raise InfrastructureError(f"{program} {' '.join(words)} failed: {done.text.strip()}")
    return done.stdout.decode("utf-8", "replace").strip()


@lru_cache
def digest_of(path: str) -> str:
    """SHA-256 of a file of the machine."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
