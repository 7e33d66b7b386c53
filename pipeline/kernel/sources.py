"""Kconfig files and makefiles of a commit, read from git: nothing of the tree runs, no worktree is needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from pipeline.kernel.architectures import architecture
from pipeline.kernel.kconfig import source
from pipeline.kernel.kconfig.options import Kconfig
from pipeline.kernel.makefiles import Makefiles
from pipeline.kernel.version import kernel_version
from pipeline.system import untrusted
from pipeline.system.git import Repository

_INCLUDE = re.compile(rb'#include "([^"/\n]+)"')


class Sources:
    """The configuration and build files of a commit.

    Args:
        repository: holds the commit.
        commit: of the source state.
    """

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self._commit = commit
        self._kconfigs: dict[str, Kconfig] = {}
        self._kbuilds: dict[str, Makefiles] = {}
        self._files: dict[str, Mapping[str, Sequence[str]]] = {}
        self._included: dict[str, Mapping[str, Sequence[str]]] = {}

    @cached_property
    def files(self) -> Mapping[str, str]:
        """Object names of the commit's files, by path."""
        return self._repository.files(self._commit)

    @cached_property
    def makefiles(self) -> Mapping[str, str]:
        """Text of all makefiles, by path."""
        return self._read(lambda name: name in ("Makefile", "Kbuild"))

    @cached_property
    def version(self) -> str:
        """The kernel's, as `7.3.4`; empty where its makefile does not tell."""
        return kernel_version(self.read("Makefile"))

    def kconfig(self, arch: str) -> Kconfig:
        """The options of an architecture, read once.

        Raises:
            UsageError: the tree's Kconfig files cannot be read.
        """
        if arch not in self._kconfigs:
            variables = {**_variables(arch), "srctree": "."}
            self._kconfigs[arch] = source.read(self._kconfig_files, variables)
        return self._kconfigs[arch]

    def kbuild(self, arch: str) -> Makefiles:
        """The files that kbuild compiles for an architecture."""
        if arch not in self._kbuilds:
            self._kbuilds[arch] = Makefiles(self.makefiles, _variables(arch))
        return self._kbuilds[arch]

    def includers(self, path: str) -> tuple[str, ...]:
        """C files of the same folder that include a file, as kernel/sched/build_policy.c does with rt.c."""
        folder, _, name = path.rpartition("/")
        if folder not in self._included:
            self._included[folder] = self._included_in(folder)
        return tuple(other for other in self._included[folder].get(name, ()) if other != path)

    def c_files(self, folder: str) -> Sequence[str]:
        """C files of a folder, not of those below it."""
        return self._by_folder(".c").get(folder, ())

    def rust_files(self, folder: str) -> Sequence[str]:
        """Files of Rust of a folder, likewise."""
        return self._by_folder(".rs").get(folder, ())

    def _by_folder(self, suffix: str) -> Mapping[str, Sequence[str]]:
        if suffix not in self._files:
            by_folder: dict[str, list[str]] = {}
            for path in self.files:
                if path.endswith(suffix):
                    by_folder.setdefault(path.rpartition("/")[0], []).append(path)
            self._files[suffix] = by_folder
        return self._files[suffix]

    def _included_in(self, folder: str) -> Mapping[str, Sequence[str]]:
        """C files that others of a folder include by name alone, with those that do; empty for too large a folder."""
        paths = self.c_files(folder)
        blobs = [self.files[path] for path in paths]
        if self._repository.size(blobs) > untrusted.SOURCE_BYTES.most:
            return {}
        including: dict[str, list[str]] = {}
        for path, content in zip(paths, self._repository.blobs(blobs), strict=True):
            for name in dict.fromkeys(_INCLUDE.findall(content)):
                including.setdefault(name.decode("utf-8", "surrogateescape"), []).append(path)
        return including

    @cached_property
    def _kconfig_files(self) -> Mapping[str, str]:
        return self._read(lambda name: name.startswith("Kconfig"))

    def read(self, path: str) -> str:
        """Text of a file; empty where there is none."""
        blob = self.files.get(path)
        if blob is None:
            return ""
        untrusted.SOURCE_BYTES.check(self._repository.size([blob]))
        return self._repository.blobs([blob])[0].decode("utf-8", "replace")

    def _read(self, wanted: Callable[[str], bool]) -> dict[str, str]:
        names = {path: blob for path, blob in self.files.items() if wanted(path.rpartition("/")[2])}
        untrusted.SOURCE_FILES.check(len(names))
        # Before they are read: a blob can be as large as a pack.
        untrusted.SOURCE_BYTES.check(self._repository.size(list(names.values())))
        contents = self._repository.blobs(list(names.values()))
        return {path: content.decode("utf-8", "replace") for path, content in zip(names, contents, strict=True)}


def _variables(arch: str) -> dict[str, str]:
    return {"ARCH": arch, "SRCARCH": architecture(arch).folder}
