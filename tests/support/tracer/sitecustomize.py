"""Ends a process, or makes its writes fail, where a test wants it: Python imports this file at its start where its
folder is on PYTHONPATH.

`PIPELINE_TEST_POINT=module:function@call#2` kills with SIGKILL when the function is called the second time, `@return`
when it is about to return; `PIPELINE_TEST_SIGNAL` sends another signal. With `PIPELINE_TEST_POINTS=FILE` every function
of the package that is called is written to FILE instead, in the order of first calls.

`PIPELINE_TEST_FAILING=FOLDER:7:28` makes the seventh write below FOLDER fail with errno 28: making a file, folder or
link, renaming, flushing. With `PIPELINE_TEST_WRITES=FILE` what is written is listed in FILE, a line each.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

_POINT = os.environ.get("PIPELINE_TEST_POINT", "")
_LISTED = os.environ.get("PIPELINE_TEST_POINTS", "")
_calls: Counter[str] = Counter()


def _name(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}"


_wanted, _, _rest = _POINT.partition("@")
_at, _, _occurrence = _rest.partition("#")
_qualname = _wanted.partition(":")[2]


def _kill(frame: FrameType, event: str, _: object) -> None:
    """Python calls this at every call and return, so that it looks at nothing twice."""
    if event == _at and frame.f_code.co_qualname == _qualname and _name(frame) == _wanted:
        _calls[_wanted] += 1
        if _calls[_wanted] == int(_occurrence or 1):
            os.kill(os.getpid(), int(os.environ.get("PIPELINE_TEST_SIGNAL", signal.SIGKILL)))


def _count(frame: FrameType, event: str, _: object) -> None:
    if event == "call" and str(frame.f_globals.get("__name__")).startswith("pipeline."):
        _calls[_name(frame)] += 1


def _target(event: str, arguments: tuple[Any, ...]) -> str:
    """What an audit event (Python's "Audit events table") writes to; empty where it writes nothing."""
    path, folder = arguments[0], -1
    if event == "open":
        if not isinstance(arguments[2], int) or not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return ""
    elif event == "os.mkdir":
        folder = arguments[2]
    elif event in ("os.rename", "os.link", "os.symlink"):
        path = arguments[1]
    else:
        return ""
    if not isinstance(path, str | os.PathLike):
        return ""
    target = (Path(f"/proc/self/fd/{folder}").readlink() if folder >= 0 else Path.cwd()) / path
    # A folder that is there already is not made.
    return "" if event == "os.mkdir" and target.is_dir() else str(target)


def _write(event: str, target: str) -> None:
    """Counts a write, and fails the one that is to fail."""
    if not target.startswith(f"{_folder}/") or threading.current_thread() in _busy:
        return
    _busy.add(threading.current_thread())
    try:
        _calls["writes"] += 1
        if _WRITES:
            with Path(_WRITES).open("a") as file:
                file.write(f"{event} {target}\n")
        elif _calls["writes"] == int(_number):
            raise OSError(int(_errno), os.strerror(int(_errno)), target)
    finally:
        _busy.discard(threading.current_thread())


def _flush(fd: Any, fsync: Callable[[Any], None] = os.fsync) -> None:
    number = fd if isinstance(fd, int) else fd.fileno()
    _write("fsync", str(Path(f"/proc/self/fd/{number}").readlink()))
    fsync(fd)


_FAILING, _WRITES = os.environ.get("PIPELINE_TEST_FAILING", ""), os.environ.get("PIPELINE_TEST_WRITES", "")
_folder, _number, _errno = (_FAILING or "::").split(":")
_busy: set[threading.Thread] = set()
if _FAILING:
    os.fsync = _flush
    sys.addaudithook(lambda event, arguments: _write(event, target) if (target := _target(event, arguments)) else None)

if _POINT or _LISTED:
    profile = _kill if _POINT else _count
    sys.setprofile(profile)
    threading.setprofile(profile)
if _LISTED:
    atexit.register(lambda: Path(_LISTED).write_text("".join(f"{name} {many}\n" for name, many in _calls.items())))
