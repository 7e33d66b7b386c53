"""Times `pipeline fetch` over every hostile mailbox of the tests: one clear error or a good series each.

    python benchmarks/hostile.py [--runs N] [--names NAME [NAME ...]]

Each in a process of its own, from its start to its end, with b4 where it comes to that.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from common import measured

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.hostile_mail import MAILBOXES

GOAL_SECONDS, GOAL_MEBIBYTES = 2.0, 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--names", nargs="+", default=list(MAILBOXES), metavar="NAME")
    options = parser.parse_args()
    print(f"{len(options.names)} mailboxes; {platform.machine()}, {os.cpu_count()} CPUs, ", end="")
    print(f"Python {platform.python_version()}, median of {options.runs} runs; other load {os.getloadavg()[0]:.1f}")
    print(f"{'mailbox':50} {'wall s':>7} {'CPU s':>6} {'MiB':>5}  (goals: {GOAL_SECONDS} s, {GOAL_MEBIBYTES} MiB)")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "series.mbx"
        command = [sys.executable, "-m", "pipeline", "fetch", str(path), "--workspace", f"{name}/w"]
        for mailbox in options.names:
            path.write_bytes(MAILBOXES[mailbox].content())
            runs = [measured(command, (0, 2, 3)) for _ in range(options.runs)]
            wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
            rows.append((wall, cpu, memory, mailbox))
    for wall, cpu, memory, mailbox in sorted(rows, reverse=True):
        print(f"{mailbox[:50]:50} {wall:7.2f} {cpu:6.2f} {memory:5.0f}")
    late = [row for row in rows if row[0] > GOAL_SECONDS or row[2] > GOAL_MEBIBYTES]
    print(f"{len(rows) - len(late)} of {len(rows)} within both goals")


if __name__ == "__main__":
    main()
