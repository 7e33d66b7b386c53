"""Programs of the machine that are asked for their versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.machine import doctor
from pipeline.machine.doctor import Need, examine
from pipeline.system.process import Processes


def test_a_program_that_does_not_answer_in_time_is_there_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen red where the time that is over was an error of the run."""
    program = tmp_path / "slow-tool"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(doctor, "SEARCH_PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "VERSION_SECONDS", 1)
    (_, finding) = examine([Need("slow-tool", "slow", optional=True)], Processes())
    assert (finding.version, finding.found) == ("present", True)
