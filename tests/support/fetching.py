"""`pipeline fetch` of a mailbox: what it says and what it refuses."""

from __future__ import annotations

import subprocess
from email import message_from_bytes, policy

from tests.support.developer import mbox
from tests.support.runner import Runner


def fetched(run: Runner, mails: list[bytes], *options: str) -> list[str]:
    """What `pipeline fetch` prints of a mailbox."""
    (run.folder / "thread.mbx").write_bytes(mbox(mails))
    done = run("fetch", "thread.mbx", "-o", "out.mbx", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def refused(run: Runner, mails: list[bytes], *options: str) -> str:
    (run.folder / "thread.mbx").write_bytes(mbox(mails))
    done = run("fetch", "thread.mbx", *options)
    assert done.returncode == 3, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def patch_ids(mailbox: bytes) -> list[str]:
    done = subprocess.run(["git", "patch-id", "--stable"], input=mailbox, capture_output=True, check=True)
    return [line.split()[0] for line in done.stdout.decode().splitlines()]


def ids(mail: bytes) -> str:
    return str(message_from_bytes(mail, policy=policy.default)["Message-ID"]).strip("<> ")
