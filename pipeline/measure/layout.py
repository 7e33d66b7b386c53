"""Layouts of structs in a cell: those that a series touches, and those of general interest.

A probe is compiled in the cell's prepared folder with the flags of asm-offsets.c, and what the compiler says of the
structs in its debug information is compared between base and last state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from pipeline.kernel import kbuild
from pipeline.kernel.make import Make
from pipeline.model import ChangedFile, Layout, Member
from pipeline.probes import StructQuestion
from pipeline.system import untrusted_dir
from pipeline.system.confined import UnreadableError

WELL_KNOWN = ("page", "folio", "hstate", "zone", "pglist_data")
HEADERS = ("linux/mm_types.h", "linux/mmzone.h", "linux/hugetlb.h")


@dataclass(frozen=True)
class Probe:
    """An object to compile: the headers to include beside the well-known ones, and the structs to describe."""

    path: str
    structs: tuple[str, ...]


class MemberChange(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    RESIZED = "resized"


@dataclass(frozen=True)
class MemberDelta:
    """The change of a member; `before` is None for one that is added, `after` for one that is removed."""

    change: MemberChange
    before: Member | None
    after: Member | None


@dataclass(frozen=True)
class LayoutDelta:
    """A struct whose layout differs; sizes in bytes, None where it does not exist."""

    struct: str
    before: int | None
    after: int | None
    members: tuple[MemberDelta, ...]


def probes(changed: Sequence[ChangedFile], asked: Sequence[StructQuestion] = ()) -> tuple[Probe, ...]:
    """The structs to compile: well-known ones, those of each file that changes, and those that a matrix asks about.

    A header that does not stand alone must not spoil the rest, so that each is compiled apart.
    """
    touched = (Probe(file.path, file.structs) for file in changed if file.structs)
    known = (
        *WELL_KNOWN,
        *(question.name for question in asked if not question.header and question.name not in WELL_KNOWN),
    )
    headers: dict[str, list[str]] = {}
    for question in asked:
        if question.header:
            headers.setdefault(question.header, []).append(question.name)
    elsewhere = (Probe(path, tuple(names)) for path, names in headers.items())
    # Structs that the series touches come last, and replace others of the same name.
    return (Probe("", known), *elsewhere, *touched)


def measure_layouts(make: Make, wanted: Sequence[Probe]) -> tuple[Layout, ...]:
    """The structs of `wanted` that exist in a cell; its folder is prepared, the worktree at the same state.

    A probe that does not compile says nothing, as does one whose debug information cannot be read, or any of them where
    the folder does not show how kernel code is compiled.

    Raises:
        InfrastructureError: the compiler ran out of time.
        OSError: the disk fails.
    """
    try:
        command = make.read_apart(kbuild.read_layout_command, str(make.folder.path))
    except UnreadableError:
        return ()
    layouts: dict[str, Layout] = {}
    for probe in wanted:
        for layout in _compiled(make, probe, command):
            # A struct that the series touches is known by the file that it is in.
            layouts[layout.struct] = replace(layout, path=probe.path)
    return tuple(layouts[name] for name in sorted(layouts))


def _compiled(make: Make, probe: Probe, command: Sequence[str]) -> tuple[Layout, ...]:
    folder = make.folder.path
    file = make.source_prefixes[0] + probe.path if probe.path else ""
    untrusted_dir.write(folder, kbuild.LAYOUT_SOURCE, kbuild.layout_probe(HEADERS, file, probe.structs).encode())
    untrusted_dir.discard(folder, kbuild.LAYOUT_OUTPUT)
    done = make.tool(*command)
    if not done.ok or not untrusted_dir.is_file(folder, kbuild.LAYOUT_OUTPUT):
        return ()
    try:
        # Most runs ask for no struct, and pyelftools takes a quarter of a second to import.
        from pipeline.kernel import dwarf

        structs = make.read_apart(dwarf.read_object, str(folder), kbuild.LAYOUT_OUTPUT, probe.structs)
    except UnreadableError:
        return ()
    return tuple(layout_of(struct) for struct in structs)


def layout_of(value: Any) -> Layout:
    """A layout from JSON."""
    members = tuple(Member(**member) for member in value["members"])
    return Layout(value["struct"], value["size"], members, value["path"])


def layout_deltas(
    before: Sequence[Layout], after: Sequence[Layout], compiled: Collection[str]
) -> tuple[LayoutDelta, ...]:
    """Structs whose layout differs, in order of their names.

    Args:
        compiled: files that the cell compiles; a struct of another file is in no kernel, and left out.
    """
    old = {layout.struct: layout for layout in before}
    new = {layout.struct: layout for layout in after}
    return tuple(
        LayoutDelta(
            name,
            old[name].size if name in old else None,
            new[name].size if name in new else None,
            tuple(_member_deltas(old[name], new[name])) if name in old and name in new else (),
        )
        for name in sorted({*old, *new})
        if _place(old.get(name), new.get(name)) in ("", *compiled) and _shape(old.get(name)) != _shape(new.get(name))
    )


def _place(old: Layout | None, new: Layout | None) -> str:
    return next((layout.path for layout in (new, old) if layout and layout.path), "")


def _shape(layout: Layout | None) -> tuple[int, tuple[Member, ...]] | None:
    return (layout.size, layout.members) if layout else None


def _member_deltas(old: Layout, new: Layout) -> Iterator[MemberDelta]:
    """The change of each member, in the order of offsets; one that others replace in its place was renamed."""
    before, after = ({member.name: member for member in side.members} for side in (old, new))
    removed = [member for member in old.members if member.name not in after]
    added = [member for member in new.members if member.name not in before]
    changes: list[MemberDelta] = []
    for member in removed:
        replacement = next(
            (candidate for candidate in added if (candidate.offset, candidate.size) == (member.offset, member.size)),
            None,
        )
        if replacement:
            added.remove(replacement)
        changes.append(MemberDelta(MemberChange.RENAMED if replacement else MemberChange.REMOVED, member, replacement))
    changes += [MemberDelta(MemberChange.ADDED, None, member) for member in added]
    for name in before.keys() & after.keys():
        member_before, member_after = before[name], after[name]
        if member_before != member_after:
            kind = MemberChange.RESIZED if member_before.size != member_after.size else MemberChange.MOVED
            changes.append(MemberDelta(kind, member_before, member_after))
    yield from sorted(changes, key=_position)


def _position(delta: MemberDelta) -> tuple[int, str]:
    member = delta.after or delta.before
    assert member is not None
    return member.offset, member.name
