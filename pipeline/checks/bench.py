"""Gives checks the states of a tree, and a sandbox in which scripts of the base read files of a patch.

A series can change the scripts that judge it, so those of the base are run, from a folder that holds them alone.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from pipeline.checks.protocol import Needs
from pipeline.model import SourceState
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.command import Completed, CutShortError
from pipeline.system.errors import KilledError
from pipeline.system.git import Repository
from pipeline.system.process import Processes
from pipeline.system.sandbox import Box, Job, Sandbox
from pipeline.system.watch import LimitError
from pipeline.system.workspace import Workspace

TIMEOUT = 120.0
"""Seconds for one script on one patch; checkpatch takes a minute for the largest drivers."""
BUILT = ".built"
"""The folder with the programs of `Needs.build`, beside the base's files."""
_PERL_DIES = 255
_LINK = "120000"
_REGULAR = ("100644", "100755")


@dataclass(frozen=True)
class Scripts:
    """Scripts and data of the base that a check runs and reads.

    Args:
        script: its path in the tree; empty where a check needs none.
        blobs: object names by path, of the script and its data.
    """

    script: str
    blobs: Mapping[str, str]


class Commits(Protocol):
    """The history of a tree."""

    @property
    def missing(self) -> str:
        """Why commits cannot be looked up; empty where they can."""
        ...

    def subject(self, commit: str) -> str | None: ...


class Bench:
    """The base's scripts, laid out when the first of them is run.

    Args:
        place: an empty folder of ours.
        history: of the tree as named.
        base: whose scripts are run.
        wanted: what the checks need of it.
    """

    def __init__(
        self,
        place: Path,
        workspace: Workspace,
        repository: Repository,
        sandbox: Sandbox,
        processes: Processes,
        history: Commits,
        base: SourceState,
        wanted: Sequence[Needs],
    ) -> None:
        self.workspace = workspace
        self.repository = repository
        self.sandbox = sandbox
        self.processes = processes
        self.history = history
        self._place = place
        self._base = base
        paths = dict.fromkeys(path for needs in wanted for path in (*needs.scripts, *needs.data))
        self._blobs = _listed(repository, base.commit, [*paths]) if paths else {}
        self._laid_out: dict[Needs, Path] = {}
        self._data: dict[Needs, Mapping[str, str]] = {}

    def scripts(self, needs: Needs) -> Scripts | None:
        """Scripts and data of the base that a check needs; None where the base has none of its scripts."""
        script = next((path for path in needs.scripts if path in self._blobs), "")
        if needs.scripts and not script:
            return None
        data = {
            path: blob
            for path, blob in self._blobs.items()
            if path == script or any(path == name or path.startswith(f"{name}/") for name in needs.data)
        }
        return Scripts(script, data)

    def data(self, needs: Needs) -> Mapping[str, str]:
        """Text of what the base has of a check's data, by path; read once."""
        scripts = self.scripts(needs)
        if needs not in self._data:
            blobs = scripts.blobs if scripts else {}
            contents = self.repository.blobs([*blobs.values()]) if blobs else []
            self._data[needs] = {
                path: content.decode("utf-8", "replace") for path, content in zip(blobs, contents, strict=True)
            }
        return self._data[needs]

    def lay_out(self, needs: Needs) -> tuple[Path, str]:
        """The folder with what a check needs of the base, and the script's path in it.

        Scripts look for the tree's top by its files and folders: all of them are there, and are empty where the check
        reads nothing in them.
        """
        scripts = self.scripts(needs)
        assert scripts is not None
        if needs not in self._laid_out:
            folder = self._place / f"base-{len(self._laid_out)}"
            folder.mkdir()
            contents = self.repository.blobs([*scripts.blobs.values()])
            for path, content in zip(scripts.blobs, contents, strict=True):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                untrusted_dir.write(folder, path, content)
            for kind, name in _top(self.repository, self._base.commit):
                if kind == "tree":
                    (folder / name).mkdir(exist_ok=True)
                elif not (folder / name).exists():
                    untrusted_dir.write(folder, name, b"")
            self._laid_out[needs] = folder
        return self._laid_out[needs], scripts.script

    def build(self, needs: Needs) -> None:
        """Makes the programs that a check's scripts are helped by; a check sees for itself whether they are there."""
        source, _ = self.lay_out(needs)
        with self.folder() as build:
            with suppress(CutShortError, KilledError, LimitError):
                self.sandboxed(("sh", "-c", f"exec > log 2>&1\n{needs.build}"), Box(source, build))
            build.rename(source / BUILT)

    def sandboxed(self, argv: Sequence[str], box: Box) -> Completed:
        """Runs a command of a check in a folder with the base's files, and one to write in."""
        environment = {"PYTHONDONTWRITEBYTECODE": "1"}
        job = Job(tuple(argv), environment, TIMEOUT, merge_stderr=False, output_limit=untrusted.TOOL_OUTPUT.most)
        return self.processes.run(self.sandbox.command(job, box))

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder for one command, gone afterwards."""
        place = Path(tempfile.mkdtemp(prefix="run-", dir=self._place))
        try:
            yield place
        finally:
            with suppress(OSError):
                untrusted_dir.remove(place)


@dataclass(frozen=True)
class TreeState:
    """A state of the tree, as one check sees it.

    Args:
        blobs: object names of the files that the patch touches, empty for those that are not there.
    """

    bench: Bench
    needs: Needs
    commit: str
    blobs: Mapping[str, str] = field(default_factory=dict)

    @property
    def script(self) -> bytes:
        scripts = self.bench.scripts(self.needs)
        return self.bench.repository.blobs([scripts.blobs[scripts.script]])[0] if scripts and scripts.script else b""

    @property
    def data(self) -> Mapping[str, str]:
        return self.bench.data(self.needs)

    @property
    def no_history(self) -> str:
        return self.bench.history.missing

    def subject(self, commit: str) -> str | None:
        return self.bench.history.subject(commit)

    def blob(self, path: str) -> str:
        if path in self.blobs:
            return self.blobs[path]
        return _listed(self.bench.repository, self.commit, [path]).get(path, "")

    def read(self, path: str) -> bytes:
        blob = self.blob(path)
        return self.bench.repository.blobs([blob])[0] if blob else b""

    def target(self, path: str) -> str:
        about = self.bench.repository.out("ls-tree", "-z", "--full-tree", self.commit, "--", path).split()
        if not about or about[0] != _LINK:
            return ""
        named = self.bench.repository.blobs([about[2]])[0].decode("utf-8", "replace")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), named))
        return "" if place.startswith(("/", "../")) else place

    def exists(self, pattern: str) -> bool:
        # ls-tree knows no patterns: the part before the first is asked for, and what it lists is matched.
        beginning = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
        folder = pattern if beginning == pattern else beginning.rpartition("/")[0]
        wanted = pattern.rstrip("/")
        names = self.bench.repository.out(
            "ls-tree",
            "-r",
            "-t",
            "-z",
            "--name-only",
            "--full-tree",
            self.commit,
            "--",
            *filter(None, [folder.rstrip("/")]),
        )
        return any(name == wanted or fnmatchcase(name, wanted) for name in names.split("\0"))

    def grep(self, pattern: str, *paths: str) -> Sequence[tuple[str, int, str]]:
        arguments = (
            "grep",
            "-I",
            "-n",
            "-z",
            "-E",
            "--no-color",
            "--full-name",
            "-e",
            pattern,
            self.commit,
            "--",
            *paths,
        )
        _, output, _ = self.bench.repository.run(*arguments)
        hits = []
        for line in output.split("\n"):
            name, _, rest = line.partition("\0")
            number, _, text = rest.partition("\0")
            if number.isdigit():
                hits.append((name.removeprefix(f"{self.commit}:"), int(number), text))
        return hits

    def run(self, *argv: str, files: Mapping[str, bytes] | None = None) -> Completed:
        source, script = self.bench.lay_out(self.needs)
        with self.bench.folder() as build:
            for name, content in (files or {}).items():
                (build / name).parent.mkdir(parents=True, exist_ok=True)
                untrusted_dir.write(build, name, content)
            words = [word.replace("{script}", f"{{src}}/{script}") for word in argv]
            done = self.bench.sandboxed(words, Box(source, build))
        # Perl's die(1) is no signal; and what a script prints quotes the series, so that it proves nothing.
        status = 1 if done.status == _PERL_DIES else done.status
        self.bench.workspace.check_failure(f"while {script or argv[0]} was run", status, "")
        return done


def _listed(repository: Repository, commit: str, paths: Sequence[str]) -> dict[str, str]:
    """Object names of regular files at or below `paths`."""
    blobs = {}
    for entry in repository.out("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths).split("\0"):
        about, _, path = entry.partition("\t")
        words = about.split()
        if words and words[0] in _REGULAR:
            blobs[path] = words[2]
    return blobs


def _top(repository: Repository, commit: str) -> Iterator[tuple[str, str]]:
    """Kind and name of what lies at the top of a tree."""
    for entry in repository.out("ls-tree", "-z", "--full-tree", commit).split("\0"):
        about, _, name = entry.partition("\t")
        if about:
            yield about.split()[1], name


def touched_blobs(repository: Repository, before: str, after: str) -> tuple[dict[str, str], dict[str, str]]:
    """Object names of the files that differ between two commits, in each of them; empty where they are not there."""
    words = iter(repository.out("diff-tree", "-r", "-z", "--raw", "--no-renames", before, after).split("\0"))
    old, new = dict[str, str](), dict[str, str]()
    for about in words:
        fields = about.lstrip(":").split()
        path = next(words, "")
        if len(fields) >= 4:
            old[path] = fields[2] if fields[0] in _REGULAR else ""
            new[path] = fields[3] if fields[1] in _REGULAR else ""
    return old, new
