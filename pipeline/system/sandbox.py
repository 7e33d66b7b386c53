"""Runs commands that read a patched tree: in bubblewrap, or openly when the user says so.

A patch series is a stranger's program: every make target can run `$(shell …)`. Inside, source is `/src` (read-only) and
output `/build`, so that base and patched builds see identical paths. What it may see and use is a table in
`pipeline.system.policy`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import ClassVar, Protocol

from pipeline.system.command import Command
from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import (
    FIRST_TO_END,
    LIMITS,
    PLUGIN_FOLDERS,
    SEARCH_PATH,
    SYSTEM_FOLDERS,
    Cache,
    Limits,
    arguments,
    limited,
)
from pipeline.system.process import Processes

_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


class SandboxName(StrEnum):
    """The sandboxes that a user can ask for."""

    BWRAP = "bwrap"
    NONE = "none"


@dataclass(frozen=True)
class Box:
    """Folders that a sandboxed command sees.

    Args:
        source: mounted read-only on `/src`.
        build: mounted writable on `/build`; the working directory.
        tools: mounted read-only on `/tools` and first in PATH; gcc looks there for its own programs, too.
        cache: for ccache.
        network: the host's, which nothing that is built has.
    """

    source: Path
    build: Path
    tools: Path | None = None
    cache: Cache | None = None
    network: bool = False


@dataclass(frozen=True)
class Job:
    """A command for a sandbox, in its own paths: `{src}` and `{build}` are replaced in words and variables."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 600.0
    pass_fds: tuple[int, ...] = ()
    output_limit: int = 64 << 20
    merge_stderr: bool = True


class Sandbox(Protocol):
    """Turns a job into a command of the host."""

    name: ClassVar[str]

    def command(self, job: Job, box: Box) -> Command: ...

    def source_prefixes(self, box: Box, /) -> tuple[str, ...]:
        """How paths of the source tree begin in what compilers print."""
        ...


@dataclass(frozen=True)
class Bubblewrap:
    """No network, cleared environment, no home, read-only system, own pid, ipc and uts namespaces, and limits."""

    limits: Limits = LIMITS
    name: ClassVar[str] = "bwrap"

    def command(self, job: Job, box: Box) -> Command:
        seen = (box.source, box.build, box.tools, box.cache)
        policy = arguments(*seen, _system_folders(), self.limits, network=box.network)
        # In the sandbox, /proc is read-only.
        argv = [*FIRST_TO_END, "bwrap", *policy]
        path = f"/tools:{SEARCH_PATH}" if box.tools else SEARCH_PATH
        environment = {"PATH": path, "HOME": "/tmp/home", "LC_ALL": "C.UTF-8", **_variables(job, "/src", "/build")}
        if box.tools:
            environment["COMPILER_PATH"] = "/tools"
        if box.cache:
            environment["CCACHE_DIR"] = "/ccache"
        for name, value in environment.items():
            argv += ["--setenv", name, value]
        argv += ["--", *limited(self.limits), *_filled(job.argv, "/src", "/build")]
        # bwrap itself gets the search path only; --clearenv keeps even that from what it starts.
        return _command(job, box, self.limits, argv, {"PATH": SEARCH_PATH})

    def source_prefixes(self, _: Box, /) -> tuple[str, ...]:
        return ("/src/",)


@dataclass(frozen=True)
class Unsandboxed:
    """Runs on the host, with the user's rights and within limits; only on request, and shown in every report."""

    limits: Limits = LIMITS
    name: ClassVar[str] = "none"

    def command(self, job: Job, box: Box) -> Command:
        path = f"{box.tools}:{SEARCH_PATH}" if box.tools else SEARCH_PATH
        environment = {
            "PATH": path,
            "HOME": str(box.build),
            "LC_ALL": "C.UTF-8",
            **_variables(job, str(box.source), str(box.build)),
        }
        if box.tools:
            environment["COMPILER_PATH"] = str(box.tools)
        if box.cache:
            environment["CCACHE_DIR"] = str(box.cache.folder)
        # setpriv: make ends with us even when we are killed, which bubblewrap's --die-with-parent does otherwise.
        argv = ["setpriv", "--pdeathsig", "TERM", "--", *FIRST_TO_END, *limited(self.limits)]
        argv += _filled(job.argv, str(box.source), str(box.build))
        return replace(_command(job, box, self.limits, argv, environment), cwd=box.build)

    def source_prefixes(self, box: Box, /) -> tuple[str, ...]:
        return (f"{box.source}/",)


def choose(name: SandboxName, processes: Processes) -> Sandbox:
    """The sandbox of that name, tried out.

    Raises:
        InfrastructureError: bubblewrap is missing or may not make namespaces; never a silent fall-back.
    """
    if name is SandboxName.NONE:
        return Unsandboxed()
    if not shutil.which("bwrap"):
        raise InfrastructureError(
            "bubblewrap (bwrap) is not installed, and patches are not built without a sandbox",
            hint="apt-get install bubblewrap — or say --sandbox=none if you trust every line of the series.",
        )
    with tempfile.TemporaryDirectory(prefix="pipeline-sandbox-") as empty:
        done = processes.run(Bubblewrap().command(Job(("true",)), Box(Path("/usr"), Path(empty))))
    if not done.ok:
        raise InfrastructureError(
            f"bubblewrap cannot make a sandbox here: {done.text.strip() or f'status {done.status}'}",
            hint=f"{_remedy(done.text)}; or say --sandbox=none if you trust every line of the series.",
        )
    return Bubblewrap()


def _remedy(complaint: str) -> str:
    if "Unknown option" in complaint:
        return "bubblewrap 0.8 or later is needed: see `bwrap --version`"
    if "mount proc" in complaint:
        return (
            "A container hides parts of /proc, and allows no other one within: start it with podman's"
            " --security-opt unmask=ALL or docker's --privileged"
        )
    return _permission(_APPARMOR)


def _permission(apparmor: Path) -> str:
    """How to allow what bubblewrap needs, by what forbids it here.

    Args:
        apparmor: the file of AppArmor's setting; Ubuntu's kernels have it, and 1 is the default since 23.10.
    """
    if apparmor.is_file() and apparmor.read_text().strip() == "1":
        return (
            f"AppArmor keeps unprivileged programs from making user namespaces: sudo sysctl -w kernel.{apparmor.name}=0"
        )
    return (
        "User namespaces may be switched off: see sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone"
    )


@cache
def _system_folders() -> tuple[str, ...]:
    """Options for `SYSTEM_FOLDERS` and `PLUGIN_FOLDERS`. Looked at once, for many sandboxes."""
    folders = [word for name in SYSTEM_FOLDERS for word in _system_folder(Path("/") / name)]
    # LLVM's plugin is for objects of clang -flto, about which kbuild asks llvm-nm. To load it costs nm 70 ms of CPU
    # time, and with MODVERSIONS kbuild asks nm about every object (scripts/Makefile.build, gen_symversions).
    for plugins in PLUGIN_FOLDERS:
        if Path(plugins).is_dir():
            folders += ["--tmpfs", plugins, "--remount-ro", plugins]
    return tuple(folders)


def _system_folder(path: Path) -> tuple[str, ...]:
    """`/bin` and the like: a link on a merged-/usr system, a folder elsewhere."""
    if path.is_symlink():
        return "--symlink", str(path.readlink()), str(path)
    return ("--ro-bind", str(path), str(path)) if path.is_dir() else ()


def _variables(job: Job, source: str, build: str) -> dict[str, str]:
    return dict(zip(job.environment, _filled(tuple(job.environment.values()), source, build), strict=True))


def _filled(argv: tuple[str, ...], source: str, build: str) -> list[str]:
    return [word.replace("{src}", source).replace("{build}", build) for word in argv]


def _command(job: Job, box: Box, limits: Limits, argv: list[str], environment: Mapping[str, str]) -> Command:
    return Command(
        tuple(argv),
        environment=environment,
        timeout=min(job.timeout, limits.seconds),
        watched=box.build,
        limits=limits,
        output_limit=job.output_limit,
        pass_fds=job.pass_fds,
        merge_stderr=job.merge_stderr,
        name=job.argv[0],
    )
