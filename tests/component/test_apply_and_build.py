"""The main job from end to end: a thread on a real server becomes a report and a reply."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.utils import getaddresses
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from pipeline.record import SCHEMA_FILE, RunRecord
from tests.support.checkouts import state_of
from tests.support.developer import PatchSeries
from tests.support.inbox import PublicInbox
from tests.support.people import IDENTITY
from tests.support.published import faces, named_in
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("apply-and-build")


@dataclass(frozen=True)
class Job:
    """A finished run.

    Args:
        run: in the workspace of the job.
        done: how the command ended.
        record: what --json wrote.
        arguments: of the command.
        before: the user's checkout as it was.
    """

    run: Runner
    done: subprocess.CompletedProcess[str]
    record: dict[str, Any]
    arguments: tuple[str, ...]
    before: dict[str, object]

    @property
    def folder(self) -> Path:
        return self.run.workspace / "runs" / str(self.record["id"])

    def cell(self, name: str) -> dict[str, Any]:
        (cell,) = [cell for cell in self.record["cells"] if cell["id"] == name]
        return dict(cell)


@pytest.fixture(scope="module")
def job(
    tmp_path_factory: pytest.TempPathFactory,
    sealed_environment: dict[str, str],
    fake_tree: Path,
    matrix: Path,
    posted: dict[str, PatchSeries],
    public_inbox: PublicInbox,
) -> Job:
    folder = tmp_path_factory.mktemp("whole-job")
    run = Runner(folder / "workspace", sealed_environment, folder)
    # The index is racy by design in a fresh checkout: whoever refreshes it without being asked is found out.
    (fake_tree / "README").touch()
    before = state_of(fake_tree)
    arguments = (
        "apply-and-build",
        posted["good"].message_ids[0],
        f"--midmask={public_inbox.midmask}",
        f"--tree=path:{fake_tree}#master",
        f"--matrix={matrix}",
        "--json=run.json",
    )
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return Job(run, done, json.loads((folder / "run.json").read_text()), arguments, before)


def test_record_follows_the_schema(job: Job) -> None:
    jsonschema.validate(job.record, json.loads(SCHEMA_FILE.read_text()))
    assert json.loads((job.folder / "run.json").read_text()) == job.record


def test_series_comes_from_the_server_with_its_trailers(job: Job, posted: dict[str, PatchSeries]) -> None:
    series = job.record["series"]
    assert series["source"] == posted["good"].message_ids[0]
    assert [series["message_id"], *(patch["message_id"] for patch in series["patches"])] == posted["good"].message_ids
    assert series["title"] == "mm: no more fake heads"
    assert [patch["number"] for patch in series["patches"]] == [1, 2, 3, 4]
    assert [patch["collected_trailers"] for patch in series["patches"]] == [
        [],
        ["Reviewed-by: Tally Page <tally@example.org>"],
        [],
        [],
    ]
    assert series["replies"] == 2


def test_cells_are_measured(job: Job, fake_tree: Path) -> None:
    assert [tree["applied"] for tree in job.record["trees"]] == ["clean"]
    hvo, odd = job.cell("x86_64-hvo"), job.cell("i386-odd")
    assert (hvo["status"], hvo["vmemmap"], hvo["struct_page"]) == ("built", True, {"size": 64, "power_of_two": True})
    assert (odd["status"], odd["vmemmap"], odd["struct_page"]) == ("built", False, {"size": 40, "power_of_two": False})
    assert [state["patch"] for state in hvo["states"]] == [0, 4]
    text = hvo["text"]
    assert text["delta"] < 0
    assert text["delta"] == text["up"] - text["down"] == text["after"] - text["before"]
    assert sum(symbol["delta"] for symbol in text["symbols"]) == text["delta"]
    assert {symbol["path"] for symbol in text["symbols"]} >= {"mm/hugetlb.c", "mm/util.c"}
    assert all((fake_tree / symbol["path"]).is_file() for symbol in text["symbols"] if symbol["path"])
    assert text["verbatim"].startswith("add/remove: ")
    (section,) = [section for section in hvo["sections"] if section["name"] == ".text"]
    assert section["after"] < section["before"]
    # Without the vmemmap there are no fake heads to look for, and not a byte to gain.
    assert abs(odd["text"]["delta"]) < abs(text["delta"]) / 10


def test_the_letter_s_diffstat_is_checked_against_the_patches(job: Job) -> None:
    (claim,) = job.record["claims"]
    assert (claim["kind"], claim["origin"], claim["verdict"]) == ("diffstat", "letter", "confirmed")
    assert re.fullmatch(r"5 files changed, \d+ insertions\(\+\), \d+ deletions\(-\)", claim["text"])


def test_unreachable_cell_says_why(job: Job) -> None:
    cell = job.cell("x86_64-no-vmemmap")
    assert (cell["status"], cell["states"], cell["text"]) == ("unreachable", [], None)
    assert cell["reason"] == "CONFIG_SPARSEMEM_VMEMMAP=n asked (no-vmemmap.config), y got: selected by X86_64"
    warnings = [line for line in job.done.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert warnings[0].startswith("warning: cell x86_64-no-vmemmap is unreachable")


def test_report_command_prints_the_stored_report(job: Job) -> None:
    stored = (job.folder / "report.txt").read_text()
    assert job.done.stdout.startswith(stored)
    # A long report has left the screen when the command ends: the verdict is said once more.
    first, closing = stored.splitlines()[0], job.done.stdout.removeprefix(stored).splitlines()
    assert closing[1] == f"Verdict: {first}"
    assert max(len(line) for line in stored.splitlines()) <= 78
    assert "x86_64-no-vmemmap" in stored
    again = job.run("report", "last")
    assert (again.returncode, again.stdout, again.stderr) == (0, stored, "")


def test_every_link_of_the_html_report_leads_to_a_file_of_the_run(job: Job) -> None:
    stored = (job.folder / "report.html").read_text(encoding="utf-8")
    names = {unquote(url) for url in re.findall(r'href="([^"#]+)"', stored) if "://" not in url}
    assert all((job.folder / name).is_file() for name in names)
    for kind in ("logs/", "configs/", "run.json"):
        assert any(name.startswith(kind) for name in names)


def test_the_html_report_is_rendered_again_for_another_place(job: Job, tmp_path: Path) -> None:
    printed = job.run("report", "last", "--format", "html", "-o", "-")
    assert (printed.returncode, printed.stderr) == (0, "")
    elsewhere = tmp_path / "elsewhere.html"
    assert job.run("report", "last", "--format", "html", "-o", str(elsewhere)).returncode == 0
    page = elsewhere.read_text(encoding="utf-8")
    assert printed.stdout == page
    assert not [url for url in re.findall(r'href="([^"]+)"', page) if not url.startswith(("#", "https://"))]
    assert named_in(page, job.run, job.run.workspace / "runs", tmp_path) == []
    assert "../" not in page


def test_logs_and_configurations_are_kept(job: Job) -> None:
    assert "CONFIG_MEMCG=y\n" in (job.folder / job.cell("i386-odd")["config"]).read_text()
    assert job.cell("x86_64-no-vmemmap")["config"] == ""
    for cell in job.record["cells"]:
        for state in cell["states"]:
            assert "  LD      vmlinux" in (job.folder / state["log"]).read_text()


def test_reply_is_threaded(job: Job, posted: dict[str, PatchSeries], tmp_path: Path) -> None:
    target = tmp_path / "reply.eml"
    done = job.run("reply", "last", "-o", str(target))
    assert done.returncode == 0, done.stderr
    draft = message_from_bytes(target.read_bytes(), policy=policy.default)
    cover = f"<{posted['good'].message_ids[0]}>"
    assert not draft.defects
    assert draft["In-Reply-To"] == cover
    assert draft["References"].split() == [cover]
    assert draft["Subject"] == "Re: [PATCH 0/4] mm: no more fake heads"
    assert getaddresses([draft["From"]]) == [IDENTITY]
    assert getaddresses([draft["To"]]) == [("Devi Loper", "devi@example.org")]
    # Whoever was addressed, but the replier.
    assert {address for _, address in getaddresses([draft["Cc"]])} == {"linux-mm@example.org", "tally@example.org"}
    body = draft.get_content()
    assert body.startswith("Patches 1-4 build when all are applied, on x86_64 and i386 (gcc ")
    assert "x86_64-hvo" not in body
    assert f"--in-reply-to={posted['good'].message_ids[0]}" in done.stdout


def test_nothing_that_others_see_names_a_place_of_the_machine(job: Job, fake_tree: Path, matrix: Path) -> None:
    """The tree, the matrix and the workspace are of this machine alone; the reply still says which tree it was."""
    record = RunRecord.model_validate(job.record)
    assert f"--tree=path:{fake_tree}" in " ".join(job.arguments)
    assert str(fake_tree) in record.command
    seen = dict(faces(job.run, record))
    assert len(seen) > 12
    assert {name: named_in(text, job.run, fake_tree, fake_tree.parent, matrix) for name, text in seen.items()} == {
        name: [] for name in seen
    }
    commit = subprocess.run(
        ["git", "rev-parse", "master"], cwd=fake_tree, capture_output=True, text=True, check=True
    ).stdout.strip()
    draft = seen[f"summary to {record.series.cover.message_id}"]
    assert f"Applied to Linux 6.12.0-fake, commit {commit}." in " ".join(draft.split())
    assert "pipeline apply-and-build" not in draft


def test_runs_lists_the_run(job: Job) -> None:
    listed = job.run("runs")
    assert listed.returncode == 0
    (line,) = [line for line in listed.stdout.splitlines() if str(job.record["id"]) in line]
    assert line.split()[1:] == ["finished", "3", "clean"]


def test_users_checkout_is_untouched(job: Job, fake_tree: Path) -> None:
    assert state_of(fake_tree) == job.before


def test_second_run_builds_nothing(job: Job) -> None:
    again = job.run.within(job.run.workspace)
    done = again(*job.arguments[:-1], "--json=-")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    states = [state for cell in record["cells"] for state in cell["states"]]
    assert len(states) == 4
    assert all(state["cached"] for state in states)
    assert not any(state["cached"] for cell in job.record["cells"] for state in cell["states"])
    assert "Building" not in done.stderr
    numbers = [(cell["id"], cell["text"] and cell["text"]["verbatim"]) for cell in record["cells"]]
    assert numbers == [(cell["id"], cell["text"] and cell["text"]["verbatim"]) for cell in job.record["cells"]]
