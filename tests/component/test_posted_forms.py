"""Series in the forms that people post them in, through `pipeline fetch` and the real b4."""

from __future__ import annotations

import quopri
import re
from collections.abc import Callable
from random import Random

import pytest

from pipeline.system.text import count
from tests.support.developer import mbox
from tests.support.posted_forms import KINDS, Case, Form, cases
from tests.support.runner import Runner

EACH = 2


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{kind.__name__}-{at}")
        for kind in KINDS
        for at, case in enumerate(cases(kind, EACH, seed=7))
        # A message is named in an archive, not in a mailbox.
        if not case.about
    ],
)
def test_b4_puts_together_what_was_posted(run_pipeline: Runner, case: Case) -> None:
    (run_pipeline.folder / "thread.mbx").write_bytes(mbox(list(case.mails)))
    done = run_pipeline("fetch", "thread.mbx", "-o", "out.mbx")
    said = " ".join((done.stdout + done.stderr).split())
    assert case.says in said
    if not case.names:
        assert done.returncode == 3, done.stdout
        return
    assert done.returncode == 0, done.stderr
    made = re.findall(rb"(?m)^Message-I[Dd]: <(.*)>$", (run_pipeline.folder / "out.mbx").read_bytes())
    assert tuple(name.decode() for name in made) == case.names
    assert f" v{case.version}, {count(len(case.names), 'patch')}, " in said


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.__name__ == "answers_a_lone_patch"])
def test_what_is_taken_in_the_place_of_the_first_is_said_first(
    run_pipeline: Runner, kind: Callable[[Form, Random], Case]
) -> None:
    (case,) = cases(kind, 1, seed=8)
    (run_pipeline.folder / "thread.mbx").write_bytes(mbox(list(case.mails)))
    done = run_pipeline("fetch", "thread.mbx")
    assert done.stdout.startswith("Note: the thread has the single patch 'mm: all at once' and a series: taken is v")


WIDE_MAIL = """\
From: {author}
To: linux-mm@example.org
Subject: {subject}
Message-ID: <{name}@example.org>
{more}Date: Mon, 01 Jun 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: {encoding}

"""
WIDE_PATCH = """\
Say hello.

Signed-off-by: Jörg <jorg@Björn.example>
---
 mm/hello.c | 1 +

diff --git a/mm/hello.c b/mm/hello.c
new file mode 100644
--- /dev/null
+++ b/mm/hello.c
@@ -0,0 +1 @@
+int hello;
"""
WIDE_REPLY = "> +int hello;\n\nTested-by: Åsa <åsa@björn.example>\n"


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable"])
@pytest.mark.parametrize("author", ["Jörg <jorg@Björn.example>", "Jorg <jorg@xn--bjrn-6qa.example>"])
def test_addresses_beyond_ascii(run_pipeline: Runner, author: str, encoding: str) -> None:
    """Seen red: b4 ended in a UnicodeEncodeError, and the series was not obtained."""
    parts = [
        ("[PATCH] mm: say hello", "one", "", author, WIDE_PATCH),
        ("Re: [PATCH] mm: say hello", "two", "In-Reply-To: <one@example.org>\n", "Åsa <åsa@björn.example>", WIDE_REPLY),
    ]
    mails = []
    for subject, name, more, sender, text in parts:
        head = WIDE_MAIL.format(author=sender, subject=subject, name=name, more=more, encoding=encoding)
        body = quopri.encodestring(text.encode()) if encoding != "8bit" else text.encode()
        mails.append(head.encode() + body)
    (run_pipeline.folder / "thread.mbx").write_bytes(mbox(mails))
    done = run_pipeline("fetch", "thread.mbx", "-o", "out.mbx")
    assert done.returncode == 0, done.stderr
    assert "+ Tested-by: Åsa <åsa@björn.example>" in done.stdout
    made = (run_pipeline.folder / "out.mbx").read_text()
    assert made.count("Signed-off-by: Jörg <jorg@Björn.example>") == 1
    assert made.count("Tested-by: Åsa <åsa@björn.example>") == 1
