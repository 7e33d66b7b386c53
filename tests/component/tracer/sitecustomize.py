"""Ends a process where a test wants it to: Python imports this file at its start where its folder is on PYTHONPATH.

`PIPELINE_TEST_POINT=module:function@call#2` kills with SIGKILL when the function is called the second time, `@return`
when it is about to return. With `PIPELINE_TEST_POINTS=FILE` every function of the package that is called is written to
FILE instead, in the order of first calls.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

_POINT = os.environ.get("PIPELINE_TEST_POINT", "")
_LISTED = os.environ.get("PIPELINE_TEST_POINTS", "")
_calls: Counter[str] = Counter()


def _name(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}"


def _kill(frame: FrameType, event: str, _: object) -> None:
    wanted, _, rest = _POINT.partition("@")
    at, _, occurrence = rest.partition("#")
    if event == at and frame.f_code.co_qualname == wanted.partition(":")[2] and _name(frame) == wanted:
        _calls[wanted] += 1
        if _calls[wanted] == int(occurrence or 1):
            os.kill(os.getpid(), signal.SIGKILL)


def _count(frame: FrameType, event: str, _: object) -> None:
    if event == "call" and str(frame.f_globals.get("__name__")).startswith("pipeline."):
        _calls[_name(frame)] += 1


if _POINT or _LISTED:
    profile = _kill if _POINT else _count
    sys.setprofile(profile)
    threading.setprofile(profile)
if _LISTED:
    atexit.register(lambda: Path(_LISTED).write_text("".join(f"{name} {many}\n" for name, many in _calls.items())))
