"""A public-inbox by HTTP: threads and searches, and the last good copy of everything that was had of it.

b4 fetches by itself, too, but (b4 0.16, liblore 0.10) asks once: a 429 or 503 ends it, a truncated answer, an HTML page
or a redirect loop ends in a traceback, and a server that sends a byte now and then is never given up.
Addresses are those of public-inbox-httpd(1): `/INBOX/MESSAGE-ID/t.mbox.gz` and `POST /INBOX/?q=QUERY&x=m`.
"""

from __future__ import annotations

import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

from pipeline.fetch.server import USUAL, Patience, Wanted, unpacked
from pipeline.system.errors import NotObtainedError, UsageError


@dataclass(frozen=True)
class Copy:
    """A mailbox as a server delivered it.

    Args:
        mbox: the mails, unpacked.
        age: of a copy that was kept, the moment of its fetching in words; empty when it came just now.
    """

    mbox: bytes
    age: str = ""


class Archive:
    """One inbox of a server, and the last good copy of everything that was had of it.

    Args:
        midmask: address of a message, `%s` stands for its id (b4.midmask).
        copies: folder of the copies, made when missing.
        say: called with a line before each further try.
        offline: answer from the copies alone.
        patience: bounds on tries and time.

    Raises:
        UsageError: midmask is no address.
    """

    def __init__(
        self,
        midmask: str,
        copies: Path,
        say: Callable[[str], None],
        *,
        offline: bool = False,
        patience: Patience = USUAL,
    ) -> None:
        parts = urlsplit(midmask)
        if parts.scheme not in ("http", "https") or not parts.netloc or "%s" not in midmask:
            raise UsageError(
                f"{midmask!r} is no address of an archive",
                hint="Say --midmask https://SERVER/INBOX/%s, where %s stands for the message-id.",
            )
        self.host = parts.netloc
        # Older configurations have this: lore's inbox of everything is called all.
        self._midmask = midmask.replace("/%s", "/all/%s") if parts.path == "/%s" else midmask
        self._copies = copies
        self._offline = offline
        self._say = say
        self._patience = patience

    def thread(self, message_id: str) -> Copy:
        """The whole thread of a message.

        Raises:
            NotObtainedError: the server does not have it or gave no good answer in time.
        """
        url = self._midmask.replace("%s", quote(message_id, safe="")) + "/t.mbox.gz"
        return self._obtain("GET", url, f"message {message_id}", "Check the id; another server is named by --midmask.")

    def search(self, query: str, wanted: str) -> Copy:
        """The threads of the messages that a search finds (public-inbox: `/INBOX/_/text/help/`).

        Args:
            query: in public-inbox' language.
            wanted: what is looked for, in words.

        Raises:
            NotObtainedError: nothing is found, or the server gave no good answer in time.
        """
        inbox = self._midmask.replace("%s", "")
        url = f"{inbox}?x=m&t=1&q={quote_plus(query)}"
        return self._obtain("POST", url, wanted, "Not every inbox can be searched: name a message-id of its thread.")

    def _obtain(self, method: str, url: str, wanted: str, where_missing: str) -> Copy:
        kept = self._copies / f"{hashlib.sha256(f'{method} {url}'.encode()).hexdigest()[:32]}.mbox.gz"
        age = _age(kept)
        if self._offline:
            if not age:
                raise NotObtainedError(
                    f"there is no copy of {wanted} from {self.host}", hint="Run it once without --offline."
                )
            try:
                return Copy(unpacked(kept.read_bytes()), age)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise NotObtainedError(
                    f"the copy of {wanted} from {self.host} is damaged", hint="Run it once without --offline."
                ) from error
        otherwise = f" Or add --offline: a copy of {age} is there." if age else ""
        # Its imports take a fifth of a short command's time, and most series come from files.
        from pipeline.fetch.http import Client

        client = Client(self.host, self._say, self._patience)
        packed = client.ask(method, url, Wanted(wanted, where_missing, otherwise))
        mbox = unpacked(packed)
        _write(kept, packed)
        return Copy(mbox)


def _age(kept: Path) -> str:
    try:
        moment = datetime.fromtimestamp(kept.stat().st_mtime, UTC)
    except FileNotFoundError:
        return ""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _write(target: Path, content: bytes) -> None:
    """Whole or not at all."""
    target.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(target)
