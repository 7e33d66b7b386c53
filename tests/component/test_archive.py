"""Servers on bad days: asked again within bounds, or one clear error; the last good copy only when it is asked for."""

from __future__ import annotations

import gzip
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from pipeline.fetch.archive import Archive
from pipeline.fetch.server import USUAL, Patience
from pipeline.system.errors import NotObtainedError, UsageError
from tests.support.developer import PatchSeries, mbox
from tests.support.faulty_server import Answer, serving
from tests.support.runner import Runner

ID = "somebody@example.org"
MBOX = b"From mboxrd@z Thu Jan  1 00:00:00 1970\nSubject: words\n\n" + bytes(range(32, 127)) * 40 + b"\n"
PACKED = gzip.compress(MBOX)
GOOD = Answer(body=PACKED)
QUICK = Patience(tries=3, seconds=8.0, silence=0.5, pause=0.05)


def archive(
    midmask: str, folder: Path, said: list[str], *, patience: Patience = QUICK, offline: bool = False
) -> Archive:
    return Archive(midmask, folder / "threads", said.append, offline=offline, patience=patience)


def obtained(answers: Sequence[Answer], folder: Path, patience: Patience = QUICK) -> tuple[bytes, list[str], int]:
    """The thread, what was said meanwhile, and how often the server was asked."""
    said: list[str] = []
    with serving(answers) as server:
        copy = archive(server.midmask, folder, said, patience=patience).thread(ID)
    assert copy.age == ""
    return copy.mbox, said, len(server.requests)


def refused(answers: Sequence[Answer], folder: Path, patience: Patience = QUICK) -> tuple[NotObtainedError, int]:
    """The error, and how often the server was asked."""
    with serving(answers) as server, pytest.raises(NotObtainedError) as caught:
        archive(server.midmask, folder, [], patience=patience).thread(ID)
    assert server.address in caught.value.message
    assert caught.value.hint
    assert list(folder.glob("threads/*")) == []
    return caught.value, len(server.requests)


PASSING = {
    "500": (Answer(500), "answered 500"),
    "503": (Answer(503), "answered 503"),
    "429": (Answer(429), "answered 429"),
    "reset": (Answer(reset=True), "closed the connection"),
    "silence": (Answer(body=PACKED, stall=5), "was silent"),
    "short body": (Answer(body=PACKED[:60], missing=len(PACKED) - 60), "closed the connection before the end"),
    "truncated gzip": (Answer(body=PACKED[:-9]), "truncated gzip"),
    "damaged gzip": (Answer(body=PACKED[:20] + b"\xff" * 20 + PACKED[40:]), "damaged"),
    "nothing": (Answer(), "truncated gzip"),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass_is_tried_again(tmp_path: Path, name: str) -> None:
    answer, words = PASSING[name]
    mails, said, asked = obtained([answer, answer, GOOD], tmp_path)
    assert mails == MBOX
    assert asked == 3
    assert [words in line for line in said] == [True, True], said
    assert "(try 3 of 3)" in said[-1]


@pytest.mark.parametrize("name", PASSING)
def test_each_bad_answer_of_a_server_ends_in_one_error(tmp_path: Path, name: str) -> None:
    answer, words = PASSING[name]
    error, asked = refused([answer], tmp_path)
    assert asked == 3
    assert words in error.message
    assert "asked 3 times" in error.message


FINAL = {
    "404": (Answer(404), f"has no message {ID}"),
    "403": (Answer(403), "403 Forbidden"),
    "web page": (Answer(body=b"<html><title> Are you a robot?</title></html>"), "a web page ('Are you a robot?')"),
    "plain text": (Answer(body=b"come back later"), "something else instead of a mailbox"),
    "redirects": (Answer(302, headers={"Location": "/all/round"}), "round in circles"),
}


@pytest.mark.parametrize("name", FINAL)
def test_what_will_not_change_is_not_asked_again(tmp_path: Path, name: str) -> None:
    answer, words = FINAL[name]
    error, asked = refused([answer], tmp_path)
    assert asked == (6 if name == "redirects" else 1)
    assert words in error.message


def in_seconds(seconds: int) -> str:
    """A date as HTTP has it."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(tmp_path: Path, form: str, status: int) -> None:
    value = "2" if form == "seconds" else in_seconds(3)
    with serving([Answer(status, headers={"Retry-After": value}), GOOD]) as server:
        assert archive(server.midmask, tmp_path, []).thread(ID).mbox == MBOX
    (_, _, first), (_, _, second) = server.requests
    assert 1.9 < second - first < 5


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_that_wants_longer_than_we_have_is_left_alone(tmp_path: Path, form: str) -> None:
    # A date that is made when tests are collected can be long gone when they are run.
    value, started = "3600" if form == "seconds" else in_seconds(3600), time.monotonic()
    error, asked = refused([Answer(429, headers={"Retry-After": value})], tmp_path)
    assert asked == 1
    assert time.monotonic() - started < 5
    assert "wants to be left alone for 3" in error.message


@pytest.mark.parametrize("value", ["soon", "-5", in_seconds(-60), ""], ids=["words", "negative", "past", "empty"])
def test_a_bad_retry_after_counts_as_none(tmp_path: Path, value: str) -> None:
    mails, _, asked = obtained([Answer(429, headers={"Retry-After": value}), GOOD], tmp_path)
    assert (mails, asked) == (MBOX, 2)


def test_a_trickle_ends_with_the_time_that_there_is(tmp_path: Path) -> None:
    started = time.monotonic()
    error, _ = refused([Answer(body=PACKED, drip=0.1)], tmp_path, replace(QUICK, seconds=1.5))
    assert time.monotonic() - started < 4
    assert "did not finish within" in error.message


def test_all_tries_together_have_an_end(tmp_path: Path) -> None:
    started = time.monotonic()
    _, asked = refused([Answer(body=PACKED, stall=9)], tmp_path, Patience(50, 3.0, 0.4, 0.05))
    assert 1 < asked < 20
    assert time.monotonic() - started < 5


def test_the_bounds_of_a_user_are_five_tries_and_two_minutes() -> None:
    assert (USUAL.tries, USUAL.seconds) == (5, 120.0)


def test_a_large_answer_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(bytes(1 << 22))
    monkeypatch.setattr("pipeline.mail.limits.THREAD_LIMIT", 1 << 20)
    with serving([Answer(body=bomb)]) as server, pytest.raises(NotObtainedError, match="larger than 1 MiB"):
        archive(server.midmask, tmp_path, []).thread(ID)


def test_the_last_good_copy_is_used_when_it_is_asked_for(tmp_path: Path) -> None:
    with serving([GOOD, Answer(503)]) as server:
        assert archive(server.midmask, tmp_path, []).thread(ID).mbox == MBOX
        with pytest.raises(NotObtainedError) as caught:
            archive(server.midmask, tmp_path, []).thread(ID)
        assert "--offline" in caught.value.hint
        asked = len(server.requests)
        kept = archive(server.midmask, tmp_path, [], offline=True).thread(ID)
    assert kept.mbox == MBOX
    assert kept.age == f"{datetime.now(UTC):%Y-%m-%d %H}{kept.age[13:]}"
    assert len(server.requests) == asked


def test_without_a_copy_offline_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotObtainedError, match="no copy of message") as caught:
        archive("http://127.0.0.1:9/all/%s", tmp_path, [], offline=True).thread(ID)
    assert "without --offline" in caught.value.hint


def test_a_damaged_copy_is_an_error(tmp_path: Path) -> None:
    with serving([GOOD]) as server:
        archive(server.midmask, tmp_path, []).thread(ID)
    (kept,) = tmp_path.glob("threads/*")
    kept.write_bytes(kept.read_bytes()[:50])
    with pytest.raises(NotObtainedError, match=r"copy .* is damaged"):
        archive(server.midmask, tmp_path, [], offline=True).thread(ID)


def test_a_bad_answer_never_replaces_a_good_copy(tmp_path: Path) -> None:
    with serving([GOOD, Answer(body=PACKED[:50])]) as server:
        archive(server.midmask, tmp_path, []).thread(ID)
        with pytest.raises(NotObtainedError):
            archive(server.midmask, tmp_path, []).thread(ID)
    (kept,) = tmp_path.glob("threads/*")
    assert kept.read_bytes() == PACKED


@pytest.mark.parametrize("midmask", ["lore.kernel.org", "ftp://example.org/%s", "https:///all/%s", "http://x/all/"])
def test_an_invalid_address_of_an_archive_is_refused(tmp_path: Path, midmask: str) -> None:
    with pytest.raises(UsageError, match="no address of an archive"):
        archive(midmask, tmp_path, [])


def test_every_character_of_an_id_arrives(tmp_path: Path) -> None:
    strange = "a/b+c%d?e=f#g@example.org"
    with serving([GOOD]) as server:
        archive(server.midmask, tmp_path, []).thread(strange)
    assert [path for _, path, _ in server.requests] == [f"/all/{strange}/t.mbox.gz"]


def test_a_command_waits_and_then_works_offline(run_pipeline: Runner, posted: dict[str, PatchSeries]) -> None:
    """The whole way: a server that is busy once, then gone."""
    message_id = posted["good"].message_ids[0]
    packed = gzip.compress(mbox(posted["good"].mails))
    with serving([Answer(429, headers={"Retry-After": "1"}), Answer(body=packed)]) as server:
        midmask = f"--midmask={server.midmask}"
        online = run_pipeline("fetch", message_id, midmask)
    assert online.returncode == 0, online.stderr
    assert "answered 429 Too Many Requests; asking again in 1 s (try 2 of 5)" in online.stderr
    offline = run_pipeline("fetch", message_id, midmask, "--offline")
    assert offline.returncode == 0, offline.stderr
    note = [line for line in offline.stdout.splitlines() if "note: offline: the copy of 20" in line]
    assert len(note) == 1
    assert [line for line in offline.stdout.splitlines() if line not in note] == online.stdout.splitlines()


def test_a_review_works_offline_and_over_several_threads(run_pipeline: Runner, posted: dict[str, PatchSeries]) -> None:
    """The last patch was posted as a thread of its own."""
    mails, ids = posted["good"].mails, posted["good"].message_ids
    threads = [gzip.compress(mbox(mails[:-1])), gzip.compress(mbox(mails[-1:]))]
    with serving([Answer(body=threads[0]), *(Answer(body=thread) for thread in threads)]) as server:
        midmask = f"--midmask={server.midmask}"
        assert "missing 4/4" in run_pipeline("review", ids[0], midmask).stderr
        online = run_pipeline("review", ids[0], midmask, f"--rethread={ids[-1]}")
    assert online.returncode == 0, online.stderr
    offline = run_pipeline("review", ids[0], midmask, f"--rethread={ids[-1]}", "--offline")
    assert (offline.returncode, offline.stdout) == (0, online.stdout), offline.stderr
