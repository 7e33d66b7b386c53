"""The check `sign-off`: who wrote, sent and co-developed a patch has signed it (submitting-patches.rst, "Sign your
work").
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.checks.trailers import Person, named, posted
from pipeline.model import CheckFinding, Severity


class SignOffCheck:
    """Compares From:, Signed-off-by: and Co-developed-by: of a patch as it was posted."""

    name = "sign-off"
    about = "author, sender and co-developers signed, under the names and addresses that they write from"
    version = 1
    needs = Needs()

    def concerns(self, _: CheckedPatch, /) -> bool:
        return True

    def run(self, patch: CheckedPatch, _before: State, _after: State, /) -> Outcome:
        return Outcome(tuple(_findings(patch)))


def _findings(patch: CheckedPatch) -> Iterator[CheckFinding]:
    trailers = posted(patch.letter)
    signers = [Person.of(value) for value in named(trailers, "signed-off-by")]
    author, sender = Person.of(patch.patch.author), Person.of(patch.letter.sender)
    if not any(author.is_same(signer) for signer in signers):
        who = "nobody" if not signers else f"not its author, {patch.patch.author}"
        yield _finding(Severity.ERROR, "author-did-not-sign", f"signed off by {who}")
    elif not any(author.same_address(signer) for signer in signers):
        yield _finding(
            Severity.REMARK, "other-address", f"its author signed with another address than {author.address}"
        )
    elif not any(author.same_address(signer) and author.same_name(signer) for signer in signers):
        yield _finding(Severity.REMARK, "other-name", f"its author signed with another name than {patch.patch.author}")
    if signers and not sender.is_same(author) and not any(sender.is_same(signer) for signer in signers):
        yield _finding(Severity.WARNING, "sender-did-not-sign", f"{patch.letter.sender} sent it and did not sign it")
    for value in named(trailers, "co-developed-by"):
        if not any(Person.of(value).is_same(signer) for signer in signers):
            yield _finding(
                Severity.WARNING, "co-developer-did-not-sign", f"{value} co-developed it and did not sign it"
            )


def _finding(severity: Severity, kind: str, message: str) -> CheckFinding:
    return CheckFinding(severity, message, tool="sign-off", kind=kind)
