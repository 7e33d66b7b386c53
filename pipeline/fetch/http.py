"""Requests to a server: tried again within limits when the server fails, then one clear error."""

from __future__ import annotations

import gzip
import re
import time
import zlib
from collections.abc import Callable

import requests
import tenacity
import urllib3

from pipeline.fetch.server import ANOTHER_SERVER, Patience, UnreachableError, Wanted, unpacked
from pipeline.fetch.wire import BoundedAdapter, Bounds, FloodError, OverdueError
from pipeline.mail import limits
from pipeline.system.errors import NotObtainedError

_PIECE = 1 << 16
_HEADS = 1 << 20
"""Bytes of headers, redirects and chunk sizes that one request may get, besides the body."""
_PIECES = 100_000
"""Reads of one body; each costs time. A read from a network usually gets a thousand bytes or more."""
_SHOWN = 200
"""Characters of a server's message that are shown."""
_REDIRECTS = 5
_TITLE = re.compile(rb"<title[^>]*>\s*(?P<words>[^<]{1,200})", re.IGNORECASE)


class _TryAgainError(Exception):
    """The server failed in a way that may pass.

    Args:
        words: what it did, as the end of a sentence.
        after: seconds that it asked to wait.
    """

    def __init__(self, words: str, after: float = 0.0) -> None:
        super().__init__(words)
        self.words = words
        self.after = after


class Client:
    """Downloads gzip files from one server.

    Args:
        host: its name, for messages.
        say: called with a line of text before each further try.
        patience: limits on tries and time.
    """

    def __init__(self, host: str, say: Callable[[str], None], patience: Patience) -> None:
        self.host = host
        self._say = say
        self._patience = patience

    def ask(self, method: str, url: str, wanted: Wanted) -> bytes:
        """Download an undamaged gzip file of at most `THREAD_LIMIT`, with as many tries as `patience` allows.

        Raises:
            NotObtainedError: the server does not have it, or gave no good answer.
        """
        patience = self._patience
        deadline = time.monotonic() + patience.seconds
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgainError),
            stop=tenacity.stop_after_attempt(patience.tries) | tenacity.stop_before_delay(patience.seconds),
            wait=lambda state: max(_asked_wait(state), patience.pause * 2 ** (state.attempt_number - 1)),
            before_sleep=lambda state: self._say(
                f"{self.host} {_words(state)}; asking again in {state.upcoming_sleep:.0f} s"
                f" (try {state.attempt_number + 1} of {patience.tries})"
            ),
        )
        try:
            return retrying(self._once, method, url, wanted, deadline)
        except tenacity.RetryError as error:
            state = error.last_attempt
            last = state.exception()
            assert isinstance(last, _TryAgainError)
            tries = "once" if state.attempt_number == 1 else f"{state.attempt_number} times"
            wait = f" and wants to be left alone for {last.after:.0f} s" if last.after else ""
            raise UnreachableError(
                f"{wanted.name} could not be fetched from {self.host}, asked {tries}: it {last.words}{wait}",
                hint=ANOTHER_SERVER + wanted.otherwise,
            ) from None

    def _once(self, method: str, url: str, wanted: Wanted, deadline: float) -> bytes:
        left = max(min(self._patience.silence, deadline - time.monotonic()), 0.1)
        bounds = Bounds(deadline, left, _HEADS)
        try:
            packed = self._asked(method, url, wanted, bounds)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._failure(error, wanted, bounds) from error
        try:
            unpacked(packed)
        except EOFError as error:
            raise _TryAgainError("sent a truncated gzip file") from error
        except zlib.error as error:
            raise _TryAgainError("sent a damaged gzip file") from error
        except gzip.BadGzipFile as error:
            raise NotObtainedError(
                f"{self.host} sent {_described(packed)} instead of a mailbox for {wanted.name}",
                hint="Is it a public-inbox, and is the address right? Another server is named by --midmask URL.",
            ) from error
        return packed

    def _asked(self, method: str, url: str, wanted: Wanted, bounds: Bounds) -> bytes:
        with requests.Session() as session:
            session.max_redirects = _REDIRECTS
            session.headers["User-Agent"] = "kernel-series-pipeline"
            # The file itself is compressed already.
            session.headers["Accept-Encoding"] = "identity"
            for scheme in ("http://", "https://"):
                session.mount(scheme, BoundedAdapter(bounds))
            with session.request(method, url, stream=True, timeout=bounds.silence) as response:
                self._check(response, wanted)
                bounds.left += limits.THREAD_LIMIT
                return self._read(response)

    def _failure(self, error: Exception, wanted: Wanted, bounds: Bounds) -> Exception:
        """The error to raise in place of an error of the libraries."""
        if isinstance(bounds.broken, FloodError):
            return NotObtainedError(f"{self.host} sends more than {limits.THREAD_LIMIT >> 20} MiB", hint=ANOTHER_SERVER)
        if isinstance(bounds.broken, OverdueError):
            return _TryAgainError(f"did not finish within {self._patience.seconds:.0f} s")
        match error:
            case requests.TooManyRedirects():
                return NotObtainedError(
                    f"{self.host} sends requests for {wanted.name} round in circles (more than {_REDIRECTS} redirects)",
                    hint="Is --midmask right? It is the address of a message, with %s in place of its id.",
                )
            case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema():
                return NotObtainedError(
                    f"{self.host} redirects to no address: {str(error)[:_SHOWN]}", hint=ANOTHER_SERVER
                )
            case requests.Timeout() | urllib3.exceptions.TimeoutError():
                return _TryAgainError(f"was silent for {bounds.silence:.0f} s")
            case requests.ConnectionError() if "Name or service not known" in str(error):
                return UnreachableError(f"{self.host} is not known", hint=ANOTHER_SERVER + wanted.otherwise)
            case _:
                return _TryAgainError(_reason(error))

    def _check(self, response: requests.Response, wanted: Wanted) -> None:
        status, reason = response.status_code, str(response.reason or "")[:_SHOWN]
        if status == requests.codes.ok:
            return
        if status in (404, 410):
            raise NotObtainedError(f"{self.host} has no {wanted.name}", hint=wanted.where_missing)
        if status == requests.codes.too_many_requests or status >= 500:
            raise _TryAgainError(f"answered {status} {reason}".rstrip(), _retry_after(response))
        raise NotObtainedError(
            f"{self.host} refuses {wanted.name}: {status} {reason}".rstrip(),
            hint="Another server is named by --midmask URL.",
        )

    def _read(self, response: requests.Response) -> bytes:
        """The body, not unpacked."""
        body, pieces = bytearray(), 0
        while piece := response.raw.read1(_PIECE, decode_content=False):
            body += piece
            pieces += 1
            if len(body) > limits.THREAD_LIMIT or pieces > _PIECES:
                raise NotObtainedError(f"{self.host} sends more than {limits.THREAD_LIMIT >> 20} MiB")
        return bytes(body)


def _words(state: tenacity.RetryCallState) -> str:
    return str(state.outcome.exception()) if state.outcome else ""


def _asked_wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.after if isinstance(error, _TryAgainError) else 0.0


def _retry_after(response: requests.Response) -> float:
    """Seconds of a Retry-After header in either form, a number or a date (RFC 9110, 10.2.3); 0 without a good one."""
    value = response.headers.get("Retry-After", "")
    try:
        return float(urllib3.Retry().parse_retry_after(value)) if value else 0.0
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
        return 0.0


def _reason(error: Exception) -> str:
    """A cause in plain words: the operating system's message, where an error of the libraries contains one."""
    if match := re.search(r"\[Errno -?\d+\] ([\w ]+)", str(error)):
        return f"could not be reached: {match[1]}"
    if "Connection reset" in str(error) or "RemoteDisconnected" in str(error):
        return "closed the connection"
    if "IncompleteRead" in str(error):
        return "closed the connection before the end"
    return f"could not be read: {type(error).__name__}"


def _described(body: bytes) -> str:
    title = _TITLE.search(body[:_PIECE])
    if title:
        return f"a web page ({title['words'].decode('utf-8', 'replace').strip()!r})"
    return "a web page" if body.lstrip()[:1] == b"<" else "something else"
