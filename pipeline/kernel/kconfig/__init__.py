"""Kconfig: fragments and what happened to them, the options of a tree, and why an option is as it is."""

from pipeline.kernel.kconfig.fragments import (
    Request,
    broken_options,
    broken_requests,
    broken_struct_page,
    contradictions,
    load_fragment,
    parse_config,
    parse_fragment,
    promises,
    refused_wishes,
    request_text,
)

__all__ = [
    "Request",
    "broken_options",
    "broken_requests",
    "broken_struct_page",
    "contradictions",
    "load_fragment",
    "parse_config",
    "parse_fragment",
    "promises",
    "refused_wishes",
    "request_text",
]
