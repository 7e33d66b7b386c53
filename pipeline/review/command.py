"""`git config pipeline.reviewCommand`: a program of the user's own is asked about each point of a review.

It is off by default, and runs in the sandbox: the folder that the program lies in is all that it sees beside the
system, and it has no network unless the user allows that. What it says stands beside a point as its opinion; where it
fails, that is said in one line, and the review is the same as without.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.model import Series
from pipeline.review.opinion import Question, questions
from pipeline.review.record import OpinionRecord, ReviewRecord
from pipeline.system import untrusted
from pipeline.system.errors import InfrastructureError
from pipeline.system.git import user_setting
from pipeline.system.policy import Limits
from pipeline.system.process import Processes
from pipeline.system.sandbox import Box, Bubblewrap, Job, SandboxName, choose
from pipeline.system.text import count, visible

SETTING = "pipeline.reviewCommand"
NETWORK_SETTING = "pipeline.reviewCommandNetwork"
_LIMITS = Limits(
    seconds=untrusted.OPINION_SECONDS,
    file=64 << 20,
    temporary=64 << 20,
    processes=256,
    memory=2 << 30,
    folder=64 << 20,
    files=1000,
    descriptors=4096,
)
_OUTPUT = 2 * untrusted.OPINION_ANSWER.most
"""Bytes, with what it says of itself on standard error."""
_YES = ("true", "yes", "on", "1")


def with_opinions(
    record: ReviewRecord, series: Series, processes: Processes, warn: Callable[[str], None]
) -> ReviewRecord:
    """A review with the opinions of the user's own program, where there is one.

    Args:
        series: that is reviewed.
        warn: called with a line where the program fails.
    """
    words = user_setting(SETTING)
    if not words or not record.points:
        return record
    opinions: list[OpinionRecord] = []
    try:
        program = Program.of(words, network=user_setting(NETWORK_SETTING).casefold() in _YES)
        opinions.extend(program.opinions(series, processes))
    except (ValueError, InfrastructureError) as error:
        said = " ".join(f"{error}".split())
        warn(f"{SETTING}: {said}; {len(opinions)} of {count(len(record.points), 'point')} have its opinion")
    return record.model_copy(update={"opinions": tuple(opinions)})


@dataclass(frozen=True)
class Program:
    """The user's program.

    Args:
        name: of its file.
        argv: in the sandbox's own paths.
        folder: that it sees on `/src`; None where it is one of the system's.
        network: it may reach it.
    """

    name: str
    argv: tuple[str, ...]
    folder: Path | None
    network: bool = False

    @classmethod
    def of(cls, words: str, *, network: bool = False) -> Program:
        """From the setting: a file or a name, and its arguments.

        Raises:
            ValueError: it is no program, or its folder is a home.
        """
        first, *arguments = shlex.split(words) or [""]
        if "/" not in first:
            return cls(first, (first, *arguments), None, network)
        path = Path(first).expanduser().resolve()
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise ValueError(f"{path.name} is no program: no such file, or not executable")
        if path.is_relative_to("/usr"):
            return cls(path.name, (str(path), *arguments), None, network)
        if Path.home().resolve().is_relative_to(path.parent):
            raise ValueError(f"{path.name} lies in a home; it sees its folder, so give it one of its own")
        return cls(path.name, (f"{{src}}/{path.name}", *arguments), path.parent, network)

    def opinions(self, series: Series, processes: Processes) -> Iterator[OpinionRecord]:
        """Opinions of the program on each point, one after the other.

        Raises:
            ValueError: it fails, or says what cannot be read.
            InfrastructureError: there is no sandbox, or it takes too long or writes too much.
        """
        choose(SandboxName.BWRAP, processes)
        asked = questions(series)
        started = time.monotonic()
        with TemporaryDirectory(prefix="pipeline-opinions-") as scratch:
            empty = Path(scratch) / "empty"
            empty.mkdir()
            for question in asked[: untrusted.OPINIONS.most]:
                if time.monotonic() - started > untrusted.OPINIONS_SECONDS:
                    raise ValueError(f"{self.name} took more than {untrusted.OPINIONS_SECONDS} s for all")
                yield self._opinion(question, processes, empty)
        untrusted.OPINIONS.check(len(asked))

    def _opinion(self, question: Question, processes: Processes, empty: Path) -> OpinionRecord:
        with TemporaryDirectory(prefix="pipeline-opinion-") as build:
            box = Box(self.folder or empty, Path(build), network=self.network)
            job = Job(self.argv, timeout=untrusted.OPINION_SECONDS, output_limit=_OUTPUT, merge_stderr=False)
            command = Bubblewrap(_LIMITS).command(job, box)
            done = processes.run(replace(command, stdin=question.request, name=self.name))
        if not done.ok:
            last = done.last_words.strip().rpartition("\n")[2][:200]
            raise ValueError(f"{self.name} ended with status {done.status}{last and f' ({visible(last)})'}")
        try:
            return question.opinion(self.name, done.stdout)
        except ValueError as error:
            raise ValueError(f"{self.name}: {visible(str(error))}") from error
