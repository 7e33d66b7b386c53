"""Series as they really come, through the real b4: what was asked for comes out, and what is odd is said."""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import dkim
import pytest

from tests.support import developer
from tests.support.developer import PatchSeries, answer, mbox
from tests.support.fetching import fetched, ids, patch_ids, refused
from tests.support.paths import PROJECT
from tests.support.people import AUTHOR, REVIEWER
from tests.support.runner import Runner


def applied(run: Runner, tree: Path) -> list[str]:
    """Messages of the commits that git-am(1) makes of what `fetched` wrote, first patch first."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words],
            cwd=tree,
            env=run.environment,
            check=True,
            capture_output=True,
        ).stdout.decode()

    start = git("rev-parse", "HEAD").strip()
    git("am", "--quiet", str(run.folder / "out.mbx"))
    return git("log", "--reverse", "-z", "--format=%an <%ae>%n%B", f"{start}..").strip("\0").split("\0")


def renamed(mails: list[bytes], tag: str, mark: str, parents: Mapping[int, str] | None = None) -> list[bytes]:
    """The same mails with another tag in their subjects and Message-IDs of their own; some answer other mails."""
    renamed_mails = []
    for number, mail in enumerate(mails):
        text = mail.replace(b"[PATCH", f"[{tag}".encode())
        for other in mails:
            text = text.replace(ids(other).encode(), f"{mark}-{ids(other)}".encode())
        if parents and number in parents:
            text = re.sub(rb"(?m)^(In-Reply-To|References): .*\n", b"", text)
            text = text.replace(b"Message-I", f"In-Reply-To: <{parents[number]}>\nMessage-I".encode(), 1)
        renamed_mails.append(text)
    return renamed_mails


def encoded(mail: bytes, charset: str, transfer: str, body: str = "") -> bytes:
    """A mail with its body in another encoding."""
    message = message_from_bytes(mail, policy=policy.SMTP.clone(linesep="\n", max_line_length=200))
    assert isinstance(message, EmailMessage)
    message.set_content(body or message.get_content(), charset=charset, cte=transfer)
    return message.as_bytes()


def attached(mail: bytes) -> bytes:
    """A mail whose patch is an attachment, as some mail programs have it."""
    head, body = mail.split(b"\n\n", 1)
    text, diff = body.split(b"\n---\n", 1)
    kept = re.sub(rb"(?mi)^(mime-version|content-\S+): .*\n", b"", head + b"\n")
    return (
        kept
        + b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        + text
        + b'\n\n--b\nContent-Type: text/x-patch; charset=utf-8\nContent-Disposition: attachment; filename="a.patch"\n\n'
        + b"---\n"
        + diff
        + b"\n--b--\n"
    )


def list_footer(mail: bytes) -> bytes:
    return mail + b"_______________________________________________\nlinux-mm mailing list\n"


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "quoted-printable": lambda mail: encoded(mail, "utf-8", "quoted-printable"),
    "base64": lambda mail: encoded(mail, "utf-8", "base64"),
    "ISO-2022-JP": lambda mail: encoded(mail, "iso-2022-jp", "7bit"),
    "ISO-8859-1": lambda mail: encoded(mail, "iso-8859-1", "8bit"),
    "CRLF": lambda mail: mail.replace(b"\n", b"\r\n"),
    "unknown charset": lambda mail: b"Content-Type: text/plain; charset=x-none\n" + mail,
    "RFC": lambda mail: mail.replace(b"[PATCH", b"[RFC PATCH"),
    "RESEND": lambda mail: mail.replace(b"[PATCH", b"[PATCH RESEND"),
    "a list's tag": lambda mail: mail.replace(b"[PATCH", b"[linux-mm] [PATCH"),
    "a tree's name": lambda mail: mail.replace(b"[PATCH", b"[PATCH mm-unstable"),
    "attached": lambda mail: attached(mail) if b"\n---\n" in mail else mail,
    "a list's footer": list_footer,
}


@pytest.mark.parametrize("form", FORMS)
def test_however_it_was_wrapped_the_change_is_the_same(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], form: str
) -> None:
    mails = posted["good"].mails
    lines = fetched(run_pipeline, [FORMS[form](mail) for mail in mails])
    assert "  v1, 4 patches, from Devi Loper <devi@example.org>" in lines
    made = (run_pipeline.folder / "out.mbx").read_bytes()
    assert patch_ids(made) == patch_ids(mbox(mails[1:]))


def test_flowed_text_is_a_patch(run_pipeline: Runner, posted: Mapping[str, PatchSeries]) -> None:
    """Space-stuffing (RFC 3676, 4.4) adds a blank to lines of context; git-mailinfo(1) takes it away."""
    mails = posted["good"].mails
    header = b"Content-Type: text/plain; charset=utf-8; format=flowed\n"
    parts = [mail.partition(b"\n\n") for mail in mails]
    stuffed = [header + head + b"\n\n" + re.sub(rb"(?m)^ ", b"  ", body) for head, _, body in parts]
    lines = fetched(run_pipeline, stuffed)
    assert patch_ids((run_pipeline.folder / "out.mbx").read_bytes()) == patch_ids(mbox(mails[1:]))
    assert "  note: patch 1: its lines were flowed (format=flowed)" in lines
    # Many programs say so of a text that they left as it is.
    lines = fetched(run_pipeline, [header + mail for mail in mails])
    assert patch_ids((run_pipeline.folder / "out.mbx").read_bytes()) == patch_ids(mbox(mails[1:]))
    assert not any("flowed" in line for line in lines)


def test_an_author_in_the_body_counts(run_pipeline: Runner, posted: Mapping[str, PatchSeries]) -> None:
    mails = [
        mail.replace(
            b"From: Devi Loper <devi@example.org>", b"From: Devi Loper via Relay <relay@example.org>", 1
        ).replace(b"\n\n", b"\n\nFrom: Devi Loper <devi@example.org>\n\n", 1)
        for mail in posted["good"].mails
    ]
    fetched(run_pipeline, mails)
    series = run_pipeline("apply", "thread.mbx", f"--tree=path:{posted['good'].folder}")
    assert series.returncode == 2
    made = (run_pipeline.folder / "out.mbx").read_bytes()
    info = subprocess.run(
        ["git", "mailinfo", "/dev/null", "/dev/null"], input=made.split(b"\n", 1)[1], capture_output=True, check=True
    )
    assert b"Author: Devi Loper\nEmail: devi@example.org\n" in info.stdout


MESSAGES: dict[str, tuple[str, str, str]] = {
    "us-ascii, UTF-8": ("us-ascii", "utf-8", "it is UTF-8"),
    "latin1, UTF-8": ("iso-8859-1", "utf-8", "it is UTF-8"),
    "unknown, UTF-8": ("x-unknown", "utf-8", "it is UTF-8"),
    "latin1, windows-1252": ("iso-8859-1", "cp1252", ""),
    "utf-8, windows-1252": ("utf-8", "cp1252", "are read as windows-1252"),
    "nothing, UTF-8": ("", "utf-8", ""),
    "nothing, windows-1252": ("", "cp1252", "are read as windows-1252"),
}
WORDS = "“From André with 5 €”"


@pytest.mark.parametrize("form", MESSAGES)
def test_a_message_in_another_charset_than_it_says_is_read_as_meant(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], own_tree: Path, form: str
) -> None:
    said, meant, remark = MESSAGES[form]
    head = f"Content-Type: text/plain; charset={said}\n" if said else ""
    mails = [head.encode() + mail for mail in posted["good"].mails]
    mails[2] = mails[2].replace(b"\n\nSigned-off-by", f"\n\n{WORDS}\n\nSigned-off-by".encode(meant), 1)
    assert WORDS.encode(meant) in mails[2]
    lines = fetched(run_pipeline, mails)
    assert WORDS in applied(run_pipeline, own_tree)[1]
    notes = [line for line in lines if line.startswith("  note: ")]
    assert [note for note in notes if remark in note and note.startswith("  note: patch 2: ")] == notes
    assert len(notes) == bool(remark)


@pytest.mark.parametrize("transfer", ["8bit", "quoted-printable", "base64"])
def test_a_line_that_begins_with_from_is_the_same_in_the_commit(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], own_tree: Path, transfer: str
) -> None:
    """Prose, what mboxrd quotes, and a separator that is talked about; git-am(1) of what was written, too."""
    words = "From chapter 9 of the edition of 2019\n\n>From a quote\n>>From its quote\nFrom 3 on\n"
    mails = posted["good"].mails
    mails[2] = mails[2].replace(b"\n\nSigned-off-by", f"\n\n{words}\nSigned-off-by".encode(), 1)
    if transfer != "8bit":
        mails[2] = encoded(mails[2], "utf-8", transfer)
    fetched(run_pipeline, mails)
    assert words in applied(run_pipeline, own_tree)[1]


@pytest.mark.parametrize("crlf", [False, True], ids=["LF", "CRLF"])
@pytest.mark.parametrize("transfer", ["quoted-printable", "base64"])
def test_the_cr_of_a_file_comes_through(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], own_tree: Path, transfer: str, *, crlf: bool
) -> None:
    """A file of CRLF, in a mail whose lines end with LF or with CRLF."""
    head = posted["one-file"].mails[1].partition(b"\n\n")[0].replace(b"PATCH 1/1", b"PATCH")
    text = (
        b"A note.\n\nSigned-off-by: Devi Loper <devi@example.org>\n---\n\ndiff --git a/lib/notes.txt b/lib/notes.txt\n"
        b"new file mode 100644\nindex 0000000..c30dea8\n--- /dev/null\n+++ b/lib/notes.txt\n@@ -0,0 +1,2 @@\n"
        b"+one\r\n+two\r\n-- \n2.39.5\n\n"
    )
    content = text.replace(b"\n", b"\r\n") if crlf else text
    lines = [binascii.b2a_qp(line, istext=False) for line in content.split(b"\n")]
    coded = base64.encodebytes(content) if transfer == "base64" else b"\n".join(lines)
    head += f"\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {transfer}\n\n".encode()
    fetched(run_pipeline, [head + coded])
    applied(run_pipeline, own_tree)
    assert (own_tree / "lib/notes.txt").read_bytes() == b"one\r\ntwo\r\n"


RELAYED = {
    "b4's relay": (
        "Devi Loper via B4 Relay",
        "Reply-To: devi@example.org\nX-Original-From: Devi Loper <devi@example.org>\n",
    ),
    "Mailman": ("Devi Loper via linux-any", "Reply-To: Devi Loper <devi@example.org>\n"),
    "Google Groups": ("'Devi Loper' via Any", "X-Original-Sender: devi@example.org\n"),
}


@pytest.mark.parametrize("form", RELAYED)
def test_the_author_of_a_relayed_series_is_the_person(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], own_tree: Path, form: str
) -> None:
    name, more = RELAYED[form]
    header = f'From: "{name}" <relay@lists.example>\n{more}'.encode()
    mails = [mail.replace(b"From: Devi Loper <devi@example.org>\n", header, 1) for mail in posted["good"].mails]
    review = answer(posted["good"].mails[1], REVIEWER, f"Reviewed-by: {REVIEWER}\n")
    relayed = review.replace(
        f"From: {REVIEWER}\n".encode(), header.replace(b"Devi Loper", b"Tally Page").replace(b"devi@", b"tally@")
    )
    lines = fetched(run_pipeline, [*mails, relayed])
    assert "  v1, 4 patches, from Devi Loper <devi@example.org>" in lines
    assert f"      + Reviewed-by: {REVIEWER}" in lines
    assert all(message.startswith("Devi Loper <devi@example.org>\n") for message in applied(run_pipeline, own_tree))


def test_a_series_below_another_is_neither_taken_nor_mixed_in(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries]
) -> None:
    good, other = posted["good"].mails, posted["warns"].mails
    nested = renamed(other, "PATCH", "nested", {0: ids(good[2])})
    lines = fetched(run_pipeline, [*good, *nested])
    assert "  v1, 4 patches, from Devi Loper <devi@example.org>" in lines
    assert "  note: another series in the thread was left out: 'mm: comments for util.c', v1, 3 patch(es)" in lines


def test_a_partial_reroll_is_completed_and_said(run_pipeline: Runner, posted: Mapping[str, PatchSeries]) -> None:
    good = posted["good"].mails
    again = renamed(good, "PATCH v2", "again", {2: ids(good[2]), 3: ids(good[3])})
    lines = fetched(run_pipeline, [*good, again[2], again[3]])
    assert "  v2, 4 patches, from Devi Loper <devi@example.org>" in lines
    assert "  note: v2 replaces some patches only: 1, 4 of 4 are those of the posting before" in lines
    made = re.findall(rb"(?m)^Message-I[Dd]: <(.*)>$", (run_pipeline.folder / "out.mbx").read_bytes())
    assert [message_id.decode() for message_id in made] == [ids(good[1]), ids(again[2]), ids(again[3]), ids(good[4])]


def test_a_series_without_a_cover_letter_gets_nothing_of_the_mail_that_it_answers(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries]
) -> None:
    """b4 takes an author's mail above for a cover letter, and hands what was said of it to every patch."""
    plan = developer.plain_mail("plan@example.org").replace(REVIEWER.encode(), b"Devi Loper <devi@example.org>", 1)
    reply = answer(plan, REVIEWER, f"Good plan.\n\nAcked-by: {REVIEWER}\n")
    patches = renamed(posted["good"].mails, "PATCH", "bare", dict.fromkeys((1, 2, 3, 4), "plan@example.org"))[1:]
    lines = fetched(run_pipeline, [plan, reply, *patches])
    assert "  note: no cover letter: the reply answers patch 1" in lines
    assert not [line for line in lines if "      + " in line]
    assert f"      - Acked-by: {REVIEWER}" in lines


def test_trailers_that_are_not_collected_are_listed_with_the_reason(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries]
) -> None:
    good = posted["good"].mails
    newer = renamed(posted["good-v2"].mails, "PATCH", "newer")
    newer[3] = newer[3].replace(b"& 1;", b"& 1U;")
    assert b"& 1U;" in newer[3]
    replies = [
        answer(newer[1], REVIEWER, "Reviewed-by: Some One Else <else@example.com>\n", 1),
        answer(newer[2], REVIEWER, f"Reviewed-by: {REVIEWER}\n", 2),
        answer(good[3], REVIEWER, f"Tested-by: {REVIEWER}\n", 3),
        answer(good[3], "Gone Page <gone@example.org>", "Acked-by: Gone Page <gone@example.org>\n", 4)
        .replace(b"In-Reply-To: <", b"In-Reply-To: <gone-")
        .replace(b"References: <", b"References: <gone-"),
        answer(newer[2], REVIEWER, "> Reviewed-by: Quoted <quoted@example.org>\n\nWho is that?\n", 5),
    ]
    lines = fetched(run_pipeline, [*good, *newer, *replies])
    text = "\n".join(lines)
    assert f"      + Reviewed-by: {REVIEWER}" in lines
    listed = text.split("Trailers that were not collected:\n")[1].splitlines()[:-1]
    assert [line.strip() for line in listed[::2]] == [
        "- Reviewed-by: Some One Else <else@example.com>",
        f"- Tested-by: {REVIEWER}",
        "- Acked-by: Gone Page <gone@example.org>",
    ]
    reasons = [line.strip() for line in listed[1::2]]
    assert reasons[0].startswith(f"its address is not that of the sender, {REVIEWER}")
    assert reasons[1].startswith("it was given to v1; b4 carries one over only where the patch is still the same")
    assert reasons[2].startswith("the message that it answers is not in the thread")
    assert "quoted@example.org" not in text


@pytest.mark.parametrize("said", ['Fixes: 0123456789ab ("mm: break it")', "Link: https://example.org/r/1", "Fixes: ?"])
def test_a_trailer_that_no_person_gives_is_not_collected_and_that_is_said(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], said: str
) -> None:
    good = posted["good"].mails
    lines = fetched(run_pipeline, [*good, answer(good[2], REVIEWER, f"You mean\n\n{said}\n")])
    assert f"      - {said}" in lines
    assert said.encode() not in (run_pipeline.folder / "out.mbx").read_bytes()


def test_trailers_that_are_shown_are_those_of_the_commits(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], own_tree: Path
) -> None:
    """Many ways to write one, b4's own spelling of them, and what only looks like one."""
    good = posted["good"].mails
    replies = [
        answer(good[1], "Jo Example <jo@example.org>", "Reviewed-by: Example, Jo <jo@example.org>\n", 1),
        answer(good[1], REVIEWER, f"Tested-By: {REVIEWER} # on i386 with\n 64 MB\n", 2),
        answer(good[0], "Max Any <max@example.org>", "For all:\n\nacked-by: Max Any<max@example.org>\n", 3),
        answer(good[2], "Kim Plus <kim+list@example.org>", "Reviewed-by: Kim Plus <kim@example.org>\n", 4),
        answer(good[2], "Kim Plus <kim@example.org>", "reviewed-by: Kim Plus <kim@example.org>\n", 5),
        answer(good[2], "Lee Line <lee@example.org>", "Reviewed-by: Lee Line\n<lee@example.org>\n", 6),
        answer(good[3], "Lee Line <lee@example.org>", "> Acked-by: Quoted <quoted@example.org>\n\n  | Cc: me\n", 7),
        answer(good[3], REVIEWER, "Reviewed-by: Some One Else <else@example.org>\nThanks: all@example.org\n", 8),
    ]
    lines = fetched(run_pipeline, [*good, *replies])
    shown = [line.removeprefix("      + ") for line in lines if line.startswith("      + ")]
    left_out = [line.removeprefix("      - ") for line in lines if line.startswith("      - ")]
    assert left_out == ["Reviewed-by: Some One Else <else@example.org>"]
    messages = applied(run_pipeline, own_tree)
    trailers = [line for message in messages for line in re.findall(r"(?mi)^[a-z-]+-by: .*$", message)]
    assert sorted(line for line in trailers if not line.startswith("Signed-off-by")) == sorted(shown)
    assert len(shown) == 2 + 4 + 2
    assert not any("Thanks" in message for message in messages)


def test_two_patches_of_one_message_id_are_refused(run_pipeline: Runner, posted: Mapping[str, PatchSeries]) -> None:
    good = posted["good"].mails
    twin = good[3].replace(ids(good[3]).encode(), ids(good[2]).encode())
    said = refused(run_pipeline, [*good[:3], twin, good[4]])
    assert f"several mails have the Message-ID {ids(good[2])}, and they are not the same" in " ".join(said.split())


@pytest.mark.parametrize("at", range(2))
def test_another_patch_under_the_message_id_and_subject_of_one_is_refused(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], at: int
) -> None:
    """Whichever comes first: b4 would take the one, and the report show the other."""
    good = posted["good"].mails
    assert b"\n+" in good[2]
    twins = [good[2], re.sub(rb"\n\+(?!\+)", b"\n+/* */", good[2], count=1)]
    said = refused(run_pipeline, [*good[:2], twins[at], twins[1 - at], *good[3:]])
    assert "they are not the same" in " ".join(said.split())


def test_replies_of_one_message_id_are_pointed_out(run_pipeline: Runner, posted: Mapping[str, PatchSeries]) -> None:
    good = posted["good"].mails
    replies = [answer(good[2], REVIEWER, words) for words in ("Good.\n", "Bad.\n")]
    lines = fetched(run_pipeline, [*good, *replies])
    assert f"  note: several mails have the Message-ID {ids(replies[0])}, and they are not the same" in lines
    copies = [list_footer(mail) for mail in (*good, replies[0])]
    assert not any("not the same" in line for line in fetched(run_pipeline, [*good, replies[0], *copies]))


def test_a_revision_that_is_posted_twice_is_taken_once(run_pipeline: Runner, posted: Mapping[str, PatchSeries]) -> None:
    good = posted["good"].mails
    lines = fetched(run_pipeline, [*good, *renamed(good, "PATCH RESEND", "again")])
    assert f"  Message-ID: again-{ids(good[0])}" in lines
    assert any("v1 was posted twice; taken is v1 RESEND" in line for line in lines)


def test_patches_of_several_threads_are_joined(run_pipeline: Runner, posted: Mapping[str, PatchSeries]) -> None:
    """Each was posted on its own: nothing tells that they belong together but number and sender."""
    bare = [re.sub(rb"(?m)^(In-Reply-To|References): .*\n", b"", mail) for mail in posted["good"].mails]
    lines = fetched(run_pipeline, bare)
    assert "  v1, 4 patches, from Devi Loper <devi@example.org>" in lines


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_signatures_are_shown_as_b4_reports_them(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], tmp_path: Path, *, known: bool
) -> None:
    """patatt, as developers use it: a key in a keyring, or none."""
    environment = {**run_pipeline.environment, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}

    def done(*command: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(
            command, input=stdin, env=environment, cwd=tmp_path, check=True, capture_output=True
        ).stdout

    patatt = str(Path(sys.executable).with_name("patatt"))
    key = {"user.name": AUTHOR[0], "user.email": AUTHOR[1], "patatt.signingkey": "ed25519:default"}
    for name, value in key.items():
        done("git", "config", "--global", name, value)
    done(patatt, "genkey", "-n", "default")
    # b4 takes a signature that is much younger than the mail for a bad one.
    now = b"Date: " + format_datetime(datetime.now(UTC)).encode()
    mails = [done(patatt, "sign", stdin=re.sub(rb"(?m)^Date: .*", now, mail)) for mail in posted["good"].mails]
    run = run_pipeline
    if known:
        (tmp_path / "config").write_text(f"[b4]\n\tkeyringsrc = {tmp_path}/data/patatt/public\n")
        run = run.within(run.workspace, GIT_CONFIG_GLOBAL=str(tmp_path / "config"))
    lines = fetched(run, mails)
    word = "Signed" if known else "No key"
    assert f"  signatures: patch 1-4: {word}: ed25519/devi@example.org" in lines


ASK_B4 = """
import json, pathlib, sys
from pipeline.fetch.b4 import B4
from pipeline.mail import mbox, message
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace
from pipeline.system.watched import Allowance
folder = pathlib.Path(sys.argv[1])
workspace = Workspace(folder / "workspace")
workspace.prepare()
mails, _ = message.parse_all(mbox.read_file(folder / "thread.mbx"))
print(json.dumps(B4(workspace, Processes(), Allowance(60)).signatures([mail for mail in mails if mail.number], 1)))
"""


@pytest.mark.parametrize(
    ("published", "word"), [(True, "Signed"), (False, "BADSIG")], ids=["the key", "another domain key"]
)
def test_domain_keys_are_asked_for(
    run_pipeline: Runner, posted: Mapping[str, PatchSeries], tmp_path: Path, *, published: bool, word: str
) -> None:
    """DKIM (RFC 6376), as mail servers do it, with a name server of our own. Seen red with b4 in its offline mode."""
    keys = []
    for name in ("key.pem", "other.pem"):
        subprocess.run(["openssl", "genrsa", "-out", name, "2048"], cwd=tmp_path, check=True, capture_output=True)
        public = ["openssl", "rsa", "-in", name, "-pubout", "-outform", "DER"]
        keys.append(subprocess.run(public, cwd=tmp_path, check=True, capture_output=True).stdout)
    text = f"v=DKIM1; k=rsa; p={base64.b64encode(keys[0 if published else 1]).decode()}"
    now = b"Date: " + format_datetime(datetime.now(UTC)).encode()
    mails = [re.sub(rb"(?m)^Date: .*", now, mail) for mail in posted["good"].mails]
    secret = (tmp_path / "key.pem").read_bytes()
    headers = [b"From", b"Subject", b"Date", b"Message-ID"]
    signed = [dkim.sign(mail, b"mail", b"example.org", secret, include_headers=headers) + mail for mail in mails]
    (tmp_path / "thread.mbx").write_bytes(mbox([mail.replace(b"\r\n", b"\n") for mail in signed]))
    own_network = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    server = [sys.executable, "-m", "tests.support.name_server", "mail._domainkey.example.org", text]
    done = subprocess.run(
        [*own_network, *server, sys.executable, "-c", ASK_B4, str(tmp_path)],
        env=run_pipeline.environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[f"{word}: DKIM/example.org"]] * 4
