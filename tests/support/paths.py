"""Folders that tests read, wherever the test itself lies."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]
PROJECT = TESTS.parent
FAKE_KERNEL = TESTS / "fake_kernel"
TRACER = TESTS / "support/tracer"
SHARED = PROJECT.parent / "shared"
"""Real threads, where they lie beside the checkout; tests that read them are skipped elsewhere."""
