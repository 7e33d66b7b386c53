"""The check `stable`: patches for stable trees say so in a trailer (stable-kernel-rules.rst)."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parseaddr

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.checks.trailers import named, posted
from pipeline.model import CheckFinding, Severity

ADDRESSES = ("stable@vger.kernel.org", "stable@kernel.org")


class StableCheck:
    """Reads `Cc:` trailers and headers.

    What a list wants are options: `with-fixes = "wanted"` where a patch with Fixes: goes to stable, too, and `trailer =
    "unwanted"` where maintainers choose for themselves what goes there.
    """

    name = "stable"
    about = "Cc: stable@vger.kernel.org as a trailer, in its form and as the list wants it"
    version = 1
    needs = Needs()

    def concerns(self, patch: CheckedPatch, /) -> bool:
        trailers = posted(patch.letter)
        mentioned = any("stable" in value.casefold() for value in named(trailers, "cc"))
        return mentioned or _sent_to_stable(patch) or bool(named(trailers, "fixes"))

    def run(self, patch: CheckedPatch, _before: State, _after: State, /) -> Outcome:
        return Outcome(tuple(_findings(patch)))


def _findings(patch: CheckedPatch) -> Iterator[CheckFinding]:
    trailers, policy = posted(patch.letter), patch.options.values
    boxes = [parseaddr(value.partition("#")[0].strip())[1].casefold() for value in named(trailers, "cc")]
    asked = any(box in ADDRESSES for box in boxes)
    for box in boxes:
        if "stable" in box.partition("@")[0] and box not in ADDRESSES:
            yield _finding(Severity.WARNING, "address", f"Cc: {box}: stable trees take patches for {ADDRESSES[0]}")
    if asked and policy.get("trailer") == "unwanted":
        yield _finding(Severity.REMARK, "unwanted", "Cc: stable, and this list's maintainers choose for themselves")
    if not asked and _sent_to_stable(patch):
        yield _finding(Severity.REMARK, "no-trailer", "sent to stable, and no trailer says Cc: stable@vger.kernel.org")
    elif not asked and policy.get("with-fixes") == "wanted" and named(trailers, "fixes"):
        yield _finding(Severity.REMARK, "not-asked", "Fixes: without Cc: stable@vger.kernel.org")


def _sent_to_stable(patch: CheckedPatch) -> bool:
    return any(parseaddr(box)[1].casefold() in ADDRESSES for box in (*patch.letter.to, *patch.letter.cc))


def _finding(severity: Severity, kind: str, message: str) -> CheckFinding:
    return CheckFinding(severity, message, tool="stable", kind=kind)
