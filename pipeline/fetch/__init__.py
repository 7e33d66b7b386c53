"""**fetch**: a series by message-id, lore URL, change-id, mbox, maildir, standard input, folder of patches, or name.

Threads come from the archive (`archive`), are taken apart by what answers what (`pipeline.mail.thread`), and b4 puts
the series together and collects the trailers (`b4`). What it made is compared with what was asked for (`assembly`).
"""

from __future__ import annotations

import mailbox
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.definitions import find_series, load_series
from pipeline.fetch.archive import Archive
from pipeline.fetch.assembly import from_patch_files, from_thread, require_whole
from pipeline.fetch.b4 import B4
from pipeline.fetch.forms import message_id_in, named
from pipeline.mail import message
from pipeline.model import Series
from pipeline.system.errors import NotObtainedError, UsageError
from pipeline.system.git import Repository
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace

__all__ = ["LORE", "Request", "fetch", "message_id_in"]

LORE = "https://lore.kernel.org/all/%s"


@dataclass(frozen=True)
class Request:
    """What the user named.

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


def fetch(request: Request, workspace: Workspace, processes: Processes, say: Callable[[str], None]) -> Series:
    """The series that `request` names, complete.

    Raises:
        UsageError: SERIES is none of the forms that are understood.
        NotObtainedError: there is no such message, no patch in it, or the series is incomplete.
        InfrastructureError: b4 is missing or failed in a way of its own.
    """
    tracked = find_series(request.text)
    if tracked is not None:
        definition = load_series(tracked)
        version = (request.version is None and definition.named_by(request.text)) or definition.newest(request.version)
        if version.patches:
            series = _from_folder(tracked / version.patches, None)
        else:
            named_version = replace(request, text=version.message_id, version=version.number)
            series = _from_mails(named_version, workspace, processes, say)
            require_whole(series.patches, Repository(workspace.folder))
        return replace(series, version=version.number, source=request.text)
    path = Path(request.text)
    if request.text != "-" and path.is_dir() and not (path / "new").is_dir():
        series = _from_folder(path, request.version)
    else:
        series = _from_mails(request, workspace, processes, say)
    require_whole(series.patches, Repository(workspace.folder))
    return replace(series, source=request.text)


def _from_mails(request: Request, workspace: Workspace, processes: Processes, say: Callable[[str], None]) -> Series:
    b4 = B4(workspace, processes, request.keyring)
    path = Path(request.text)
    message_id, notes, online = "", list[str](), False
    if request.text == "-":
        raw = list(message.split_mbox(sys.stdin.buffer.read(message.THREAD_LIMIT + 1)))
    elif path.is_dir():
        raw = [bytes(mail) for mail in mailbox.Maildir(path, create=False)]
    elif path.is_file():
        raw = list(message.split_mbox(path.read_bytes()))
    else:
        wanted = named(request.text, request.midmask)
        archive = Archive(wanted.midmask or request.midmask, workspace.threads, say, offline=request.offline)
        online = not request.offline
        message_id = wanted.message_id
        say(
            f"Fetching {message_id or wanted.change_id} from {archive.host}" + (", its copy" if request.offline else "")
        )
        if message_id:
            copy = archive.thread(message_id)
        else:
            copy = archive.search(f'nq:"change-id: {wanted.change_id}"', f"message of change-id {wanted.change_id}")
        raw = list(message.split_mbox(copy.mbox))
        notes += [f"offline: the copy of {copy.age} from {archive.host}"] if copy.age else []
    if request.rethread:
        archive = Archive(request.midmask, workspace.threads, say, offline=request.offline)
        for more in request.rethread:
            copy = archive.thread(message_id_in(more))
            raw += message.split_mbox(copy.mbox)
            notes.append(f"joined with the thread of {message_id_in(more)}")
    if request.offline and not online and not notes:
        raise UsageError(
            "--offline is for what comes from an archive", hint=f"{request.text} is read as it is: leave --offline out."
        )
    series = from_thread(raw, message_id, request.version, b4, online=online)
    return replace(series, notes=(*notes, *series.notes))


def _from_folder(folder: Path, asked: int | None) -> Series:
    """A folder of `git format-patch` files."""
    files = sorted(folder.glob("*.patch")) or sorted(folder.glob("*.eml"))
    if not files:
        raise NotObtainedError(f"there is no .patch file in {folder}", hint="Make them with git format-patch -o DIR.")
    mails = [message.parse(one) for path in files for one in message.split_mbox(path.read_bytes())]
    return from_patch_files(mails, asked)
