"""Arguments and options that several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ByteSize, TypeAdapter, ValidationError

from pipeline.cluster.executor import EXECUTORS
from pipeline.fetch import LORE, Request
from pipeline.orders.order import BaseChoice
from pipeline.system import untrusted_dir
from pipeline.system.errors import UsageError
from pipeline.system.git import user_setting
from pipeline.system.sandbox import SandboxName

STANDARD_OUTPUT = Path("-")


def size(text: str) -> int:
    """A number of bytes, as `500M` or `20GiB`."""
    try:
        return TypeAdapter(ByteSize).validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(f"{text!r} is not a size: use a form such as 500M, 20G or 20GiB.") from error


def seconds(text: str) -> int:
    """A time in seconds, as `15m`, `90s` or `1h`."""
    match = re.fullmatch(r"(?P<number>\d{1,6})(?P<unit>[smh])", text)
    if not match:
        raise typer.BadParameter(f"{text!r} is not a time: use a form such as 90s, 15m or 1h.")
    return int(match["number"]) * {"s": 1, "m": 60, "h": 3600}[match["unit"]]


SeriesArgument = Annotated[
    str,
    typer.Argument(
        metavar="SERIES",
        help="Message-id, lore URL, change-id, mbox, maildir, - (stdin), folder of patches, or entry of series/.",
    ),
]
OptionalSeriesArgument = Annotated[
    str,
    typer.Argument(
        metavar="[SERIES]",
        help="Message-id, lore URL, change-id, mbox, maildir, - (stdin), folder of patches, or entry of series/.",
    ),
]
TreeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tree",
        metavar="TREE",
        help="git:URL#REF, path:DIR#REF, debian:PACKAGE, debian:PACKAGE@SUITE or tar:FILE-or-URL; repeatable.",
    ),
]
MatrixOption = Annotated[
    str, typer.Option("--matrix", metavar="NAME|FILE", help="A matrix of kconfigs/, or a TOML file.")
]
CellOption = Annotated[list[str] | None, typer.Option("--cell", metavar="GLOB", help="Only these cells; repeatable.")]
RevisionOption = Annotated[
    int | None, typer.Option("--revision", metavar="N", min=1, help="Which revision of the series.")
]
MidmaskOption = Annotated[
    str,
    typer.Option(
        "--midmask",
        envvar="PIPELINE_MIDMASK",
        metavar="URL",
        help="Archive to fetch from; %s is replaced by the message-id.",
        show_default="git config b4.midmask, or lore",
    ),
]
NoiseFloorOption = Annotated[
    bool,
    typer.Option(
        "--noise-floor",
        help="Build the base of each cell twice (A/A), and reused results again; show the differences.",
    ),
]
BaseOption = Annotated[
    BaseChoice,
    typer.Option(
        "--base", help="auto: the base that the series names, if the tree has it; tree: the tree's own commit."
    ),
]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Fetch nothing: use the stored copy of the thread.")]
RethreadOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rethread", metavar="MESSAGE-ID", help="Message of another thread that holds part of the series; repeatable."
    ),
]
JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=0, help="Compilers at once.", show_default="the CPUs")
]
SandboxOption = Annotated[SandboxName, typer.Option("--sandbox", help="Where makefiles of the series run.")]
ExecutorOption = Annotated[
    str,
    typer.Option(
        "--executor",
        envvar="PIPELINE_EXECUTOR",
        metavar="|".join(EXECUTORS),
        help="Where cells are built: here, on a Dask cluster, or by `pipeline run-job` from files in a folder.",
    ),
]
CcacheOption = Annotated[
    int,
    typer.Option(
        "--ccache",
        parser=size,
        envvar="PIPELINE_CCACHE",
        metavar="SIZE",
        help="Keep compiled objects in a ccache of at most SIZE, such as 5G.",
        show_default="no ccache",
    ),
]
BudgetOption = Annotated[
    int | None,
    typer.Option(
        "--budget",
        parser=seconds,
        metavar="TIME",
        help="Of the kernels, those that can be built and booted within TIME, such as 15m; what is left out is named.",
        show_default="no limit",
    ),
]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="Id of a run, a part of the id, the run's folder, or `last`.")
]


def series_request(
    series: str, revision: int | None, midmask: str, rethread: Sequence[str] | None, offline: bool
) -> Request:
    """The request for a series, from the options that every command which fetches one has."""
    midmask = midmask or user_setting("b4.midmask") or LORE
    return Request(series, revision, midmask, tuple(rethread or ()), offline, user_setting("b4.keyringsrc"))


def require_writable(target: Path) -> None:
    """Raises UsageError when no file can be written there; said before the work, not after it."""
    if target.is_dir() or not os.access(target if target.exists() else target.parent, os.W_OK):
        raise UsageError(f"{target} cannot be written", hint="Name a file in a folder that exists.")


def write(path: Path, content: bytes, *, named: bool) -> None:
    """Writes a file: one that the user named as it is, and one in a run's folder in place of whatever lies there.

    A folder that others made can hold a link of that name, which leads to a file of the user's.
    """
    if named:
        path.write_bytes(content)
    else:
        untrusted_dir.write(path.parent, path.name, content)


def parallel_jobs(jobs: int) -> int:
    """Compilers at once: as many as were asked for, or one for each CPU that this process may use."""
    return jobs or len(os.sched_getaffinity(0))


def user_identity() -> str:
    """The user, as git knows them.

    Raises:
        UsageError: git does not know who they are.
    """
    name, address = user_setting("user.name"), user_setting("user.email")
    if not address:
        raise UsageError(
            "git does not know who you are",
            hint='Type: git config --global user.name "Your Name"; git config --global user.email "you@example.org"',
        )
    return f"{name} <{address}>"
