"""What a CI runner reads in a log: no stranger's line is a command."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.system.runner import DisarmedStream, disarmed

COMMANDS = (
    "::error::x",
    "  ::add-mask::x",
    "\t::stop-commands::x",
    "\u00a0::warning file=a::b",
    "##[error]x",
    "words ##[add-mask]x",
    "##vso[task.setvariable variable=x]y",
    "one\n::error::x",
    "one\r::error::x",
    "one\r\n  ::error::x",
)
OBEYED = re.compile(r"(?:^|[\r\n])\s*::|##\[|##vso\[")


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_of_a_runner_is_disarmed(text: str) -> None:
    assert OBEYED.search(text)
    assert not OBEYED.search(disarmed(text))


@pytest.mark.parametrize("text", ["a::b", "std::string x", "## heading", "a: b", "", "\n\n", "#[x]"])
def test_text_that_is_no_command_stays(text: str) -> None:
    assert disarmed(text) == text


@pytest.mark.parametrize("text", COMMANDS)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_command_that_is_written_in_pieces_is_disarmed(text: str, size: int) -> None:
    """Seen red with each piece disarmed for itself."""
    target = io.StringIO()
    stream = DisarmedStream(target)
    for at in range(0, len(text), size):
        stream.write(text[at : at + size])
    stream.flush()
    assert not OBEYED.search(target.getvalue())


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "TF_BUILD", ""])
def test_whatever_the_commands_print(variable: str, tmp_path: Path) -> None:
    """An error that quotes its argument, at a terminal as well. Seen red with neither console nor stream disarming."""
    program = "from pipeline.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "fetch", "x\n::error::x ##[error]y", "--workspace", str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **({variable: "true"} if variable else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "error" in done.stderr
    assert not OBEYED.search(done.stdout + done.stderr)
