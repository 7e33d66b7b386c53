"""The check `suspicion`: what a diff on a screen does not show. It was found when the series was fetched."""

from __future__ import annotations

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.model import CheckFinding, Severity


class SuspicionCheck:
    """Shows beside a patch what `pipeline.mail.suspicion` found in it; the verdict knows of it from there."""

    name = "suspicion"
    about = "characters that are not what they look like, symbolic links, files that programs obey"
    version = 1
    needs = Needs()

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return bool(patch.files)

    def run(self, patch: CheckedPatch, _before: State, _after: State, /) -> Outcome:
        return Outcome(
            tuple(
                CheckFinding(
                    Severity.ERROR if suspicion.deceptive else Severity.REMARK,
                    suspicion.what,
                    suspicion.path,
                    suspicion.line,
                    tool=self.name,
                    kind="deceptive" if suspicion.deceptive else "unusual",
                )
                for suspicion in patch.series.suspicions
                if suspicion.patch == patch.number and not suspicion.prerequisite
            )
        )
