"""The only door to subprocesses (git's goes through GitPython, in `pipeline.system.git`; readers are forked in
`pipeline.system.readers`).

Commands get exactly the environment that they are given, a time limit and an output limit. A process is started in a
session of its own, so that it can be ended together with its children.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from pipeline.system import streams, untrusted
from pipeline.system.command import (
    Command,
    CommandTimeoutError,
    Completed,
    CutShortError,
    OutputLimitError,
    ProcessorTimeError,
)
from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import SEARCH_PATH
from pipeline.system.readers import Readers, Reading
from pipeline.system.run_lock import RunLock
from pipeline.system.watch import TimeAwake, Watch, descendants, is_alive, processor_seconds

TERMINATION_GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL."""

_POLL_SECONDS = 1.0
_MOST_WAITED_FOR = 1000


class StoppedError(Exception):
    """The run is being ended; raised in threads whose command was cut short."""


class Processes:
    """Runs commands and knows which of them are alive, so that all of them can be stopped at once.

    Tasks that run commands at the same time share `run_lock`; whoever waits for a command gives it back.
    """

    def __init__(self) -> None:
        self.run_lock = RunLock()
        self._lock = threading.Lock()
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._stopping = False
        self._readers = Readers()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping

    def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Completed:
        """Run a command to its end; other tasks run meanwhile.

        Args:
            command: what to run.
            on_output: called with each piece of standard output as it comes.

        Raises:
            InfrastructureError: the program is missing, ran out of time or wrote too much.
            StoppedError: `stop` was called.
        """
        with self.run_lock.given_back():
            return self._run(command, on_output)

    def _run(self, command: Command, on_output: Callable[[bytes], None] | None) -> Completed:
        started, awake = time.monotonic(), TimeAwake()
        process = self._start(command)
        folder, limits = command.watched, command.limits
        collected = {"stdout": bytearray(), "stderr": bytearray()}
        try:
            watch = Watch(command.program, process.pid, folder, limits, _output_of) if folder else None
            check = partial(self._check, command, awake, watch, process.pid)
            self._read(process, command, check, on_output, collected)
            usage = streams.wait(process, check)
        except CutShortError as error:
            terminate(process)
            error.output = bytes(collected["stdout"])
            raise
        except BaseException:
            terminate(process)
            raise
        finally:
            with self._lock:
                self._alive.discard(process)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        if self._stopping:
            raise StoppedError
        return Completed(
            command.argv,
            process.returncode,
            bytes(collected["stdout"]),
            bytes(collected["stderr"]),
            time.monotonic() - started,
            usage.ru_utime + usage.ru_stime,
        )

    def read_apart(self, module: str, request: bytes) -> Reading:
        """Have a process of its own read what a stranger left; other tasks run meanwhile.

        Args:
            module: that holds the reader.
            request: what `pipeline.system.confined.run` takes.

        Raises:
            InfrastructureError: the process could not be started, or was lost.
            StoppedError: `stop` was called.
        """

        def check() -> None:
            if self._stopping:
                raise StoppedError

        with self.run_lock.given_back():
            check()
            return self._readers.read(module, request, untrusted.CONFINED_ANSWER, check)

    @property
    def reading_seconds(self) -> float:
        """CPU seconds of all processes of `read_apart` that have ended."""
        return self._readers.cpu_seconds

    def stop(self) -> None:
        """Ends every running command, children first through their process groups, and refuses new ones."""
        with self._lock:
            self._stopping = True
            alive = list(self._alive)
        for process in alive:
            _signal_group(process, signal.SIGTERM)

    def _start(self, command: Command) -> subprocess.Popen[bytes]:
        if not command.stdin:
            # Not an empty file: a stranger's program could fill it.
            return self._open(command, subprocess.DEVNULL)
        with tempfile.TemporaryFile() as stdin:
            stdin.write(command.stdin)
            stdin.seek(0)
            return self._open(command, stdin.fileno())

    def _open(self, command: Command, stdin: int) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopping:
                raise StoppedError
            try:
                process = subprocess.Popen(
                    command.argv,
                    cwd=command.cwd,
                    env=dict(command.environment),
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT if command.merge_stderr else subprocess.PIPE,
                    start_new_session=True,
                    pass_fds=command.pass_fds,
                )
            except FileNotFoundError as error:
                raise InfrastructureError(
                    f"{command.argv[0]} was not found",
                    hint="Run `pipeline doctor`: it names the package to install.",
                ) from error
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.E2BIG, errno.ENOMEM, errno.EAGAIN):
                    raise
                raise InfrastructureError(f"{command.argv[0]} could not be started: {error.strerror}") from error
            self._alive.add(process)
        return process

    def _check(self, command: Command, awake: TimeAwake, watch: Watch | None, pid: int) -> None:
        """Raises when the command's time is over, or the run's, or when it uses too much."""
        if awake.seconds() > command.timeout:
            raise CommandTimeoutError(
                f"{command.program} was ended after {command.timeout:.0f} s without finishing",
                hint="A busy machine? Run the same command again; finished work is kept.",
            )
        if command.cpu and processor_seconds(pid) > command.cpu:
            raise ProcessorTimeError(f"{command.program} was ended after {command.cpu:.1f} s of a processor")
        if self._stopping:
            raise StoppedError
        if watch:
            watch.check()

    def _read(
        self,
        process: subprocess.Popen[bytes],
        command: Command,
        check: Callable[[], None],
        on_output: Callable[[bytes], None] | None,
        collected: Mapping[str, bytearray],
    ) -> None:
        """Adds to `collected` what the process writes, until it closes both streams."""

        def take(name: str, piece: bytes) -> None:
            if sum(map(len, collected.values())) + len(piece) > command.output_limit:
                raise OutputLimitError(
                    f"{command.program} wrote more than {command.output_limit >> 20} MiB of output",
                    hint="A patch can do this on purpose: look at the series.",
                )
            # Pieces of one byte that are kept as they are would take thirty times as much.
            collected[name].extend(piece)
            if on_output and name == "stdout":
                on_output(piece)

        streams.read(process, check, min(_POLL_SECONDS, command.limits.interval), take)


def terminate(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and its group: SIGTERM, a grace, SIGKILL.

    What bubblewrap runs is in another group, and killed by the kernel some time after bubblewrap. It is waited for, so
    that nobody writes any more where it could.
    """
    others = descendants(process.pid, _MOST_WAITED_FOR)
    _signal_group(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(TERMINATION_GRACE)
    _signal_group(process, signal.SIGKILL)
    process.wait()
    last = time.monotonic() + TERMINATION_GRACE
    while any(map(is_alive, others)) and time.monotonic() < last:
        time.sleep(0.01)


def _output_of(argv: tuple[str, ...], descriptors: tuple[int, ...]) -> bytes:
    """The output of a program of the system; empty where it fails or takes too long."""
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            argv,
            env={"PATH": SEARCH_PATH},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=5,
            pass_fds=descriptors,
        ).stdout
    return b""


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
