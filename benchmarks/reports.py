"""Times the rendering of reports of a run of defconfig's size: two kernels that differ in 60,000 symbols each.

The record is made here and written to a scratch folder; each format is rendered several times in a process of its own,
by the command that a user types (start of Python and reading of run.json included) and by its renderer alone.

    python benchmarks/reports.py [--runs N]
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.record import RunRecord
from pipeline.render.formats import FORMATS, Source

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.unit.test_html_report import large


def alone(name: str, path: Path) -> None:
    """Prints a rendering's seconds and CPU seconds, this process's largest memory in KiB, and bytes that came out."""
    record = RunRecord.model_validate_json(path.read_bytes())
    started, busy = time.monotonic(), time.process_time()
    text = FORMATS[name].render(Source(record))
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - busy
    print(seconds, cpu_seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, len(text.encode()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--alone", nargs=2, metavar=("FORMAT", "RUN.JSON"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        alone(options.alone[0], Path(options.alone[1]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        folder.mkdir()
        path = folder / "run.json"
        path.write_text(large().to_json())
        print(f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {options.runs} runs")
        print(f"run.json: {path.stat().st_size / (1 << 20):.1f} MiB")
        heads = ("render, s", "CPU, s", "command, s", "memory, MiB", "size, KiB")
        print(f"{'format':10}", *(f"{head:>11}" for head in heads), " (medians)")
        for name in FORMATS:
            rendered, busy, whole, memory, size = [], [], [], [], 0
            for _ in range(options.runs):
                command = [sys.executable, __file__, "--alone", name, str(path)]
                words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                rendered.append(float(words[0]))
                busy.append(float(words[1]))
                memory.append(int(words[2]) / 1024)
                size = int(words[3])
                command = [sys.executable, "-m", "pipeline", "report", str(folder), "--format", name]
                command += ["-o", os.devnull, "--workspace", scratch]
                started = time.monotonic()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                whole.append(time.monotonic() - started)
            times = [f"{statistics.median(seconds):11.2f}" for seconds in (rendered, busy, whole)]
            print(f"{name:10}", *times, f"{statistics.median(memory):11.0f}", f"{size / 1024:11.0f}")
        print("goals: rendering at most 1 s and 200 MiB; the HTML at most 2048 KiB")


if __name__ == "__main__":
    main()
