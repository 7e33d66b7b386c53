"""What reading a hostile build costs outside of its sandbox, where no limit of the sandbox holds.

Each test takes at most 5 s of a processor and 160 MiB more than before; how a run ends is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.model import BuildStatus
from pipeline.system.errors import InfrastructureError
from tests.support.clock import at_most
from tests.support.containment import (
    LINKED,
    Host,
    attack,
    edited,
    host,
    intact,
    outcome,
    plant,
)
from tests.support.developer import Edit

pytestmark = pytest.mark.xdist_group("outside")

__all__ = ["host", "intact"]

MEMORY = 160 << 20
GOALS = "$(filter-out tinyconfig,$(config-goals)): scripts_basic\n\t$(Q)$(conf) --$@ Kconfig"


def resident(name: str) -> int:
    """Bytes of this process in memory: now (VmRSS), or at most since that was last reset (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


@contextmanager
def cheap() -> Iterator[None]:
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    with at_most(5):
        yield
    assert resident("VmHWM") - before < MEMORY


def configuring(words: str) -> Edit:
    """A makefile that goes on with `words` when it configures a kernel from a configuration that is there."""
    return ("Makefile", GOALS, GOALS + words)


def test_a_recorded_command_of_one_word(host: Host) -> None:
    """Two megabytes of it took a minute. Seen red with the record read in this process."""
    script = (
        "cd /build/arch/x86/kernel; (printf 'savedcmd_arch/x86/kernel/asm-offsets.s := '; "
        "head -c 1500000 /dev/zero | tr '\\0' a; echo) > .asm-offsets.s.cmd"
    )
    plant(host.developer, "one-word", attack(host.developer, "makefile", script))
    with cheap(), pytest.raises(InfrastructureError, match="it takes more than 5 s"):
        host.build("one-word")


def test_a_configuration_of_newlines(host: Host) -> None:
    """Seen red with all of it read."""
    more = "; head -c 50000000 /dev/zero | tr '\\0' '\\n' >> .config"
    plant(host.developer, "newlines", edited(host.developer, configuring(more)))
    with cheap():
        assert outcome(host.build("newlines")).status is BuildStatus.FAILED


def test_a_kconfig_that_says_much_and_fails(host: Host) -> None:
    """Seen red with all lines made one by one; and built, with the base's configuration left in its folder."""
    plant(host.developer, "says-much", edited(host.developer, configuring("; yes ab | head -c 30000000; false")))
    with cheap():
        assert outcome(host.build("says-much")).status is BuildStatus.FAILED


def test_a_kernel_of_many_sections(host: Host) -> None:
    """Seen red with each of them kept."""
    script = (
        "cd /build; seq 60000 | sed 's/.*/.section .s&,\"a\"\\n.byte 1/' > /tmp/s.s; as -o /tmp/s.o /tmp/s.s && "
        "ld -r -o /tmp/all.o kernel/main.o /tmp/s.o && mv /tmp/all.o vmlinux"
    )
    plant(host.developer, "sections", {**edited(host.developer, LINKED), "scripts/attack.sh": script})
    with cheap():
        (error,) = outcome(host.build("sections")).errors
    assert "more than 10000 sections" in error.message
