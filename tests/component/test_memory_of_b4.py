"""Mail that makes b4 take much memory: it runs outside of any sandbox, and no more is given to it than it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.fetch.b4 import B4
from pipeline.mail.message import Mail, parse
from pipeline.system import untrusted
from pipeline.system.git_memory import TakesTooMuchError
from pipeline.system.process import Processes
from pipeline.system.watched import Allowance
from pipeline.system.workspace import Workspace
from tests.support.hostile_mail import COVER, ONE, TWO

PLAIN = b"\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
SECONDS = 300
"""More than it takes on any machine: time has a limit and a test of its own."""


def patch(head: bytes, name: str, line: str, lines: int) -> Mail:
    """A patch with a new file of equal lines."""
    diff = f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{lines} @@\n"
    return parse(head.partition(b"\n\n")[0] + PLAIN + f"---\n{diff}".encode() + f"+{line}\n".encode() * lines)


@pytest.fixture
def b4(tmp_path: Path) -> B4:
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    return B4(workspace, Processes(), Allowance(SECONDS))


def test_characters_that_take_four_bytes(b4: B4) -> None:
    """Each mail and the mailbox are within their limits. Seen red: b4 took 277 MiB, until its time was over."""
    mails = [parse(COVER), *(patch(head, name, "\U0001f600" + "x" * 60_000, 125) for head, name in HEADS)]
    assert sum(len(mail.raw) for mail in mails) < untrusted.B4_MEMORY >> 4
    with pytest.raises(TakesTooMuchError, match="b4 needs more than 256 MiB of memory"):
        b4.assemble(mails, mails[0], 1)


def test_large_patches_have_enough(b4: B4) -> None:
    mails = [parse(COVER), *(patch(head, name, "x" * 70, 50_000) for head, name in HEADS)]
    assert len(b4.assemble(mails, mails[0], 1).mails) == 2


HEADS = ((ONE, "mm/one.c"), (TWO, "mm/two.c"))
