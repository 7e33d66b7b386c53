"""One mail with the patches attached, through the real b4: a series, or one error that says what to type."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from pipeline.system.text import count
from tests.support.developer import PatchSeries, answer, mbox
from tests.support.fetching import fetched, ids, patch_ids, refused
from tests.support.people import AUTHOR, REVIEWER
from tests.support.runner import Runner

GIT_SEPARATOR = b"From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n"


def one_mail(
    patches: list[bytes], subject: str = "Two comments", kind: str = "x-patch", transfer: str = "8bit"
) -> bytes:
    """A mail with files of `git format-patch` attached, or with mails attached."""
    message = EmailMessage(policy=policy.SMTP.clone(linesep="\n"))
    message["From"] = f"{AUTHOR[0]} <{AUTHOR[1]}>"
    message["To"] = "linux-mm@example.org"
    message["Subject"] = subject
    message["Date"] = "Fri, 05 Dec 2025 19:43:51 +0000"
    message["Message-ID"] = "<all-in-one@example.org>"
    message.set_content("Hello,\n\nplease take these patches.\n")
    for number, patch in enumerate(patches, 1):
        if kind == "rfc822":
            message.add_attachment(message_from_bytes(patch, policy=policy.default))
            continue
        content = patch if not patch.startswith(b"From: ") else GIT_SEPARATOR + patch
        content = re.sub(rb"(?m)^(Message-I[Dd]|In-Reply-To|References): .*\n", b"", content, count=3)
        maintype, _, subtype = kind.rpartition("/")
        file = f"{number:04}.patch"
        message.add_attachment(content, maintype or "text", subtype, filename=file, cte=transfer)
    return message.as_bytes()


@pytest.mark.parametrize("transfer", ["8bit", "base64"])
@pytest.mark.parametrize("kind", ["x-patch", "x-diff", "application/octet-stream", "rfc822"])
def test_patches_attached_to_one_mail_are_a_series(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], kind: str, transfer: str
) -> None:
    """Replies to the mail count, as those to a cover letter do."""
    patches = posted["good"].mails[1:]
    mail = one_mail(patches, kind=kind, transfer=transfer)
    trailer = f"Reviewed-by: {REVIEWER}"
    lines = fetched(run_pipeline, [mail, answer(mail, REVIEWER, f"Fine.\n\n{trailer}\n")])
    assert lines[0] == "Two comments"
    assert "  v1, 4 patches, from Devi Loper <devi@example.org>" in lines
    assert "  Message-ID: all-in-one@example.org" in lines
    assert any(line.startswith("  note: the 4 patches were attached to one mail") for line in lines), lines
    assert lines.count(f"      + {trailer}") == 4
    made = (run_pipeline.folder / "out.mbx").read_bytes()
    assert patch_ids(made) == patch_ids(mbox(patches))
    authors = subprocess.run(["git", "mailsplit", "-o.", "out.mbx"], cwd=run_pipeline.folder, capture_output=True)
    assert authors.stdout.strip() == b"4"
    for number, patch in enumerate(patches, 1):
        read = [
            subprocess.run(["git", "mailinfo", "m", "d"], input=mail, cwd=run_pipeline.folder, capture_output=True)
            for mail in ((run_pipeline.folder / f"{number:04}").read_bytes(), patch)
        ]
        assert read[0].stdout == read[1].stdout


@pytest.mark.parametrize("many", [1, 4])
def test_a_mail_in_a_folder_is_taken_apart_as_well(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], many: int
) -> None:
    """As mail programs save it; one patch, too, whose author and message are those of the attachment."""
    folder = run_pipeline.folder / "saved"
    folder.mkdir()
    patches = [
        re.sub(rb"PATCH 1/4", b"PATCH", mail) if many == 1 else mail for mail in posted["good"].mails[1 : many + 1]
    ]
    (folder / "Two comments.eml").write_bytes(one_mail(patches))
    done = run_pipeline("fetch", str(folder), "--output", "out.mbx")
    assert done.returncode == 0, done.stderr
    assert f"  v1, {count(many, 'patch')}, from Devi Loper <devi@example.org>" in done.stdout.splitlines()
    assert "attached to one mail" in " ".join(done.stdout.split())
    made = (run_pipeline.folder / "out.mbx").read_bytes()
    assert patch_ids(made) == patch_ids(mbox(patches))
    assert b"please take these patches" not in made


def test_attached_patches_are_ordered_by_their_numbers(run_pipeline: Runner, posted: Mapping[str, PatchSeries]) -> None:
    patches = posted["good"].mails[1:]
    fetched(run_pipeline, [one_mail([patches[1], patches[0], patches[3], patches[2]])])
    assert patch_ids((run_pipeline.folder / "out.mbx").read_bytes()) == patch_ids(mbox(patches))


def test_attached_patches_without_numbers_are_in_their_order(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries]
) -> None:
    patches = [re.sub(rb"\[PATCH \d/4\]", b"[PATCH]", mail) for mail in posted["good"].mails[1:]]
    lines = fetched(run_pipeline, [one_mail(patches)])
    assert "  v1, 4 patches, from Devi Loper <devi@example.org>" in lines
    assert patch_ids((run_pipeline.folder / "out.mbx").read_bytes()) == patch_ids(mbox(patches))


NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level) for level in range(2000))
UNTRUSTED: dict[str, tuple[Callable[[list[bytes]], bytes], str]] = {
    "one is missing": (lambda good: one_mail([good[1], good[3], good[4]]), "numbered 1/4, 3/4, 4/4 Save the attach"),
    "one twice": (lambda good: one_mail([good[1], good[2], good[2], good[4]]), "numbered 1/4, 2/4, 2/4, 4/4"),
    "bare diffs": (
        lambda good: one_mail([b"diff --git " + mail.split(b"\ndiff --git ", 1)[1] for mail in good[1:3]]),
        "2 diffs attached, and number 1 has no author and subject .* git format-patch -o DIR",
    ),
    "parts in parts, hidden by base64": (
        lambda good: one_mail([good[1], NESTED], transfer="base64"),
        "it has 2000 nested parts",
    ),
    "another revision": (lambda good: one_mail(good[1:], "[PATCH v2] comments"), "several revisions .*: v1, v2"),
    "another number": (lambda good: one_mail(good[1:], "[PATCH 3/5] comments"), "calls itself 3/5 has 4 patches"),
}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_attached_patches_that_may_not_be_all_are_refused(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], name: str
) -> None:
    make, words = UNTRUSTED[name]
    said = " ".join(refused(run_pipeline, [make(posted["good"].mails)]).split())
    assert re.search(words, said), said


def test_a_thread_is_not_lost_with_patches_attached_to_another_mail(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries]
) -> None:
    good = posted["good"].mails
    bad = one_mail([good[1], good[3]], "something else").replace(
        b"Message-ID", b"In-Reply-To: <%b>\nMessage-ID" % ids(good[2]).encode(), 1
    )
    lines = fetched(run_pipeline, [*good, bad])
    assert "  v1, 4 patches, from Devi Loper <devi@example.org>" in lines
    assert not any("attached" in line for line in lines)
