"""Commands that a person is shown: pasted into a shell they run the program that they name, and nothing else."""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import reply
from pipeline.b4.check_protocol import no_run
from pipeline.fetch import Request
from pipeline.machine.clean import clean
from pipeline.orders.order import Order, joined, reproducer
from pipeline.render.html import render_html
from pipeline.render.markdown import render_markdown
from pipeline.render.reproduction import command_lines
from pipeline.render.text_report import render_text
from pipeline.reply.headers import addresses
from pipeline.system.errors import InfrastructureError
from pipeline.system.shell import pasted
from pipeline.system.workspace import Workspace
from tests.support import records

HOSTILE = (
    "x@y; touch pwned",
    "$(touch pwned)@example.org",
    "`touch pwned`@example.org",
    "a'b;touch pwned;'@example.org",
    'a"b;touch pwned;"@example.org',
    "a@b\ntouch pwned",
    "a@b\r\ntouch pwned #",
    "a@b\x1b[201~\ntouch pwned\n",
    "a@b | touch pwned",
    "a@b > pwned",
    "a@b && touch pwned",
    "a@b\\",
    "!touch@example.org",
    "*@example.org",
    "~/x@example.org",
    "a@b #c",
    "--workspace=pwned@example.org",
    "-o@example.org",
    "--help",
    "",
    "a\x00b@c",
    "\udc80@c",
)
METACHARACTERS = re.compile(r"[;&|<>$`\\\"\n\r!*?\[\]{}~#()\x00-\x1f]")


def unquoted(command: str) -> str:
    """What of a command line lies outside single quotes, where nothing is special; `"'"` stands for a quote."""
    return re.sub(r"'[^']*'", "", command.replace("'\"'\"'", ""))


def assert_plain(command: str, *program: str) -> list[str]:
    """The words of a command that no shell takes for more than one of `program`."""
    assert not METACHARACTERS.search(unquoted(command)), command
    assert command.isprintable()
    words = shlex.split(command)
    assert tuple(words[: len(program)]) == program
    return words


def assert_operand(words: list[str], begin: int = 2) -> str:
    """The one operand, which is not taken for an option."""
    if "--" in words:
        return words[words.index("--") + 1]
    assert not words[begin].startswith("-") or words[begin] == "-"
    return words[begin]


def shown(word: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in word)


@pytest.mark.parametrize("word", HOSTILE)
def test_a_shell_gets_the_very_words(word: str, tmp_path: Path) -> None:
    """A real one. Seen red with words joined by blanks: the file was there."""
    command = pasted(("printf", "%s."), (word,))
    assert_plain(command, "printf")
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode() in (f"{shown(word)}.", f"--.{shown(word)}.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", HOSTILE)
def test_what_b4_shows_of_a_series_without_a_run(word: str) -> None:
    """Seen red with the message-id as it was: pasting it ran what it held."""
    (entry,) = no_run(word)
    command = entry.details.removeprefix("Run: ")
    words = assert_plain(command, "pipeline", "apply-and-build")
    assert assert_operand(words) == (shown(word) or "SERIES")
    assert words[words.index("--tree") + 1] == "TREE"


@pytest.mark.parametrize("word", HOSTILE)
def test_the_command_that_does_the_same_again(word: str) -> None:
    """Seen red with the series' name before the options: it was one."""
    order = Order(request=Request(word), trees=(word,), matrix=word, cells=(word,), per_patch=True)
    command = reproducer(order, [word], word)
    words = assert_plain(command, "pipeline", "apply-and-build")
    assert assert_operand(words) == shown(word)
    again = assert_plain(joined([command, reproducer(order, ["other"], word)]), "pipeline", "apply-and-build")
    assert assert_operand(again) == shown(word)
    assert again.count("--tree") == 2
    for option in ("--tree", "--matrix", "--cell"):
        assert shown(word) in [again[at + 1] for at, option_or_value in enumerate(again) if option_or_value == option]


@pytest.mark.parametrize("word", [word for word in HOSTILE if word])
@pytest.mark.parametrize("columns", [40, 100])
def test_the_command_in_reports(word: str, columns: int) -> None:
    command = reproducer(Order(request=Request(word), trees=(word,), matrix=word), [word], word)
    lines = command_lines(command, columns)
    assert all(line.endswith("\\") for line in lines[:-1])
    text = "\n".join(line.removesuffix("\\") for line in lines)
    assert not METACHARACTERS.search(unquoted(text).replace("\n", "").replace("…", ""))
    assert shlex.split("\n".join(lines))[:2] == ["pipeline", "apply-and-build"]


@pytest.mark.parametrize(
    "command", ["rm -rf ~", "pipelin x", "curl x | sh", "pipeline clean --all", "", "'", "sh -c 'pipeline apply'"]
)
def test_a_record_of_others_names_no_other_program(command: str) -> None:
    """Seen red with any command of a record shown for pasting."""
    record = records.run(command=command)
    for text in (render_text(record), render_markdown(record), render_html(record)):
        assert " ".join(text.split()).count("No command can be given that does the same on another machine.") == 1
        assert "rm -rf" not in text
        assert "curl x" not in text
    letter = reply.draft(record, identity="M <m@example.org>", date=datetime(2024, 1, 1, tzinfo=UTC)).get_content()
    assert "Applied to Debian's linux-source-6.12" in " ".join(letter.split())
    assert "To reproduce:" not in letter
    assert "rm -rf" not in letter
    assert "curl x" not in letter


@pytest.mark.parametrize("begin", ["-", "--", "-X/tmp/log", "|", "|touch", "/", "/tmp/file", "!", "."])
def test_no_recipient_is_an_option_or_a_program(begin: str) -> None:
    """Seen red with every address that RFC 5322 allows: sendmail gets them as arguments."""
    assert addresses([f"Name <{begin}user@example.org>", f"{begin}user@example.org"]) == []
    assert [address.addr_spec for address in addresses(["a-b|c@example.org"])] == ["a-b|c@example.org"]


def test_the_line_that_sends_a_reply(tmp_path: Path) -> None:
    letter = records.letter(
        message_id="<$(touch pwned)@example.org>",
        sender="a&b@example.org",
        to=("-X/tmp/log@example.org", "$HOME@example.org", "|sh@example.org", "x;y@example.org", "b|c@example.org"),
    )
    record = records.run(series=records.series(cover=letter))
    draft = reply.draft(record, identity="M <m@example.org>", date=datetime(2024, 1, 1, tzinfo=UTC))
    for path in ("-o.eml", "a b;touch pwned.eml", str(tmp_path / "$(x)")):
        words = assert_plain(reply.send_command(draft, Path(path)), "git", "send-email")
        assert words[-1].removeprefix("./") == path
        assert not [word for word in words[2:-1] if not word.startswith("--")]
        assert not [word for word in words if "=-" in word or "=|" in word]


def test_paths_in_hints_are_quoted_for_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(tmp_path / "a; touch pwned")
    workspace.prepare()

    def refuse(_: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("pipeline.system.untrusted_dir.remove", refuse)
    with pytest.raises(InfrastructureError, match="cannot be removed") as caught:
        clean(workspace, everything=False)
    assert_plain(caught.value.hint, "sudo", "rm", "-rf")
