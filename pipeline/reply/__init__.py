"""reply: the draft of an answer to a mail of the thread, for `git send-email`. Nothing here sends anything."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from pathlib import PurePath

from pipeline.record import LetterRecord, RunRecord
from pipeline.reply.body import Style, text
from pipeline.reply.headers import message_id, only, threaded, to_bytes
from pipeline.reply.report import Logs
from pipeline.reply.suggestion import tested_by
from pipeline.reply.targets import Target, targets
from pipeline.system.errors import UsageError
from pipeline.system.shell import pasted

__all__ = ["Style", "Target", "draft", "send_command", "send_words", "suggestion_for", "targets", "to_bytes"]


def _no_log(_name: str) -> str:
    return ""


def draft(
    record: RunRecord,
    *,
    identity: str,
    date: datetime,
    own_id: str = "",
    to: str = "",
    style: Style = Style.SUMMARY,
    report_url: str = "",
    logs: Logs = _no_log,
) -> EmailMessage:
    """The reply to a mail of the series' thread.

    Args:
        identity: who replies, `Name <address>`.
        date: of the Date: header.
        own_id: Message-ID of the reply, without angle brackets; when empty, a new one in the identity's domain.
        to: message-id of the mail that is answered; when empty, the cover letter's.
        report_url: where the full report can be read; `%s` stands for the run's id.
        logs: text of the run's logs, by their names.

    Raises:
        UsageError: there is no such mail, it has no Message-ID or no sender, the identity has no address, or the URL is
            none.
    """
    letter = _letter(record, to)
    # A reply to a comment also has the lines that the comment quotes: the author's code, or another person's words.
    commented = letter not in (record.series.cover, *_posted(record))
    quoted = (record.series.cover.sender, *_answered(record, letter)) if commented else ()
    message = threaded(letter, identity=identity, date=date, own_id=own_id, quoted=quoted)
    message.set_content(text(record, letter, style, _link(report_url, record.id), logs), cte="8bit")
    return message


def suggestion_for(record: RunRecord, identity: str) -> str:
    """A trailer that the one who replies may give, as a line for the terminal; empty where there is none to suggest."""
    return tested_by(record, only(identity, "the identity that replies", ""))


def _posted(record: RunRecord) -> list[LetterRecord]:
    """Mails of patches."""
    patches = {message_id(patch.message_id) for patch in record.series.patches}
    return [message for message in record.series.messages if message_id(message.message_id) in patches]


def _answered(record: RunRecord, letter: LetterRecord) -> list[str]:
    """Who wrote what the mail answers."""
    parents = {message_id(parent) for parent in letter.references[-1:]}
    return [message.sender for message in record.series.messages if message_id(message.message_id) in parents]


def _letter(record: RunRecord, to: str) -> LetterRecord:
    wanted = message_id(to)
    letters = [record.series.cover, *record.series.messages]
    matching = (
        [letter for letter in letters if wanted and message_id(letter.message_id) == wanted] if to else letters[:1]
    )
    if not matching:
        older = not record.series.messages and record.series.replies
        raise UsageError(
            f"the run knows no mail {wanted or to}",
            hint="The run is of an older version, which kept the cover letter only: run its command again."
            if older
            else "Name a mail of the thread as it was when the run began; newer ones need a new run.",
        )
    return matching[0]


def _link(url: str, run: str) -> str:
    link = url.replace("%s", run)
    if link and not (link.startswith(("http://", "https://")) and link.isascii() and link.isprintable()):
        raise UsageError(
            f"{url!r} is no URL of a report", hint="Say https://…, %s stands for the run's id (pipeline.reportUrl)."
        )
    if " " in link or len(link) > 900:
        raise UsageError(f"{url!r} is no URL of a report", hint="It has blanks, or more than 900 characters.")
    return link


def send_command(message: EmailMessage, path: PurePath) -> str:
    """The command line, for a shell, that sends a draft to all its recipients and to nobody else.

    Args:
        message: the draft.
        path: where it was written.
    """
    return pasted(send_words(message, path)[:-1], send_words(message, path)[-1:])


def send_words(message: EmailMessage, path: PurePath) -> list[str]:
    """The same, word by word."""
    recipients = [(name, address) for name in ("to", "cc") if name in message for address in message[name].addresses]
    words = ["git", "send-email", f"--in-reply-to={message_id(message['In-Reply-To'])}"]
    # Without this option, send-email adds everybody whom a `Cc:` or `...-by:` line of the body names.
    words.append("--suppress-cc=all")
    words += [f"--{name}={address.addr_spec}" for name, address in recipients]
    return [*words, f"./{path}" if str(path).startswith("-") else str(path)]
