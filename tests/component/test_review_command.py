"""A program of the user's own that is asked about points: in the real sandbox, by its word alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.review import review
from pipeline.review.command import NETWORK_SETTING, SETTING, with_opinions
from pipeline.review.record import ReviewRecord
from pipeline.system import untrusted
from pipeline.system.process import Processes
from tests.support.mails import raw
from tests.support.paths import PROJECT
from tests.support.runner import Runner
from tests.support.threads import AUTHOR, MIDMASK, REVIEWER, letter, series

QUESTION = "> +\tnew_size(pool);\n\nWhat does this return?\n"
REQUEST = "> Why.\n\nPlease say more.\n"
SERIES = series(
    letter("a", REVIEWER, QUESTION, "cover", "p1"),
    letter("b", AUTHOR, "> What does this return?\n\nI will say that in v2.\n", "cover", "p1", "a"),
    letter("c", REVIEWER, REQUEST, "cover", "p2"),
)
PLAIN = review(SERIES, MIDMASK)
NOTHING = 'import json; json.dump({"note": note}, sys.stdout)'


@pytest.fixture
def processes() -> Iterator[Processes]:
    doing = Processes()
    yield doing
    doing.stop()


def program(folder: Path, text: str) -> Path:
    """A program in a folder of its own, named by the user's git configuration."""
    path = folder / "opinion" / "asked.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text if text.startswith("#!") else f"#!/usr/bin/python3\nimport sys\n{text}\n")
    path.chmod(0o755)
    return path


def set_in_git(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for at, (name, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{at}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{at}", value)


def asked(processes: Processes) -> tuple[ReviewRecord, list[str]]:
    said: list[str] = []
    record = with_opinions(PLAIN, SERIES, processes, said.append)
    # Whatever it says: the review is the same.
    assert record.model_copy(update={"opinions": ()}) == PLAIN
    return record, said


def documented() -> str:
    """The program that the documentation shows."""
    text = (PROJECT / "docs/howto/review.md").read_text()
    return text.partition("```python\n")[2].partition("```")[0]


def test_nobody_is_asked_by_default(processes: Processes) -> None:
    assert asked(processes) == (PLAIN, [])


def test_the_documented_program_is_asked_about_each_point(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_in_git(monkeypatch, **{SETTING: str(program(tmp_path, documented()))})
    record, said = asked(processes)
    assert said == []
    assert [(opinion.point, opinion.program, opinion.note) for opinion in record.opinions] == [
        (1, "asked.py", "2 comments"),
        (2, "asked.py", "1 comments"),
    ]
    assert [(act.comment, act.act, act.message_id) for act in record.opinions[0].acts] == [
        (0, "question", "a@x"),
        (1, "promise", "b@x"),
    ]


def test_the_review_command_sees_its_own_folder_and_nothing_of_the_user_s(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("of the user")
    text = (
        "import os\n"
        f"there = os.path.exists({str(tmp_path / 'secret')!r})\n"
        "note = str([os.listdir('/src'), there, sys.argv[1:], 'GIT_CONFIG_COUNT' in os.environ])\n"
    )
    path = program(tmp_path, text + NOTHING)
    set_in_git(monkeypatch, **{SETTING: f"{path} --quick 'two words'"})
    record, said = asked(processes)
    assert said == []
    assert record.opinions[0].note == "[['asked.py'], False, ['--quick', 'two words'], False]"


@pytest.mark.parametrize(("allowed", "note"), [("", "no network"), ("false", "no network"), ("true", "reached")])
def test_the_review_command_has_a_network_where_the_user_allows_that(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, allowed: str, note: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        path = program(
            tmp_path,
            "import socket\ntry:\n"
            f"    socket.create_connection(('127.0.0.1', {port}), 5).close()\n    note = 'reached'\n"
            f"except OSError:\n    note = 'no network'\n{NOTHING}",
        )
        set_in_git(monkeypatch, **{SETTING: str(path), **({NETWORK_SETTING: allowed} if allowed else {})})
        record, said = asked(processes)
    assert said == []
    assert {opinion.note for opinion in record.opinions} == {note}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sys.exit('it\\x1b[2J broke')", "asked.py ended with status 1 (it"),
        ("print('I think so, too.')", "asked.py: its answer is of another form: Invalid JSON"),
        ('print(\'{"state": "answered"}\')', "asked.py: its answer is of another form: state: "),
        ("print('x' * 10_000_000)", "asked.py wrote more than"),
        ("import time; time.sleep(60)", "asked.py"),
        ("#!/no/such/interpreter\n", "asked.py"),
    ],
    ids=["fails", "words", "another-key", "much", "slow", "no-interpreter"],
)
def test_a_command_that_fails_is_named_in_one_line_and_changes_nothing(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, reason: str
) -> None:
    monkeypatch.setattr(untrusted, "OPINION_SECONDS", 3)
    set_in_git(monkeypatch, **{SETTING: str(program(tmp_path, text))})
    record, (line,) = asked(processes)
    assert record == PLAIN
    assert reason in line
    assert line.startswith(f"{SETTING}: ")
    assert line.endswith("; 0 of 2 points have its opinion")
    assert line.isprintable()


def test_opinions_that_it_gave_before_it_failed_are_kept(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "import json\nif json.load(sys.stdin)['point']['number'] > 1: sys.exit(4)\nnote = 'Fine.'\n" + NOTHING
    set_in_git(monkeypatch, **{SETTING: str(program(tmp_path, text))})
    record, (line,) = asked(processes)
    assert [(opinion.point, opinion.note) for opinion in record.opinions] == [(1, "Fine.")]
    assert line == f"{SETTING}: asked.py ended with status 4; 1 of 2 points have its opinion"


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("/no/such/program", "program is no program: no such file, or not executable"),
        ("'unfinished", "No closing quotation"),
        ("no-such-program-of-anybody", "no-such-program-of-anybody ended with status"),
    ],
)
def test_a_setting_that_names_no_program_is_said(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, setting: str, reason: str
) -> None:
    set_in_git(monkeypatch, **{SETTING: setting})
    record, (line,) = asked(processes)
    assert record == PLAIN
    assert reason in line


def test_a_command_that_lies_in_a_home_would_see_it(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = program(tmp_path, NOTHING)
    monkeypatch.setenv("HOME", str(path.parent))
    set_in_git(monkeypatch, **{SETTING: str(path)})
    record, (line,) = asked(processes)
    assert record == PLAIN
    assert "give it one of its own" in line


def test_review_shows_the_opinion(run_pipeline: Runner, tmp_path: Path) -> None:
    reply = raw("Re: [PATCH] mm: change 1", QUESTION, "a", in_reply_to="<p1@example.org>")
    mails = [raw("[PATCH] mm: change 1", message_id="p1"), reply.replace(b"A U Thor <author@", b"Rex Reviewer <rex@")]
    thread = tmp_path / "thread.mbox"
    thread.write_bytes(b"".join(b"From nobody Mon Mar  2 10:00:00 2020\n" + mail + b"\n" for mail in mails))
    settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": SETTING}
    path = program(tmp_path, documented())
    done = run_pipeline.within(run_pipeline.workspace, **settings, GIT_CONFIG_VALUE_0=str(path))(
        "review", str(thread), "--offline"
    )
    assert done.returncode == 0, done.stderr
    assert "opinion of asked.py: question (comment 0: What does this return?); 1 comments" in " ".join(
        done.stdout.split()
    )
    plain = run_pipeline("review", str(thread), "--offline")
    assert "opinion" not in plain.stdout
