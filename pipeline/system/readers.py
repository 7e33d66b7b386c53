"""Processes that read strangers' bytes, forked from one that has the readers' modules in memory.

The server is an interpreter without threads that imports what it is asked for and forks. It never reads a stranger's
byte itself. Each request is a datagram with the name of a module and three file descriptors: the request, the answer,
and a pipe to say how the process ended. A process between the server and the reader waits for the reader.

(`multiprocessing` has such a server, too. Its children import the main program once more, and answer with pickles.)
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from pipeline.system.errors import InfrastructureError

_PIECE = 1 << 16
_NAME = 1 << 12
"""Bytes of a module's name."""
_POLL_SECONDS = 0.5
_TIMEOUT = 600.0
"""Seconds that a reader may take when it waits for something: its CPU time has a limit of its own."""


@dataclass(frozen=True)
class Reading:
    """How a reader ended. `status` is negative for a signal."""

    status: int
    answer: bytes
    cpu_seconds: float


class Readers:
    """The server, started when it is first needed; it ends with this object or this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: socket.socket | None = None
        self.cpu_seconds = 0.0
        """Of all readers that have ended."""

    def read(self, module: str, request: bytes, most: int, check: Callable[[], None]) -> Reading:
        """Have a process answer a request.

        Args:
            module: to have in memory.
            request: for `pipeline.system.confined.run`.
            most: bytes of the answer; a reader that writes more is killed.
            check: called again and again; what it raises ends the reader.

        Raises:
            InfrastructureError: the process could not be started, was lost, or takes too long.
        """
        answer, answering = os.pipe()
        ended, ending = os.pipe()
        try:
            with tempfile.TemporaryFile() as file:
                file.write(request)
                file.seek(0)
                try:
                    self._send(module, [file.fileno(), answering, ending])
                finally:
                    os.close(answering)
                    os.close(ending)
            return self._wait(answer, ended, most, check)
        finally:
            os.close(answer)
            os.close(ended)

    def _send(self, module: str, descriptors: list[int]) -> None:
        with self._lock:
            server = self._server or self._start()
            try:
                socket.send_fds(server, [module.encode()], descriptors)
            except OSError:
                # It was killed, perhaps because memory was short.
                socket.send_fds(self._start(), [module.encode()], descriptors)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                process = subprocess.Popen(
                    # Isolated (-I): of the environment and the current folder nothing is imported.
                    (sys.executable, "-I", "-X", "utf8", "-m", "pipeline.system.readers", str(theirs.fileno())),
                    cwd=Path("/"),
                    env={"LC_ALL": "C"},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    pass_fds=(theirs.fileno(),),
                )
            except OSError as error:
                ours.close()
                raise InfrastructureError(f"{sys.executable} could not be started: {error.strerror}") from error
        self._server = ours
        weakref.finalize(self, _end, ours, process)
        return ours

    def _wait(self, answer: int, ended: int, most: int, check: Callable[[], None]) -> Reading:
        pid, collected, last = 0, bytearray(), time.monotonic() + _TIMEOUT
        try:
            pid = int(_line(ended, last, check) or 0)
            while piece := _piece(answer, last, check):
                collected += piece
                if len(collected) > most:
                    raise InfrastructureError(f"a reader of what the build left wrote more than {most >> 20} MiB")
            status, cpu_seconds = json.loads(_line(ended, last, check) or "[-9, 0.0]")
        except BaseException:
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise
        with self._lock:
            self.cpu_seconds += cpu_seconds
        return Reading(status, bytes(collected), cpu_seconds)


def _piece(descriptor: int, last: float, check: Callable[[], None], most: int = _PIECE) -> bytes:
    while not select.select([descriptor], [], [], _POLL_SECONDS)[0]:
        check()
        if time.monotonic() > last:
            raise InfrastructureError(f"a reader of what the build left did not end within {_TIMEOUT:.0f} s")
    return os.read(descriptor, most)


def _line(descriptor: int, last: float, check: Callable[[], None]) -> bytes:
    """Bytes up to a line's end; empty where the writer is gone."""
    line = b""
    while not line.endswith(b"\n"):
        # The next line may be there already.
        piece = _piece(descriptor, last, check, 1)
        if not piece:
            return b""
        line += piece
    return line


def _end(server: socket.socket, process: subprocess.Popen[bytes]) -> None:
    server.close()
    process.wait()


def serve(requests: socket.socket) -> None:
    """Fork a reader for each request, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        module, descriptors, _, _ = socket.recv_fds(requests, _NAME, 3)
        # Waited for, so that what they used counts as used by the run.
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG if module else 0)[0]:
                pass
        if not module:
            return
        with suppress(Exception):
            import_module(module.decode())
        if os.fork() == 0:
            requests.close()
            _attend(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _attend(request: int, answer: int, ending: int) -> NoReturn:
    """Fork the reader, wait for it, and say how it ended."""
    reader = os.fork()
    if reader == 0:
        os.close(ending)
        _read(request, answer)
    os.close(request)
    os.close(answer)
    os.write(ending, f"{reader}\n".encode())
    _, status, usage = os.wait4(reader, 0)
    seconds = round(usage.ru_utime + usage.ru_stime, 3)
    os.write(ending, f"{json.dumps([os.waitstatus_to_exitcode(status), seconds])}\n".encode())
    os._exit(0)


def _read(request: int, answer: int) -> NoReturn:
    from pipeline.system import confined

    status = 1
    with suppress(BaseException), open(request, "rb") as asked, open(answer, "wb") as answered:
        status = confined.run(asked, answered)
    os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as named:
        serve(named)
