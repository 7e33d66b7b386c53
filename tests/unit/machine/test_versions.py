"""Programs of the machine that are asked for their versions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline.machine import doctor
from pipeline.machine.doctor import Need, examine
from pipeline.machine.known_versions import KnownVersions
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


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """One that notes each time that it is asked."""
    program = tmp_path / "tool"
    program.write_text(f"#!/bin/sh\necho asked >>{tmp_path}/asked\necho tool 1.2\n")
    program.chmod(0o755)
    return program


def said(program: Path, file: Path) -> str:
    """In a run of its own."""
    known = KnownVersions(file)
    version = known.of(str(program), lambda: subprocess.check_output([program], text=True).split()[-1])
    known.keep()
    return version


def asked(program: Path) -> int:
    return len(program.with_name("asked").read_text().splitlines())


def test_a_program_is_asked_once(program: Path, tmp_path: Path) -> None:
    assert [said(program, tmp_path / "cache/versions.json") for _ in range(3)] == ["1.2"] * 3
    assert asked(program) == 1


def test_a_program_that_was_installed_again_is_asked_again(program: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(program)
    said(link, tmp_path / "versions.json")
    (tmp_path / "new").write_text(program.read_text().replace("1.2", "1.3"))
    (tmp_path / "new").chmod(0o755)
    (tmp_path / "new").replace(program)
    assert said(link, tmp_path / "versions.json") == "1.3"
    link.unlink()
    link.symlink_to("other")
    (tmp_path / "other").write_text("#!/bin/sh\necho tool 1.4\n")
    (tmp_path / "other").chmod(0o755)
    assert said(link, tmp_path / "versions.json") == "1.4"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"TOOL": [[], "9"]}', '{"TOOL": ["xxxxx", "9"]}'])
def test_a_damaged_cache_is_as_good_as_none(program: Path, tmp_path: Path, content: str) -> None:
    file = tmp_path / "versions.json"
    file.write_text(content.replace("TOOL", str(program)))
    assert [said(program, file), said(program, file), asked(program)] == ["1.2", "1.2", 1]


def test_a_cache_that_cannot_be_written_costs_no_run(program: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert [said(program, tmp_path / "file/versions.json") for _ in range(2)] == ["1.2"] * 2


def test_what_says_nothing_is_asked_again(program: Path, tmp_path: Path) -> None:
    known = KnownVersions(tmp_path / "versions.json")
    assert [known.of(str(program), str), known.of(str(program), lambda: "2.0")] == ["", "2.0"]
