"""Layouts, compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.measure.layout import WELL_KNOWN, LayoutDelta, Probe, layout_deltas, probes
from pipeline.model import ChangedFile, Layout, Member

FLAGS, HEAD, INFO = Member("flags", 0, 64), Member("compound_head", 64, 64), Member("compound_info", 64, 64)
COUNT = Member("count", 128, 32)
PAGE = Layout("page", 24, (FLAGS, HEAD, COUNT), "include/linux/mm_types.h")
COMPILED = ["include/linux/mm_types.h"]


def delta(*members: Member, size: int = 24) -> LayoutDelta:
    (layout_delta,) = layout_deltas([PAGE], [replace(PAGE, size=size, members=members)], COMPILED)
    assert (layout_delta.struct, layout_delta.before, layout_delta.after) == ("page", 24, size)
    return layout_delta


@pytest.mark.parametrize(
    ("members", "changes"),
    [
        ((FLAGS, INFO, COUNT), [("renamed", HEAD, INFO)]),
        ((FLAGS, COUNT), [("removed", HEAD, None)]),
        ((FLAGS, HEAD, COUNT, Member("b", 160, 3)), [("added", None, Member("b", 160, 3))]),
        ((FLAGS, HEAD, replace(COUNT, offset=160)), [("moved", COUNT, replace(COUNT, offset=160))]),
        ((FLAGS, HEAD, replace(COUNT, size=64)), [("resized", COUNT, replace(COUNT, size=64))]),
        ((FLAGS, replace(INFO, size=32), COUNT), [("added", None, replace(INFO, size=32)), ("removed", HEAD, None)]),
        (
            (INFO, replace(FLAGS, offset=192), replace(COUNT, size=8)),
            [
                ("renamed", HEAD, INFO),
                ("resized", COUNT, replace(COUNT, size=8)),
                ("moved", FLAGS, replace(FLAGS, offset=192)),
            ],
        ),
    ],
    ids=["renamed", "removed", "added", "moved", "resized", "another", "all at once"],
)
def test_what_became_of_members(members: tuple[Member, ...], changes: list[tuple[str, object, object]]) -> None:
    member_changes = [
        (str(member_delta.change), member_delta.before, member_delta.after) for member_delta in delta(*members).members
    ]
    assert len(member_changes) == len(changes)
    assert set(member_changes) == set(changes)


def test_changes_are_in_the_order_of_offsets() -> None:
    layout_delta = delta(replace(FLAGS, offset=192), INFO, replace(COUNT, size=8))
    offsets = [(member_delta.after or member_delta.before).offset for member_delta in layout_delta.members]  # type: ignore[union-attr]
    assert offsets == [64, 128, 192]


def test_a_size_that_differs_is_shown_without_members() -> None:
    assert delta(*PAGE.members, size=32).members == ()


def test_what_does_not_differ_is_not_shown() -> None:
    assert layout_deltas([PAGE], [replace(PAGE, path="")], COMPILED) == ()
    assert layout_deltas([], [], COMPILED) == ()


def test_structs_that_come_and_go_are_shown() -> None:
    new = Layout("new", 8, (), "include/linux/mm_types.h")
    assert layout_deltas([PAGE], [new], COMPILED) == (
        LayoutDelta("new", None, 8, ()),
        LayoutDelta("page", 24, None, ()),
    )


def test_a_struct_of_a_file_that_is_not_compiled_is_in_no_kernel() -> None:
    grown = replace(PAGE, size=32)
    assert layout_deltas([PAGE], [grown], []) == ()
    assert len(layout_deltas([replace(PAGE, path="")], [replace(grown, path="")], [])) == 1


def test_each_file_has_a_probe_of_its_own_beside_that_of_the_well_known() -> None:
    changed = [
        ChangedFile("a.h", "", (1,), ("a", "b")),
        ChangedFile("b.c", "", (1,)),
        ChangedFile("c.c", "", (), ("c",)),
    ]
    assert probes(changed) == (Probe("", WELL_KNOWN), Probe("a.h", ("a", "b")), Probe("c.c", ("c",)))
