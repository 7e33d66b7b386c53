"""Compares a revision with an earlier one: patches that changed, and fates of promises; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.mail.diff import diff_of
from pipeline.mail.message import parse
from pipeline.model import Series
from pipeline.review.record import ComparedPatchRecord, PatchChange, PointRecord, PromiseRecord, TrailerRecord
from pipeline.review.symbols import ChangedLine, touched
from pipeline.review.trailers import OF_THE_AUTHOR, same, written

# git-range-diff(1): "1:  c0debee = 1:  cab005e Add a helpful message at the start".
_PAIR = re.compile(r"^\s*(?:-|\d+):\s+(?P<old>-+|[0-9a-f]+) (?P<sign>[=!<>])\s+(?:-|\d+):\s+(?P<new>-+|[0-9a-f]+) ")


@dataclass(frozen=True)
class PostedPatch:
    """A patch as it was posted, for comparing.

    Args:
        number: 1 for the first.
        subject: without the `[PATCH …]` prefix.
        message: the text above the diffstat.
        patch_id: by git-patch-id(1), empty where there is no diff.
        commit: where the patch was applied, else empty.
    """

    number: int
    subject: str
    message: str
    patch_id: str
    commit: str = ""


def diffs(series: Series) -> dict[int, str]:
    """The diffs of a series by patch number."""
    return {patch.number: diff_of(parse(patch.mail).letter.body) for patch in series.patches}


def messages_of(series: Series) -> dict[int, str]:
    """The messages of patches, from subject to trailers, by patch number."""
    bodies = {patch.number: parse(patch.mail).letter.body for patch in series.patches}
    return {
        patch.number: "\n".join([patch.subject, *_above_the_diffstat(bodies[patch.number])]) for patch in series.patches
    }


def _above_the_diffstat(body: str) -> list[str]:
    return [
        line.rstrip() for line in re.split(r"^---\s*$", body, maxsplit=1, flags=re.MULTILINE)[0].strip().splitlines()
    ]


def by_range_diff(
    output: str, before: Sequence[PostedPatch], after: Sequence[PostedPatch]
) -> tuple[ComparedPatchRecord, ...]:
    """The pairs of `git range-diff --no-patch`, in its order; patch-ids tell those apart that it marks as different."""
    compared = []
    for line in output.splitlines():
        if pair := _PAIR.match(line):
            old, new = _with_commit(before, pair["old"]), _with_commit(after, pair["new"])
            compared.append(_compared(old, new, "unchanged" if pair["sign"] == "=" else _change(old, new)))
    return tuple(compared)


def by_patch_id(before: Sequence[PostedPatch], after: Sequence[PostedPatch]) -> tuple[ComparedPatchRecord, ...]:
    """Patches of the same patch-id, then those of the same subject; the earlier revision's rest was dropped."""
    left = {patch.number: patch for patch in before}
    pairs: dict[int, PostedPatch] = {}
    for alike in (_same_code, _same_subject):
        for new in after:
            old = next((old for old in left.values() if alike(old, new)), None) if new.number not in pairs else None
            if old:
                pairs[new.number] = left.pop(old.number)
    compared = []
    for new in after:
        old = pairs.get(new.number)
        compared.append(_compared(old, new, _change(old, new)))
    return (*compared, *(_compared(old, None, "dropped") for old in left.values()))


def _change(old: PostedPatch | None, new: PostedPatch | None) -> PatchChange:
    """Lines around a change that moved, which git range-diff marks, too, are no change of the patch."""
    if not (old and new and _same_code(old, new)):
        return "changed"
    return "unchanged" if old.message == new.message else "message only"


def _compared(old: PostedPatch | None, new: PostedPatch | None, change: PatchChange) -> ComparedPatchRecord:
    known = new or old
    return ComparedPatchRecord(
        before=old.number if old else None,
        after=new.number if new else None,
        subject=known.subject if known else "",
        change=change if old and new else "new" if new else "dropped",
    )


def _with_commit(patches: Sequence[PostedPatch], name: str) -> PostedPatch | None:
    return next((patch for patch in patches if patch.commit.startswith(name)), None)


def _same_code(old: PostedPatch, new: PostedPatch) -> bool:
    return bool(old.patch_id) and old.patch_id == new.patch_id


def _same_subject(old: PostedPatch, new: PostedPatch) -> bool:
    return old.subject.casefold() == new.subject.casefold()


def promise(point: PointRecord, before: Mapping[int, str], after: Mapping[int, str]) -> PromiseRecord:
    """Whether the new revision touches the symbols that a point of the earlier one was about.

    Args:
        before: the earlier revision's diffs, by patch number.
        after: those of the new one.
    """
    old, new = touched(point.symbols, before), touched(point.symbols, after)
    changed = [name for name in point.symbols if new[name] and _bare(new[name]) != _bare(old[name])]
    kept = [name for name in point.symbols if new[name]]
    what: Literal["touched", "as before", "not touched", "names no symbol"] = (
        "touched" if changed else "as before" if kept else "not touched" if point.symbols else "names no symbol"
    )
    shown = changed or kept
    return PromiseRecord(
        point=point,
        touched=what,
        symbols=tuple(shown),
        patches=tuple(sorted({number for name in shown for number in new[name]})),
    )


def _bare(by_patch: Mapping[int, Counter[ChangedLine]]) -> Counter[tuple[str, str, str]]:
    """The lines whatever patch they are in, and whatever a hunk's header calls the place."""
    total: Counter[tuple[str, str, str]] = Counter()
    for lines in by_patch.values():
        for line, times in lines.items():
            total[line.path, line.sign, line.text] += times
    return total


def lost_trailers(
    earlier: Sequence[TrailerRecord], version: int, compared: Sequence[ComparedPatchRecord], series: Series
) -> Iterator[TrailerRecord]:
    """Trailers that were given on the earlier revision, for patches of this one that were posted without."""
    texts = {patch.number: parse(patch.mail).letter.body for patch in series.patches}
    known = {number: {same(f"{name}: {value}") for name, value in written(text)} for number, text in texts.items()}
    for trailer in earlier:
        if trailer.name in OF_THE_AUTHOR:
            continue
        for patch in compared:
            about = trailer.patch in (None, patch.before) and patch.before is not None and patch.after is not None
            if about and patch.after and same(f"{trailer.name}: {trailer.value}") not in known[patch.after]:
                change = f"the patch: {patch.change} since v{version}"
                yield trailer.model_copy(
                    update={
                        "patch": patch.after,
                        "revision": trailer.revision or version,
                        "collected": False,
                        "reason": f"v{series.version} was posted without it; {change}",
                    }
                )
