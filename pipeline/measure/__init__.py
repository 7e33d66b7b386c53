"""**measure**: measures the effect of a series on a kernel that was built.

`text` weighs vmlinux, and `origin` finds the files that its symbols come from; `coverage` tells what of the series was
compiled; `layout` compares structs; `inspector` takes the latter two while a build folder holds the right state.
"""

from pipeline.measure.changes import changed_files, diffstats, lines_digest, touched_files
from pipeline.measure.inspector import Inspector
from pipeline.measure.layout import WELL_KNOWN, layout_deltas
from pipeline.measure.origin import origins_of, symbol_origins
from pipeline.measure.text import Measurer, kind_deltas, parse_bloat, parse_sections, section_deltas, sized_symbols

__all__ = [
    "WELL_KNOWN",
    "Inspector",
    "Measurer",
    "changed_files",
    "diffstats",
    "kind_deltas",
    "layout_deltas",
    "lines_digest",
    "origins_of",
    "parse_bloat",
    "parse_sections",
    "section_deltas",
    "sized_symbols",
    "symbol_origins",
    "touched_files",
]
