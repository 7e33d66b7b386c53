"""**review** at work: a series beside its earlier revision, with what git says of the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipeline.apply import Applier
from pipeline.definitions import find_series, load_series
from pipeline.fetch import Request
from pipeline.kernel.maintainers import NAME
from pipeline.model import Applied, Series, Tree
from pipeline.review import review
from pipeline.review.fates import fates
from pipeline.review.record import ReviewRecord, SinceRecord
from pipeline.review.since import (
    PostedPatch,
    by_patch_id,
    by_range_diff,
    diffs,
    lost_trailers,
    messages_of,
)
from pipeline.system.git import Repository
from pipeline.system.watched import Allowance, TakesTooLongError


def earlier(request: Request, series: Series) -> Request | None:
    """Where the newest revision before this one is known from the series itself: in its thread, or in series.toml."""
    versions = list(series.other_versions)
    if tracked := find_series(request.text):
        versions += [definition.number for definition in load_series(tracked).versions]
    before = [version for version in versions if version < series.version]
    return replace(request, version=max(before)) if before else None


@dataclass(frozen=True)
class Reviewer:
    """Reviews with the collaborators that a comparison of two revisions needs.

    Args:
        repository: the workspace's bare repository.
        applier: applies both revisions.
        say: called with a line for each slow step.
        allowance: of a processor, for what is read of both.
    """

    repository: Repository
    applier: Applier
    say: Callable[[str], None]
    allowance: Allowance

    def review(self, series: Series, midmask: str, before: Series | None, trees: Sequence[Tree]) -> ReviewRecord:
        """The state of a series' review, and what happened to an earlier revision's.

        Args:
            midmask: where messages are read.
            before: the earlier revision; None where there is none.
            trees: to apply both to, in this order, where the workspace has no commit that a revision names as its base.

        Raises:
            TakesTooLongError: reading them takes too much time.
        """
        with self.allowance.spent_on("reading the replies"):
            return self._review(series, midmask, before, trees)

    def _review(self, series: Series, midmask: str, before: Series | None, trees: Sequence[Tree]) -> ReviewRecord:
        maintainers = self._maintainers(series, trees)
        current = review(series, midmask, maintainers)
        if before is None:
            return current
        past = review(before, midmask, maintainers)
        since = self._since(series, before, past, trees)
        lost = tuple(lost_trailers(past.trailers, before.version, since.patches, series))
        given = {(trailer.patch, trailer.name, trailer.value) for trailer in current.trailers if trailer.collected}
        lost = tuple(trailer for trailer in lost if (trailer.patch, trailer.name, trailer.value) not in given)
        return current.model_copy(update={"since": since, "trailers": (*current.trailers, *lost)})

    def _since(self, series: Series, before: Series, past: ReviewRecord, trees: Sequence[Tree]) -> SinceRecord:
        old, new = self._posted(before), self._posted(series)
        kept = fates(past.points, before, series)
        applied = [self._applied(revision, trees) for revision in (before, series)]

        def by_ids(reason: str) -> SinceRecord:
            return SinceRecord(
                version=before.version,
                compared_by="patch-id",
                reason=reason,
                patches=by_patch_id(old, new),
                promises=kept,
            )

        if reason := next((failure for failure in applied if isinstance(failure, str)), ""):
            return by_ids(reason)
        ranges, places = [], []
        for posted, outcome in zip((old, new), applied, strict=True):
            assert isinstance(outcome, Applied)
            commits = {state.patch: state.commit for state in outcome.states}
            places.append([replace(patch, commit=commits[patch.number]) for patch in posted])
            ranges.append(f"{outcome.states[0].commit}..{outcome.states[-1].commit}")
        try:
            output = self.repository.out("range-diff", "--no-color", "--no-patch", "--abbrev=40", *ranges)
        except TakesTooLongError as error:
            return by_ids(error.message)
        return SinceRecord(
            version=before.version,
            compared_by="range-diff",
            patches=by_range_diff(output, places[0], places[1]),
            promises=kept,
        )

    def _maintainers(self, series: Series, trees: Sequence[Tree]) -> str:
        """The text of MAINTAINERS, of the base of the series or else of the first tree; empty where none is known."""
        tree = next(iter((*self._base(series), *trees)), None)
        status, text, _ = self.repository.run("cat-file", "blob", f"{tree.commit}:{NAME}") if tree else (1, "", "")
        return "" if status else text

    def _posted(self, series: Series) -> list[PostedPatch]:
        texts, code = messages_of(series), diffs(series)
        return [
            PostedPatch(patch.number, patch.subject, texts[patch.number], self._patch_id(code[patch.number]))
            for patch in series.patches
        ]

    def _patch_id(self, diff: str) -> str:
        """git-patch-id(1), which line numbers and white space do not change."""
        words = self.repository.out("patch-id", "--stable", stdin=diff.encode()).split() if diff else []
        return words[0] if words else ""

    def _applied(self, series: Series, trees: Sequence[Tree]) -> Applied | str:
        """The series on its own base where the workspace has that, else on the first tree that takes it; or why not."""
        candidates = [*self._base(series), *trees]
        for tree in candidates:
            self.say(f"Applying v{series.version} to {tree.name}, to compare")
            applied = self.applier.apply(series, tree)
            if applied.usable:
                return applied
        if not candidates:
            return f"no tree to apply v{series.version} to: name one with --tree"
        return f"v{series.version} does not apply to {', '.join(tree.name for tree in candidates)}"

    def _base(self, series: Series) -> list[Tree]:
        commit = self.repository.commit_of(series.base_commit) if series.base_commit else None
        if commit is None:
            return []
        return [Tree(f"its base-commit {commit[:12]}", commit[:12], commit, self.repository.tree_of(commit))]
