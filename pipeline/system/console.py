"""Progress and messages for a person: bars on a terminal, plain lines in a log. All of it on stderr."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console as RichConsole
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from pipeline.system.text import duration, no_command, visible

_LINE_EVERY = 30.0
"""Seconds between two progress lines of a cell in a log."""


def printable(text: str, style: str = "") -> Text:
    """Remove what a terminal or a CI runner would obey from text of servers, programs and mails."""
    return Text(no_command("\n".join(map(visible, text.split("\n")))), style=style)


class _TimeLeftColumn(TimeRemainingColumn):
    """The estimate, where there is one."""

    def render(self, task: Task) -> Text:
        return super().render(task).append(" left") if task.total else Text()


@dataclass
class Tracker:
    """Counts steps of tasks that run at once; safe to call from their threads."""

    expected: Mapping[str, int | None]
    progress: Progress | None
    tasks: Mapping[str, TaskID]
    console: RichConsole
    clock: Callable[[], float] = time.monotonic
    _done: dict[str, int] = field(default_factory=dict)
    _first: dict[str, tuple[float, int]] = field(default_factory=dict)
    _said: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def advance(self, name: str, steps: int) -> None:
        """`steps` more are done of the task `name`."""
        with self._lock:
            self._done[name] = self._done.get(name, 0) + steps
            if self.progress:
                self.progress.update(self.tasks[name], advance=steps)
            else:
                self._say(name)

    def _say(self, name: str) -> None:
        now, done, total = self.clock(), self._done[name], self.expected[name]
        # A task may wait long before its first step: only what comes after it tells how long a step takes.
        first, before = self._first.setdefault(name, (now, done))
        if now - self._said.setdefault(name, first) < _LINE_EVERY:
            return
        self._said[name] = now
        line = f"  {name}: {done} steps"
        if total and before < done <= total:
            left = (now - first) * (total - done) / (done - before)
            line = f"  {name}: {done} of {total} steps, about {duration(left)} left"
        self.console.print(printable(line))


class Console:
    """Messages and progress.

    Args:
        quiet: print only errors.
        verbose: print details as well.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self._rich = RichConsole(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        self._errors = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        self.verbose = verbose

    def say(self, line: str) -> None:
        """A step that a person wants to know of."""
        self._rich.print(printable(line))

    def detail(self, line: str) -> None:
        """Said with -v only."""
        if self.verbose:
            self._rich.print(printable(line, "dim"))

    def warn(self, line: str) -> None:
        self._rich.print(Text("warning: ", style="yellow").append_text(printable(line, "default")))

    def error(self, line: str, *details: str) -> None:
        """Print an error, then what to do; shown even when quiet."""
        self._errors.print(Text("error: ", style="bold red").append_text(printable(line, "default")))
        for detail in details:
            self._errors.print(printable(f"  {detail}"))

    @contextmanager
    def track(self, label: str, expected: Mapping[str, int | None]) -> Iterator[Tracker]:
        """Shows how far several tasks are.

        Args:
            label: what is being done.
            expected: steps per task name; None while it is unknown.
        """
        started = time.monotonic()
        self.say(f"{label}: {', '.join(expected)}")
        if not self._rich.is_terminal or self._rich.quiet:
            yield Tracker(expected, None, {}, self._rich)
        else:
            columns = (
                TextColumn("  {task.description}"),
                BarColumn(bar_width=30),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                _TimeLeftColumn(compact=True),
            )
            with Progress(*columns, console=self._rich, transient=True) as progress:
                tasks = {name: progress.add_task(name, total=total) for name, total in expected.items()}
                yield Tracker(expected, progress, tasks, self._rich)
        self.detail(f"{label}: {time.monotonic() - started:.1f} s")
