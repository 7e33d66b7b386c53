"""What rendering takes: each format, a comparison and an index of a run as large as two defconfig kernels make it.

    python -m benchmarks.faces [SYMBOLS]

Each is rendered in a process of its own, from run.json. Times are of the CPU, in seconds; memory is the whole process'
largest resident size, in MiB.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipeline import runs
from pipeline.record import CellRecord, RunRecord, SymbolRecord
from pipeline.render.comparison import render_comparison
from pipeline.render.formats import FORMATS, Source
from pipeline.render.index import indexed, render_index
from tests.unit import records

SYMBOLS = 60_000
"""Of each of two cells."""


def large_run(symbols: int) -> RunRecord:
    return records.run(cells=(_cell("x86_64-defconfig", symbols), _cell("arm64-defconfig", symbols)))


def _cell(name: str, symbols: int) -> CellRecord:
    found = tuple(
        SymbolRecord(
            name=f"a_function_of_the_kernel_{at:06}",
            path=f"drivers/subsystem/file_{at % 900}.c",
            old=500 + at % 3000,
            new=452 + at % 97 + at % 3000,
            delta=at % 97 - 48,
        )
        for at in range(symbols)
    )
    verbatim = "\n".join(f"{one.name:40} {one.old:7} {one.new:7} {one.delta:+7}" for one in found)
    return records.cell(name, text=records.text(symbols=found, verbatim=f"{records.SUMMARY}\n{verbatim}\n"))


def measure(name: str, folder: Path) -> str:
    """Reads and renders once, in this process."""
    begin = time.process_time()
    record = runs.read(folder)
    other = runs.read(folder) if name == "compare" else record
    read = time.process_time()
    renderers: dict[str, Callable[[], str]] = {
        **{known: lambda known=known: FORMATS[known].render(Source(record)) for known in FORMATS},
        "compare": lambda: render_comparison(record, other),
        "index": lambda: render_index([indexed(record, "run/", ())]),
    }
    size = len(renderers[name]().encode())
    end = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return f"{name:9} read {read - begin:5.2f}  rendered {end - read:5.2f}  peak {peak:4} MiB  {size >> 10:6} KiB"


def main() -> None:
    if len(sys.argv) == 3:
        print(measure(sys.argv[1], Path(sys.argv[2])))
        return
    with tempfile.TemporaryDirectory() as name:
        record = large_run(int(sys.argv[1]) if len(sys.argv) > 1 else SYMBOLS)
        (Path(name) / runs.RECORD).write_text(record.to_json())
        for face in (*FORMATS, "compare", "index"):
            subprocess.run([sys.executable, "-m", "benchmarks.faces", face, name], check=True)


if __name__ == "__main__":
    main()
