"""Applies patches in a tree that holds only the files they touch, then makes the same commits on the whole tree.

git-am(1) reads and writes the whole index for every patch. Of 87,000 files that takes as long as all else together; of
eleven it takes nothing. What applies cleanly to these files applies cleanly to all of them, and gives the same commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from pipeline.model import SourceState, Tree
from pipeline.system.git import Repository, fast_import_path

MOST_FILES = 2000
MOST_CHARACTERS = 200_000
"""More are left to the whole tree: they are named in a command line."""

# Refs of this name are a worktree's own, and end with it (gitglossary(7), "per-worktree ref").
_NARROW, _WIDE = "refs/worktree/narrow", "refs/worktree/wide"
_COMMITTER = b"committer pipeline <pipeline@localhost> 946684800 +0000\ndata 0\n"
_HEADERS = (b"tree ", b"parent ", b"author ", b"committer ")


def narrowed(checkout: Repository, tree: Tree, files: Iterable[str]) -> Tree | None:
    """A tree of nothing but `files`, checked out.

    Args:
        checkout: a worktree without files.
        files: paths that patches change, make or remove.

    Returns:
        None where the files alone would not tell what becomes of a patch: one lies where the tree has a folder, or
        below what is none there.

    Raises:
        GitError: git failed.
    """
    wanted = sorted(files)
    folders = sorted({str(folder) for path in wanted for folder in PurePosixPath(path).parents} - {"."})
    too_many = len(wanted) > MOST_FILES or sum(map(len, wanted)) > MOST_CHARACTERS
    if not wanted or too_many or any("\n" in path for path in wanted):
        return None
    if checkout.kinds([f"{tree.commit}:{folder}" for folder in folders]) - {"tree", "missing"}:
        return None
    listed = checkout.out("ls-tree", "-z", "--full-tree", tree.commit, "--", *wanted)
    entries = [
        [*about.split(), path] for about, _, path in (entry.partition("\t") for entry in listed.split("\0") if entry)
    ]
    if any(kind != "blob" for _, kind, _, _ in entries):
        return None
    with checkout.fast_import() as stream:
        stream.write(b"commit %s\n%s" % (_NARROW.encode(), _COMMITTER))
        stream.writelines(_modify(mode, name, path) for mode, _, name, path in entries)
        stream.write(b"done\n")
    commit = checkout.out("rev-parse", _NARROW)
    checkout.out("reset", "--quiet", "--hard", commit)
    return replace(tree, commit=commit, tree_id=checkout.tree_of(commit))


def widened(checkout: Repository, tree: Tree, states: Sequence[SourceState]) -> tuple[SourceState, ...]:
    """The states that the whole `tree` gets by what was committed on a narrow one.

    Args:
        checkout: the narrow tree's.
        states: of the narrow tree, its own first.

    Raises:
        GitError: git failed.
        ValueError: a commit says more of itself than git-am(1) writes.
    """
    commits = [state.commit for state in states]
    with checkout.fast_import() as stream:
        for at, raw in enumerate(checkout.commits(commits[1:]), 1):
            stream.write(b"commit %s\n" % _WIDE.encode() + _about(raw))
            if at == 1:
                stream.write(b"from %s\n" % tree.commit.encode())
            stream.writelines(_changes(checkout, commits[at - 1], commits[at]))
        stream.write(b"done\n")
    made = checkout.out("rev-list", "--reverse", f"{tree.commit}..{_WIDE}").split()
    trees = checkout.out("rev-parse", *(f"{commit}^{{tree}}" for commit in made)).split()
    after = zip(states[1:], made, trees, strict=True)
    base = replace(states[0], commit=tree.commit, tree_id=tree.tree_id)
    return (base, *(replace(state, commit=commit, tree_id=name) for state, commit, name in after))


def _about(commit: bytes) -> bytes:
    """Author, committer and message of a raw commit, as git-fast-import(1) reads them."""
    head, _, message = commit.partition(b"\n\n")
    lines = head.split(b"\n")
    if not all(line.startswith(_HEADERS) for line in lines):
        raise ValueError("a commit with an encoding or a signature")
    people = [line + b"\n" for line in lines if line.startswith(_HEADERS[2:])]
    return b"".join(people) + b"data %d\n%s\n" % (len(message), message)


def _changes(checkout: Repository, before: str, after: str) -> Iterator[bytes]:
    words = checkout.out("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", before, after).split("\0")
    for about, path in zip(words[::2], words[1::2], strict=False):
        _, mode, _, name, letter = about.split()
        yield b"D %s\n" % fast_import_path(path) if letter == "D" else _modify(mode, name, path)


def _modify(mode: str, name: str, path: str) -> bytes:
    return b"M %s %s %s\n" % (mode.encode(), name.encode(), fast_import_path(path))
