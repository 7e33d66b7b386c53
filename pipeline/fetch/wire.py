"""Limits the time and the bytes of everything that a server sends, headers and trailers included.

The time-out of requests only limits silence: it begins again with every byte. http.client and urllib3 read any number
of interim answers (1xx), trailers and chunk sizes.
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
    """The server did not finish in time."""


class FloodError(OSError):
    """The server sent more bytes than are allowed."""


@dataclass
class Bounds:
    """The time and the bytes that are left for one request, its redirects included.

    Args:
        deadline: when the request must be done, in seconds of the monotonic clock.
        silence: how many seconds may pass without a byte.
        left: how many more bytes may come.
        broken: the error that was raised here, if any. The libraries hide it behind errors of their own.
    """

    deadline: float
    silence: float
    left: int
    broken: OverdueError | FloodError | None = None

    def seconds(self) -> float:
        """How many seconds to wait for the next byte.

        Raises:
            OverdueError: the deadline has passed.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.broken = OverdueError("too late")
            raise self.broken
        return min(left, self.silence)

    def take(self, size: int) -> None:
        """Count bytes that came.

        Raises:
            FloodError: there were too many.
        """
        self.left -= size
        if self.left < 0:
            self.broken = FloodError("too much")
            raise self.broken


class _Input(io.RawIOBase):
    """The bytes of a socket, read within bounds."""

    def __init__(self, connected: socket.socket, bounds: Bounds) -> None:
        self._socket = connected
        self._bounds = bounds
        # This keeps the socket open when the connection is given up before its answer is read.
        self._raw = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._socket.settimeout(self._bounds.seconds())
        try:
            size = self._raw.readinto(buffer)
        except TimeoutError:
            # Raise if the deadline has passed, not if only the time of silence has.
            self._bounds.seconds()
            raise
        self._bounds.take(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedAdapter(HTTPAdapter):
    """Sends the requests of one session, and keeps their answers within `bounds`.

    Cookies are not read: a hundred of them take seconds. Bodies are not unpacked: the body of a redirect would be
    unpacked without a limit.
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
            # requests looks for cookies here.
            del resp._original_response.msg[name]
        resp.headers.discard("Content-Encoding")
        return super().build_response(req, resp)
