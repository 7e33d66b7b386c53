"""**fetch**: a series by message-id, lore URL, change-id, mbox, maildir, standard input, folder of patches, or name.

Threads come from the archive (`archive`), are taken apart by what answers what (`pipeline.mail.thread`), and b4 puts
the series together and collects the trailers (`b4`). What it made is compared with what was asked for (`assembly`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.definitions import find_series, load_series
from pipeline.fetch.archive import Archive
from pipeline.fetch.assembly import from_patch_files, from_thread, require_whole
from pipeline.fetch.b4 import B4
from pipeline.fetch.forms import message_id_in, named
from pipeline.fetch.prerequisites import PrerequisiteResolver
from pipeline.mail import mbox, message, suspicion
from pipeline.mail.limits import READING_SECONDS, more_seconds
from pipeline.model import Series
from pipeline.system.errors import NotObtainedError
from pipeline.system.git import Repository
from pipeline.system.process import Processes
from pipeline.system.watched import Allowance
from pipeline.system.workspace import Workspace

__all__ = ["LORE", "Request", "fetch", "message_id_in"]

LORE = "https://lore.kernel.org/all/%s"


@dataclass(frozen=True)
class Request:
    """The series that the user named, and how to fetch it.

    Args:
        text: SERIES as given.
        version: revision asked for, or None.
        midmask: where message-ids are looked up, `%s` stands for the id (b4.midmask).
        rethread: message-ids of further threads that hold parts of the series.
        offline: use the last good copy of what an archive delivered, and ask nobody.
        keyring: folder or git reference with developers' keys (b4.keyringsrc), or empty.
    """

    text: str
    version: int | None = None
    midmask: str = LORE
    rethread: tuple[str, ...] = ()
    offline: bool = False
    keyring: str = ""


def fetch(
    request: Request,
    workspace: Workspace,
    processes: Processes,
    say: Callable[[str], None],
    allowance: Allowance | None = None,
) -> Series:
    """The series that `request` names, complete, with what it needs as far as that is found.

    Args:
        allowance: of a processor, for all that is done with the mails; one of its own by default.

    Raises:
        UsageError: SERIES is none of the forms that are understood.
        NotObtainedError: there is no such message, no patch in it, or the series is incomplete.
        InfrastructureError: b4 is missing or failed in a way of its own.
        TakesTooLongError: reading what was found takes too much time.
    """
    allowance = allowance or Allowance(READING_SECONDS)
    with allowance.spent_on("reading the mails"):
        return _Fetch(request, workspace, processes, say, allowance).series()


class _Fetch:
    """One request, with its collaborators."""

    def __init__(
        self,
        request: Request,
        workspace: Workspace,
        processes: Processes,
        say: Callable[[str], None],
        allowance: Allowance,
    ) -> None:
        self._request = request
        self._workspace = workspace
        self._say = say
        self._allowance = allowance
        self._b4 = B4(workspace, processes, allowance, request.keyring)
        self._git = Repository(workspace.folder)

    def series(self) -> Series:
        request = self._request
        tracked = find_series(request.text)
        path = Path(request.text)
        if tracked is not None:
            definition = load_series(tracked)
            version = (request.version is None and definition.named_by(request.text)) or definition.newest(
                request.version
            )
            if version.patches:
                series = _from_folder(tracked / version.patches, None)
            else:
                series = self._from_mails(version.message_id, version.number)
            series = replace(series, version=version.number)
        elif request.text != "-" and path.is_dir() and not (path / "new").is_dir():
            series = _from_folder(path, request.version)
        else:
            series = self._from_mails(request.text, request.version)
        require_whole(series.patches, self._git)
        if series.prerequisites:
            archive = self._archive(request.midmask)
            resolver = PrerequisiteResolver(archive, self._b4, self._git, self._say)
            series = replace(series, prerequisites=resolver.resolved(series.prerequisites))
        return replace(suspicion.examined(series), source=request.text)

    def _archive(self, midmask: str) -> Archive:
        return Archive(midmask, self._workspace.threads, self._say, offline=self._request.offline)

    def _from_mails(self, text: str, version: int | None) -> Series:
        """The series in a mailbox or an archive's thread, joined with further threads where some are named."""
        request, path = self._request, Path(text)
        message_id, notes, online = "", list[str](), False
        if text == "-":
            raw = mbox.read_stream(sys.stdin.buffer if sys.stdin else None)
        elif path.is_dir():
            raw = mbox.read_maildir(path)
        elif mbox.is_there(path):
            raw = mbox.read_file(path)
        else:
            wanted = named(text, request.midmask)
            archive = self._archive(wanted.midmask or request.midmask)
            message_id, online = wanted.message_id, not request.offline
            what = f"Fetching {message_id or wanted.change_id} from {archive.host}"
            self._say(f"{what}: the copy that was kept" if request.offline else what)
            if message_id:
                copy = archive.thread(message_id)
            else:
                copy = archive.search(f'nq:"change-id: {wanted.change_id}"', f"message of change-id {wanted.change_id}")
            raw = list(mbox.split_mbox(copy.mbox))
            notes += [f"offline: the copy of {copy.age} from {archive.host}"] if copy.age else []
        for more in request.rethread:
            raw += mbox.split_mbox(self._archive(request.midmask).thread(message_id_in(more)).mbox)
            notes.append(f"joined with the thread of {message_id_in(more)}")
        self._allowance.grant(more_seconds(len(raw)))
        series = from_thread(raw, message_id, version, self._b4, online=online)
        return replace(series, notes=(*notes, *series.notes))


def _from_folder(folder: Path, asked: int | None) -> Series:
    """A folder of `git format-patch` files."""
    files = sorted(folder.glob("*.patch")) or sorted(folder.glob("*.eml"))
    if not files:
        raise NotObtainedError(f"there is no .patch file in {folder}", hint="Make them with git format-patch -o DIR.")
    mails, _ = message.parse_all(mbox.read_files(files))
    return from_patch_files(mails, asked)
