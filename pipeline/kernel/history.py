"""Other commits of the repository that a tree comes from: a base that a series names, older contents of its files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pipeline.kernel.trees import TreeKind, TreeName
from pipeline.model import Tree
from pipeline.system.git import Repository
from pipeline.system.workspace import Workspace

MOST_COMMITS = 300
"""Looked at, back from the commit that was named, of those that change the files in question."""


@dataclass(frozen=True)
class Commit:
    """A commit of a user's checkout: abbreviated blob ids of files can be compared with `blobs`."""

    id: str
    blobs: dict[str, str]


class History:
    """Looks into the repository that a tree was imported from; a checkout of the user's is only read.

    Args:
        workspace: where commits are imported to.
        repository: its bare repository.
        tree: as it was imported.
    """

    def __init__(self, workspace: Workspace, repository: Repository, tree: Tree) -> None:
        self._workspace = workspace
        self._repository = repository
        self._tree = tree
        self._name = TreeName.parse(tree.name)

    def at(self, commit: str) -> tuple[Tree | None, str]:
        """The same tree at another commit, and how it was found, or why not.

        A checkout has the commits that lead to the one that was named. Of a repository elsewhere only the server knows
        what leads where, so what it gives out counts.
        """
        if self._tree.commit.startswith(commit):
            return self._tree, "it is the tree as named"
        match self._name.kind:
            case TreeKind.DEBIAN | TreeKind.TAR:
                return None, "a package or tarball has no history"
            case TreeKind.PATH:
                whole = self._checkout.commit_of(commit)
                if whole is None:
                    return None, "the checkout does not have it"
                status, _, _ = self._checkout.run("merge-base", "--is-ancestor", whole, self._tree.commit)
                if status != 0:
                    return None, "it does not lead to the commit that was named"
                return self._imported(whole, f"file://{self._name.place}"), "the tree's history has it"
            case TreeKind.GIT:
                if len(commit) < 40:
                    return None, "an abbreviated commit cannot be asked of a server"
                tree = self._imported(commit, self._name.place)
                return tree, "the repository has it" if tree else "the server does not give it out"

    def commits_with(self, paths: Collection[str]) -> Iterator[Commit]:
        """Commits before the tree as named that changed these files, newest first; none where there is no checkout."""
        if self._name.kind is not TreeKind.PATH or not paths:
            return
        listed = self._checkout.out("rev-list", f"--max-count={MOST_COMMITS}", self._tree.commit, "--", *paths)
        for commit in listed.splitlines():
            yield Commit(commit, blobs_at(self._checkout, commit, paths))

    @cached_property
    def missing(self) -> str:
        """Why earlier commits are not known; empty where they are."""
        match self._name.kind:
            case TreeKind.DEBIAN | TreeKind.TAR:
                return "a package or tarball has no history"
            case TreeKind.GIT:
                return "a repository elsewhere is fetched without its history"
            case TreeKind.PATH:
                shallow = self._checkout.run("rev-parse", "--is-shallow-repository")[1].strip() != "false"
                return "the checkout is shallow" if shallow else ""

    def subject(self, commit: str) -> str | None:
        """The subject of an earlier commit; None where none that leads to the commit as named has that id."""
        whole = None if self.missing else self._checkout.commit_of(commit)
        if whole is None or self._checkout.run("merge-base", "--is-ancestor", whole, self._tree.commit)[0] != 0:
            return None
        return self._checkout.out("log", "-1", "--no-show-signature", "--format=%s", whole)

    @property
    def _checkout(self) -> Repository:
        return Repository(Path(self._name.place))

    def _imported(self, commit: str, url: str) -> Tree | None:
        ref = f"refs/bases/{commit}"
        if self._repository.commit_of(ref) != commit:
            settings = ("-c", "uploadpack.allowAnySHA1InWant=true", "-c", "fetch.unpackLimit=1")
            fetch = ("fetch", "--quiet", "--no-tags", "--depth=1", url, f"+{commit}:{ref}")
            status, _, error = self._repository.run(*settings, *fetch)
            self._workspace.check_failure(f"while {commit[:12]} was fetched", status, error)
            if status != 0:
                return None
        return replace(self._tree, version=commit[:12], commit=commit, tree_id=self._repository.tree_of(commit))


def pinned(name: TreeName, commit: str) -> TreeName:
    """The name that means the same tree tomorrow and elsewhere: a git reference becomes the commit that it was.

    Packages and archives are what they are; whoever imports one compares the git tree that comes of it.
    """
    return replace(name, ref=commit) if name.kind in (TreeKind.GIT, TreeKind.PATH) else name


def blobs_at(repository: Repository, commit: str, paths: Collection[str]) -> dict[str, str]:
    """Blob ids of files of a commit, by path; those that it does not have are left out."""
    if not paths:
        return {}
    listed = repository.out("ls-tree", "-r", "-z", "--full-tree", commit, "--", *sorted(paths))
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    return {path: about.split()[2] for about, _, path in entries}
