"""Views and limits of a sandboxed command: a table of bubblewrap's options (bwrap(1), 0.8 or later), and limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

POLICY_VERSION = 4
"""Raised whenever an honest build comes to see something else, or to be kept from something; part of every stored
result's key.

Limits do not count: a command that reaches one has no result.
"""

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TOOL_ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C"}
"""Of the machine's own programs, whose words are read: the user's settings and language are none of theirs."""

SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Links into /usr on some systems, folders on others."""

PLUGIN_FOLDERS = ("/usr/lib/bfd-plugins", "/usr/lib64/bfd-plugins")
"""Plugins that ar, nm and ld of binutils load each time that they start (nm(1), --plugin)."""


@dataclass(frozen=True)
class Limits:
    """Limits of a sandboxed command.

    Args:
        seconds: of wall time, where its job allows no less.
        file: bytes of one file that it writes.
        temporary: bytes below /tmp, and of shared memory in /dev/shm; both are in memory.
        processes: threads count as processes.
        memory: bytes of all its processes together, of what they hold open, and of their segments; where it is 0, nine
            tenths of the machine's.
        folder: bytes on disk of its build folder, and of files that lay there and are open.
        files: in its build folder.
        descriptors: of all its processes together.
        free: bytes that must be left where its build folder lies.
        interval: seconds between two looks at what it uses.
    """

    seconds: float = 24 * 3600.0
    file: int = 8 << 30
    temporary: int = 2 << 30
    processes: int = 8192
    memory: int = 0
    folder: int = 96 << 30
    files: int = 600_000
    descriptors: int = 65_536
    free: int = 256 << 20
    interval: float = 0.5


LIMITS = Limits()
"""Far above what an honest build takes."""


@dataclass(frozen=True)
class Cache:
    """A folder of ccache's, mounted on `/ccache`; a build that may not write leaves nothing for others there."""

    folder: Path
    writable: bool


class When(StrEnum):
    """A condition of a line of the policy."""

    ALWAYS = "always"
    GIT = "the source has a .git"
    TOOLS = "there is a folder of tools"
    CACHE_FILLED = "ccache is used, and what is built is the tree alone"
    CACHE_READ = "ccache is used, with patches on the tree"
    NETWORK = "a program of the user's own may reach the network, by the user's word"


@dataclass(frozen=True)
class Rule:
    """A line of the policy.

    Args:
        options: of bubblewrap; `{source}`, `{build}`, `{tools}`, `{cache}`, `{temporary}` are filled in.
        why: it is there.
        when: it applies.
    """

    options: tuple[str, ...]
    why: str
    when: When = When.ALWAYS


NAMESPACES = (
    Rule(("--unshare-all",), "a network, abstract sockets, processes, IPC, a host name and control groups of its own"),
    Rule(("--share-net",), "what a model's server is asked through; nothing that is built has it", When.NETWORK),
    Rule(("--unshare-user",), "for root as well: --unshare-all does without where it may not"),
    Rule(("--disable-userns",), "a second user namespace inside could mount, and reaches more of the host's kernel"),
    Rule(("--cap-drop", "ALL"), "root keeps capabilities otherwise, and could mount /usr and /src writable"),
    Rule(("--die-with-parent",), "nothing is left when the pipeline is killed"),
    # Without it bwrap's own init reaps the command, and its CPU time is never seen outside.
    Rule(("--as-pid-1",), "everything that it started ends with it, daemons too"),
    Rule(("--new-session",), "no controlling terminal to put keystrokes into (TIOCSTI)"),
    Rule(("--clearenv",), "no secrets of the environment"),
)
SYSTEM = (
    Rule(("--ro-bind", "/usr", "/usr"), "compilers and tools"),
    Rule(("--ro-bind-try", "/etc/alternatives", "/etc/alternatives"), "Debian's links to compilers"),
    Rule(("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"), "where libraries are"),
)
NETWORK = tuple(
    Rule(("--ro-bind-try", place, place), "how names are found and servers known", When.NETWORK)
    for place in ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates")
)
PLACES = (
    Rule(("--proc", "/proc"), "of its own processes"),
    # bwrap leaves /proc/sys as it is where root runs it: the kernel asks for no capability there.
    Rule(("--remount-ro", "/proc"), "root could write the host's settings (sysctl), kernel.core_pattern and more"),
    Rule(("--dev", "/dev"), "null, zero, random and the like"),
    Rule(("--size", "{temporary}", "--tmpfs", "/dev/shm"), "shared memory, gone when it ends"),
    Rule(("--remount-ro", "/dev"), "it is memory without a limit"),
    Rule(("--size", "{temporary}", "--tmpfs", "/tmp"), "gone when it ends"),
    Rule(("--dir", "/tmp/home"), "an empty home"),
    Rule(("--ro-bind", "{source}", "/src"), "the patched tree"),
    Rule(
        ("--ro-bind", "/dev/null", "/src/.git"), "nothing of git, whose hooks and configuration run programs", When.GIT
    ),
    Rule(("--bind", "{build}", "/build", "--chdir", "/build"), "the only place that is written to and stays"),
    Rule(("--ro-bind", "{tools}", "/tools"), "programs of the pipeline", When.TOOLS),
    Rule(("--bind", "{cache}", "/ccache"), "what compilers make of the tree is kept", When.CACHE_FILLED),
    Rule(("--ro-bind", "{cache}", "/ccache"), "a series leaves nothing there for the next one", When.CACHE_READ),
    Rule(("--remount-ro", "/"), "it is memory without a limit"),
)


def arguments(
    source: Path,
    build: Path,
    tools: Path | None,
    cache: Cache | None,
    system: Sequence[str],
    limits: Limits,
    *,
    network: bool = False,
) -> list[str]:
    """bubblewrap's options for the policy.

    Args:
        source, build, tools: folders of the host.
        cache: ccache's, if it is used.
        system: options for `SYSTEM_FOLDERS` and `PLUGIN_FOLDERS`, as they are on this machine.
        network: the host's is seen.
    """
    holds = {
        When.ALWAYS: True,
        When.GIT: (source / ".git").exists(),
        When.TOOLS: tools is not None,
        When.CACHE_FILLED: cache is not None and cache.writable,
        When.CACHE_READ: cache is not None and not cache.writable,
        When.NETWORK: network,
    }
    values: dict[str, object] = {"source": source, "build": build, "tools": tools, "temporary": limits.temporary}
    values["cache"] = cache.folder if cache else None
    rules: Iterable[Rule] = (*NAMESPACES, SYSTEM[0], Rule(tuple(system), "the same"), *SYSTEM[1:], *NETWORK, *PLACES)
    return [
        word.format_map(values) if word.startswith("{") else word
        for rule in rules
        if holds[rule.when]
        for word in rule.options
    ]


FIRST_TO_END = ("choom", "--adjust=1000", "--")
"""The words before a command that a machine which is out of memory ends before anything else (choom(1))."""


def limited(limits: Limits) -> list[str]:
    """The words before a command that give it limits of its own (prlimit(1))."""
    # The number of processes holds for ordinary users: a bomb is stopped where it starts.
    own = [f"--fsize={limits.file}", f"--nproc={limits.processes}", "--core=0"]
    return ["prlimit", *own, "--"]
