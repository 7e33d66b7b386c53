"""The jobserver that all makes share, with real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.build import read_log
from pipeline.model import BuildStatus
from pipeline.system.jobserver import Seat
from tests.support.clock import at_most
from tests.support.containment import CELL, HELD, OTHER, Host, attack, edited, plant


def test_a_make_that_has_no_jobserver_builds_as_well(
    tmp_path: Path, sealed_environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets none of the pipe's ends, and does what one does that was built with `--disable-job-server`: it says so
    and goes on with one compiler. Seen red with the form of make 4.4, `fifo:PATH`, which make 4.3 refuses."""
    host = Host.made(tmp_path, sealed_environment)
    with_it = host.build("innocent", cells=(CELL, OTHER), workspace=tmp_path / "with it")
    monkeypatch.setattr(Seat, "descriptors", property(lambda _: ()))
    without = host.build("innocent", cells=(CELL, OTHER))
    assert all("jobserver unavailable: using -j1" in read_log(build) for build in without.values())
    assert not any("jobserver" in read_log(build) for build in with_it.values())
    assert {build.status for build in without.values()} == {BuildStatus.BUILT}
    assert all("jobserver unavailable" in warning.message for build in without.values() for warning in build.warnings)
    assert {name: (build.symbols, build.sections) for name, build in without.items()} == {
        name: (build.symbols, build.sections) for name, build in with_it.items()
    }


FILLS = """
import os, re, time

def grab(letter, flags, pid):
    # A make keeps the pipe from what it starts, unless that is another make; it does not keep it from who looks.
    auth = re.search(r"--jobserver-auth=(\\d+),(\\d+)", os.environ["MAKEFLAGS"])
    while pid > 1:
        try:
            return os.open(f"/proc/{pid}/fd/{auth[letter]}", flags | os.O_NONBLOCK)
        except OSError:
            pid = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])

read, write = grab(1, os.O_RDONLY, os.getppid()), grab(2, os.O_WRONLY, os.getppid())
kept = 0
begun = time.monotonic()
while time.monotonic() < begun + SECONDS:
    try:
        kept += len(os.read(read, 1 << 16)) if not FILL else 0
        while FILL:
            os.write(write, b"+" * 4096)
    except BlockingIOError:
        time.sleep(0.01)
try:
    while FILL:
        os.read(read, 1 << 16)
except BlockingIOError:
    pass
print("got" if read and write else "did not get", "the pipe until", time.time())
"""


@pytest.mark.parametrize("fill", [True, False], ids=["fills", "drains"])
def test_a_build_that_spoils_its_pipe_keeps_no_other_waiting(
    tmp_path: Path, sealed_environment: Mapping[str, str], fill: bool
) -> None:
    """One cell's makefiles fill the pipe, or keep what it holds, for some seconds; the other is built meanwhile.

    Seen red, where it is filled, with one pipe for all: the other's make could not put its token back.
    """
    host = Host.made(tmp_path, sealed_environment)
    host.build("innocent", cells=(CELL, OTHER))
    spoils = f"python3 - <<'EOF'\n{FILLS.replace('FILL', str(fill)).replace('SECONDS', '8')}\nEOF\n"
    script = f"{HELD}if grep -q CONFIG_X86_64=y /build/.config; then\n{spoils}fi"
    end = ("scripts/link-vmlinux.sh", "info NM System.map\n", "info NM System.map\ndate +%s > /build/ended\n")
    plant(host.developer, "spoils", {**attack(host.developer, "makefile", script), **edited(host.developer, end)})
    with at_most(120, wall=True):
        builds = host.build("spoils", cells=(CELL, OTHER))
    assert {build.status for build in builds.values()} == {BuildStatus.BUILT}
    words = host.loot().split()
    assert words[0] == "got"
    assert int((host.build_folder(OTHER) / "ended").read_text()) < float(words[-1])
