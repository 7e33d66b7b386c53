"""`pipeline reply`: drafts of the review reply."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

import typer

from pipeline import reply as replying
from pipeline import runs as running
from pipeline.cli.command import command
from pipeline.cli.options import (
    RunArgument,
    require_writable,
    user_identity,
    write,
)
from pipeline.cli.session import Session
from pipeline.system import untrusted_dir
from pipeline.system.command import Command
from pipeline.system.errors import UsageError
from pipeline.system.git import user_setting
from pipeline.system.process import Processes
from pipeline.system.text import visible

MOST_OF_A_LOG = 64 << 20
"""Bytes of a log that is looked at for what a tool printed."""


@command("reply", example="reply last --all")
def reply(
    current: Session,
    run: RunArgument = "last",
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="MESSAGE-ID",
            help="The mail to answer.",
            show_default="the mail with the most important finding",
        ),
    ] = "",
    every: Annotated[
        bool, typer.Option("--all", help="Draft one reply for each mail that a finding is about, and list them.")
    ] = False,
    send_dry_run: Annotated[
        bool, typer.Option("--send-dry-run", help="Show what git send-email would do; it sends nothing.")
    ] = False,
    style: Annotated[
        replying.Style, typer.Option("--style", help="summary: the findings; full: figures of every kernel, too.")
    ] = replying.Style.SUMMARY,
    report_url: Annotated[
        str,
        typer.Option(
            "--report-url",
            metavar="URL",
            help="URL of the full report; %s is replaced by the run's id.",
            show_default="git config pipeline.reportUrl",
        ),
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where to write the draft; with --all, a folder.",
            show_default="reply.eml in the run",
        ),
    ] = None,
) -> None:
    """Draft replies to the mails that a finding is about, and print the git send-email line. Nothing is sent."""
    current.workspace.prepare()
    if to and every:
        raise UsageError(
            "--to and --all exclude each other", hint="Use --to MESSAGE-ID for one mail, or --all for every mail."
        )
    if output and not every:
        require_writable(output)
    folder = running.find(current.workspace, run)
    record = running.read(folder)
    if record.is_baseline:
        raise UsageError(f"run {record.id} is a baseline: there is no mail to answer", hint="Name the run of a series.")
    identity = user_identity()
    targets = replying.targets(record)
    wanted = [to] if to else [target.message_id for target in targets][: None if every else 1]
    if not wanted and any(letter.message_id for letter in (record.series.cover, *record.series.messages)):
        print(
            "No draft: the run has no finding about a mail. --to MESSAGE-ID drafts a reply to that mail all the same."
        )
        return
    drafts = [
        replying.draft(
            record,
            identity=identity,
            date=datetime.now(UTC),
            to=message_id,
            style=style,
            report_url=report_url or user_setting("pipeline.reportUrl"),
            logs=_logs(folder),
        )
        for message_id in wanted or [""]
    ]
    paths = _paths(output, folder, len(drafts), every=every)
    for draft, path in zip(drafts, paths, strict=True):
        write(path, replying.to_bytes(draft), named=output is not None)
        _print_draft(draft, path)
        if send_dry_run:
            _print_dry_run(draft, path)
    others = [target for target in targets if target.message_id not in wanted]
    if others and not to:
        print("\nFindings about other mails (--all drafts replies to them):")
        print("\n".join(f"  {visible(other.subject)}: {other.why}" for other in others))
    if suggestion := replying.suggestion_for(record, identity):
        print(f"\n{visible(suggestion)}")


def _paths(output: Path | None, folder: Path, number: int, *, every: bool) -> list[Path]:
    if not every:
        return [output or folder / "reply.eml"]
    place = output or folder
    place.mkdir(parents=True, exist_ok=True)
    return [place / f"reply-{at}.eml" for at in range(1, number + 1)]


def _logs(folder: Path) -> Callable[[str], str]:
    """Reads logs of a run; nothing where there is none, as in a run of others."""

    def text(name: str) -> str:
        try:
            return untrusted_dir.read(folder, name, MOST_OF_A_LOG).decode("utf-8", "replace") if name else ""
        except (OSError, UsageError):
            return ""

    return text


def _print_draft(draft: EmailMessage, path: Path) -> None:
    people = [str(address) for name in ("To", "Cc") if name in draft for address in draft[name].addresses]
    print(f"Draft: {path}\n  {draft['Subject']}\n  to {', '.join(people)}")
    print(f"Read it, then send it yourself:\n\n  {replying.send_command(draft, path)}\n")


def _print_dry_run(draft: EmailMessage, path: Path) -> None:
    words = [*replying.send_words(draft, path)]
    words[2:2] = ["--dry-run", "--confirm=never"]
    done = Processes().run(Command(tuple(words), environment=dict(os.environ), merge_stderr=True, timeout=60))
    print("\n".join(map(visible, done.text.splitlines())))
    if not done.ok:
        raise UsageError(
            "git send-email refused the draft",
            hint="Install the package git-email, and set sendemail.smtpServer with git config.",
        )
