"""**doc**: the kernel's document on the vmemmap, from a run and its tree, and the patch that brings it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline.record import RunRecord, TreeRecord
from pipeline.system.errors import UsageError
from pipeline.system.git import GitError, Repository
from pipeline.vmemmap import source as vmemmap
from pipeline.vmemmap.message import commit_message
from pipeline.vmemmap.source import VmemmapSource
from pipeline.vmemmap.text import render_document


@dataclass(frozen=True)
class Document:
    """The files that `pipeline doc` writes.

    Args:
        text: of the document.
        patch: a mail for `git am`; empty where the tree's own copy says the same already.
        with_source: the tree with the series is known, so that the text tells of its code, too.
    """

    text: str
    patch: str
    with_source: bool


def document(record: RunRecord, tree: str, repository: Repository, author: str, date: datetime) -> Document:
    """Renders the document for one tree of a run.

    Args:
        tree: its name in the run; empty for the first that took the series.
        repository: where the tree was imported to.
        author: of the patch, `Name <address>`.
        date: of the patch.

    Raises:
        UsageError: the run has no such tree, or the tree is not in the repository.
    """
    chosen = _chosen(record, tree)
    source_tree = chosen.last_tree_id or chosen.tree_id
    try:
        files = repository.files(source_tree)
    except GitError as error:
        raise UsageError(
            f"the source of {chosen.name} is not in {repository.folder}",
            hint="`pipeline apply SERIES --tree TREE` brings it there; or name the run's own --workspace.",
        ) from error
    # One document must not describe kernels with the series and source code without it.
    source = _source(repository, files) if chosen.last_tree_id else VmemmapSource()
    text = render_document(record, chosen, source)
    message = commit_message(record, chosen, with_series=bool(chosen.last_tree_id))
    patch = _patch(repository, source_tree, text, message, author, date)
    return Document(text, patch, bool(chosen.last_tree_id))


def _source(repository: Repository, files: Mapping[str, str]) -> VmemmapSource:
    paths = vmemmap.wanted(files)
    contents = repository.blobs([files[path] for path in paths])
    texts = {path: content.decode("utf-8", "replace") for path, content in zip(paths, contents, strict=True)}
    return vmemmap.read(files, texts)


def _chosen(record: RunRecord, name: str) -> TreeRecord:
    known = [tree for tree in record.trees if tree.applied in ("clean", "three-way") and name in ("", tree.name)]
    if not known:
        took = [tree.name for tree in record.trees if tree.applied in ("clean", "three-way")]
        raise UsageError(
            f"run {record.id} built nothing on {name}" if name else f"no tree took the series of run {record.id}",
            hint=f"It built on: {', '.join(took)}." if took else "Name another run.",
        )
    return known[0]


def _patch(repository: Repository, tree: str, text: str, message: str, author: str, date: datetime) -> str:
    """The patch in the form of `git format-patch`; no ref or worktree is touched."""
    blob = repository.out("hash-object", "-w", "--stdin", stdin=text.encode())
    changed = _with_file(repository, tree, vmemmap.DOCUMENT.split("/"), blob)
    if changed == tree:
        return ""
    base = _commit(repository, tree, "", "base", author, date)
    commit = _commit(repository, changed, base, message, author, date)
    options = ("--stdout", "--no-signature", "--no-renames", "--stat=72")
    return repository.out("format-patch", *options, f"{base}..{commit}") + "\n"


def _with_file(repository: Repository, tree: str, path: list[str], blob: str) -> str:
    """The tree with one file replaced or added; all of its folders are made where they are missing."""
    entries = {}
    if tree:
        for entry in filter(None, repository.out("ls-tree", "-z", tree).split("\0")):
            about, _, name = entry.partition("\t")
            entries[name] = about
    name, rest = path[0], path[1:]
    known = entries.get(name, "").split()
    if rest:
        below = known[2] if known[1:2] == ["tree"] else ""
        entries[name] = f"040000 tree {_with_file(repository, below, rest, blob)}"
    else:
        entries[name] = f"100644 blob {blob}"
    listing = "".join(f"{about}\t{name}\0" for name, about in entries.items())
    return repository.out("mktree", "-z", stdin=listing.encode())


def _commit(repository: Repository, tree: str, parent: str, message: str, author: str, date: datetime) -> str:
    """A commit object of the user's own: the repository's environment has an author for imported trees only."""
    # What git-hash-object(1) takes: no line end and no angle bracket but those around the address.
    name, _, address = "".join(author.splitlines()).partition("<")
    who = f"{name.replace('>', '').strip()} <{address.replace('<', '').replace('>', '').strip()}>"
    when = f"{int(date.timestamp())} {date:%z}" if date.tzinfo else f"{int(date.timestamp())} +0000"
    lines = [
        f"tree {tree}",
        *([f"parent {parent}"] if parent else []),
        f"author {who} {when}",
        f"committer {who} {when}",
    ]
    content = "\n".join([*lines, "", message])
    return repository.out("hash-object", "-w", "-t", "commit", "--stdin", stdin=content.encode())
