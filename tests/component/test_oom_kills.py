"""Programs that the kernel kills for want of memory have said nothing of the series: they are run once more."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import developer
from tests.support.developer import PatchSeries
from tests.support.interruption import PATIENCE, await_, let_go, make_waits, started, states
from tests.support.matrices import CELLS, HVO, ODD, matrix_text, write_matrix
from tests.support.runner import Runner, processes_in

CELL = "x86_64-hvo"


MAKES = {"make": "make -C /src", "make for i386": "ARCH=i386"}
"""Words of their command lines."""


def waiting(run: Runner, name: str) -> set[int]:
    """Processes of a workspace that wait: make for a file, the compiler for a header."""
    if name in MAKES:
        return set(processes_in(run.workspace, MAKES[name])) if make_waits(run) else set()
    if not any(path.is_fifo() for path in run.workspace.glob("builds/*/*/*/stall.h")):
        return set()
    return set(processes_in(run.workspace, "/cc1 ")) & set(processes_in(run.workspace, "string.c"))


def kill(run: Runner, name: str, times: int, process: subprocess.Popen[str]) -> None:
    """Kills a program that waits, and what takes its place."""
    killed: set[int] = set()
    for _ in range(times):
        await_(f"{name} waits", lambda: waiting(run, name) - killed or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        for pid in waiting(run, name) - killed:
            killed.add(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def let_compile(run: Runner) -> None:
    """Gives the compiler its header."""
    (header,) = run.workspace.glob(f"builds/*/{CELL}/*/stall.h")
    writer = os.open(header, os.O_WRONLY)
    # What looks at it later finds a file.
    (header.parent / "empty.h").touch()
    (header.parent / "empty.h").replace(header)
    os.close(writer)


@pytest.fixture
def stalls(fake_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path) -> tuple[str, ...]:
    """The main job on a series whose compiler waits for a header that is a FIFO."""
    matrix = write_matrix(tmp_path, matrix_text({CELL: CELLS[CELL]}))
    return ("apply-and-build", str(posted["stalls"].folder), f"--tree=path:{fake_tree}#master", f"--matrix={matrix}")


def test_a_killed_compiler_is_no_error_of_the_patch(run_pipeline: Runner, stalls: tuple[str, ...]) -> None:
    """Seen red without the second attempt of `BuildHost.run_all`."""
    with started(run_pipeline, *stalls) as process:
        kill(run_pipeline, "cc1", 1, process)
        await_("it is compiled again", lambda: waiting(run_pipeline, "cc1"))
        let_compile(run_pipeline)
        output, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output + said
    assert f"Killed signal terminated program cc1; {CELL} will be started again" in " ".join(said.split())
    assert states(run_pipeline.record()) == {(CELL, 0): ("built", False), (CELL, 1): ("built", False)}


def test_a_cell_that_is_killed_again_ends_the_run(run_pipeline: Runner, stalls: tuple[str, ...]) -> None:
    """And nothing of it is kept. Seen red with such a failure stored as that of the patch."""
    with started(run_pipeline, *stalls) as process:
        kill(run_pipeline, "cc1", 2, process)
        output, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (4, "")
    words = " ".join(said.split())
    assert f"error: the machine failed while {CELL} was built: gcc: fatal error: Killed signal" in words
    assert "use fewer compilers at once (--jobs N)" in words
    assert processes_in(run_pipeline.workspace) == []
    with started(run_pipeline, *stalls) as process:
        await_("it is compiled", lambda: waiting(run_pipeline, "cc1"))
        let_compile(run_pipeline)
        output, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output + said
    assert states(run_pipeline.record()) == {(CELL, 0): ("built", True), (CELL, 1): ("built", False)}


@pytest.mark.parametrize("stage", ["Configuring", "Building after patch 1/1"])
def test_a_killed_make_is_no_result(
    run_pipeline: Runner,
    fake_tree: Path,
    posted: Mapping[str, PatchSeries],
    own_tree: Path,
    tmp_path: Path,
    stage: str,
) -> None:
    """Seen red with a status of a killed program taken for that of a failed build."""
    matrix = write_matrix(tmp_path, matrix_text({ODD: CELLS[ODD]}))
    tree = f"path:{fake_tree}#master"
    if stage == "Configuring":
        makefile = own_tree / "Makefile"
        makefile.write_text(f"{developer.WAIT}\n{makefile.read_text()}")
        subprocess.run(["git", "commit", "-qam", "wait"], cwd=own_tree, env=run_pipeline.environment, check=True)
        tree = f"path:{own_tree}#HEAD"
    arguments = ("apply-and-build", str(posted["waits"].folder), f"--tree={tree}", f"--matrix={matrix}")
    with started(run_pipeline, *arguments) as process:
        kill(run_pipeline, "make", 2, process)
        output, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (4, ""), output + said
    assert stage in said
    assert "killed" in said
    let_go(run_pipeline)
    again = run_pipeline(*arguments)
    assert again.returncode == 0, again.stdout + again.stderr
    assert states(run_pipeline.record())[ODD, 1] == ("built", False)


def test_other_cells_go_on_when_one_cell_is_killed(
    run_pipeline: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    """Two makes share their compilers; what the killed one held is not missed by the other, nor by itself later.

    Seen red with the other's make stopped by the first failure.
    """
    matrix = write_matrix(tmp_path, matrix_text({name: CELLS[name] for name in (HVO, ODD)}))
    words = ("apply-and-build", str(posted["waits-on-i386"].folder), f"--tree=path:{fake_tree}#master")
    with started(run_pipeline, *words, f"--matrix={matrix}", "--jobs=2") as process:
        kill(run_pipeline, "make for i386", 1, process)
        await_("it waits again", lambda: make_waits(run_pipeline))
        let_go(run_pipeline)
        output, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output + said
    assert set(states(run_pipeline.record()).values()) == {("built", False)}
    assert said.count("will be started again") == 1
