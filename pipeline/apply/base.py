"""Which commit a series is applied to: an ordered list, tried until it applies, with the reason of each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.apply.blobs import matched, preimages
from pipeline.kernel.history import History, blobs_at
from pipeline.model import Applied, ApplyStatus, BaseCandidate, Series, Tree
from pipeline.system.git import Repository

NAMED = "the tree as named"


class BaseChooser:
    """Applies a series to the first base that takes it.

    The list: the base commit that the series names, if the tree's history has it; the tree as the user named it; the
    newest commit of a checkout whose files are those that the patches were made from. A real `git am` decides each.

    Args:
        repository: the workspace's bare repository.
        apply: a series to a tree.
    """

    def __init__(self, repository: Repository, apply: Callable[[Series, Tree], Applied]) -> None:
        self._repository = repository
        self._apply = apply

    def applied(self, series: Series, tree: Tree, history: History, *, only_named: bool = False) -> Applied:
        """Apply `series` to the first base of the list that takes it; the result names the bases that were considered.

        Args:
            tree: as the user named it.
            history: of that tree.
            only_named: the user wants no other base.
        """
        wanted = preimages(series.patches)
        match = matched(wanted, blobs_at(self._repository, tree.commit, wanted))
        own, own_candidate = self._own(series, history, only_named=only_named)
        named = own if own and own.states and own.tree.commit == tree.commit else self._apply(series, tree)
        took_own = own is not None and _good(own)
        candidates = [own_candidate, BaseCandidate(NAMED, not took_own and _good(named), f"{match}; {_words(named)}")]
        if took_own:
            assert own is not None
            return replace(own, bases=tuple(candidates))
        if not _good(named) and not only_named:
            for commit in history.commits_with(wanted):
                if not matched(wanted, commit.blobs).exact:
                    continue
                older, how = history.at(commit.id)
                result = self._apply(series, older) if older else None
                took = result is not None and _good(result)
                words = _words(result) if result else how
                name = f"commit {commit.id[:12]}, by its blobs"
                candidates.append(BaseCandidate(name, took, f"all {len(wanted)} blobs are there; {words}"))
                if took:
                    assert result is not None
                    return replace(result, bases=tuple(candidates))
                break
            else:
                candidates.append(BaseCandidate("a commit by its blobs", False, "none has all of them"))
        return replace(named, bases=tuple(candidates))

    def _own(self, series: Series, history: History, *, only_named: bool) -> tuple[Applied | None, BaseCandidate]:
        """Apply the series to the base that it names."""
        if not series.base_commit:
            return None, BaseCandidate("base-commit", False, "the series names none")
        name = f"base-commit {series.base_commit[:12]}"
        if only_named:
            return None, BaseCandidate(name, False, "only the tree as named was asked for")
        own, how = history.at(series.base_commit)
        if own is None:
            return None, BaseCandidate(name, False, how)
        applied = self._apply(series, own)
        return applied, BaseCandidate(name, _good(applied), f"{how}; {_words(applied)}")


def _good(applied: Applied) -> bool:
    return applied.status is not ApplyStatus.FAILED


def _words(applied: Applied) -> str:
    match applied.status:
        case ApplyStatus.CLEAN:
            return "the series applies"
        case ApplyStatus.THREE_WAY:
            return "the series applies with a 3-way merge"
        case ApplyStatus.ALREADY_MERGED:
            return "the series is merged there already"
        case ApplyStatus.FAILED:
            return f"patch {applied.failed_patch} does not apply"
