"""Runs b4(5), which puts a series together, collects trailers and checks signatures.

It sees neither the user's configuration nor the `.b4-config` of a tree. Its exit status proves little (0 for an
incomplete series), so the files that it writes are examined. Its messages are read only for what no file has (b4 0.16).
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.fetch.ascii_addresses import as_written, in_ascii
from pipeline.mail import mbox
from pipeline.mail.message import Mail
from pipeline.system import untrusted
from pipeline.system.command import Command, CommandTimeoutError, Completed, ProcessorTimeError
from pipeline.system.errors import InfrastructureError, NotObtainedError
from pipeline.system.git_memory import TakesTooMuchError, data_limited
from pipeline.system.policy import SEARCH_PATH
from pipeline.system.process import Processes
from pipeline.system.watched import Allowance
from pipeline.system.workspace import Workspace

ASSEMBLY_TIMEOUT = 90.0
SIGNATURES_TIMEOUT = 60.0
"""Seconds. DKIM keys are looked up in DNS, one after the other."""
NOBODY = "http://127.0.0.1:9/all/%s"
"""An archive that refuses every connection (port 9, RFC 863), so that b4 searches none for further trailers."""

_OUT_OF_MEMORY = re.compile(rb"^MemoryError\b|^fatal: Out of memory\b", re.MULTILINE)
_PATCH = re.compile(r"^  (?:\S+ )?\[[^]]*PATCH[^]]*\] ")
_SIGNATURE = re.compile(r"^(?P<indent> {2,4})\S+ (?P<words>(?:Signed|BADSIG|No key): .+)$")
_LAST = 4096
"""Bytes of what b4 says last."""
_MISMATCH = re.compile(r"^ +! Trailer: (?P<trailer>.+)\n +Msg From: (?P<sender>.+)$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class NoSeriesError(NotObtainedError):
    """b4 sees no series in the mails."""


@dataclass(frozen=True)
class Assembled:
    """A series as b4 put it together.

    Args:
        mails: the patches in order, for `git am`, with the trailers of the thread.
        mismatches: pairs of a trailer and a `From:` with another address; b4 leaves such trailers out.
        signatures: of each patch, as b4 prints them (`Signed: DKIM/kernel.org`).
        notes: sentences for the user.
    """

    mails: tuple[bytes, ...]
    mismatches: tuple[tuple[str, str], ...] = ()
    signatures: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


class B4:
    """Runs b4.

    Args:
        workspace: where scratch folders are made.
        processes: starts b4.
        keyring: folder or git reference with developers' keys (b4.keyringsrc), or empty.
        allowance: processor time that is left for reading mail; b4 uses it up, too.
    """

    def __init__(self, workspace: Workspace, processes: Processes, allowance: Allowance, keyring: str = "") -> None:
        self._home = workspace.mail
        self._processes = processes
        self._keyring = keyring
        self._allowance = allowance

    def assemble(self, mails: Sequence[Mail], first: Mail, version: int) -> Assembled:
        """Let b4 put a series together from a thread, without a network.

        Args:
            mails: all mails of the thread.
            first: the cover letter, or patch 1 where there is none.
            version: the revision to pick.

        Raises:
            NoSeriesError: b4 found no series.
            NotObtainedError: b4 did not end in time.
            TakesTooLongError: b4 used up the processor time.
            TakesTooMuchError: it needs more memory than it may take.
        """
        raw, written = in_ascii([mail.raw for mail in mails])
        with tempfile.TemporaryDirectory(dir=self._home) as name:
            arguments = ["--offline-mode", *self._am(name, version), "--", first.message_id]
            try:
                done = self._run(Path(name), arguments, ASSEMBLY_TIMEOUT, raw)
            except CommandTimeoutError as error:
                raise NotObtainedError(f"b4 did not put the series together within {ASSEMBLY_TIMEOUT:.0f} s") from error
            produced = Path(name) / "series.mbx"
            if not produced.is_file():
                raise NoSeriesError(f"b4 found no series: {last_line(done.text)}")
            patches = tuple(as_written(mail, written) for mail in mbox.read_file(produced))
        text = as_written(_COLOUR.sub("", done.text).encode("utf-8", "surrogateescape"), written).decode(
            "utf-8", "surrogateescape"
        )
        mismatches = tuple(sorted({(match["trailer"], match["sender"]) for match in _MISMATCH.finditer(text)}))
        return Assembled(patches, mismatches, _signatures(text, len(patches)))

    def signatures(self, patches: Sequence[Mail], version: int, *, online: bool = True) -> tuple[tuple[str, ...], ...]:
        """Ask b4 about the signatures of patches.

        Args:
            online: look DKIM keys up in DNS.

        Returns:
            Lines of b4 by patch; an empty tuple where it did not end in time.
        """
        with tempfile.TemporaryDirectory(dir=self._home) as name:
            arguments = [*([] if online else ["--offline-mode"]), *self._am(name, version)]
            arguments += ["--no-add-trailers", "--", patches[0].message_id]
            try:
                done = self._run(Path(name), arguments, SIGNATURES_TIMEOUT, [patch.raw for patch in patches])
            except CommandTimeoutError:
                return ()
        return _signatures(_COLOUR.sub("", done.text), len(patches))

    def _am(self, folder: str, version: int) -> list[str]:
        # Deceptive characters are reported by pipeline.mail.suspicion; b4 would refuse the series.
        return ["am", "--allow-unicode-control-chars", "-m", "-", "-o", folder, "-n", "series.x", "-v", str(version)]

    def _run(self, scratch: Path, arguments: list[str], timeout: float, mails: Sequence[bytes]) -> Completed:
        home = scratch / "home"
        home.mkdir()
        environment = {
            "PATH": SEARCH_PATH,
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
        settings = ["b4.attestation-policy=softfail", f"b4.midmask={NOBODY}"]
        settings += [f"b4.keyringsrc={self._keyring}"] if self._keyring else []
        words = [word for setting in settings for word in ("-c", setting)]
        argv = (*data_limited(untrusted.B4_MEMORY), _program(), "-n", *words, *arguments)
        stdin = mbox.join_mbox(mails)
        cpu = self._allowance.left
        command = Command(argv, cwd=scratch, environment=environment, stdin=stdin, timeout=timeout, cpu=cpu, name="b4")
        try:
            done = self._processes.run(command)
        except ProcessorTimeError:
            raise self._allowance.exceeded("having b4 put the series together") from None
        self._allowance.spend(done.cpu_seconds)
        if not done.ok and _OUT_OF_MEMORY.search(done.stdout[-_LAST:] + b"\n" + done.stderr[-_LAST:]):
            raise TakesTooMuchError(
                f"b4 needs more than {untrusted.B4_MEMORY >> 20} MiB of memory", hint="Who sent this, and what for?"
            )
        return done


def _program() -> str:
    beside = Path(sys.executable).with_name("b4")
    program = str(beside) if beside.exists() else shutil.which("b4")
    if program is None:
        raise InfrastructureError("b4 is not installed", hint="Type: pipeline doctor (it says how b4 is installed).")
    return program


def _signatures(text: str, count: int) -> tuple[tuple[str, ...], ...]:
    """Signatures by patch. `b4 am` prints them below each subject, or once at the end where all are equal."""
    return tuple(tuple(words) for words in _by_patch(text.splitlines(), count)) if count else ()


def _by_patch(lines: Sequence[str], count: int) -> Iterator[list[str]]:
    of_each: list[list[str]] = []
    of_all: list[str] = []
    for line in lines:
        match = _SIGNATURE.match(line)
        if match and match["indent"] == "  ":
            of_all.append(match["words"])
        elif match and of_each:
            of_each[-1].append(match["words"])
        elif _PATCH.match(line):
            of_each.append([])
    for number in range(count):
        yield (of_each[number] if number < len(of_each) else []) + of_all


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"
