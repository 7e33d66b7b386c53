"""**fetch**: a series by message-id, lore URL, mbox, maildir, standard input, folder of patches, or tracked name.

b4 fetches the thread and collects the trailers of its replies. What it chose is checked against the thread: the
revision that was asked for, n of n patches, each mail's own message-id.
"""

from __future__ import annotations

import mailbox
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipeline.definitions import find_series, load_series
from pipeline.mail import message, thread
from pipeline.mail.message import Mail
from pipeline.model import Patch, Series
from pipeline.system.errors import InfrastructureError, NotObtainedError, UsageError
from pipeline.system.git import Repository
from pipeline.system.process import Command, CommandTimeoutError, Completed, Processes
from pipeline.system.workspace import Workspace

NETWORK_TIMEOUT = 120.0
LOCAL_TIMEOUT = 90.0
LORE = "https://lore.kernel.org/all/%s"

_MESSAGE_ID = re.compile(r"<?(?P<id>[^\s<>@]+@[^\s<>@]+)>?")
_BASE_COMMIT = re.compile(r"^base-commit: ([0-9a-f]{12,40})\b", re.MULTILINE)
_PREREQUISITE = re.compile(r"^prerequisite-patch-id: ([0-9a-f]{40})\b", re.MULTILINE)
_TRAILER = re.compile(r"^[A-Z][A-Za-z-]+(?:-by|-Closes|-to): \S.*$|^(?:Link|Fixes|Cc|Closes): \S.*$", re.MULTILINE)


@dataclass(frozen=True)
class Request:
    """What the user named.

    Args:
        text: SERIES as given.
        version: revision asked for, or None.
        midmask: where message-ids are looked up, `%s` stands for the id (b4.midmask).
    """

    text: str
    version: int | None = None
    midmask: str = LORE


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
        version = definition.newest(request.version)
        if version.patches:
            series = _from_patch_files(tracked / version.patches, None)
        else:
            series = fetch(replace(request, text=version.message_id, version=version.number), workspace, processes, say)
        return replace(series, version=version.number, source=request.text)
    path = Path(request.text)
    if request.text != "-" and path.is_dir() and not (path / "new").is_dir():
        series = _from_patch_files(path, request.version)
        require_whole(series.patches, Repository(workspace.folder))
        return replace(series, source=request.text)
    b4 = B4(workspace, processes, request.midmask)
    message_id = ""
    if request.text == "-":
        raw = list(message.split_mbox(sys.stdin.buffer.read(message.THREAD_LIMIT + 1)))
    elif path.is_dir():
        raw = [bytes(mail) for mail in mailbox.Maildir(path, create=False)]
    elif path.is_file():
        raw = list(message.split_mbox(path.read_bytes()))
    else:
        message_id = message_id_in(request.text)
        say(f"Fetching {message_id} with b4")
        raw = list(message.split_mbox(b4.thread(message_id)))
    series = _from_thread(raw, message_id, request.version, b4)
    require_whole(series.patches, Repository(workspace.folder))
    return replace(series, source=request.text)


def require_whole(patches: Sequence[Patch], git: Repository) -> None:
    """Refuses a patch that lost lines on its way, which git-apply(1) tells without looking at any tree.

    Raises:
        NotObtainedError: a diff ends before its hunk header says so, or a file of the diffstat is missing.
    """
    for patch in patches:
        body = message.parse(patch.mail).letter.body
        diff = message.diff_of(body)
        if not diff:
            continue
        status, _, error = git.run("apply", "--numstat", "-", stdin=diff.encode())
        damage = error.strip().splitlines()[0].removeprefix("error: ") if status else message.cut_off(body)
        if damage:
            raise NotObtainedError(
                f"patch {patch.number}/{len(patches)} is damaged: {damage}",
                hint="Was it cut off or rewrapped on its way? Fetch or save it again.",
            )


def message_id_in(text: str) -> str:
    """The message-id in `<id>`, `id` or a lore URL.

    Raises:
        UsageError: there is none.
    """
    candidates = [text]
    if text.startswith(("http://", "https://")):
        candidates = [unquote(part) for part in urlsplit(text).path.split("/") if part]
    for candidate in candidates:
        if match := _MESSAGE_ID.fullmatch(candidate.strip()):
            return match["id"]
    raise UsageError(
        f"{text!r} is no series",
        hint="Name a message-id, a lore URL, an mbox or maildir, - for standard input, a folder of git format-patch "
        "files, or an entry of series/.",
    )


class B4:
    """b4(5) as a subprocess, sealed from the user's configuration and from any tree's `.b4-config`.

    Its exit status proves little (0 for an incomplete series), so callers check the files that it writes.
    """

    def __init__(self, workspace: Workspace, processes: Processes, midmask: str) -> None:
        self._home = workspace.mail
        self._processes = processes
        self._midmask = midmask

    def thread(self, message_id: str) -> bytes:
        """The whole thread of a message, as an mbox.

        Raises:
            NotObtainedError: the server does not have it, or does not answer.
        """
        host = urlsplit(self._midmask).netloc
        with tempfile.TemporaryDirectory(dir=self._home) as name:
            arguments = ["mbox", "-C", "-o", name, "-n", "thread.mbx", "--", message_id]
            try:
                done = self._run(Path(name), arguments, NETWORK_TIMEOUT)
            except CommandTimeoutError as error:
                raise NotObtainedError(
                    f"{host} did not deliver {message_id} within {NETWORK_TIMEOUT:.0f} s",
                    hint="Is the server reachable? Another is named by --midmask URL.",
                ) from error
            produced = Path(name) / "thread.mbx"
            if done.ok and produced.is_file():
                return produced.read_bytes()
        if "404" in done.text or "No messages found" in done.text:
            raise NotObtainedError(
                f"{host} has no message {message_id}", hint="Check the id; another server is named by --midmask URL."
            )
        reason = _last_line(done.text)
        # urllib3 wraps the operating system's words in those of its objects.
        if found := re.search(r"\[Errno -?\d+\] ([\w ]+)", reason):
            reason = found[1]
        raise NotObtainedError(
            f"b4 could not fetch {message_id} from {host}: {reason}",
            hint="Is the server reachable? Another is named by --midmask URL (or git config b4.midmask).",
        )

    def assemble(self, mails: Sequence[Mail], first: Mail, version: int) -> list[bytes]:
        """Has b4 put a series together from a thread, trailers of the replies included.

        Returns:
            The mails for `git am`, in order.
        """
        with tempfile.TemporaryDirectory(dir=self._home) as name:
            arguments = ["--offline-mode", "am", "-m", "-", "-o", name, "-n", "series.x", "-v", str(version)]
            stdin = message.join_mbox([mail.raw for mail in mails])
            done = self._run(Path(name), [*arguments, "--", first.message_id], LOCAL_TIMEOUT, stdin)
            produced = Path(name) / "series.mbx"
            if not produced.is_file():
                raise NotObtainedError(f"b4 found no series: {_last_line(done.text)}")
            return list(message.split_mbox(produced.read_bytes()))

    def _run(self, scratch: Path, arguments: list[str], timeout: float, stdin: bytes = b"") -> Completed:
        program = Path(sys.executable).with_name("b4")
        if not program.exists():
            found = shutil.which("b4")
            if found is None:
                raise InfrastructureError("b4 is not installed", hint="pip install b4 (see `pipeline doctor`).")
            program = Path(found)
        home = scratch / "home"
        home.mkdir()
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")},
            "TMPDIR": str(scratch),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": "/",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_COMMITTER_NAME": "pipeline",
            "GIT_COMMITTER_EMAIL": "pipeline@localhost",
        }
        settings = ["-c", "b4.attestation-policy=off", "-c", f"b4.midmask={self._midmask}"]
        argv = (str(program), "-n", *settings, *arguments)
        return self._processes.run(Command(argv, cwd=scratch, environment=environment, stdin=stdin, timeout=timeout))


def _from_thread(raw: Iterable[bytes], message_id: str, asked: int | None, b4: B4) -> Series:
    mails = [message.parse(one) for one in raw]
    version = thread.choose_version(mails, message_id, asked)
    revision = thread.revision(mails, version)
    own = {mail.message_id for mail in (*revision.patches, revision.first)}
    without_id = [mail for mail in revision.patches if not mail.message_id]
    if without_id:
        raise NotObtainedError(
            f"patch {without_id[0].number} has no Message-ID, so replies cannot be told apart",
            hint="For files made by git format-patch, name their folder.",
        )
    # Other revisions and other series in the thread are kept from b4: it may prefer them, or mix them in.
    seen = [mail for mail in mails if mail.number is None or mail.message_id in own]
    assembled = [message.parse(one) for one in b4.assemble(seen, revision.first, version)]
    if [mail.message_id for mail in assembled] != [mail.message_id for mail in revision.patches]:
        raise NotObtainedError(
            f"b4 put together {len(assembled)} patch(es), not the {len(revision.patches)} of v{version} in the thread",
            hint="Save the series alone to an mbox (or a folder of patches) and name that.",
        )
    patches = tuple(
        _patch(number, mail, original)
        for number, (mail, original) in enumerate(zip(assembled, revision.patches, strict=True), 1)
    )
    return _series(revision, patches, [mail for mail in mails if mail.message_id not in own], thread.versions(mails))


def _from_patch_files(folder: Path, asked: int | None) -> Series:
    """A folder of `git format-patch` files: no thread, so nothing for b4 to collect."""
    files = sorted(folder.glob("*.patch")) or sorted(folder.glob("*.eml"))
    if not files:
        raise NotObtainedError(f"there is no .patch file in {folder}", hint="Make them with git format-patch -o DIR.")
    mails = [message.parse(one) for path in files for one in message.split_mbox(path.read_bytes())]
    version = thread.choose_version(mails, "", asked)
    revision = thread.revision(mails, version)
    patches = tuple(_patch(number, mail, mail) for number, mail in enumerate(revision.patches, 1))
    return _series(revision, patches, [], thread.versions(mails))


def _series(
    revision: thread.Revision, patches: tuple[Patch, ...], replies: list[Mail], known: tuple[int, ...]
) -> Series:
    first = revision.first
    text = "\n".join(mail.letter.body for mail in (first, *revision.patches))
    base = _BASE_COMMIT.search(text)
    return Series(
        title=first.title,
        version=revision.version,
        message_id=first.message_id,
        cover=first.letter,
        patches=patches,
        base_commit=base[1] if base else "",
        prerequisites=tuple(dict.fromkeys(_PREREQUISITE.findall(text))),
        replies=tuple(mail.letter for mail in replies),
        other_versions=tuple(version for version in known if version != revision.version),
        notes=() if revision.cover else ("no cover letter: the reply answers patch 1",),
    )


def _patch(number: int, mail: Mail, original: Mail) -> Patch:
    known = set(_TRAILER.findall(original.letter.body))
    collected = (line for line in _TRAILER.findall(mail.letter.body.split("\n---\n")[0]) if line not in known)
    return Patch(
        number=number,
        subject=mail.title,
        author=mail.letter.sender,
        message_id=original.message_id,
        mail=mail.raw,
        files=mail.files,
        collected_trailers=tuple(dict.fromkeys(collected)),
    )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"
