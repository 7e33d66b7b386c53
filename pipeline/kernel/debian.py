"""Source packages of Debian, of the machine's own suite or of another: `linux-source-6.12`, `linux-source-7.3@sid`.

Another suite is asked with an apt configuration of the pipeline's own: lists and caches of its own, the mirror that the
machine has, and the distribution's keyring. The machine's own configuration is read and never changed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.system import untrusted_dir
from pipeline.system.command import Command, Completed
from pipeline.system.errors import InfrastructureError, UsageError
from pipeline.system.policy import TOOL_ENVIRONMENT
from pipeline.system.process import Processes

SUITES = ("bookworm", "bookworm-backports", "trixie", "trixie-backports", "forky", "sid", "experimental")
"""Where a package is looked for that a suite lacks, the oldest first. Code names: what archives call stable-backports
was seen to be a month older than the suite that it is."""

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_MIRROR = "http://deb.debian.org/debian"
_SUITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+")
_OWN_SETTINGS = re.compile(r'(Acquire::(?:(?:http|https|ftp)::[\w:.-]+|Retries|Check-Valid-Until|Check-Date)) "(.*)";')
"""How the machine reaches archives: proxies and the like. Hooks that clean or index are none of ours."""
_UPDATE_TIMEOUT, _DOWNLOAD_TIMEOUT = 600, 1200


@dataclass(frozen=True)
class PackageName:
    """A source package, and the suite that it is taken from; the machine's own where that is empty."""

    package: str
    suite: str

    @classmethod
    def parse(cls, text: str) -> PackageName:
        """Raises UsageError when no package and no suite has such a name."""
        package, at, suite = text.partition("@")
        if not _PACKAGE.fullmatch(package) or (at and not _SUITE.fullmatch(suite)):
            raise UsageError(
                f"{text!r} names no package", hint="Say debian:linux-source-6.12, or debian:linux-source-7.3@SUITE."
            )
        return cls(package, suite)

    def __str__(self) -> str:
        return f"{self.package}@{self.suite}" if self.suite else self.package


class DebianArchive:
    """Downloads packages.

    Args:
        folder: where packages go, and apt's lists of other suites.
        processes: the subprocess door.
        say: called with a line for each slow step.
    """

    def __init__(self, folder: Path, processes: Processes, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._processes = processes
        self._say = say

    def package(self, name: PackageName) -> Path:
        """A package's file, downloaded now or before; nobody else downloads it meanwhile.

        Raises:
            UsageError: the suite has no such package.
            InfrastructureError: the archive cannot be reached.
        """
        kept = self._folder / f"apt-{name.suite}" if name.suite else self._folder
        kept.mkdir(parents=True, exist_ok=True)
        known = sorted(kept.glob(f"{name.package}_*.deb"), key=lambda path: path.stat().st_mtime)
        if known:
            return known[-1]
        self._say(f"Downloading {name}")
        # apt-get takes no lock here and may leave half a package, so it downloads into a folder of its own each time.
        prefix = f"download-{name.package}-"
        for leftover in kept.glob(f"{prefix}*"):
            untrusted_dir.remove(leftover)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=kept) as download_folder:
            environment = {**TOOL_ENVIRONMENT, "HOME": download_folder}
            if name.suite:
                environment |= self._updated([name.suite])
            done = self._run(
                ("apt-get", "download", "-q", name.package), environment, _DOWNLOAD_TIMEOUT, Path(download_folder)
            )
            archives = sorted(Path(download_folder).glob(f"{name.package}_*.deb"))
            if not done.ok or not archives:
                raise self._lacking(name, done)
            return archives[-1].rename(kept / archives[-1].name)

    def _lacking(self, name: PackageName, done: Completed) -> UsageError:
        errors = [line for line in done.text.splitlines() if line.startswith("E:")]
        words = errors[0][3:] if errors else done.text.strip()[-200:]
        where = f" of {name.suite}" if name.suite else ""
        suites: list[str] = []
        # If the archive of the error message fails too, the first error is enough.
        with suppress(InfrastructureError):
            suites = self._suites_with(name.package)
        if suites:
            hint = f"Suites that have it: {', '.join(suites)}. Say debian:{name.package}@{suites[0]}."
        else:
            hint = "Run `apt-get update` as root, or check the name with `apt-cache search linux-source`."
        return UsageError(f"apt-get cannot download {name.package}{where}: {words}", hint=hint)

    def _suites_with(self, package: str) -> list[str]:
        """The suites that have a package, the oldest first."""
        self._say(f"Looking for {package} in other suites")
        listed = self._run(("apt-cache", "madison", package), self._updated(SUITES, strict=False), 60)
        rows = [line.split("|") for line in listed.text.splitlines()]
        origins = [row[2].split() for row in rows if len(row) == 3]
        holding = {origin[1].partition("/")[0] for origin in origins if len(origin) > 1}
        return [suite for suite in SUITES if suite in holding]

    def _updated(self, suites: Sequence[str], *, strict: bool = True) -> dict[str, str]:
        """Variables that have apt ask these suites alone, their lists fetched.

        Raises:
            InfrastructureError: they cannot be; without `strict`, only if none of them can.
        """
        folder = self._folder / f"lists-{'-'.join(suites)[:60]}"
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        mirror = self._mirror()
        signed = f"[signed-by={_KEYRING}] " if _KEYRING.is_file() else ""
        (folder / "sources.list").write_text("".join(f"deb {signed}{mirror} {suite} main\n" for suite in suites))
        (folder / "status").touch()
        (folder / "apt.conf").write_text(_configuration(folder, self._own_settings()))
        environment = {**TOOL_ENVIRONMENT, "HOME": str(folder), "APT_CONFIG": str(folder / "apt.conf")}
        done = self._run(("apt-get", "update", "-q"), environment, _UPDATE_TIMEOUT)
        lists = list((folder / "lists").glob("*_Packages*"))
        if (strict and not done.ok) or not lists:
            complaints = [line for line in done.text.splitlines() if line.startswith(("E:", "Err:"))]
            raise InfrastructureError(
                f"{mirror} does not answer for {', '.join(suites)}: {(complaints or [done.text.strip()[-200:]])[0]}",
                hint="Is the network there, and has the archive a suite of that name?",
            )
        return environment

    def _mirror(self) -> str:
        """The address of Debian's archive in the machine's own configuration; Debian's own where there is none."""
        words = ("apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)", "Created-By: Packages")
        lines = [line.partition("|") for line in self._run(words, TOOL_ENVIRONMENT, 60).text.splitlines()]
        named = [uri.rstrip("/") for uri, _, origin in lines if origin in ("Debian", "")]
        # Security updates have an archive of their own; lists that were never fetched name no origin.
        return next((uri for uri in named if uri.endswith("/debian")), _MIRROR)

    def _own_settings(self) -> dict[str, str]:
        dumped = self._run(("apt-config", "dump"), TOOL_ENVIRONMENT, 60).text
        return {match[1]: match[2] for line in dumped.splitlines() if (match := _OWN_SETTINGS.fullmatch(line.strip()))}

    def _run(
        self, words: tuple[str, ...], environment: dict[str, str], timeout: float, folder: Path | None = None
    ) -> Completed:
        return self._processes.run(Command(words, cwd=folder, environment=environment, timeout=timeout))


def _configuration(folder: Path, settings: dict[str, str]) -> str:
    """An apt.conf(5) under which apt reads and writes below `folder` only, and runs no hooks of the machine."""
    own = {
        "Dir::State": str(folder),
        "Dir::State::lists": str(folder / "lists"),
        "Dir::State::status": str(folder / "status"),
        "Dir::Cache": str(folder / "cache"),
        "Dir::Etc::sourcelist": str(folder / "sources.list"),
        "Dir::Etc::main": "/dev/null",
        **dict.fromkeys(("Dir::Etc::parts", "Dir::Etc::sourceparts"), "/dev/null"),
        **dict.fromkeys(("Dir::Etc::preferences", "Dir::Etc::preferencesparts"), "/dev/null"),
        "Acquire::Languages": "none",
    }
    if os.geteuid() == 0:
        # apt's user for downloads may not enter the workspace.
        own["APT::Sandbox::User"] = "root"
    return "".join(f'{key} "{value}";\n' for key, value in (settings | own).items())
