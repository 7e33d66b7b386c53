"""The kernel's Documentation/mm/vmemmap_dedup.rst, from what a run measured and the tree's source shows."""

from pipeline.render.document.vmemmap_dedup import render_document

__all__ = ["render_document"]
