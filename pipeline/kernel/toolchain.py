"""Compilers by name: what to tell make, and what a compiler turned out to be."""

from __future__ import annotations

import hashlib
import shutil
from functools import lru_cache
from pathlib import Path

from pipeline.model import Toolchain
from pipeline.system.errors import InfrastructureError
from pipeline.system.process import Command, Processes

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


def make_variables(name: str) -> dict[str, str]:
    """Variables for kbuild: `CC` and, for a cross compiler (`riscv64-linux-gnu-gcc-12`), `CROSS_COMPILE`.

    See Documentation/kbuild/kbuild.rst.
    """
    prefix, dash, _ = name.rpartition("gcc")
    variables = {"CC": name}
    if dash and prefix:
        variables["CROSS_COMPILE"] = prefix
    return variables


def package_of(name: str) -> str:
    """Debian's package of a compiler."""
    if "gcc" not in name:
        return name
    prefix, _, version = name.rpartition("gcc")
    return f"gcc{version}" + (f"-{prefix.rstrip('-')}".replace("_", "-") if prefix else "")


def identify(name: str, processes: Processes) -> Toolchain:
    """Looks a compiler up.

    Raises:
        InfrastructureError: it is not installed or does not run.
    """
    driver = shutil.which(name, path=_ENVIRONMENT["PATH"])
    if driver is None:
        raise InfrastructureError(
            f"the compiler {name} is not installed", hint=f"apt-get install {package_of(name)} (see `pipeline doctor`)."
        )
    version = _ask(processes, driver, "--version").splitlines()[0]
    parts = [driver] + [_ask(processes, driver, f"-print-prog-name={part}") for part in ("cc1", "as", "ld")]
    digests = [_digest_of(found) for part in parts if (found := shutil.which(part, path=_ENVIRONMENT["PATH"]))]
    return Toolchain(name, version, hashlib.sha256(" ".join(digests).encode()).hexdigest())


def _ask(processes: Processes, driver: str, question: str) -> str:
    done = processes.run(Command((driver, question), environment=_ENVIRONMENT, timeout=30))
    if not done.ok:
        raise InfrastructureError(f"{driver} {question} failed: {done.text.strip()}")
    return done.stdout.decode("utf-8", "replace").strip()


@lru_cache
def _digest_of(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
