"""Records of runs that others have written: each is read, or refused soon and in one line, and none spoils the rest."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline import merge, runs
from pipeline.cli import app
from pipeline.render.formats import FORMATS, Source
from pipeline.render.index import indexed, render_index
from pipeline.runs import RECORD
from pipeline.system import untrusted
from pipeline.system.errors import UsageError
from pipeline.system.untrusted import Limit
from tests.support import records
from tests.support.clock import at_most
from tests.support.memory import peak


def changed(path: str, value: Any) -> str:
    """A good record with one value replaced; the path is `cells.0.text.delta`."""
    whole = json.loads(records.run(cells=(records.measured(),)).to_json())
    part = whole
    *above, last = path.split(".")
    for word in above:
        part = part[int(word) if word.isdigit() else word]
    part[int(last) if last.isdigit() else last] = value
    return json.dumps(whole)


def covered(*ranges: str) -> list[dict[str, Any]]:
    return [{"path": f"a{at}.c", "compiled": True, "lines": lines, "kept": None} for at, lines in enumerate(ranges)]


LONG = "9" * 4000
FORGED = {
    "no number": changed("seconds", float("nan")),
    "endless": changed("seconds", float("inf")),
    "too large for a float": changed("seconds", 0.5).replace("0.5", "1e4000"),
    "thousands of digits": changed("cells.0.text.delta", -4711).replace("-4711", LONG),
    "more digits than int() reads": changed("cells.0.text.delta", -4711).replace("-4711", LONG * 2),
    "no number in a state": changed("cells.0.states.0.seconds", float("nan")),
    "a negative time": changed("cells.0.states.0.seconds", -1e300),
    "digits in a symbol": changed("cells.0.text.symbols.0.delta", 10**30),
    "nested": changed("notes", "X").replace('"X"', "[" * 100_000 + "]" * 100_000),
    "nested objects": changed("notes", "X").replace('"X"', '{"a":' * 100_000 + "1" + "}" * 100_000),
    "ranges of ten million": changed("cells.0.coverage", covered("1-9999999")),
    "many ranges": changed("cells.0.coverage", covered(*["1-90000"] * 100)),
    "many values": changed("notes", ["a"] * 2_000_000),
    "a long list": changed("notes", ["a"] * 200_000),
    "many megabytes": changed("id", "x" * (21 << 20)),
    "not UTF-8": "\udcff",
    "nothing": "",
    "a list": "[]",
}


@pytest.fixture(params=list(FORGED.values()), ids=list(FORGED))
def forged(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a run with such a record, beside a good one in `good`."""
    for name, text in (("good", records.run(cells=(records.measured(),)).to_json()), ("forged", request.param)):
        (tmp_path / name).mkdir()
        (tmp_path / name / RECORD).write_text(text, errors="surrogateescape")
    return tmp_path / "forged"


def test_a_forged_record_is_refused(forged: Path) -> None:
    """Seen red without the bounds of numbers, lists and lines."""
    with at_most(10), pytest.raises(UsageError) as refused:
        runs.read(forged)
    assert len(refused.value.message) < 400 + len(str(forged))


def test_the_index_is_made_without_a_forged_record(forged: Path) -> None:
    """Seen red as above: with NaN the index was not made, with ranges it took all of the memory."""
    made = CliRunner().invoke(app, ["index", str(forged.parent)])
    assert made.exit_code == 0, made.output
    assert "forged was not recorded by this version" in made.stderr.replace("\n", "")
    page = (forged.parent / "index.html").read_text()
    assert "good/run.json" in page
    assert "forged/run.json" not in page


def test_runs_are_merged_without_a_forged_record(forged: Path) -> None:
    """Seen red with the whole merge given up."""
    parts, broken = merge.read([str(forged.parent / "good"), str(forged)])
    assert [part.folder.name for part in parts] == ["good"]
    assert len(broken) == 1
    assert "forged is left out" in broken[0]
    with pytest.raises(UsageError, match="no run to merge"):
        merge.read([str(forged)])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *((path, value) for value in (0, -(1 << 63), (1 << 63) - 1) for path in (
            "cells.0.text.delta", "cells.0.text.before", "cells.0.text.symbols.0.delta", "cells.0.states.0.patch",
            "cells.0.sections.0.before", "series.version", "cells.0.struct_page.size", "claims.0.claimed",
        )),
        ("seconds", 1e9), ("started", "0001-01-01T00:00:00+23:59"), ("started", ""), ("cells.0.arch", ""),
    ],
)  # fmt: skip
def test_the_largest_numbers_can_be_shown(tmp_path: Path, path: str, value: Any) -> None:
    (tmp_path / RECORD).write_text(changed(path, value))
    record = runs.read(tmp_path)
    for shown in FORMATS.values():
        shown.render(Source(record))
    render_index([indexed(record, "", ())])


def test_what_is_no_file_is_no_record(tmp_path: Path) -> None:
    """A FIFO that nobody writes to, a device without end, a file of eight gigabytes that holds nothing."""
    for name in ("fifo", "device", "sparse"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "fifo" / RECORD)
    (tmp_path / "device" / RECORD).symlink_to("/dev/zero")
    with (tmp_path / "sparse" / RECORD).open("wb") as file:
        file.truncate(8 << 30)
    with at_most(5, wall=True):
        assert [record for _, record in runs.below(tmp_path)] == [None] * 3


def test_a_run_that_is_too_large_leaves_symbols_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen red without the shorter record: nobody could read it."""
    record = records.large(symbols=5000, cells=2)
    monkeypatch.setattr(untrusted, "RUN", Limit(len(record.to_json()) - 1, "bytes"))
    runs.RunFolder("large", tmp_path).finish(record)
    short = runs.read(tmp_path)
    assert [len(cell.text.symbols) for cell in short.cells if cell.text] == [runs.MOST_SYMBOLS] * 2
    assert "too large" in short.notes[-1]


@pytest.mark.parametrize("command", [["report", "--format=html"], ["report", "--format=junit"], ["reply"], ["index"]])
def test_a_link_in_the_folder_of_a_run_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """Seen red: an artifact of others with `report.html` a link had any file of the user's overwritten."""
    folder, own = tmp_path / "run", tmp_path / "own"
    folder.mkdir()
    (folder / RECORD).write_text(records.run(cells=(records.broken("i386-gcc", "built", "failed"),)).to_json())
    own.write_text("mine")
    names = ("report.html", "junit.xml", "reply.eml", "index.html")
    for name in names:
        (folder / name).symlink_to(own)
    for variable in ("GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"):
        monkeypatch.setenv(variable, "user.email" if "KEY" in variable else "me@example.org")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    workspace = [] if command[0] == "index" else ["--workspace", str(tmp_path / "workspace")]
    made = CliRunner().invoke(app, [*command, str(folder), *workspace])
    assert made.exit_code == 0, made.output
    assert own.read_text() == "mine"
    assert [name for name in names if (folder / name).is_file() and not (folder / name).is_symlink()]


@pytest.mark.parametrize(
    "change",
    [
        {"x" * (15 << 20): 1},
        {f"k{at}": 1 for at in range(100_000)},
        {"command": "A" * (15 << 20)},
        {"notes": [1] * 100_000},
    ],
    ids=["a key of megabytes", "a hundred thousand keys", "a command of megabytes", "a flood of mistakes"],
)
def test_what_is_wrong_is_said_in_one_short_line(tmp_path: Path, change: dict[str, Any]) -> None:
    """Seen red: the key was in the message, each mistake took a kilobyte, the command was taken apart for minutes."""
    whole = json.loads(records.run(cells=(records.measured(),)).to_json())
    (tmp_path / RECORD).write_text(json.dumps(whole | change))
    with at_most(5), pytest.raises(UsageError) as refused:
        runs.read(tmp_path)
    assert len(refused.value.message) < 400 + len(str(tmp_path))


READ = """
import sys
from pathlib import Path
from pipeline import runs
try:
    print(runs.read(Path(sys.argv[1])))
except Exception as error:
    print(type(error).__name__, error.message)
"""


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("notes", "1"),
        ("cells", "{}"),
        ("cells.0.text.symbols", "{}"),
        ("cells.0.text.symbols", "1"),
        ("tools", "[]"),
        ("matrix", '{"a":{}}'),
    ],
)
def test_what_is_wrong_in_a_million_places_takes_no_more_memory_for_that(tmp_path: Path, path: str, part: str) -> None:
    """Seen red: pydantic kept every mistake, 2.4 GB of two megabytes; and as the places doubled, so did the memory."""
    taken = []
    for number in (400_000, 800_000):
        (tmp_path / RECORD).write_text(changed(path, "HERE").replace('"HERE"', f"[{','.join([part] * number)}]"))
        said, mebibytes = peak(READ, str(tmp_path))
        assert said.startswith("UsageError"), said
        assert len(said) < 400 + len(str(tmp_path))
        taken.append(mebibytes)
    assert max(taken) < 128
    assert taken[1] < 1.3 * taken[0]


def test_thousands_of_cells_are_refused(tmp_path: Path) -> None:
    """Seen red: of 7,000 an index took half a minute and 330 MiB: a report looks at each cell several times."""
    (cell,) = json.loads(changed("id", "x"))["cells"]
    (tmp_path / RECORD).write_text(changed("cells", [cell | {"id": f"c{number}"} for number in range(2000)]))
    with at_most(5), pytest.raises(UsageError, match=r"more than 600 cells|MiB"):
        runs.read(tmp_path)
