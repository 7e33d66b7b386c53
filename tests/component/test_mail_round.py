"""The whole round over a real public-inbox: v1 and what others say, a run, its reply, and v2."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest

from tests.support import inbox
from tests.support.developer import PatchSeries, answer
from tests.support.inbox import PublicInbox
from tests.support.people import AUTHOR, IDENTITY
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("mail-round")

REVIEWER = "Tally Page <tally@example.org>"
QUESTION = """\
On Tue, Devi Loper wrote:
> Fake heads cost a look at the next page.

What does that do to page_behind_fake_head()? Is anybody left who calls it?
"""
PROMISE = """\
On Tue, Tally Page wrote:
> What does that do to page_behind_fake_head()? Is anybody left who calls it?

Good catch, I will remove page_behind_fake_head() in v2.
"""


@dataclass(frozen=True)
class Round:
    """A list with a thread, and the run that was made of it.

    Args:
        question: message-id of the reviewer's.
        record: of the run.
    """

    run: Runner
    server: PublicInbox
    cover: str
    question: str
    record: dict[str, Any]

    def reply(self, target: Path, *options: str) -> EmailMessage:
        options = options if "--to" in options else ("--to", self.cover, *options)
        done = self.run("reply", str(self.record["id"]), "-o", str(target), *options)
        assert done.returncode == 0, done.stderr
        return parsed(target.read_bytes())


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def message_id(raw: bytes) -> str:
    return str(parsed(raw)["Message-ID"]).strip("<> ")


@pytest.fixture(scope="module")
def round_(
    tmp_path_factory: pytest.TempPathFactory,
    sealed_environment: dict[str, str],
    fake_tree: Path,
    matrix: Path,
    posted: dict[str, PatchSeries],
) -> Iterator[Round]:
    folder = tmp_path_factory.mktemp("mail-round")
    mails = posted["good"].mails
    question = answer(mails[0], REVIEWER, QUESTION, 1)
    promise = answer(question, f"{AUTHOR[0]} <{AUTHOR[1]}>", PROMISE, 2)
    with inbox.served(folder / "pi", [*mails, question, promise], sealed_environment) as server:
        run = Runner(folder / "workspace", sealed_environment, folder)
        cover = posted["good"].message_ids[0]
        arguments = (f"--midmask={server.midmask}", f"--tree=path:{fake_tree}#master", f"--matrix={matrix}")
        done = run("apply-and-build", message_id(question), *arguments, "--json=run.json")
        assert done.returncode == 0, done.stdout + done.stderr
        yield Round(run, server, cover, message_id(question), json.loads((folder / "run.json").read_text()))


def test_the_reply_is_imported_and_shown_in_the_thread(round_: Round, tmp_path: Path) -> None:
    target = tmp_path / "reply.eml"
    draft = round_.reply(target, "--report-url=https://ci.example.org/%s")
    own_id = message_id(target.read_bytes())
    round_.server.deliver(target.read_bytes())
    kept = parsed(round_.server.page(f"{own_id}/raw"))
    assert {name: str(kept[name]) for name in draft} == {name: str(draft[name]) for name in draft}
    # An mbox ends each mail with an empty line.
    assert kept.get_content().rstrip("\n") == draft.get_content().rstrip("\n")
    thread = html.unescape(round_.server.page(f"{round_.cover}/T/").decode())
    assert own_id in thread
    assert "https://ci.example.org/" in thread
    # In the overview an answer hangs by a backquote, under what it answers; a subject is told when it changes.
    overview = re.sub(r"<[^>]*>", "", thread).partition("Thread overview:")[2]
    assert re.search(rf"^[\d-]+ +[\d:]+ ` (.* )?{re.escape(IDENTITY[0])}$", overview, re.MULTILINE)


def test_the_reply_counts_as_an_answer_and_gives_no_trailer(round_: Round, tmp_path: Path) -> None:
    target = tmp_path / "reply.eml"
    round_.reply(target)
    assert "Tested-by" not in target.read_text()
    round_.server.deliver(target.read_bytes())
    fetched = round_.run(
        "fetch", round_.cover, f"--midmask={round_.server.midmask}", "-o", str(tmp_path / "series.mbx")
    )
    assert fetched.returncode == 0, fetched.stderr
    assert "Tested-by" not in (tmp_path / "series.mbx").read_text()
    match = re.search(r"(\d+) other messages", fetched.stdout)
    assert match is not None
    assert int(match[1]) >= 3


def test_a_comment_is_answered_by_its_message_id(round_: Round, tmp_path: Path) -> None:
    target = tmp_path / "reply.eml"
    draft = round_.reply(target, "--to", round_.question, "--style=full")
    assert draft["In-Reply-To"] == f"<{round_.question}>"
    assert draft["References"].split() == [f"<{round_.cover}>", f"<{round_.question}>"]
    assert draft["To"] == REVIEWER
    assert "> What does that do to page_behind_fake_head()?" in draft.get_content()
    round_.server.deliver(target.read_bytes())
    assert message_id(target.read_bytes()) in round_.server.page(f"{round_.question}/T/").decode()


def test_git_send_email_takes_the_draft(round_: Round, tmp_path: Path, sealed_environment: Mapping[str, str]) -> None:
    target = tmp_path / "reply.eml"
    draft = round_.reply(target)
    done = subprocess.run(
        ["git", "send-email", "--dry-run", "--confirm=never", "--suppress-cc=all", str(target)],
        env=sealed_environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sent = dict(line.split(": ", 1) for line in done.stdout.splitlines() if re.match(r"[A-Z][\w-]+: ", line))
    assert sent["Subject"] == draft["Subject"]
    assert sent["In-Reply-To"] == draft["In-Reply-To"]
    assert sent["References"] == draft["References"]
    assert sent["Content-Transfer-Encoding"] == "8bit"
    assert {address for _, address in getaddresses([sent["To"]])} == {AUTHOR[1]}
    assert "Dry-OK" in done.stdout


def test_every_mail_that_deserves_it_gets_a_draft_that_send_email_takes(round_: Round, tmp_path: Path) -> None:
    done = round_.run("reply", str(round_.record["id"]), "--all", "--send-dry-run", "-o", str(tmp_path / "drafts"))
    assert done.returncode == 0, done.stderr
    drafts = [parsed(path.read_bytes()) for path in sorted((tmp_path / "drafts").iterdir())]
    # What the reviewer asked, the author has promised: that waits for no build.
    assert [draft["In-Reply-To"] for draft in drafts] == [f"<{round_.cover}>"]
    assert done.stdout.count("Dry-OK") == 1


def test_the_next_revision_keeps_the_promise(round_: Round, posted: dict[str, PatchSeries]) -> None:
    second = posted["good-v2"]
    for mail in second.mails:
        round_.server.deliver(mail)
    midmask = f"--midmask={round_.server.midmask}"
    fetched = round_.run("fetch", second.message_ids[0], midmask)
    assert fetched.returncode == 0, fetched.stderr
    assert "v2, 4 patches" in fetched.stdout
    if round_.run("review", "--help").returncode != 0:
        pytest.skip("this version has no `pipeline review`")
    done = round_.run("review", second.message_ids[0], "--since", round_.cover, midmask, "--json")
    assert done.returncode == 0, done.stderr
    review = json.loads(done.stdout)
    (promise,) = [
        promise for promise in review["since"]["promises"] if "page_behind_fake_head" in promise["point"]["symbols"]
    ]
    assert promise["touched"] == "as before"
