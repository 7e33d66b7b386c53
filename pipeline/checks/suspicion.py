"""The check `suspicion`: characters that a screen does not show, symbolic links, files that programs obey.

They are found when the series is fetched; this check lists them with the other findings of a patch.
"""

from __future__ import annotations

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.model import CheckFinding, Severity


class SuspicionCheck:
    """Lists what `pipeline.mail.suspicion` found in a patch. The verdict takes it from the series itself."""

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
