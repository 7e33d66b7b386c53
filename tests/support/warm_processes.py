"""The processes of `warm`: a server that forks a command, and the launcher that has it do so.

The server imports the console script as the interpreter does that runs it, and has no threads. The process of a command
gets the arguments, environment, working directory, standard input and outputs of its launcher, which ends as it does.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time

_PIECE = 1 << 16


def launch(name: str, arguments: list[str]) -> int:
    """Exit status of a command that the server runs, negative for a signal."""
    request = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"\0{name}")
        socket.send_fds(connection, [b"\0"], [0, 1, 2])
        connection.sendall(json.dumps(request).encode() + b"\n")
        answer = connection.recv(_PIECE)
    return int(answer or -signal.SIGKILL)


def serve(name: str) -> list[str]:
    """Returns the arguments of a command in each process that is to run one, and never in the server."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"\0{name}")
    listening.listen()
    # Nobody waits for those that wait for a command.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([listening.fileno(), 0], [], [])
        if listening.fileno() not in readable:
            # Whoever started the server has ended.
            os._exit(0)
        connection, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            return _take(connection)
        connection.close()


def _take(connection: socket.socket) -> list[str]:
    """Makes this process that of a command, and waits for it in another."""
    _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
    received = b""
    while not received.endswith(b"\n"):
        received += connection.recv(_PIECE)
    command = os.fork()
    if command:
        _wait(command, connection)
        os._exit(0)
    connection.close()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    request = json.loads(received)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    return list(request["arguments"])


def _wait(command: int, connection: socket.socket) -> None:
    """Tells how a command ended; a launcher that is killed takes it along."""
    ended = os.pidfd_open(command)
    readable, _, _ = select.select([ended, connection.fileno()], [], [])
    if ended not in readable:
        os.kill(command, signal.SIGKILL)
    _, status = os.waitpid(command, 0)
    if ended in readable:
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


if __name__ == "__main__":
    _, task, name, *words = sys.argv
    if task == "serve":
        sys.argv = ["pipeline"]
        from pipeline.cli import main

        sys.argv += serve(name)
        main()
    else:
        status = launch(name, words)
        if status < 0:
            signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
        sys.exit(status)
