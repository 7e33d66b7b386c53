"""A real public-inbox on loopback, filled through its public formats (public-inbox-v2-format(5))."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

LIST = "linux-mm"
ADDRESS = "list@pi.invalid"
_READY_WITHIN = 300.0
"""Seconds; a quiet machine needs one."""


class PublicInbox:
    """A running server; `midmask` is what `--midmask` takes."""

    def __init__(self, port: int, folder: Path, environment: Mapping[str, str]) -> None:
        self.address = f"127.0.0.1:{port}"
        self.midmask = f"http://{self.address}/{LIST}/%s"
        self._folder = folder
        self._environment = environment

    def deliver(self, mail: bytes) -> None:
        """Hands a mail over as a mail server does: public-inbox-mda(1) sorts it in, or refuses it."""
        environment = {
            **self._environment,
            "ORIGINAL_RECIPIENT": ADDRESS,
            "PI_EMERGENCY": str(self._folder / "refused"),
        }
        done = subprocess.run(
            ["public-inbox-mda", "--no-precheck"],
            env=environment,
            cwd=self._folder,
            input=mail,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        assert not [path for path in self._folder.glob("refused/*/*") if path.is_file()], done.stderr.decode()

    def page(self, path: str) -> bytes:
        """What the server has under a path of the list, such as `MESSAGE-ID/raw` or `MESSAGE-ID/T/`."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{self.address}/{LIST}/{path}", timeout=60) as response:
            return bytes(response.read())


@contextmanager
def served(
    folder: Path, mails: Sequence[bytes], environment: Mapping[str, str], level: str = "basic"
) -> Iterator[PublicInbox]:
    """A server that holds `mails`, stopped at the end.

    Args:
        level: of its index; `medium` can be searched, `full` for phrases, too.

    Raises:
        RuntimeError: public-inbox is not installed; these tests are nothing without it.
    """
    if not shutil.which("public-inbox-httpd", path=environment["PATH"]):
        raise RuntimeError("public-inbox-httpd is missing: apt-get install public-inbox")
    environment = {**environment, "PI_CONFIG": str(folder / "config"), "NO_PROXY": "*", "no_proxy": "*"}
    folder.mkdir()
    _fill(folder, mails, environment, level)
    # The port is free when it is asked for; should somebody else be quicker, another is taken.
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        logs = ("-1", f"{folder}/httpd.out", "-2", f"{folder}/httpd.err")
        command = ["public-inbox-httpd", "-W0", "-l", f"127.0.0.1:{port}", *logs]
        server = subprocess.Popen(command, env=environment, cwd=folder)
        try:
            if _ready(server, f"http://127.0.0.1:{port}/{LIST}/_/text/config/raw"):
                yield PublicInbox(port, folder, environment)
                return
        finally:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    raise RuntimeError(f"public-inbox-httpd does not start: {(folder / 'httpd.err').read_text()[-500:]}")


def _fill(folder: Path, mails: Sequence[bytes], environment: Mapping[str, str], level: str) -> None:
    def run(*command: str, stdin: bytes = b"") -> None:
        done = subprocess.run(command, env=environment, cwd=folder, input=stdin, capture_output=True, check=False)
        assert done.returncode == 0, f"{command[0]}: {done.stderr.decode()}"

    inbox = folder / "inbox"
    run(
        "public-inbox-init",
        "-V2",
        f"--indexlevel={level}",
        LIST,
        str(inbox),
        f"http://127.0.0.1/{LIST}",
        ADDRESS,
    )
    run("git", "config", "--file", str(folder / "config"), "publicinboxmda.spamcheck", "none")
    epoch = inbox / "git/0.git"
    if not epoch.is_dir():
        run("git", "init", "-q", "--bare", str(epoch))
    stream = bytearray()
    for number, mail in enumerate(mails):
        stream += b"commit refs/heads/master\ncommitter pi <pi@localhost> %d +0000\n" % (1_700_000_000 + number)
        stream += b"data 1\n.\nM 100644 inline m\ndata %d\n%s\n" % (len(mail), mail)
    run("git", f"--git-dir={epoch}", "fast-import", "--quiet", stdin=bytes(stream) + b"done\n")
    run("public-inbox-index", "-L", level, str(inbox))


def _ready(server: subprocess.Popen[bytes], url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    started = time.monotonic()
    while time.monotonic() - started < _READY_WITHIN and server.poll() is None:
        try:
            with opener.open(url, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False
