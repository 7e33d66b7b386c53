"""A tracked series that is fetched: by name, by its message-id, by any message of its thread."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.definitions import find_series, load_series
from tests.support.developer import PatchSeries, answer, mbox
from tests.support.faulty_server import Answer, serving
from tests.support.matrices import CELLS, matrix_text, write_matrix
from tests.support.runner import Runner

COVER = "20251205194351.1646318-1-kas@kernel.org"


@pytest.fixture
def thread(posted: Mapping[str, PatchSeries]) -> list[bytes]:
    """The fake kernel's series under the Message-ID of a tracked one, with a reply."""
    own = posted["good"].message_ids[0].encode()
    mails = [mail.replace(own, COVER.encode()) for mail in posted["good"].mails]
    return [*mails, answer(mails[2], "Tally Page <tally@example.org>", "Fine.\n")]


def test_every_name_is_the_same_series(run_pipeline: Runner, thread: list[bytes]) -> None:
    with serving({f"/all/{COVER}/": [Answer(body=gzip.compress(mbox(thread)))]}) as server:
        options = (f"--midmask={server.midmask}",)
        for name in ("hvo-upstream", COVER, f"https://lore.kernel.org/all/{COVER}/"):
            done = run_pipeline("fetch", name, *options)
            assert done.returncode == 0, done.stderr
            assert f"  Message-ID: {COVER}" in done.stdout
    assert {path for _, path, _ in server.requests} == {f"/all/{COVER}/t.mbox.gz"}


def test_any_message_of_the_thread_brings_the_claims(
    run_pipeline: Runner, thread: list[bytes], fake_tree: Path, tmp_path: Path
) -> None:
    """A reply that series.toml does not list: that it is of this thread is known when it was fetched."""
    matrix = write_matrix(tmp_path, matrix_text({"i386-odd": CELLS["i386-odd"]}))
    with serving([Answer(body=gzip.compress(mbox(thread)))]) as server:
        options = (f"--midmask={server.midmask}", f"--tree=path:{fake_tree}#master", f"--matrix={matrix}")
        done = run_pipeline("apply-and-build", "some-reply@example.org", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    record = run_pipeline.record()
    folder = find_series("hvo-upstream")
    assert folder is not None
    tracked = load_series(folder)
    assert record.series.message_id == COVER
    assert record.series.follow_ups == tracked.follow_ups
    stated = [claim.claimed for claim in record.claims if claim.origin == "series.toml"]
    assert stated == [claim.claimed for claim in tracked.claims]
