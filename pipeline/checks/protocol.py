"""The protocol of a check on patches: its needs, its input, and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from pipeline.mail.body import diff_in
from pipeline.mail.diff import FileDiff, commit_message, file_diffs
from pipeline.mail.message import parse
from pipeline.model import CheckFinding, Letter, Patch, Series
from pipeline.system.command import Completed


@dataclass(frozen=True)
class Tool:
    """A program of the machine, and the package that has it.

    Args:
        pypi: the package is one of PyPI: Debian's is older than what kernels ask for, or some releases have none.
    """

    program: str
    package: str
    pypi: bool = False


@dataclass(frozen=True)
class Needs:
    """Scripts and tools that a check cannot do without, and data that it reads.

    Args:
        tools: programs of the machine, for `pipeline doctor`.
        scripts: paths in the base's tree, newest first, of which the first that it has is run; none where the check is
            our own code.
        data: files and folders of the base that the script reads, if the tree has them.
        whole_tree: it reads files that the patch does not touch.
        build: commands of sh that make programs of these files, run once in an empty folder, for all patches. The check
            finds what they left in `{src}/.built`, and what they printed in `{src}/.built/log`.
    """

    tools: tuple[Tool, ...] = ()
    scripts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    whole_tree: bool = False
    build: str = ""

    @property
    def programs(self) -> bool:
        """Whether anything is run, so that answers are worth storing."""
        return bool(self.tools or self.scripts or self.whole_tree)


@dataclass(frozen=True)
class Options:
    """Options of one check for one series, from configuration.

    Args:
        reason: why it is off; empty where it is on.
        ignored: kinds of findings that are not wanted.
        problems: kinds of findings that change the verdict.
        left_to: kinds of findings that another check says better, with its name; they count where it did not look.
        values: of the check's own options.
    """

    reason: str = ""
    ignored: frozenset[str] = frozenset()
    problems: frozenset[str] = frozenset()
    left_to: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, bool | int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckedPatch:
    """A patch that is looked at, taken apart."""

    patch: Patch
    series: Series
    options: Options = Options()

    @property
    def number(self) -> int:
        return self.patch.number

    @cached_property
    def letter(self) -> Letter:
        """The mail as it was posted; where nobody kept it, as it was assembled."""
        return self.patch.letter or self.assembled

    @cached_property
    def assembled(self) -> Letter:
        """The mail that is applied, trailers of the thread included."""
        return parse(self.patch.mail).letter

    @cached_property
    def message(self) -> str:
        """The commit message below its subject."""
        return commit_message(self.assembled.body)

    @cached_property
    def diff(self) -> bytes:
        return diff_in(self.patch.mail)

    @cached_property
    def files(self) -> tuple[FileDiff, ...]:
        return tuple(file_diffs(self.diff.decode("utf-8", "replace")))


class State(Protocol):
    """The tree before or after a patch."""

    @property
    def commit(self) -> str: ...

    @property
    def script(self) -> bytes:
        """The base's script, to see what it knows."""
        ...

    @property
    def data(self) -> Mapping[str, str]:
        """The base's files named in `Needs.data`: text by path."""
        ...

    @property
    def no_history(self) -> str:
        """Why commits cannot be looked up; empty where they can."""
        ...

    def subject(self, commit: str) -> str | None:
        """The subject of a commit that leads to the tree as named; None where no commit has that id."""
        ...

    def blob(self, path: str) -> str:
        """The object name of a regular file; empty where there is none."""
        ...

    def read(self, path: str) -> bytes:
        """The content of a regular file; nothing where there is none."""
        ...

    def target(self, path: str) -> str:
        """The path in the tree that a symbolic link leads to; empty where there is none."""
        ...

    def exists(self, pattern: str) -> bool:
        """Whether a file matches a path with `*` and `?`, or lies below it."""
        ...

    def grep(self, pattern: str, *paths: str) -> Sequence[tuple[str, int, str]]:
        """Path, number and text of lines that match an extended regular expression, below `paths`."""
        ...

    def run(self, *argv: str, files: Mapping[str, bytes] | None = None) -> Completed:
        """Runs a program in the sandbox.

        Args:
            argv: `{script}` stands for the base's script, `{src}` for the folder that it and its data lie in, `{build}`
                for the working directory.
            files: laid into the working directory, by relative path.
        """
        ...


@dataclass(frozen=True)
class Outcome:
    """The answer of a check.

    Args:
        findings: of the state after the patch; those that are not `new` are counted and not shown.
        not_checked: why nothing, or not all, was looked at; empty where all was.
        read: touched files that were read for what they are, as a document or a script, and not for their style alone.
        concerned: whether the patch had anything to look at; only the files' content tells some checks.
    """

    findings: tuple[CheckFinding, ...] = ()
    not_checked: str = ""
    read: tuple[str, ...] = ()
    concerned: bool = True


NOTHING = Outcome(concerned=False)
"""The answer where nothing of what a check looks at is in the patch."""


class PatchCheck(Protocol):
    """A check on patches."""

    @property
    def name(self) -> str:
        """As configuration and reports call it."""
        ...

    @property
    def about(self) -> str:
        """The subject of the check, in one line."""
        ...

    @property
    def version(self) -> int:
        """Raised when its answers mean something else; part of every stored result's key."""
        ...

    @property
    def needs(self) -> Needs: ...

    def concerns(self, patch: CheckedPatch, /) -> bool:
        """Whether there is anything in the patch that it looks at."""
        ...

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        """Looks at a patch, as applied between two states.

        Answers of checks that need scripts or tools are stored under all that a patch holds, the files that it touches
        and what `needs` names: such a check reads nothing else.
        """
        ...
