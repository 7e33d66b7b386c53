"""An HTTP server on loopback that answers as servers do on bad days, one scripted answer after the other."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


@dataclass(frozen=True)
class Answer:
    """One answer.

    Args:
        status: of HTTP.
        body: what is sent.
        headers: beside Content-Length.
        missing: bytes that Content-Length announces and that never come.
        stall: seconds before the body.
        reset: the connection is reset instead.
        drip: seconds after each byte of the body.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    stall: float = 0.0
    reset: bool = False
    drip: float = 0.0


@dataclass
class FaultyServer:
    """What a server answers and what it was asked; the last answer is given again and again.

    Args:
        answers: by path prefix, each a list that is used up; `` stands for every path.
        requests: method, path, and the moment (monotonic seconds), as they came.
    """

    answers: dict[str, list[Answer]]
    requests: list[tuple[str, str, float]] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def midmask(self) -> str:
        return f"http://{self.address}/all/%s"

    def next_answer(self, path: str) -> Answer:
        longest = max((prefix for prefix in self.answers if path.startswith(prefix)), key=len, default=None)
        if longest is None:
            return Answer(404)
        waiting = self.answers[longest]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def serving(answers: Sequence[Answer] | Mapping[str, Sequence[Answer]]) -> Iterator[FaultyServer]:
    """A running server, stopped at the end."""
    by_path = answers if isinstance(answers, Mapping) else {"": answers}
    faulty = FaultyServer({prefix: list(some) for prefix, some in by_path.items()})
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            faulty.requests.append((self.command, unquote(self.path), time.monotonic()))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            given = faulty.next_answer(unquote(self.path))
            if given.reset:
                # SO_LINGER with no time: close(2) sends RST (socket(7)).
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())
                return
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body) + given.missing))
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            ended.wait(given.stall)
            if self.command == "HEAD":
                return
            pieces = [given.body[at : at + 1] for at in range(len(given.body))] if given.drip else [given.body]
            for piece in pieces:
                self.wfile.write(piece)
                if given.drip:
                    self.wfile.flush()
                    if ended.wait(given.drip):
                        return

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    for method in ("GET", "POST", "HEAD"):
        setattr(Handler, f"do_{method}", Handler.answer)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that goes away is no error here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        faulty.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield faulty
        finally:
            ended.set()
            server.shutdown()
            thread.join()
