"""**apply**: `git am --3way`, patch by patch, in a worktree of the pipeline's own.

Failure is a result: which patch, which file and hunk, the full output, and whether the series is already merged. First
it is tried on the files alone that the series touches, which is quick; what does not apply cleanly there is applied to
the whole tree, in a sparse worktree.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pipeline.apply.amount import Amount
from pipeline.apply.changed import changed_paths
from pipeline.apply.sparse_am import narrowed, widened
from pipeline.mail.body import diff_in
from pipeline.model import Applied, ApplyStatus, Hunk, Patch, Series, SourceState, Tree
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.git import GitError, Repository
from pipeline.system.store import Key, Store
from pipeline.system.untrusted import TooMuchError
from pipeline.system.watched import Allowance
from pipeline.system.workspace import Workspace

_FAILED = re.compile(r"^error: patch failed: (?P<path>.+):(?P<line>\d+)$", re.MULTILINE)
_MISSING = re.compile(r"^error: (?P<path>.+): (?:No such file or directory|does not exist in index)$", re.MULTILINE)
_HUNK = re.compile(r"^@@ -(?P<start>\d+)(?:,\d+)? \+\d+(?:,\d+)? @@.*$", re.MULTILINE)
_THREE_WAY = "Falling back to patching base and 3-way merge"


class Applier:
    """Applies series to imported trees; a series that was applied before is looked up.

    Args:
        repository: the workspace's bare repository.
        store: remembers states by tree and patches.
        workspace: where worktrees are made.
    """

    def __init__(self, repository: Repository, store: Store, workspace: Workspace) -> None:
        self._repository = repository
        self._store = store
        self._workspace = workspace

    def apply(self, series: Series, tree: Tree) -> Applied:
        """Apply `series` to `tree`, after the prerequisites that it names.

        Raises:
            TakesTooLongError: git takes too much of a processor, which is no property of the series alone.
        """
        groups = [
            (prerequisite.title or prerequisite.value, prerequisite.patches)
            for prerequisite in series.prerequisites
            if prerequisite.patches
        ]
        digests = [
            [_digest(patch) for patch in patches] for patches in (*(group for _, group in groups), series.patches)
        ]
        inputs = {"commit": tree.commit, "mails": digests[-1], "attributes": "ignored"}
        key = Key("applied", inputs | ({"prerequisites": digests[:-1]} if groups else {}))
        known = self._store.get(key)
        if known is not None:
            applied = _from_value(tree, known.value)
            if all(self._repository.commit_of(state.commit) for state in applied.states):
                return applied
        applied = self._apply(series, tree, groups)
        if known is None:
            value = asdict(applied)
            del value["tree"], value["bases"]
            self._store.put(key, value, {})
        return applied

    def _apply(self, series: Series, tree: Tree, groups: Sequence[tuple[str, tuple[Patch, ...]]]) -> Applied:
        place = Path(tempfile.mkdtemp(prefix="apply-", dir=self._workspace.folder))
        count = sum(map(len, (series.patches, *(patches for _, patches in groups))))
        seconds = untrusted.GIT_SECONDS + untrusted.GIT_PATCH_SECONDS * count
        allowance = Allowance(min(seconds, untrusted.GIT_MOST_SECONDS))
        try:
            applied = None if groups else self._apply_narrowly(place / "narrow", series, tree, allowance)
            if applied is None:
                files = series.files.union(*(patch.files for _, patches in groups for patch in patches))
                checkout = self._sparse_checkout(place / "tree", tree, files, allowance)
                sentences, base = [], tree
                for title, patches in groups:
                    words, base = self._prepared(checkout, title, patches, base)
                    sentences.append(words)
                applied = replace(self._am_all(checkout, series.patches, base), prerequisites=tuple(sentences))
            # A ref names it, so that git's housekeeping keeps the states for later runs.
            self._repository.out("update-ref", f"refs/applied/{applied.states[-1].commit}", applied.states[-1].commit)
            return applied
        finally:
            # A series can make a path of two thousand folders there.
            with suppress(OSError):
                untrusted_dir.remove(place)
            self._repository.run("worktree", "prune")

    def _apply_narrowly(self, folder: Path, series: Series, tree: Tree, allowance: Allowance) -> Applied | None:
        """Apply a series to the files alone that it touches; None where it does not apply cleanly."""
        checkout = self._checkout(folder, tree, allowance)
        try:
            base = narrowed(checkout, tree, series.files)
            applied = self._am_all(checkout, series.patches, base) if base else None
            if applied is None or applied.status is not ApplyStatus.CLEAN:
                return None
            return replace(applied, tree=tree, states=widened(checkout, tree, applied.states))
        except (GitError, ValueError):
            # Any failure: applying to the whole tree finds it again, with a better message.
            return None

    def _prepared(self, checkout: Repository, title: str, patches: Sequence[Patch], tree: Tree) -> tuple[str, Tree]:
        """Apply a prerequisite: a sentence on it, and the tree with it; where it does not apply, the tree as it was."""
        applied = self._am_all(checkout, patches, tree)
        last = applied.states[-1]
        if applied.usable:
            return f"{title!r}: {len(patches)} patch(es) applied", _with(tree, last)
        checkout.out("reset", "--quiet", "--hard", tree.commit)
        if applied.status is ApplyStatus.ALREADY_MERGED:
            return f"{title!r}: already in the tree", tree
        return f"{title!r}: left out, its patch {applied.failed_patch} does not apply", tree

    def _checkout(self, folder: Path, tree: Tree, allowance: Allowance) -> Repository:
        """A worktree without files."""
        self._repository.out("worktree", "add", "--quiet", "--no-checkout", "--detach", str(folder), tree.commit)
        return Repository(folder, allowance=allowance)

    def _sparse_checkout(self, folder: Path, tree: Tree, files: frozenset[str], allowance: Allowance) -> Repository:
        checkout = self._checkout(folder, tree, allowance)
        patterns = "".join(f"/{_escaped(path)}\n" for path in sorted(files))
        checkout.out("sparse-checkout", "set", "--no-cone", "--stdin", stdin=patterns.encode())
        checkout.out("read-tree", "-m", "-u", "HEAD")
        return checkout

    def _am_all(self, checkout: Repository, patches: Sequence[Patch], tree: Tree) -> Applied:
        states = [SourceState(0, "base", tree.commit, tree.tree_id)]
        log: list[str] = []
        three_way = False
        merged = 0
        amount = Amount()
        for patch in patches:
            before = states[-1].commit
            try:
                amount.spend(diff_in(patch.mail), checkout)
            except TooMuchError as too_much:
                log.append(f"[{patch.number}/{len(patches)}] not applied: {too_much.message}")
                return Applied(tree, ApplyStatus.FAILED, tuple(states), patch.number, (), "\n".join(log))
            status, output, error = checkout.run(
                *(
                    "am",
                    "--3way",
                    "--no-gpg-sign",
                    "--no-scissors",
                    "--quoted-cr=nowarn",
                    "--committer-date-is-author-date",
                ),
                stdin=patch.mail,
            )
            words = (output + error).strip()
            log.append(f"[{patch.number}/{len(patches)}] {words or patch.subject}")
            three_way |= _THREE_WAY in words
            if status != 0:
                self._workspace.check_failure(f"while patch {patch.number} was applied", status, words)
                hunks = _failed_hunks(checkout, patch)
                _abandon(checkout, before)
                already = _reverse_applies(checkout, patches, tree)
                kind = ApplyStatus.ALREADY_MERGED if already else ApplyStatus.FAILED
                return Applied(
                    tree,
                    kind,
                    tuple(states),
                    None if already else patch.number,
                    () if already else hunks,
                    "\n".join(log),
                )
            commit, tree_id = checkout.out("rev-parse", "HEAD", "HEAD^{tree}").split()
            merged += commit == before
            states.append(
                SourceState(
                    patch.number,
                    patch.subject,
                    commit,
                    tree_id,
                    changed_paths(checkout, before, commit, patch),
                )
            )
        kind = ApplyStatus.THREE_WAY if three_way else ApplyStatus.CLEAN
        if merged == len(patches):
            kind = ApplyStatus.ALREADY_MERGED
        return Applied(tree, kind, tuple(states), log="\n".join(log))


def _failed_hunks(checkout: Repository, patch: Patch) -> tuple[Hunk, ...]:
    """The first hunk of each file that does not apply, in git's count, before any 3-way merge."""
    checkout.run("am", "--abort")
    content = diff_in(patch.mail)
    _, _, error = checkout.run("apply", "--check", "-", stdin=content)
    text = content.decode("utf-8", "replace")
    hunks = [
        Hunk(match["path"], int(match["line"]), _header_at(text, match["path"], int(match["line"])))
        for match in _FAILED.finditer(error)
    ]
    return tuple(hunks + [Hunk(match["path"], 0, "the file is not in the tree") for match in _MISSING.finditer(error)])


def _header_at(diff: str, path: str, line: int) -> str:
    start = diff.find(f"--- a/{path}")
    for match in _HUNK.finditer(diff, max(start, 0)):
        if int(match["start"]) <= line < int(match["start"]) + 3:
            return match[0]
    return ""


def _digest(patch: Patch) -> str:
    return hashlib.sha256(patch.mail).hexdigest()


def _with(tree: Tree, state: SourceState) -> Tree:
    """A tree with more on top."""
    return replace(tree, commit=state.commit, tree_id=state.tree_id)


def _abandon(checkout: Repository, commit: str) -> None:
    checkout.run("am", "--abort")
    checkout.out("reset", "--quiet", "--hard", commit)


def _reverse_applies(checkout: Repository, patches: Sequence[Patch], tree: Tree) -> bool:
    """Whether the whole series is in the tree already: it can be taken out again, last patch first."""
    checkout.out("reset", "--quiet", "--hard", tree.commit)
    for patch in reversed(patches):
        status, _, _ = checkout.run("apply", "--reverse", "--index", "-", stdin=diff_in(patch.mail))
        if status != 0:
            checkout.out("reset", "--quiet", "--hard", tree.commit)
            return False
    return True


def _escaped(path: str) -> str:
    """A path as a literal gitignore(5) pattern."""
    return re.sub(r"([\\*?\[\]!# ])", r"\\\1", path)


def _from_value(tree: Tree, value: dict[str, Any]) -> Applied:
    states = tuple(SourceState(**{**state, "changed": tuple(state["changed"])}) for state in value["states"])
    return Applied(
        tree=_with(tree, states[0]),
        status=ApplyStatus(value["status"]),
        states=states,
        failed_patch=value["failed_patch"],
        failed_hunks=tuple(Hunk(**hunk) for hunk in value["failed_hunks"]),
        log=value["log"],
        prerequisites=tuple(value.get("prerequisites", ())),
    )
