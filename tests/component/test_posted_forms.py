"""Series in the forms that people post them in, through `pipeline fetch` and the real b4."""

from __future__ import annotations

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
