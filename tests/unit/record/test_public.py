"""What others see of a record: names that mean something to them, and none of the machine that made it."""

from __future__ import annotations

import shlex

import pytest

from pipeline.record import RunRecord, TreeRecord
from pipeline.record.neutral import neutral
from pipeline.record.public import for_others
from pipeline.render.formats import FORMATS, Source
from pipeline.render.index import indexed, render_index
from pipeline.render.text_report import render_text
from tests.support import records

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ID = records.run().series.message_id
HOME, FOLDER, WORKSPACE = "/home/somebody", "/home/somebody/kernel-work", "/var/cache/the-workspace"
PRIVATE = f"path:{FOLDER}/linux#topic"


def tree(name: str, **changes: str) -> TreeRecord:
    return records.tree(name=name, **changes)


def run(command: str, *trees: TreeRecord, **changes: object) -> RunRecord:
    cells = tuple(records.cell(f"cell{at}", tree=tree_record.name) for at, tree_record in enumerate(trees))
    known = {"command": command, "trees": trees, "cells": cells, "places": (WORKSPACE, FOLDER, HOME), **changes}
    return records.run(**known)


def command(named: str, *trees: TreeRecord, **changes: object) -> str:
    return for_others(run(f"pipeline apply-and-build {named}", *trees, **changes)).command


@pytest.mark.parametrize(
    "named",
    [
        f"{FOLDER}/thread.mbx",
        "thread.mbx",
        "-",
        "../patches",
        f"'{ID}'",
        f"https://lore.kernel.org/all/{ID}/",
        "tracked",
    ],
)
def test_a_series_is_named_by_its_message_id(named: str) -> None:
    public_command = command(
        f"{named} --tree debian:linux-source-6.12 --matrix quick", tree("debian:linux-source-6.12")
    )
    assert public_command == f"pipeline apply-and-build {ID} --tree debian:linux-source-6.12 --matrix quick"


def test_without_a_message_id_there_is_no_command() -> None:
    series = records.run().series.model_copy(update={"message_id": "", "source": f"{FOLDER}/patches"})
    assert command("patches --tree debian:x --matrix quick", tree("debian:x"), series=series) == ""
    assert for_others(run("x", series=series)).series.source == ""


@pytest.mark.parametrize("named", ["hvo-shared-tails", "series/hvo-shared-tails", f"{FOLDER}/series/hvo-shared-tails/"])
def test_an_entry_that_ships_is_named_where_there_is_no_message_id(named: str) -> None:
    series = records.run().series.model_copy(update={"message_id": "", "source": named})
    public_command = command(f"{named} --tree debian:x --matrix quick", tree("debian:x"), series=series)
    assert public_command == "pipeline apply-and-build hvo-shared-tails --tree debian:x --matrix quick"


@pytest.mark.parametrize(
    ("name", "public_name"),
    [
        ("git:https://git.example.org/linux.git#master", f"git:https://git.example.org/linux.git#{COMMIT}"),
        ("git:https://git.example.org/linux.git", f"git:https://git.example.org/linux.git#{COMMIT}"),
        ("git:https://me:secret@git.example.org/l.git", f"git:https://git.example.org/l.git#{COMMIT}"),
        ("git:https://token@git.example.org/l.git#v6", f"git:https://git.example.org/l.git#{COMMIT}"),
        ("git:git@git.example.org:l.git", f"git:git@git.example.org:l.git#{COMMIT}"),
        ("debian:linux-source-6.12", "debian:linux-source-6.12"),
        ("tar:https://example.org/linux-6.12.tar.xz", "tar:https://example.org/linux-6.12.tar.xz"),
    ],
)
def test_a_tree_is_named_by_its_address_and_commit_or_package(name: str, public_name: str) -> None:
    known = tree(name, commit=COMMIT if name.startswith("git") else "")
    words = shlex.split(command(f"x@y --tree {name} --matrix quick --per-patch", known))
    assert words == ["pipeline", "apply-and-build", ID, "--tree", public_name, "--matrix", "quick", "--per-patch"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (PRIVATE, "Linux 6.12.3 (0123456789ab)"),
        (f"git:{FOLDER}/linux", "Linux 6.12.3 (0123456789ab)"),
        (f"git:file://{FOLDER}/linux", "Linux 6.12.3 (0123456789ab)"),
        (f"tar:{FOLDER}/linux.tar.xz", "Linux 6.12.3 (0123456789ab)"),
        ("git:git://127.0.0.1:9527/linux.git#master", "Linux 6.12.3 (0123456789ab)"),
        ("git:http://[::1]/linux.git", "Linux 6.12.3 (0123456789ab)"),
        ("git:https://10.1.2.3/linux.git", "Linux 6.12.3 (0123456789ab)"),
        ("git:https://LOCALHOST/linux.git", "Linux 6.12.3 (0123456789ab)"),
        ("git:https://git.corp.internal/linux.git", "Linux 6.12.3 (0123456789ab)"),
        ("git:https://[oops/linux.git", "Linux 6.12.3 (0123456789ab)"),
        ("git:me@buildbox:linux.git", "Linux 6.12.3 (0123456789ab)"),
        ("tar:http://buildbox/linux.tar.xz", "Linux 6.12.3 (0123456789ab)"),
    ],
)
def test_a_tree_of_one_machine_is_named_by_what_it_is(name: str, shown: str) -> None:
    known = tree(name, commit=COMMIT, kernel="6.12.3", version=COMMIT[:12])
    public = for_others(run(f"pipeline apply-and-build x@y --tree '{name}' --matrix quick", known))
    assert public.command == ""
    assert [public.trees[0].name, public.cells[0].tree] == [shown, shown]
    assert f"{shown}, commit {COMMIT}" in " ".join(render_text(public).split())


@pytest.mark.parametrize("matrix", [f"{FOLDER}/my.toml", "my.toml", "./my.toml"])
def test_a_matrix_of_one_machine_gives_no_command(matrix: str) -> None:
    assert command(f"x@y --tree debian:x --matrix {matrix}", tree("debian:x")) == ""


def test_trees_that_are_alike_to_others_stay_apart() -> None:
    trees = [tree(f"path:/tree{at}", kernel="6.12.3", version="0123456789ab") for at in range(3)]
    public = for_others(run("pipeline apply-and-build x@y", *trees))
    names = [tree_record.name for tree_record in public.trees]
    assert names == ["Linux 6.12.3 (0123456789ab)", *(f"Linux 6.12.3 (0123456789ab) no. {at}" for at in (2, 3))]
    assert [cell.tree for cell in public.cells] == names


def test_paths_in_texts_are_replaced_as_whole_paths_alone() -> None:
    words = f"{WORKSPACE}/tmp/x.o, {FOLDER}: {HOME}/.cache, {HOME}body, src{HOME}, {PRIVATE}"
    public = for_others(run("x", tree(PRIVATE, kernel="6.12.3"), notes=(words,)))
    assert public.notes == (f"workspace/tmp/x.o, .: ~/.cache, {HOME}body, src{HOME}, Linux 6.12.3 (6.12.117-1)",)


def test_what_others_may_see_stays_as_it_is() -> None:
    record = run(f"pipeline apply-and-build {ID} --matrix quick", tree("debian:x"), places=())
    assert for_others(for_others(record)) == for_others(record)
    assert for_others(record).trees == record.trees
    private = run(f"pipeline apply-and-build {ID} --tree {PRIVATE}", tree(PRIVATE))
    assert neutral(neutral(private)) == neutral(private)


def shown(face: str, record: RunRecord) -> str:
    if face == "index":
        return render_index([indexed(record, "run/", ["report.html"])])
    return FORMATS[face].render(Source(record))


@pytest.mark.parametrize("face", [*FORMATS, "index"])
def test_no_face_has_a_name_of_the_machine(face: str) -> None:
    """Wherever a record has one: the component test looks at what a real run leaves."""
    known = tree(PRIVATE, kernel="6.12.3", log=f"error: {WORKSPACE}/apply-1/tree: no\n", applied="failed")
    record = run(f"pipeline apply-and-build {FOLDER}/thread.mbx --tree {PRIVATE} --matrix {HOME}/m.toml", known)
    output = shown(face, record.model_copy(update={"notes": (f"Lost: {WORKSPACE}/x.", f"in {FOLDER}")}))
    for place in (WORKSPACE, FOLDER, HOME, "kernel-work", "somebody", "the-workspace"):
        assert place not in output
