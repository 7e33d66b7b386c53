"""`pipeline review` over threads that b4 reads and git compares: two revisions, promises, and real lists' threads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest

from pipeline.review.record import ReviewRecord
from tests.support.developer import (
    INDEX_COMMENT,
    MAPCOUNT,
    PUT_COMMENT,
    UTIL,
    WARNS,
    Developer,
    PatchSeries,
    answer,
    mbox,
)
from tests.support.paths import SHARED
from tests.support.people import AUTHOR, git_identity
from tests.support.runner import Runner

SEED = SHARED / "seed/hvo-v1-thread.txt"
REVIEWER = "Tally Page <tally@example.org>"
OWNER = f"{AUTHOR[0]} <{AUTHOR[1]}>"

FIRST = (INDEX_COMMENT, WARNS[1], PUT_COMMENT)
SECOND = (
    ("mm: tell what page_index() is for", INDEX_COMMENT[1]),
    ("mm: say what put_page() is for", ((UTIL, "bool put_page(", "/* True for the last one. */\nbool put_page("),)),
    ("mm: say what page_mapcount() counts", ((UTIL, MAPCOUNT, f"/* Of page tables. */\n{MAPCOUNT}"),)),
)
CHANGES = [(1, 1, "message only"), (2, None, "dropped"), (3, 2, "changed"), (None, 3, "new")]


@pytest.fixture(scope="module")
def revisions(tmp_path_factory: pytest.TempPathFactory, sealed_environment: Mapping[str, str]) -> list[PatchSeries]:
    """Two revisions of a series for the fake kernel."""
    folder = tmp_path_factory.mktemp("revisions")
    made = Developer(folder / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    made.branch("first", "master", *FIRST)
    made.branch("second", "master", *SECOND)
    return [
        made.post(folder / "v1", "master..first", "mm: comments"),
        made.post(folder / "v2", "master..second", "mm: comments", "-v2"),
    ]


@pytest.fixture(scope="module")
def thread(revisions: list[PatchSeries]) -> list[bytes]:
    """The first revision with two comments and their answers, and the second one behind it."""
    first, second = (revision.mails for revision in revisions)
    short = "put_page() is true for the last reference only, please say so.\n"
    counts = "And what does page_mapcount() count?\n"
    comment = answer(first[3], REVIEWER, f"> /* True for the last. */\n\n{short}\n{counts}")
    said = "".join(
        f"> {line}\n\n{words}\n\n" for line, words in ((short, "Good catch, will fix."), (counts, "Will say."))
    )
    reply = answer(comment, OWNER, said.replace("Will say.", "I will document that, too."), 2)
    return [*first, comment, reply, *second]


def reviewed(run_pipeline: Runner, mails: list[bytes], *options: str) -> ReviewRecord:
    path = run_pipeline.folder / "thread.mbox"
    path.write_bytes(mbox(mails))
    done = run_pipeline("review", str(path), "--json", *options)
    assert done.returncode == 0, done.stderr
    return ReviewRecord.model_validate_json(done.stdout)


def changes(review: ReviewRecord) -> list[tuple[int | None, int | None, str]]:
    assert review.since
    return [
        (compared_patch.before, compared_patch.after, compared_patch.change) for compared_patch in review.since.patches
    ]


def test_the_next_revision_is_compared_by_git_and_held_against_promises(
    run_pipeline: Runner, thread: list[bytes], revisions: list[PatchSeries]
) -> None:
    tree = f"--tree=path:{revisions[0].folder.parent / 'linux'}#master"
    review = reviewed(run_pipeline, thread, tree)
    assert review.version == 2
    assert review.since
    assert (review.since.version, review.since.compared_by) == (1, "range-diff")
    assert sorted(changes(review), key=str) == sorted(CHANGES, key=str)
    kept, also = review.since.promises
    assert (kept.touched, kept.symbols, kept.patches) == ("touched", ("put_page",), (2,))
    assert (also.touched, also.symbols, also.patches) == ("touched", ("page_mapcount",), (3,))
    assert kept.point.evidence[0].words == "Good catch, will fix."


def test_a_tree_tells_who_looks_after_the_files(
    run_pipeline: Runner, thread: list[bytes], revisions: list[PatchSeries]
) -> None:
    tree = f"--tree=path:{revisions[0].folder.parent / 'linux'}#master"
    keeper = [mail.replace(REVIEWER.encode(), b"Mem Map <mem@example.org>") for mail in thread]
    for mails, options, role in ((thread, [tree], "third party"), (keeper, [tree], "maintainer"), (keeper, [], "")):
        review = reviewed(run_pipeline, mails, "--revision=1", *options)
        assert {point.role for point in review.points} == {role}


def test_without_a_tree_patch_ids_compare_and_the_reason_is_said(run_pipeline: Runner, thread: list[bytes]) -> None:
    review = reviewed(run_pipeline, thread)
    assert review.since
    assert (review.since.compared_by, review.since.reason) == (
        "patch-id",
        "no tree to apply v1 to: name one with --tree",
    )
    assert sorted(changes(review), key=str) == sorted(CHANGES, key=str)


def test_the_first_revision_is_reviewed_by_itself(run_pipeline: Runner, thread: list[bytes]) -> None:
    review = reviewed(run_pipeline, thread, "--revision=1")
    assert [(point.patch, point.state, point.symbols) for point in review.points] == [
        (3, "promised", ("put_page",)),
        (3, "promised", ("page_mapcount",)),
    ]
    assert review.since is None


def test_an_earlier_revision_may_be_elsewhere(
    run_pipeline: Runner, thread: list[bytes], revisions: list[PatchSeries]
) -> None:
    (run_pipeline.folder / "first.mbox").write_bytes(mbox(thread[:6]))
    done = run_pipeline("review", str(revisions[1].folder), "--since", "first.mbox")
    assert done.returncode == 0, done.stderr
    assert "kept: put_page in patch 2; promised to Tally Page" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 78


def test_standard_input_holds_both_revisions(run_pipeline: Runner, thread: list[bytes]) -> None:
    done = run_pipeline("review", "-", stdin=mbox(thread))
    assert done.returncode == 0, done.stderr
    assert "v2 against v1, by patch-id" in done.stdout


@pytest.mark.parametrize(
    ("name", "read", "states", "collected"),
    [
        ("sparse-vmemmap-v3", 13, {"disputed": 1, "answered": 1}, 11),
        ("scftorture-v3", 4, {"answered": 1}, 7),
        ("jbd2-recover-v2", 9, {"unanswered": 1}, 12),
        ("erofs-bdev", 3, {}, 3),
    ],
)
def test_threads_of_real_lists(
    run_pipeline: Runner, name: str, read: int, states: dict[str, int], collected: int
) -> None:
    path = SHARED / f"mail/{name}.mbox"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    done = run_pipeline("review", str(path), "--json", "--revision", re.sub(r".*-v|\D+", "", name) or "1")
    assert done.returncode == 0, done.stderr
    review = ReviewRecord.model_validate(json.loads(done.stdout))
    states_read = [point.state for point in review.points]
    assert {state: states_read.count(state) for state in states_read} == states
    assert review.messages == read
    assert sum(trailer.collected for trailer in review.trailers) == collected


def test_the_thread_that_the_project_began_with(run_pipeline: Runner) -> None:
    """A page of a web archive with one answer: its parent, a comment, and the cover letter are what it quotes."""
    if not SEED.is_file():
        pytest.skip(f"{SEED} is not there")
    mails = _from_the_page(SEED.read_text())
    review = reviewed(run_pipeline, mails)
    by_state = {point.state: point for point in review.points}
    assert [point.state for point in review.points] == ["promised", "undecided", "volunteered"]
    assert "vmemmap_populate_hvo" in by_state["promised"].symbols
    assert by_state["promised"].author.startswith("Frank van der Linden")
    assert by_state["promised"].message_id.startswith("CAPTztWaWnurc")
    assert "devdax" in " ".join(by_state["undecided"].text)
    assert by_state["undecided"].evidence[0].words.startswith("Yeah, DAX was on my radar.")
    assert by_state["volunteered"].author.startswith("Kiryl")
    assert "per node" in " ".join(by_state["volunteered"].text)
    assert {point.patch for point in review.points} == {None}


def _from_the_page(page: str) -> list[bytes]:
    """The answer as a mail, below a cover letter and patches that have the thread's subjects and code of our own."""
    header, _, rest = page.partition("\nOn ")
    body = "On " + rest.partition("\nprev parent reply other threads:")[0]
    header = re.sub(r" \[thread overview\]| \(raw\)", "", header)
    header = re.sub(r"\n(?![A-Z][\w-]+: )", "\n\t", header)
    mails = [f"{header}\n\n{body}\n".encode()]
    titles = dict(re.findall(r"^\S+ \S+ ` \[PATCH (\d\d/11)\] (.*) Kiryl Shutsemau$", page, re.MULTILINE))
    title = re.search(r"^Subject: Re: \[PATCH 00/11\] (.*)$", page, re.MULTILINE)
    assert title
    diff = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-{0}\n+{1}\n"
    for number, (tag, name) in enumerate([("00/11", title[1]), *sorted(titles.items())]):
        parent = "In-Reply-To: <part-0@example.org>\n" if number else ""
        text = f"Why.\n\n---\n{diff.format(number, number + 1)}" if number else "What.\n"
        mails.append(
            f"From: Kiryl Shutsemau <kas@kernel.org>\nSubject: [PATCH {tag}] {name}\n{parent}"
            f"Date: Fri, 05 Dec 2025 19:43:00 +0000\nMessage-ID: <part-{number}@example.org>\n\n{text}".encode()
        )
    return mails
