"""What a piece of Python takes in a process of its own, whose memory is not what the tests before it took."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
# getrusage(2) counts, too, what the process had that it was started from, until execve(2).
_FOOT = """
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


def peak(code: str, *arguments: str) -> tuple[str, int]:
    """The last line that `code` prints, and MiB at its peak; it finds its arguments in `sys.argv[1:]`."""
    done = subprocess.run(
        (sys.executable, "-c", code + _FOOT, *arguments), cwd=_ROOT, capture_output=True, text=True, check=True
    )
    said, kibibytes = done.stdout.rstrip("\n").rpartition("\n")[::2]
    return said.rpartition("\n")[2], int(kibibytes) >> 10
