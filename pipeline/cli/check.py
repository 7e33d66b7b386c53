"""The command that b4 asks for a verdict; it imports little, since b4 waits for it once for every patch."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline import runs as running
from pipeline.b4 import check_protocol as checking
from pipeline.b4.check_protocol import Entry
from pipeline.cli.command import VersionOption, WorkspaceOption, app
from pipeline.cli.mishap import unforeseen
from pipeline.mail import message
from pipeline.mail.limits import MESSAGE_LIMIT
from pipeline.mail.message import Mail
from pipeline.mail.tracking import read_tracking
from pipeline.system.errors import PipelineError
from pipeline.system.git import user_setting
from pipeline.system.workspace import Workspace


@app.command(epilog="Example: pipeline check --series < cover-letter.eml")
def check(
    series: Annotated[
        bool, typer.Option("--series", help="Answer for the whole series; for b4.review-series-check-cmd.")
    ] = False,
    workspace: WorkspaceOption = None,
    _version: VersionOption = False,
) -> None:
    """Answer b4's check runner from stored runs: a mail on standard input, JSON on standard output."""
    try:
        folder = Workspace((workspace or Workspace.default()).expanduser().resolve())
        mail = message.parse(sys.stdin.buffer.read(MESSAGE_LIMIT + 1))
        entries = _answer(folder, mail, series)
    except PipelineError as error:
        entries = checking.unanswered(f"{error.message} {error.hint}".strip())
    except OSError as error:
        entries = checking.unanswered(f"{error.strerror}: {error.filename}")
    except Exception as error:
        # b4 takes an answer that is no JSON for a failed check of the series.
        unexpected = unforeseen(error)
        entries = checking.unanswered(f"{unexpected.message} {unexpected.hint} {unexpected.log or ''}".strip())
    print(checking.to_json(entries))


def _answer(workspace: Workspace, mail: Mail, whole: bool) -> list[Entry]:
    if not mail.message_id:
        return checking.unanswered("the message has no Message-ID, by which a run could be found")
    record = running.newest_of(workspace, mail.message_id)
    if record is None:
        return _without_run(workspace, mail)
    url = user_setting("pipeline.reportUrl").replace("%s", record.id)
    numbers = [patch.number for patch in record.series.patches if patch.message_id == mail.message_id]
    cover = mail.message_id == record.series.message_id and not (numbers and len(record.series.patches) > 1)
    if cover and not whole:
        return checking.of_series(record, url)
    if whole:
        # Where there is no cover letter, b4 keeps what is said of the series and of patch 1 under one message.
        return checking.of_series(record, url, "pipeline-series-" if numbers else "pipeline-")
    return checking.of_patch(record, numbers[0], url)


def _without_run(workspace: Workspace, mail: Mail) -> list[Entry]:
    """No run has the mail; b4's tracking file may know the series, and revisions of it that were run."""
    named = os.environ.get("B4_TRACKING_FILE")
    tracking = read_tracking(Path(named) if named else None)
    ancestors = (*mail.letter.references[:1], mail.in_reply_to, mail.message_id)
    source = tracking.series.headers.msgid or next(filter(None, ancestors))
    for revision in sorted(tracking.revisions, key=lambda revision: -revision.revision):
        if record := running.newest_of(workspace, revision.message_id):
            return checking.no_run(source, f"v{revision.revision} was run: {checking.headline(record)}")
    return checking.no_run(source)
