"""The only door to git: GitPython's command runner, sealed from the user's and the tree's configuration."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from pipeline.system import git_memory, git_seal, git_time, streams
from pipeline.system.errors import InfrastructureError, require_sound_machine
from pipeline.system.process import terminate
from pipeline.system.shell import pasted
from pipeline.system.watched import Allowance

if TYPE_CHECKING:
    from git import Git


_LAST = 1 << 16


class GitError(InfrastructureError):
    """git ended with a status that was not expected."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="Is the disk sound? trees.git and worktrees of the workspace can be removed: trees are imported "
            "again, and results are kept.",
        )


class Repository:
    """A bare repository or a worktree of it.

    Args:
        folder: working directory of every command.
        settings: configuration that overrides the repository's own.
        allowance: of a processor, for all commands together. Those that read patches have a limit of their own, each.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str] | None = None, allowance: Allowance | None = None
    ) -> None:
        self.folder = folder
        self._allowance = allowance
        self._git = _git(folder)
        # GitPython adds to os.environ and cannot take away; empty values of these are as good as none.
        self._environment = {name: "" for name in os.environ if name.startswith(("GIT_CONFIG_KEY", "GIT_CONFIG_VALUE"))}
        settings = settings or {}
        self._environment["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (key, value) in enumerate(settings.items()):
            self._environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        self._environment.update(git_seal.ENVIRONMENT)

    def run(self, *arguments: str, stdin: bytes | None = None) -> tuple[int, str, str]:
        """Runs git and returns its status, output and error output (decoded, bad bytes replaced).

        Raises:
            TakesTooLongError: git took too much of a processor.
            TakesTooMuchError: it needs more memory than it may take.
        """
        status, output, error = self._run(arguments, stdin)
        return status, _decoded(output), _decoded(error)

    def _run(self, arguments: tuple[str, ...], stdin: bytes | None) -> tuple[int, bytes, bytes]:
        removed = [name for name in os.environ if name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")]
        if removed:
            raise InfrastructureError(f"{removed[0]} is set in the environment", hint=pasted(("unset",), removed))
        if self._allowance:
            # Many commands end before they are looked at.
            self._allowance.require(f"git {arguments[0]}")
        with tempfile.TemporaryFile() as file:
            file.write(stdin or b"")
            file.seek(0)
            process = self._start(arguments, file)
        collected = {"stdout": bytearray(), "stderr": bytearray()}
        with _ended(process):
            check = git_time.check(process.pid, arguments, self._allowance)
            streams.read(process, check, git_time.POLL_SECONDS, lambda name, piece: collected[name].extend(piece))
            usage = streams.wait(process, check)
        if self._allowance:
            self._allowance.spend(usage.ru_utime + usage.ru_stime)
        if git_memory.limited(arguments):
            git_memory.require_enough(arguments, process.returncode, _decoded(bytes(collected["stderr"][-_LAST:])))
        return process.returncode, bytes(collected["stdout"]), bytes(collected["stderr"])

    def out(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Like `run`, for commands that must succeed; output without the last newline.

        Raises:
            GitError: git failed; its own words are in the message.
        """
        status, output, error = self.run(*arguments, stdin=stdin)
        if status != 0:
            words = (error or output).strip().splitlines()
            require_sound_machine(f"while git {arguments[0]} ran in {self.folder}", status, error)
            raise GitError(f"git {arguments[0]} failed in {self.folder}: {words[-1] if words else f'status {status}'}")
        return output.rstrip("\n")

    @contextmanager
    def fast_import(self) -> Iterator[IO[bytes]]:
        """A stream for git-fast-import(1); what was streamed counts only when the context ends without an exception.

        Raises:
            GitError: git refused the stream.
        """
        # One pack each time, however few objects there are.
        settings = ("-c", "pack.compression=1", "-c", "fastimport.unpackLimit=0")
        arguments = (*settings, "fast-import", "--quiet", "--done", "--depth=0")
        process = self._start(arguments, subprocess.PIPE)
        assert process.stdin is not None
        with _ended(process):
            # A broken pipe is git's refusal; what it says explains more.
            with suppress(BrokenPipeError):
                yield process.stdin
            _, error = process.communicate()
            if process.returncode != 0:
                raise GitError(f"git fast-import failed in {self.folder}: {_decoded(error).strip()[:200]}")

    def _start(self, arguments: tuple[str, ...], stdin: BinaryIO | int) -> subprocess.Popen[bytes]:
        """git in a session of its own, so that it can be ended with the helpers that it starts."""
        running = self._git.execute(
            [*git_memory.limited(arguments), "git", *git_seal.OPTIONS, *arguments],
            istream=stdin,
            as_process=True,
            env=self._environment,
            start_new_session=True,
        )
        process = running.proc
        assert process is not None
        # GitPython's wrapper would end the process when it is collected.
        running.proc = None
        return process

    def commit_of(self, revision: str) -> str | None:
        """The commit that `revision` names, or None."""
        status, output, _ = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return output.strip() if status == 0 else None

    def tree_of(self, revision: str) -> str:
        return self.out("rev-parse", "--verify", "--end-of-options", f"{revision}^{{tree}}")

    def files(self, commit: str) -> dict[str, str]:
        """Object names of a commit's regular files, by path."""
        entries = (entry.partition("\t") for entry in self.out("ls-tree", "-r", "-z", commit).split("\0") if entry)
        return {path: about.split()[2] for about, _, path in entries if about.startswith("100")}

    def kinds(self, names: Sequence[str]) -> frozenset[str]:
        """Kinds of the objects that `names` mean: `blob`, `tree`, … and `missing`. Names hold no newline."""
        listed = self.out(
            "cat-file", "--batch-check=%(objecttype)", stdin="".join(f"{name}\n" for name in names).encode()
        )
        return frozenset(line.split()[-1] for line in listed.splitlines())

    def sizes(self, names: Sequence[str]) -> list[int]:
        """Bytes of each object; names hold no newline, and what is missing has none."""
        stdin = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
        listed = self.out("cat-file", "--batch-check=%(objectsize)", stdin=stdin).split("\n") if names else []
        return [int(line) if line.isdigit() else 0 for line in listed]

    def size(self, names: Sequence[str]) -> int:
        """Bytes of objects together."""
        return sum(self.sizes(names))

    def blobs(self, names: Sequence[str]) -> list[bytes]:
        """Contents of blobs by object name, all at once.

        Raises:
            GitError: one is missing.
        """
        return self._objects(names, b"blob")

    def commits(self, names: Sequence[str]) -> list[bytes]:
        """Commits by object name, as git keeps them.

        Raises:
            GitError: one is missing.
        """
        return self._objects(names, b"commit")

    def _objects(self, names: Sequence[str], wanted: bytes) -> list[bytes]:
        _, output, error = self._run(
            ("cat-file", "--batch", "--buffer"), "".join(f"{name}\n" for name in names).encode()
        )
        contents, at = [], 0
        for name in names:
            header, newline, _ = output[at : at + 200].partition(b"\n")
            kind, _, size = header.partition(b" ")[2].partition(b" ")
            if not newline or kind != wanted:
                raise GitError(
                    f"git has no {wanted.decode()} {name} in {self.folder}: {_decoded(error or header).strip()[:200]}"
                )
            begin = at + len(header) + 1
            contents.append(output[begin : begin + int(size)])
            at = begin + int(size) + 1
        return contents

    def renames(self, before: str, after: str) -> dict[str, str]:
        """Files of one tree or commit that git takes for those of other names in a later one; old name to new."""
        how = ("--name-status", "--find-renames", "--break-rewrites")
        words = iter(self.out("diff-tree", "-r", "-z", *how, before, after).split("\0"))
        renamed = {}
        for status in words:
            old = next(words, "")
            # Where another file came in the old one's place, git speaks of a copy, though it looks for none.
            if status.startswith(("R", "C")):
                renamed[old] = next(words, "")
        return renamed


def fast_import_path(path: str) -> bytes:
    """A path as git-fast-import(1) wants it; file names are bytes, of whatever encoding."""
    raw = path.encode("utf-8", "surrogateescape")
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens within, the process has ended and its pipes are closed afterwards."""
    try:
        yield
    except BaseException:
        terminate(process)
        raise
    finally:
        for pipe in (process.stdin, process.stdout, process.stderr):
            # What was not yet written has no reader any more.
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()


def initialised(folder: Path) -> Repository:
    """The bare repository in `folder`; a missing one is created under another name and renamed, so it is always whole.

    Raises:
        GitError: it is damaged.
    """
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as aside:
            made = Path(aside) / folder.name
            Repository(folder.parent).out("init", "--quiet", "--bare", str(made))
            try:
                made.rename(folder)
            except OSError as error:
                # Another run was quicker.
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
    repository = Repository(folder)
    # Where it is damaged, git looks for another in the folders above.
    if repository.run("rev-parse", "--git-dir")[1].strip() != ".":
        raise GitError(f"{folder} is no longer a git repository")
    git_seal.ignore_attributes(folder / "info/attributes")
    return repository


def user_setting(name: str) -> str:
    """One value of the user's own git configuration (identity, `b4.midmask`), or empty."""
    status, output, _ = _git().execute(
        ["git", "config", "--get", name], with_extended_output=True, with_exceptions=False, stdout_as_string=True
    )
    return str(output).strip() if status == 0 else ""


def user_settings(name: str) -> tuple[str, ...]:
    """All values of a setting in the user's own git configuration, in their order."""
    status, output, _ = _git().execute(
        ["git", "config", "-z", "--get-all", name],
        with_extended_output=True,
        with_exceptions=False,
        stdout_as_string=True,
    )
    return tuple(value for value in str(output).split("\0") if value) if status == 0 else ()


def _git(folder: Path | None = None) -> Git:
    """GitPython's door to git, imported when it is first used.

    Its import is a quarter of what `pipeline check` takes, which b4 starts once for every patch.
    """
    from git import Git

    return Git(folder)


def _decoded(output: bytes) -> str:
    return output.decode("utf-8", "replace")
