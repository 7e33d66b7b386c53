"""**measure**: what a series does to a kernel that was built.

`text` weighs vmlinux; `coverage` tells what of the series was compiled; `layout` compares structs; `inspector` takes
the latter two while a build folder holds the right state.
"""

from pipeline.measure.changes import changed_files
from pipeline.measure.inspector import Inspector
from pipeline.measure.layout import layout_deltas
from pipeline.measure.text import Measurer, parse_bloat, parse_sections, section_deltas, sized_symbols

__all__ = [
    "Inspector",
    "Measurer",
    "changed_files",
    "layout_deltas",
    "parse_bloat",
    "parse_sections",
    "section_deltas",
    "sized_symbols",
]
