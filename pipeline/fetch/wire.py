"""Everything that a server sends, heads and trailers included, within a time and a number of bytes.

A time-out of requests is one of silence, and begins again with every byte. Interim answers (1xx), trailers and sizes of
chunks are read by http.client and urllib3 without any limit of their number.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from dataclasses import dataclass
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter


class OverdueError(OSError):
    """The server took its time."""


class FloodError(OSError):
    """The server sent too much."""


@dataclass
class Bounds:
    """What is left for one request, redirects included.

    Args:
        deadline: monotonic seconds.
        silence: seconds without a byte.
        left: bytes.
        broken: what was too much, once it was: libraries raise errors of their own instead.
    """

    deadline: float
    silence: float
    left: int
    broken: OverdueError | FloodError | None = None

    def seconds(self) -> float:
        """How long the next byte is waited for.

        Raises:
            OverdueError: no longer.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.broken = OverdueError("too late")
            raise self.broken
        return min(left, self.silence)

    def take(self, size: int) -> None:
        """Raises FloodError when there were too many."""
        self.left -= size
        if self.left < 0:
            self.broken = FloodError("too much")
            raise self.broken


class _Input(io.RawIOBase):
    """What comes from a socket."""

    def __init__(self, connected: socket.socket, bounds: Bounds) -> None:
        self._socket = connected
        self._bounds = bounds
        # Keeps the socket open when the connection is given up before its answer is read.
        self._raw = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._socket.settimeout(self._bounds.seconds())
        try:
            size = self._raw.readinto(buffer)
        except TimeoutError:
            # Of which of the two?
            self._bounds.seconds()
            raise
        self._bounds.take(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedAdapter(HTTPAdapter):
    """Sends requests of one session whose answers stay within `bounds`, and are left as they are.

    Cookies are not read: a hundred of them take seconds. What answers are packed in is not unpacked: that of a redirect
    would be, all of it at once.
    """

    def __init__(self, bounds: Bounds) -> None:
        super().__init__()
        self._bounds = bounds

    def get_connection_with_tls_context(self, *arguments: Any, **named: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*arguments, **named)
        bounds = self._bounds

        class BoundedResponse(http.client.HTTPResponse):
            def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
                super().__init__(sock, *arguments, **named)
                self.fp.close()
                self.fp = io.BufferedReader(_Input(sock, bounds))

        pool.ConnectionCls = type("BoundedConnection", (pool.ConnectionCls,), {"response_class": BoundedResponse})
        return pool

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        for name in ("Set-Cookie", "Set-Cookie2"):
            # Where requests looks for cookies.
            del resp._original_response.msg[name]
        resp.headers.discard("Content-Encoding")
        return super().build_response(req, resp)
