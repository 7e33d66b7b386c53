"""Eight runs at once in one workspace, round after round: every kernel is built once, and all report the same.

One round; a sweep has 25.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.checkouts import state_of
from tests.support.developer import PatchSeries
from tests.support.matrices import CELLS, HVO, ODD, matrix_text, write_matrix
from tests.support.runner import Runner, processes_in
from tests.support.sweeps import ALL
from tests.support.timeless import without_times

PROCESSES, ROUNDS = 8, 25 if ALL else 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_crowd_builds_once(
    number: int, run_pipeline: Runner, own_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    """The user's checkout, with changes that are staged, not staged and not known to git, stays as it is to the byte.

    Seen red without the worktree's lock.
    """
    environment = run_pipeline.environment
    util = own_tree / "mm/util.c"
    util.write_text(f"{util.read_text()}/* Round {number}. */\n")
    for command in (["commit", "-qam", f"round {number}"], ["rm", "-q", "--cached", "mm/util.c"]):
        subprocess.run(["git", *command], cwd=own_tree, env=environment, check=True)
    (own_tree / "lib/string.c").write_text("not staged\n")
    (own_tree / "lib/new.c").write_text("not known\n")
    before = state_of(own_tree)
    matrix = write_matrix(tmp_path, matrix_text({name: CELLS[name] for name in (HVO, ODD)}))
    words = ("apply-and-build", str(posted["good"].folder), f"--tree=path:{own_tree}#HEAD", f"--matrix={matrix}")
    crowd = [
        subprocess.Popen(
            run_pipeline.argv(*words, "--json", str(tmp_path / f"{number}.json")),
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    said = [process.communicate(timeout=1200)[1] for process in crowd]
    failed = [words for process, words in zip(crowd, said, strict=True) if process.returncode]
    assert not failed, "\n".join(failed)
    assert processes_in(run_pipeline.workspace) == []
    records = [run_pipeline.record(path.name) for path in sorted((run_pipeline.workspace / "runs").iterdir())]
    assert len(records) == PROCESSES
    assert len({without_times(record) for record in records}) == 1
    states = [state for record in records for cell in record.cells for state in cell.states]
    assert len(states) == PROCESSES * 4
    assert [state.cached for state in states].count(False) == 4
    assert state_of(own_tree) == before
