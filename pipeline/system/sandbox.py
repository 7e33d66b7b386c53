"""Where commands that read a patched tree run: in bubblewrap, or openly when the user says so.

A patch series is a stranger's program: every make target can run `$(shell …)`. Inside, source is `/src` (read-only) and
output `/build`, so that base and patched builds see identical paths. See bwrap(1) for the options.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipeline.system.errors import InfrastructureError
from pipeline.system.process import Command, Processes

POLICY_VERSION = 1
"""Raised whenever what a build can see changes; part of every stored result's key."""

FILE_SIZE_LIMIT = 8 << 30
"""Largest file that a sandboxed command may write, bytes."""

_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Box:
    """What a sandboxed command sees.

    Args:
        source: mounted read-only on `/src`.
        build: mounted writable on `/build`; the working directory.
        tools: mounted read-only on `/tools` and first in PATH.
    """

    source: Path
    build: Path
    tools: Path | None = None


@dataclass(frozen=True)
class Job:
    """A command for a sandbox, in the sandbox's own paths: `{src}` and `{build}` in its words are replaced."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 600.0
    pass_fds: tuple[int, ...] = ()
    output_limit: int = 64 << 20
    merge_stderr: bool = True


class Sandbox(Protocol):
    """Turns a job into a command of the host."""

    name: str

    def command(self, job: Job, box: Box) -> Command: ...

    def source_prefixes(self, box: Box, /) -> tuple[str, ...]:
        """How paths of the source tree begin in what compilers print."""
        ...


class Bubblewrap:
    """No network, cleared environment, no home, read-only system, own pid, ipc and uts namespaces."""

    name = "bwrap"

    def command(self, job: Job, box: Box) -> Command:
        # --as-pid-1: without it bwrap's own init reaps the command, and its CPU time is never seen outside.
        argv = ["bwrap", "--unshare-all", "--die-with-parent", "--as-pid-1", "--new-session", "--clearenv"]
        argv += ["--ro-bind", "/usr", "/usr"]
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            argv += _system_folder(Path("/") / name)
        argv += ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"]
        argv += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
        argv += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/tmp/home"]
        argv += ["--ro-bind", str(box.source), "/src"]
        if (box.source / ".git").exists():
            argv += ["--ro-bind", "/dev/null", "/src/.git"]
        argv += ["--bind", str(box.build), "/build", "--chdir", "/build"]
        if box.tools:
            argv += ["--ro-bind", str(box.tools), "/tools"]
        path = f"/tools:{_SEARCH_PATH}" if box.tools else _SEARCH_PATH
        environment = {"PATH": path, "HOME": "/tmp/home", "LC_ALL": "C.UTF-8", **job.environment}
        for name, value in environment.items():
            argv += ["--setenv", name, value]
        argv += ["--", "prlimit", f"--fsize={FILE_SIZE_LIMIT}", "--core=0", "--"]
        argv += _filled(job.argv, "/src", "/build")
        # bwrap itself gets the search path only; --clearenv keeps even that from what it starts.
        return _command(job, argv, {"PATH": _SEARCH_PATH})

    def source_prefixes(self, _: Box, /) -> tuple[str, ...]:
        return ("/src/",)


class Unsandboxed:
    """Runs on the host, with the user's rights; only on request, and shown in every report."""

    name = "none"

    def command(self, job: Job, box: Box) -> Command:
        path = f"{box.tools}:{_SEARCH_PATH}" if box.tools else _SEARCH_PATH
        environment = {"PATH": path, "HOME": str(box.build), "LC_ALL": "C.UTF-8", **job.environment}
        # setpriv: make ends with us even when we are killed, which bubblewrap's --die-with-parent does otherwise.
        argv = ["setpriv", "--pdeathsig", "TERM", "--", "prlimit", f"--fsize={FILE_SIZE_LIMIT}", "--core=0", "--"]
        argv += _filled(job.argv, str(box.source), str(box.build))
        return _command(job, argv, environment, cwd=box.build)

    def source_prefixes(self, box: Box, /) -> tuple[str, ...]:
        return (f"{box.source}/",)


def choose(name: str, processes: Processes) -> Sandbox:
    """The sandbox of that name, tried out.

    Raises:
        InfrastructureError: bubblewrap is missing or may not make namespaces; never a silent fall-back.
    """
    if name == "none":
        return Unsandboxed()
    if not shutil.which("bwrap"):
        raise InfrastructureError(
            "bubblewrap (bwrap) is not installed, and patches are not built without a sandbox",
            hint="apt-get install bubblewrap — or say --sandbox=none if you trust every line of the series.",
        )
    trial = Bubblewrap().command(Job(("true",)), Box(Path("/usr"), Path("/tmp")))
    done = processes.run(trial)
    if not done.ok:
        raise InfrastructureError(
            f"bubblewrap cannot make a sandbox here: {done.text.strip() or f'status {done.status}'}",
            hint=f"{_permission(_APPARMOR)}; or say --sandbox=none if you trust every line of the series.",
        )
    return Bubblewrap()


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


def _system_folder(path: Path) -> list[str]:
    """`/bin` and the like: a link on a merged-/usr system, a folder elsewhere."""
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.is_dir() else []


def _filled(argv: tuple[str, ...], source: str, build: str) -> list[str]:
    return [word.replace("{src}", source).replace("{build}", build) for word in argv]


def _command(job: Job, argv: list[str], environment: Mapping[str, str], cwd: Path | None = None) -> Command:
    return Command(
        tuple(argv),
        cwd=cwd,
        environment=environment,
        timeout=job.timeout,
        output_limit=job.output_limit,
        pass_fds=job.pass_fds,
        merge_stderr=job.merge_stderr,
        name=job.argv[0],
    )
