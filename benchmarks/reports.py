"""Times the rendering of reports of a run of defconfig's size: two kernels that differ in 60,000 symbols each.

The record is made here and written to a scratch folder; each format, a comparison with itself and an index of it are
rendered several times in a process of their own, by the renderer alone. Reading run.json is a column of its own.

    python benchmarks/reports.py [--runs N]
"""

from __future__ import annotations

import argparse
import importlib.util
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
from pipeline.render.comparison import render_comparison
from pipeline.render.formats import FORMATS, Source
from pipeline.render.index import indexed, render_index

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.records import large


def rendered(name: str, path: Path) -> str:
    """Prints what reading and rendering took, this process's largest memory in KiB, and bytes that came out.

    Times are seconds: of reading, of rendering, and CPU seconds of rendering.
    """
    begun = time.monotonic()
    record = RunRecord.model_validate_json(path.read_bytes())
    other = RunRecord.model_validate_json(path.read_bytes()) if name == "compare" else record
    started, busy = time.monotonic(), time.process_time()
    if name == "compare":
        text = render_comparison(record, other)
    elif name == "index":
        text = render_index([indexed(record, "run/", ())])
    else:
        text = FORMATS[name].render(Source(record))
    times = (started - begun, time.monotonic() - started, time.process_time() - busy)
    return " ".join(map(str, (*times, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, len(text.encode()))))


def measured() -> list[str]:
    """What can be rendered here; KCIDB needs an extra of its own."""
    names = [name for name in FORMATS if name != "kcidb" or importlib.util.find_spec("kcidb_io")]
    return [*names, "compare", "index"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--alone", nargs=2, metavar=("FORMAT", "RUN.JSON"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        print(rendered(options.alone[0], Path(options.alone[1])))
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "run.json"
        path.write_text(large().to_json())
        print(f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {options.runs} runs")
        print(f"run.json: {path.stat().st_size / (1 << 20):.1f} MiB")
        heads = ("read, s", "render, s", "CPU, s", "memory, MiB", "size, KiB")
        print(f"{'format':10}", *(f"{head:>11}" for head in heads), " (medians)")
        for name in measured():
            command = [sys.executable, __file__, "--alone", name, str(path)]
            runs = [
                [
                    float(word)
                    for word in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                ]
                for _ in range(options.runs)
            ]
            read, whole, busy, memory, size = (statistics.median(column) for column in zip(*runs, strict=True))
            times = [f"{seconds:11.2f}" for seconds in (read, whole, busy)]
            print(f"{name:10}", *times, f"{memory / 1024:11.0f}", f"{size / 1024:11.0f}")
        print("goals: rendering at most 1 s and 200 MiB; the HTML at most 2048 KiB")


if __name__ == "__main__":
    main()
