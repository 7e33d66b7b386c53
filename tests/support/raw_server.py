"""A server on loopback that answers with whatever bytes a test likes, as no library for servers does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat

Pieces = Callable[[], Iterator[bytes]]


def endless(*begin: bytes, then: bytes) -> Pieces:
    """Some bytes, and others for ever."""
    return lambda: chain(begin, repeat(then))


def once(*pieces: bytes) -> Pieces:
    return lambda: iter(pieces)


@contextmanager
def answering(pieces: Pieces, pause: float = 0.0) -> Iterator[str]:
    """Gives every request the same answer; yields the address of messages (b4.midmask).

    Args:
        pause: seconds after each piece.
    """
    ended = threading.Event()

    def answer(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(1 << 16)
            for piece in pieces():
                client.sendall(piece)
                if ended.wait(pause):
                    return
            client.shutdown(socket.SHUT_WR)
            client.recv(1 << 16)

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=answer, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept, args=(listening,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/inbox/%s"
        finally:
            ended.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
