"""The line that installs what is missing can be pasted as it is, on Debian 12 and later, by root and by others."""

from __future__ import annotations

import shlex
import sys

import pytest

from pipeline.machine.doctor import Finding, Need, install_commands
from pipeline.machine.installation import commands

RUFF = "env PIPX_HOME=/usr/local/lib/pipx PIPX_BIN_DIR=/usr/local/bin pipx install ruff"
FLEX, RUFF_NEED = Need("flex", "flex"), Need("ruff", "ruff", optional=True, pypi=True)
B4 = Need("b4", "b4", pypi=True, beside=True)


@pytest.mark.parametrize(
    ("debian", "pypi", "as_root", "expected"),
    [
        ([], [], True, ""),
        (["flex", "bc"], [], True, "apt-get install flex bc"),
        (["flex"], [], False, "sudo apt-get install flex"),
        ([], ["ruff"], True, f"apt-get install pipx python3-dev && {RUFF}"),
        (["flex"], ["ruff"], False, f"sudo apt-get install flex pipx python3-dev && sudo {RUFF}"),
    ],
)
def test_packages_of_debian_come_first(debian: list[str], pypi: list[str], as_root: bool, expected: str) -> None:
    """Seen red with pipx left out of what is installed first."""
    assert " && ".join(commands(debian, pypi, [], as_root=as_root)) == expected


def test_pipx_is_given_one_package_at_a_time() -> None:
    installed = commands([], ["ruff", "dtschema"], [], as_root=True)[1:]
    assert [shlex.split(line)[-3:] for line in installed] == [
        ["pipx", "install", "ruff"],
        ["pipx", "install", "dtschema"],
    ]


def test_what_the_program_needs_itself_goes_into_its_environment() -> None:
    (line,) = commands([], [], ["b4"], as_root=False)
    assert shlex.split(line) == [sys.executable, "-m", "pip", "install", "b4"]


def test_pip_is_never_told_to_install_for_the_whole_system() -> None:
    """Debian refuses that. Seen red with `pip install ruff` as it was."""
    found = Finding(Need("bc", "bc"), "1.07")
    apt, ruff, b4 = install_commands([found, Finding(FLEX, ""), Finding(RUFF_NEED, ""), Finding(B4, "")])
    assert apt.removeprefix("sudo ") == "apt-get install flex pipx python3-dev"
    assert ruff.removeprefix("sudo ") == RUFF
    assert b4.startswith(f"{shlex.quote(sys.executable)} -m pip install")
