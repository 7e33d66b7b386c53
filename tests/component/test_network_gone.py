"""The network goes away while a tree is fetched: one clear error, nothing half-kept, and the next run is whole."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.checkouts import git
from tests.support.developer import PatchSeries
from tests.support.faulty_server import Answer, serving
from tests.support.runner import Runner

ADVERTISEMENT = {"Content-Type": "application/x-git-upload-pack-advertisement"}


def tarball(tree: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        for path in sorted(tree.rglob("*")):
            if path.is_file() and ".git/" not in str(path):
                archive.add(path, f"linux/{path.relative_to(tree)}")
    return packed.getvalue()


@pytest.mark.parametrize("fault", ["cut off", "reset", "error"])
def test_a_tarball_that_does_not_arrive_whole(
    run_pipeline: Runner, fake_tree: Path, posted: dict[str, PatchSeries], fault: str
) -> None:
    """Seen red with half a file left beside."""
    whole = tarball(fake_tree)
    faults = {
        "cut off": Answer(body=whole[: len(whole) // 2], missing=len(whole) - len(whole) // 2),
        "reset": Answer(reset=True),
        "error": Answer(502, b"<html>"),
    }
    with serving([faults[fault]]) as server:
        words = ("apply", str(posted["good"].folder), f"--tree=tar:http://{server.address}/linux.tar.xz")
        gone = run_pipeline(*words)
        assert (gone.returncode, gone.stdout) == (4, ""), gone.stderr
        assert [line[:6] for line in gone.stderr.splitlines()].count("error:") == 1
        assert "could not be downloaded" in gone.stderr
        assert list((run_pipeline.workspace / "downloads").iterdir()) == []
        server.answers[""] = [Answer(body=whole)]
        again = run_pipeline(*words)
        assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("fault", ["cut off", "reset"])
def test_a_repository_that_does_not_arrive_whole(
    run_pipeline: Runner, own_tree: Path, posted: dict[str, PatchSeries], fault: str
) -> None:
    """In the middle of the pack. Seen red with the network's failures taken for a wrong name of the tree."""
    environment = {**run_pipeline.environment, "GIT_PROJECT_ROOT": str(own_tree), "GIT_HTTP_EXPORT_ALL": "1"}

    def answer(path: str, query: str, request: bytes = b"") -> bytes:
        """What git's own server says, git-http-backend(1)."""
        asked = {"REQUEST_METHOD": "POST" if request else "GET", "PATH_INFO": f"/.git/{path}", "QUERY_STRING": query}
        asked |= {"CONTENT_TYPE": "application/x-git-upload-pack-request", "CONTENT_LENGTH": str(len(request))}
        done = subprocess.run(
            ["git", "http-backend"], env={**environment, **asked}, input=request, capture_output=True, check=True
        )
        return done.stdout.partition(b"\r\n\r\n")[2]

    advertised = Answer(body=answer("info/refs", "service=git-upload-pack"), headers=ADVERTISEMENT)
    faults = {"cut off": Answer(body=b"0008NAK\n", missing=10_000), "reset": Answer(reset=True)}
    answers = {"/linux/info/refs": [advertised], "/linux/git-upload-pack": [faults[fault]]}
    with serving(answers) as server:
        words = ("apply", str(posted["good"].folder), f"--tree=git:http://{server.address}/linux#master")
        gone = run_pipeline(*words)
    assert (gone.returncode, gone.stdout) == (4, ""), gone.stderr
    assert [line[:6] for line in gone.stderr.splitlines()].count("error:") == 1
    assert "Traceback" not in gone.stderr
    assert git(run_pipeline.workspace / "trees.git", run_pipeline.environment, "for-each-ref") == ""
    assert not list((run_pipeline.workspace / "trees.git").rglob("tmp_pack*"))
