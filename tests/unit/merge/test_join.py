"""Runs that become one: what is taken from which, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import merge
from pipeline.assess.verdict import exit_status
from pipeline.merge import join
from pipeline.merge.cells import Part
from pipeline.record import (
    BootRecord,
    CellRecord,
    CheckRecord,
    DiagnosticRecord,
    LostPromiseRecord,
    RunRecord,
    ToolRecord,
)
from pipeline.runs import RunFolder
from pipeline.system.errors import ExitStatus, UsageError
from pipeline.system.workspace import Workspace
from tests.support import records
from tests.support.records import LOST

COMMAND = "pipeline apply-and-build x@y --tree debian:linux-source-6.12 --matrix small"


def cell(name: str, **changes: object) -> CellRecord:
    """A cell that was built, its logs named as the pipeline names them."""
    states = tuple(records.state(patch, log=f"logs/tree1-{name}-{patch}.log") for patch in (0, 3))
    return records.cell(name, **{"states": states, "config": f"configs/tree1-{name}.config", **changes})


def unbuilt(name: str, status: str = "missing", **changes: object) -> CellRecord:
    return cell(name, **{"status": status, "config": "", "states": (), "text": None, "sections": (), **changes})


def part(name: str, *cells: CellRecord, **changes: object) -> Part:
    command = " ".join([COMMAND, *(f"--cell {cell_record.id}" for cell_record in cells)])
    return Part(name, Path("/nowhere") / name, records.run(cells=cells, **{"command": command, **changes}))


PLAN = part("plan", unbuilt("a"), unbuilt("flat", "unreachable", reason="no"), unbuilt("b"), command=COMMAND)


def statuses(record: RunRecord) -> list[tuple[str, str]]:
    return [(cell_record.id, cell_record.status) for cell_record in record.cells]


def test_results_take_the_places_of_what_the_plan_lacks() -> None:
    record = join([part("job b", cell("b")), PLAN, part("job a", cell("a"))]).record
    assert statuses(record) == [("a", "built"), ("flat", "unreachable"), ("b", "built")]
    assert record.command == COMMAND
    assert record.notes == ("Put together from 3 runs.",)


def test_a_cell_without_a_result_stays_missing() -> None:
    assert statuses(join([PLAN, part("job a", cell("a"))]).record)[2] == ("b", "missing")


def test_runs_can_be_merged_without_a_plan() -> None:
    record = join([part("job b", cell("b")), part("job a", cell("a"))]).record
    assert statuses(record) == [("b", "built"), ("a", "built")]
    assert record.command.endswith(" --cell b --cell a")


@pytest.mark.parametrize("lost", [(), (LOST,)], ids=["kept", "broken"])
def test_promises_of_a_duplicate_are_looked_at_where_its_kernel_is_built(lost: tuple[LostPromiseRecord, ...]) -> None:
    """Seen red with the plan's word for it, which says nothing of the last patch, or is not that of the job."""
    plan = part("plan", unbuilt("a"), unbuilt("twin", "duplicate", same_as="a"), command=COMMAND)
    job = part("job a", cell("a", lost=()), unbuilt("twin", "duplicate", same_as="a", lost=lost))
    for parts in ([plan, job], [job, plan]):
        record = join(parts).record
        assert [(cell_record.id, cell_record.status, cell_record.lost) for cell_record in record.cells] == [
            ("a", "built", ()),
            ("twin", "duplicate", lost),
        ]
        assert (exit_status(record) is ExitStatus.CLEAN) == (not lost)


def test_two_words_on_the_promises_of_a_cell_are_refused() -> None:
    parts = [part(f"job {at}", cell("a", lost=lost)) for at, lost in enumerate(((), (LOST,)))]
    with pytest.raises(UsageError, match=r"are not the same \(promises\)"):
        join(parts)


def test_time_is_that_from_the_first_start_to_the_last_end() -> None:
    early = part("early", cell("a"), started="2025-12-08T09:00:00+00:00", seconds=60.0)
    late = part("late", cell("b"), started="2025-12-08T10:00:30+01:00", seconds=45.5)
    record = join([late, early]).record
    assert (record.started, record.seconds) == ("2025-12-08T09:00:00+00:00", 75.5)


def test_tools_of_every_machine_are_listed_once() -> None:
    tools = [ToolRecord(name="gcc", version=version) for version in ("12", "13")]
    record = join([part("a", cell("a"), tools=(tools[0],)), part("b", cell("b"), tools=tuple(tools))]).record
    assert record.tools == tuple(tools)


def test_claims_are_judged_again() -> None:
    """Each part judged what it had; the first cell in the plan's order decides."""
    claim = records.claim(about="*", cell="*", verdict="not measured", measured=None)
    other = cell("b", text=records.text(delta=-999))
    plan = part("plan", unbuilt("a"), unbuilt("b"), claims=(claim,))
    parts = [part("job b", other, claims=(records.claim("refuted", -999, about="*", cell="b"),)), plan]
    (joined_claim,) = join(parts).record.claims
    assert (joined_claim.verdict, joined_claim.measured, joined_claim.cell) == ("refuted", -999, "b")
    (joined_claim,) = join([*parts, part("job a", cell("a"), claims=(claim,))]).record.claims
    assert (joined_claim.verdict, joined_claim.measured, joined_claim.cell) == ("confirmed", -1410, "a")


def test_a_claim_is_about_the_cell_that_any_of_the_runs_assigned() -> None:
    """Without a plan no part knows all cells: each tells what the letter means by those that it has."""
    lost = records.claim("not measured", None, cell="", finding="no cell is i386", relation="near", origin="letter")
    confirmed = lost.model_copy(update={"cell": "b", "about": "b", "finding": "", "verdict": "confirmed"})
    parts = [part("job a", cell("a"), cell("c"), claims=(lost,)), part("job b", cell("b"), claims=(confirmed,))]
    (claim,) = join(parts).record.claims
    assert (claim.verdict, claim.cell, claim.measured, claim.finding) == ("confirmed", "b", -1410, "")
    (claim,) = join(parts[:1]).record.claims
    assert claim == lost


def test_trees_of_several_runs_get_new_numbers() -> None:
    """Each part has one tree, its first; in the merged run logs of both lie side by side."""
    trees = [records.tree(name=name, tree_id=name[-1] * 40) for name in ("tar:a", "tar:b")]
    parts = [part(tree.name, cell("x", tree=tree.name), trees=(tree,)) for tree in trees]
    merged = join(parts)
    logs = [[state.log for state in cell_record.states] for cell_record in merged.record.cells]
    assert logs == [[f"logs/tree{n}-x-base.log", f"logs/tree{n}-x-patch-03.log"] for n in (1, 2)]
    assert [(file.source.parts[2], file.source.name, file.name) for file in merged.files] == [
        ("tar:a", "tree1-x-0.log", "logs/tree1-x-base.log"),
        ("tar:a", "tree1-x-3.log", "logs/tree1-x-patch-03.log"),
        ("tar:a", "tree1-x.config", "configs/tree1-x.config"),
        ("tar:b", "tree1-x-0.log", "logs/tree2-x-base.log"),
        ("tar:b", "tree1-x-3.log", "logs/tree2-x-patch-03.log"),
        ("tar:b", "tree1-x.config", "configs/tree2-x.config"),
    ]


def slower(cell_record: CellRecord) -> CellRecord:
    """The same result on another day: times, the store's help and the consoles' words differ."""
    states = tuple(state.model_copy(update={"seconds": 99.0, "cached": True}) for state in cell_record.states)
    boots = tuple(boot.model_copy(update={"seconds": 9.0, "new_lines": ("x",)}) for boot in cell_record.boots)
    return cell_record.model_copy(update={"states": states, "boots": boots})


BOOT = BootRecord(patch=3, scenario="hvo", status="pass", checks=(CheckRecord(name="walk", status="pass"),))


def test_the_same_result_twice_is_taken_once_and_named() -> None:
    first = cell("a", boots=(BOOT,))
    record = join([part("first", first), part("second", slower(first))]).record
    assert record.cells[0].states[0].seconds == 12.5
    assert record.notes[1:] == (f"a on {records.TREE} was built twice, alike.",)


DIFFERENT: dict[str, tuple[CellRecord, str]] = {
    "another size": (cell("a", text=records.text(delta=-1)), "text size"),
    "a failed build": (
        cell("a", status="failed", states=records.states("built", "failed")),
        "status, builds",
    ),
    "a warning": (
        cell("a", states=(records.state(0), records.state(3, new_warnings=(records.diagnostic(),)))),
        "warnings",
    ),
    "another compiler": (cell("a", toolchain_digest="f" * 64), "toolchain"),
    "a boot that fails": (cell("a", boots=(BOOT.model_copy(update={"status": "fail"}),)), "boots"),
    "out of reach": (unbuilt("a", "unreachable"), "status"),
}


@pytest.mark.parametrize(("other", "words"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_two_results_that_differ_are_refused(other: CellRecord, words: str) -> None:
    first = cell("a", boots=(BOOT,)) if other.boots else cell("a")
    with pytest.raises(UsageError) as caught:
        join([part("first", first), part("second", other)])
    assert f"two results of the cell a on {records.TREE} are not the same" in caught.value.message
    assert f"({words}" in caught.value.message
    assert "first and second" in caught.value.message


WARNED = records.diagnostic()
TWO = {
    "one warning and two alike": ((WARNED,), (WARNED, WARNED)),
    "another error": ((WARNED,), (records.diagnostic("a.c"),)),
}


@pytest.mark.parametrize("name", TWO)
def test_warnings_and_errors_are_counted_wherever_they_are(name: str) -> None:
    kind, word = ("new_warnings", "warnings") if "warning" in name else ("errors", "errors")

    def with_diagnostics(*diagnostics: DiagnosticRecord) -> CellRecord:
        changes: dict[str, Any] = {kind: diagnostics}
        return cell("a", states=(records.state(0), records.state(3, **changes)))

    cells = [with_diagnostics(*diagnostics) for diagnostics in TWO[name]]
    with pytest.raises(UsageError, match=rf"\({word}\)"):
        join([part("first", cells[0]), part("second", cells[1])])
    moved = with_diagnostics(WARNED.model_copy(update={"line": 9}))
    assert join([part("first", cells[0]), part("second", moved)])


def other_patch() -> dict[str, object]:
    patches = list(records.series().patches)
    patches[1] = patches[1].model_copy(update={"subject": "mm: another"})
    return {"series": records.series(patches=tuple(patches))}


APART: dict[str, tuple[Callable[[], dict[str, object]], str]] = {
    "series": (lambda: {"series": records.series(title="lib: other")}, "not of the same series: 'mm/hugetlb: Elim"),
    "version": (lambda: {"series": records.series(version=2)}, "not of the same series"),
    "message": (lambda: {"series": records.series(message_id="other@x")}, "not of the same series"),
    "patch": (other_patch, "not of the same patch: \"2 mm: Rename the 'compound_head' field"),
    "matrix": (lambda: {"matrix": "large"}, "not of the same matrix: 'small', and 'large'"),
    "sandbox": (lambda: {"sandbox": "none"}, "not of the same sandbox"),
    "tree": (
        lambda: {"trees": (records.tree(tree_id="b" * 40, version="6.12.118-1"),)},
        "is 6.12.117-1 (git tree aaaaaaaaaaaa) in one, and 6.12.118-1 (git tree bbbbbbbbbbbb) in two",
    ),
    "sources": (lambda: {"trees": (records.tree(last_tree_id="d" * 40),)}, "ended as clean (git tree ) in one"),
    "apply": (lambda: {"trees": (records.tree(applied="three-way"),)}, "three-way"),
    "start": (lambda: {"started": "at noon"}, "two does not say when it started: 'at noon'"),
}


@pytest.mark.parametrize(("changes", "words"), APART.values(), ids=APART.keys())
def test_what_does_not_belong_together_is_refused(changes: Callable[[], dict[str, object]], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        join([part("one", cell("a")), part("two", cell("b"), **changes())])
    assert words in caught.value.message


def test_a_cell_on_a_tree_that_the_run_has_not_is_refused() -> None:
    with pytest.raises(UsageError, match="one has a cell on x, which is no tree of that run"):
        join([part("one", cell("a", tree="x"))])


BAD_NAMES = {
    "upwards": cell("a", states=(records.state(0, log="../../secret"),)),
    "absolute": cell("a", states=(records.state(0, log="/etc/hostname"),)),
    "configuration": cell("a", config="/etc/hostname"),
    "console": cell("a", boots=(BOOT.model_copy(update={"console": "logs/../../x"}),)),
    "cell": cell("../../a"),
    "a line": cell("a\n::set-output name=x::y"),
    "scenario": cell("a", boots=(BOOT.model_copy(update={"scenario": "../x"}),)),
}


@pytest.mark.parametrize("bad", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_names_that_lead_elsewhere_are_refused(bad: CellRecord) -> None:
    with pytest.raises(UsageError, match="job"):
        join([part("job", bad)])


def written(folder: Path, record: RunRecord, *, logs: bool = True) -> str:
    run = RunFolder(folder.name, folder)
    folder.mkdir()
    for cell_record in record.cells:
        for state in cell_record.states:
            if logs:
                run.write(state.log, f"{cell_record.id}, {state.patch}\n")
                run.write(cell_record.config, "CONFIG_X=y\n")
    run.finish(record)
    return str(folder)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    prepared = Workspace(tmp_path / "workspace")
    prepared.prepare()
    return prepared


def test_a_merged_run_has_its_record_its_report_and_all_logs(workspace: Workspace, tmp_path: Path) -> None:
    folders = [
        written(tmp_path / run_part.name.replace(" ", "-"), run_part.record)
        for run_part in (PLAN, part("job a", cell("a")))
    ]
    said: list[str] = []
    record, folder = merge.merge(workspace, folders, said.append)
    assert folder == workspace.runs / record.id
    assert RunRecord.model_validate_json((folder / "run.json").read_bytes()) == record
    assert (folder / "logs/tree1-a-patch-03.log").read_text() == "a, 3\n"
    assert (folder / record.cells[0].config).read_text() == "CONFIG_X=y\n"
    assert "No result" in (folder / "report.txt").read_text()
    assert said == [f"no result of the cell b on {records.TREE}"]


def test_what_is_broken_is_named_and_left_out(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    whole = written(tmp_path / "whole", part("x", cell("a")).record, logs=False)
    said: list[str] = []
    record, _ = merge.merge(workspace, [str(tmp_path / "half"), whole, whole], said.append)
    assert record.notes == (
        "Put together from 1 run.",
        "Left out: 1 run that did not finish.",
        "Lost: logs/tree1-a-base.log.",
        "Lost: logs/tree1-a-patch-03.log.",
        "Lost: configs/tree1-a.config.",
    )
    assert said[0] == f"{tmp_path / 'half'} holds no run.json: that run did not finish, and is left out."
    assert tuple(said[1:]) == record.notes[2:]


def test_a_log_that_is_a_link_to_elsewhere_is_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = written(tmp_path / "run", part("x", cell("a")).record)
    log = tmp_path / "run/logs/tree1-a-0.log"
    log.unlink()
    log.symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match="outside its own folder"):
        merge.merge(workspace, [folder], print)
    assert not list(workspace.runs.iterdir())


@pytest.mark.parametrize(("make", "words"), [(False, "there is no folder"), (True, "no run to merge")])
def test_nothing_to_merge_is_said(workspace: Workspace, tmp_path: Path, make: bool, words: str) -> None:
    if make:
        (tmp_path / "x").mkdir()
    with pytest.raises(UsageError, match=words):
        merge.merge(workspace, [str(tmp_path / "x")], print)
