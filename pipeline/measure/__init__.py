"""**measure**: what a series does to a kernel that was built.

`text` weighs vmlinux.
"""

from pipeline.measure.text import Measurer, parse_bloat, parse_sections, section_deltas

__all__ = ["Measurer", "parse_bloat", "parse_sections", "section_deltas"]
