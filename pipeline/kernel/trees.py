"""Kernel trees by name: `git:URL#REF`, `path:DIR#REF`, `debian:PACKAGE[@SUITE]`, `tar:FILE-or-URL`.

A tree is imported once, as one commit (or a shallow one) in the workspace's own repository. The user's own checkout is
only ever read from.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from pipeline.kernel.debian import DebianArchive, PackageName
from pipeline.kernel.importing import import_archive
from pipeline.kernel.tarball import Progress
from pipeline.model import Tree
from pipeline.system import untrusted_dir
from pipeline.system.command import Command
from pipeline.system.errors import InfrastructureError, UsageError
from pipeline.system.git import Repository, initialised
from pipeline.system.policy import TOOL_ENVIRONMENT
from pipeline.system.process import Processes
from pipeline.system.shell import pasted
from pipeline.system.workspace import Workspace

EXAMPLES = "git:URL#REF, path:DIR#REF, debian:linux-source-6.12, debian:linux-source-7.3@sid or tar:FILE-or-URL"


class TreeKind(StrEnum):
    GIT = "git"
    PATH = "path"
    DEBIAN = "debian"
    TAR = "tar"


_UNREACHABLE = re.compile(
    r"RPC failed|early EOF|unexpected disconnect|Connection (?:reset|refused|timed out)|Could not resolve host", re.I
)
"""What git says of a network that is not there, or goes away."""


@dataclass(frozen=True)
class TreeName:
    """A tree as the user names it, taken apart."""

    kind: TreeKind
    place: str
    ref: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}" + (f"#{self.ref}" if self.ref else "")

    @classmethod
    def parse(cls, text: str) -> TreeName:
        """Raises UsageError when `text` is none of the four forms."""
        kind, colon, rest = text.partition(":")
        if not colon or kind not in list(TreeKind) or not rest:
            raise UsageError(f"{text!r} does not name a tree", hint=f"A tree is {EXAMPLES}.")
        place, _, ref = rest.partition("#")
        if not place or place.startswith("-"):
            raise UsageError(f"{text!r} names no place", hint=f"A tree is {EXAMPLES}.")
        # git-fetch(1): what has a colon before its first slash is an address, anything else is a path.
        remote = "://" in place or (kind == TreeKind.GIT and ":" in place.partition("/")[0])
        if kind != TreeKind.DEBIAN and not remote:
            place = str(Path(place).expanduser().resolve())
        if kind == TreeKind.DEBIAN:
            PackageName.parse(place)
        if ref.startswith("-"):
            raise UsageError(f"{ref!r} is not a git reference", hint=f"A tree is {EXAMPLES}.")
        return cls(TreeKind(kind), place, ref)


class TreeImporter:
    """Imports trees into the workspace.

    Args:
        workspace: where they go.
        processes: the subprocess door (apt-get, dpkg-deb).
        say: called with a line for each slow step.
    """

    def __init__(self, workspace: Workspace, processes: Processes, say: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._processes = processes
        self._say = say

    def obtain(self, name: TreeName) -> Tree:
        """The tree, imported now or before.

        A Debian package or tarball is imported once and then reused; a git reference is looked up each time, unless it
        is a whole commit id.

        Raises:
            UsageError: the folder, file or reference does not exist, or the named checkout has uncommitted changes.
            InfrastructureError: it could not be downloaded or unpacked, or the workspace's repository is damaged.
        """
        digest = hashlib.sha256(str(name).encode()).hexdigest()[:16]
        with self._workspace.lock(f"tree-{digest}"):
            repository = initialised(self._workspace.repository)
            match name.kind:
                case TreeKind.PATH | TreeKind.GIT:
                    return self._fetch(repository, name, f"refs/trees/{digest}")
                case TreeKind.DEBIAN | TreeKind.TAR:
                    return self._unpack(repository, name, f"refs/trees/{digest}")

    def _fetch(self, repository: Repository, name: TreeName, ref: str) -> Tree:
        local = name.kind is TreeKind.PATH
        url = f"file://{name.place}" if local else name.place
        wanted = _commit_in_checkout(name) if local else name.ref or "HEAD"
        # Only the reference proves that the fetch came to its end: a commit may be there without its files.
        if repository.commit_of(ref) == wanted:
            return Tree(str(name), wanted[:12], wanted, repository.tree_of(wanted))
        self._say(f"Fetching {name}")
        # Shallow: history is of no use to a build, and a kernel has a million commits of it.
        command = ["fetch", "--quiet", "--no-tags", "--depth=1", url, f"+{wanted}:{ref}"]
        # One pack, all or nothing, however few objects there are.
        settings = ("-c", "uploadpack.allowAnySHA1InWant=true", "-c", "fetch.unpackLimit=1")
        status, _, error = repository.run(*settings, *command)
        self._workspace.check_failure(f"while {name} was fetched", status, error)
        if status and _UNREACHABLE.search(error):
            raise InfrastructureError(
                f"{name} could not be fetched: {_reason(error)}",
                hint="Is the network there? Run the same command again.",
            )
        if status != 0:
            # Check the repository before the address is blamed. git-rev-list(1), --quiet: are objects fully connected?
            repository.out("rev-list", "--objects", "--quiet", "--all")
            raise UsageError(
                f"{name} could not be fetched: {_reason(error) or f'git ended with status {status}'}",
                hint="Check the address and the reference after '#'.",
            )
        commit = repository.out("rev-parse", f"{ref}^{{commit}}")
        return Tree(str(name), commit[:12], commit, repository.tree_of(commit))

    def _unpack(self, repository: Repository, name: TreeName, ref: str) -> Tree:
        described = repository.commit_of(ref)
        if described:
            version = repository.out("log", "-1", "--format=%s", described)
            return Tree(str(name), version, described, repository.tree_of(described))
        if name.kind is TreeKind.DEBIAN:
            version, archive = self._debian_source(PackageName.parse(name.place))
        else:
            version, archive = self._tarball(name.place)
        self._say(f"Importing {name} ({version}), once per tree")
        try:
            with archive.open("rb") as file:
                import_folder = self._import_folder(ref, hashlib.file_digest(file, "sha256").hexdigest())
                commit = import_archive(repository, Progress(file, self._say), version, ref, import_folder, self._say)
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            raise InfrastructureError(f"{name} could not be unpacked: {error}", hint="Is the file whole?") from error
        if name.kind is TreeKind.DEBIAN:
            # The tarball of the package, which is kept.
            untrusted_dir.remove(archive.parents[2])
        return Tree(str(name), version, commit, repository.tree_of(commit))

    def _import_folder(self, ref: str, digest: str) -> Path:
        """Where an archive is imported; what another one of the same tree left there is removed."""
        name = PurePosixPath(ref).name
        wanted = self._workspace.imports / f"{name}-{digest[:16]}"
        for folder in self._workspace.imports.glob(f"{name}-*"):
            if folder != wanted:
                untrusted_dir.remove(folder)
        return wanted

    def _debian_source(self, name: PackageName) -> tuple[str, Path]:
        """Version and source tarball of a Debian source package (`/usr/src/PACKAGE.tar.xz`), installed or not."""
        deb = DebianArchive(self._workspace.downloads, self._processes, self._say).package(name)
        version = f"{name.package} {deb.name.split('_')[1].replace('%3a', ':')}"
        unpacked = deb.with_suffix("")
        done = self._processes.run(
            Command(
                ("dpkg-deb", "--extract", str(deb), str(unpacked)),
                environment=TOOL_ENVIRONMENT,
            )
        )
        archives = list((unpacked / "usr/src").glob("*.tar.*"))
        if not done.ok or not archives:
            raise UsageError(f"{name.package} holds no kernel source ({done.text.strip() or 'no /usr/src/*.tar.*'})")
        return version, archives[0]

    def _tarball(self, place: str) -> tuple[str, Path]:
        path = Path(place)
        if "://" in place:
            path = self._workspace.downloads / hashlib.sha256(place.encode()).hexdigest()[:16]
            if not path.exists():
                self._say(f"Downloading {place}")
                # requests takes a tenth of a second to import; most trees are git's or Debian's.
                from pipeline.kernel.download import download

                download(place, path)
        if not path.is_file():
            raise UsageError(f"there is no file {place}", hint=f"A tree is {EXAMPLES}.")
        return Path(place).name, path


def _without_filters(checkout: Repository) -> Repository:
    """The same checkout with its content filters switched off: gitattributes(5) has git run them to compare files."""
    _, names, _ = checkout.run(
        "config", "-z", "--name-only", "--get-regexp", r"^filter\..*\.(clean|smudge|process|required)$"
    )
    # A filter that is required and has no program is an error.
    return Repository(
        checkout.folder,
        {name: "false" if name.endswith(".required") else "" for name in names.split("\0") if name},
    )


def _reason(error: str) -> str:
    """git's own reason, which comes first, before what followed from it and before advice."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "")


def _commit_in_checkout(name: TreeName) -> str:
    """The commit that a `path:` tree means, read without touching the checkout."""
    folder = Path(name.place)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", hint=f"A tree is {EXAMPLES}.")
    checkout = Repository(folder)
    status, _, error = checkout.run("rev-parse", "--git-dir")
    if status != 0:
        raise UsageError(
            f"{folder} is not a git checkout ({error.strip()})", hint="For an unpacked or packed tarball, use tar:FILE."
        )
    commit = checkout.commit_of(name.ref or "HEAD")
    if commit is None:
        raise UsageError(
            f"{folder} has no commit {name.ref or 'HEAD'!r}", hint="Name a branch, tag or commit: path:DIR#REF."
        )
    if not name.ref:
        dirty = _without_filters(checkout).out("status", "--porcelain", "--untracked-files=no").splitlines()
        if dirty:
            tree = pasted(("--tree",), (f"path:{folder}#HEAD",))
            raise UsageError(
                f"{folder} has uncommitted changes in {len(dirty)} file(s), which would not be part of the build",
                hint=f"Commit them, or say {tree} to build what is committed.",
            )
    return commit
