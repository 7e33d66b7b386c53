"""The tutorial's commands, as they stand in docs/tutorial.md, on the fake kernel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.developer import PatchSeries, mbox
from tests.support.matrices import CELLS, HVO, matrix_text, write_matrix
from tests.support.paths import PROJECT

TUTORIAL = PROJECT / "docs/tutorial.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Lines that a reader types, from the blocks that are called `console`."""
    lines = [line for block in _BLOCK.findall(TUTORIAL.read_text()) for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines)
    return [line.removeprefix("$ ") for line in lines]


@pytest.fixture
def environment(
    tmp_path: Path, sealed_environment: dict[str, str], fake_tree: Path, posted: dict[str, PatchSeries]
) -> dict[str, str]:
    """A reader's: a home with a kernel checkout and the thread that was saved, and `pipeline` among the programs."""
    home, programs = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    programs.mkdir()
    shutil.copy(Path(sealed_environment["HOME"]) / ".gitconfig", home)
    shutil.copytree(fake_tree, home / "linux", symlinks=True)
    (home / "series.mbox").write_bytes(mbox(posted["good"].mails))
    script = programs / "pipeline"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m pipeline "$@"\n')
    script.chmod(0o755)
    paths = {"HOME": str(home), "PATH": f"{programs}{os.pathsep}{sealed_environment['PATH']}"}
    return {**sealed_environment, **paths, "PIPELINE_WORKSPACE": str(tmp_path / "workspace")}


def test_the_tutorial_ends_with_a_report_and_a_reply(tmp_path: Path, environment: dict[str, str]) -> None:
    """The matrix alone is another, since the fake kernel has not all options of `quick`.

    Seen red with an option that does not exist.
    """
    matrix = write_matrix(tmp_path, matrix_text({HVO: CELLS[HVO]}))
    lines = [line.replace("--matrix quick", f"--matrix {matrix}") for line in commands()]
    script = "set -ex\n" + "\n".join(lines)
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    called = {line.split()[1] for line in lines if line.startswith("pipeline ")}
    assert called >= {"doctor", "fetch", "apply", "plan", "apply-and-build", "report", "reply", "runs", "clean"}
    assert "\nOK: No problem found: 4 patches, 1 of 1 cell built." in done.stdout
    assert "git send-email" in done.stdout
    assert (tmp_path / "home/report.html").stat().st_size > 10_000
    assert len(list((tmp_path / "workspace/runs").glob("*/reply.eml"))) == 1
