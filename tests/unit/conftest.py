"""Settings of the property tests: the same examples every time, and no time limit for one; machines may be busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same-every-time", derandomize=True, deadline=None)
settings.load_profile("same-every-time")
