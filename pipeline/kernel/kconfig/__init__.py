"""Kconfig: fragments and their results, the options of a tree, and reasons for the value of an option."""

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
