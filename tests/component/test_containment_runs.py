"""Whole runs of hostile series, at a terminal: what a user is told, and that there is no run without a sandbox."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.containment import CELL, Host, attack, plant
from tests.support.runner import Runner, processes_in

pytestmark = pytest.mark.xdist_group("containment-runs")

TYPE = """
import fcntl, os, termios
try:
    terminal = os.open("/dev/tty", os.O_RDWR)
    for key in b"touch typed\\n":
        fcntl.ioctl(terminal, termios.TIOCSTI, bytes([key]))
    print("typed")
except OSError as error:
    print("tty", error)
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, sealed_environment: Mapping[str, str]) -> Host:
    return Host.made(tmp_path_factory.mktemp("runs"), sealed_environment)


@pytest.fixture
def run(host: Host, sealed_environment: dict[str, str], tmp_path: Path) -> Runner:
    return Runner(host.workspace, sealed_environment, tmp_path)


def job(host: Host, name: str, folder: Path) -> tuple[str, ...]:
    """The main job for a branch."""
    series = host.developer.post(folder / name, f"master..{name}", f"lib: {name}")
    tree = f"--tree=path:{host.developer.folder}#master"
    return ("apply-and-build", str(series.folder), tree, f"--matrix={host.matrix}", f"--cell={CELL}")


def test_a_terminal_is_neither_typed_into_nor_written_to(host: Host, run: Runner, tmp_path: Path) -> None:
    """The patch fails to build, which is what is reported. Seen red with neither `--new-session` nor a session of the
    command's own; and with the report's errors as they were printed.
    """
    script = f"python3 - <<'EOF'\n{TYPE}\nEOF\n"
    shown = "printf '/src/mm/util.c:1:1: error: \\033]0;owned\\007\\033[2J\\n' >&2; exit 1"
    end = {"scripts/link-vmlinux.sh": f"#!/bin/sh\n{shown}\n"}
    plant(host.developer, "types", attack(host.developer, "makefile", script, once=False), end)
    command = subprocess.list2cmdline(run.argv(*job(host, "types", tmp_path)))
    done = subprocess.run(
        ["script", "--quiet", "--return", "--command", command, "/dev/null"],
        env={**run.environment, "TERM": "xterm", "SHELL": "/bin/sh"},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert b"The series breaks the build" in done.stdout
    assert b"owned" in done.stdout
    assert b"\x1b]0;owned" not in done.stdout
    assert b"\x1b[2J" not in done.stdout
    (log,) = host.workspace.glob("runs/*/logs/*patch-02.log")
    assert "tty [Errno 6] No such device or address" in log.read_text()
    assert not (tmp_path / "typed").exists()


def test_a_build_that_floods_its_output_ends_the_run_and_is_named(host: Host, run: Runner, tmp_path: Path) -> None:
    """An error of infrastructure, with the limit that it is about; no run and no result are left.

    Seen red, with 200 MB, without a limit of output."""
    plant(host.developer, "floods", attack(host.developer, "kconfig", "yes >&2"))
    done = run(*job(host, "floods", tmp_path))
    assert done.returncode == 4
    assert done.stdout == ""
    assert "error: make wrote more than 64 MiB of output" in done.stderr
    assert "look at the series" in done.stderr
    assert processes_in(host.workspace) == []


@pytest.mark.parametrize("rights", [True, False], ids=["root", "user"])
def test_without_user_namespaces_there_is_no_run(host: Host, run: Runner, tmp_path: Path, rights: bool) -> None:
    """A kernel that makes no more of them, for users and for root, who could do without: never a silent fall-back.

    Seen red for root without `--unshare-user` and `--disable-userns`, which root's bubblewrap goes on without.
    """
    setup = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-ec", setup, "sh"]
    if not rights:
        prefix += ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
    done = subprocess.run(
        [*prefix, *run.within(tmp_path / "workspace").argv(*job(host, "innocent", tmp_path))],
        env=run.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert "bubblewrap cannot make a sandbox here" in done.stderr
    assert "user.max_user_namespaces" in done.stderr
    assert "--sandbox=none" in done.stderr
    assert not (tmp_path / "workspace/builds").exists()
