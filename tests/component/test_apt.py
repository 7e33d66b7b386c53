"""Debian's packages are had while another apt is at work on this machine."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.developer import PatchSeries
from tests.support.runner import Runner

LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
)
"""What apt-get and dpkg hold while they install, update or clean."""


@pytest.fixture
def another_apt() -> Iterator[None]:
    with ExitStack() as stack:
        try:
            files = [stack.enter_context(Path(name).open("ab")) for name in LOCKS]
        except PermissionError:
            pytest.skip("the locks of apt are root's")
        for file in files:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@pytest.mark.usefixtures("another_apt")
def test_a_package_is_downloaded_while_apt_is_locked(run_pipeline: Runner, posted: Mapping[str, PatchSeries]) -> None:
    """A small one, which is then found to hold no kernel; what a killed download left is removed.

    Seen red with `apt-get install --download-only`.
    """
    left = run_pipeline.workspace / "downloads/download-bc-killed"
    left.mkdir(parents=True)
    (left / "bc_0_amd64.deb").write_bytes(b"half a package")
    done = run_pipeline("apply", str(posted["good"].folder), "--tree=debian:bc")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: bc holds no kernel source" in done.stderr
    assert list((run_pipeline.workspace / "downloads").glob("bc_*.deb"))
    assert not left.exists()
