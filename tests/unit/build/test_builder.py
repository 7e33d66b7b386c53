"""What counts as a result, and what as a failure of the machine: a builder on a host without a kernel."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipeline.build import Builder, read_log
from pipeline.build.results import BuildResults
from pipeline.build.states import selected_states, to_bisect
from pipeline.kernel.buildfolder import BuildFolder, CellFolders
from pipeline.kernel.ccache import Use
from pipeline.kernel.differences import Change
from pipeline.kernel.moved import Moved
from pipeline.kernel.programs import Programs
from pipeline.model import (
    Applied,
    ApplyStatus,
    Build,
    BuildStatus,
    Cell,
    Layout,
    PlannedCell,
    SourceState,
    Toolchain,
    Tree,
)
from pipeline.system.command import Completed
from pipeline.system.confined import UnreadableError
from pipeline.system.errors import InfrastructureError, require_sound_machine
from pipeline.system.store import Key, Store

TREE = Tree("path:/x", "1", "c" * 40, "e" * 40)
CELL = Cell("one", "x86_64", Toolchain("gcc", "gcc 12", "d" * 64), "tinyconfig", ())
PLANNED = PlannedCell(CELL, TREE, config="CONFIG_A=y\n")
STATES = tuple(SourceState(at, f"change {at}", f"{at:040}", f"{at:040}") for at in range(4))
WARNED = "/src/mm/util.c:7:1: warning: odd\n  LD      vmlinux\n"
SOURCES = {"mm/util.c": b"static int f(void)\n{\n\tint x;\n}\n"}
GOOD = "  CC      mm/util.o\n  LD      vmlinux\n"
BROKEN = "/src/mm/util.c:7:1: error: bad\nmake: *** [vmlinux] Error 2\n"

Answer = tuple[int, str]
Tools = list[str] | None


class FakeMake:
    """Answers `make vmlinux` from a list; a folder with a vmlinux is one where something was built."""

    source_prefixes = ("/src/",)
    unreadable = ""
    warned: ClassVar[list[str]] = []

    def __init__(
        self, folder: Path, answers: list[Answer], cleanliness: list[bool], cell: Cell = CELL, tools: Tools = None
    ) -> None:
        self.cell = cell
        self._tools = tools
        self.folder = BuildFolder(folder / "none")
        self.source_dir = folder
        self.steps = 0
        self._answers = answers
        self._cleanliness = cleanliness

    def folders(self, root: str) -> CellFolders:
        return CellFolders(self.source_dir, root)

    def enter(self, folder: BuildFolder, seed: BuildFolder | None = None) -> None:
        folder.claim()
        if seed and not folder.path.exists() and seed.is_sealed():
            shutil.copytree(seed.path, folder.path)
        self.folder = folder

    def run(self, *targets: str, timeout: float = 1.0) -> Completed:
        assert targets in (("vmlinux",), ("prepare",))
        assert timeout > 0
        self._cleanliness.append(self.folder.fresh)
        (self.folder.path / targets[0]).touch()
        status, log = self._answers.pop(0)
        self.steps += 2
        require_sound_machine(f"while {self.cell.id} was built", status, log)
        return Completed(("make", *targets), status, log.encode(), b"", 1.0, 1.0)

    def source(self, path: str) -> bytes | None:
        return SOURCES.get(path)

    def take_compiler_calls(self) -> None:
        return None

    def tool(self, *argv: str) -> Completed:
        if argv[0] == "python3":
            # The reader of code, which finds no object here.
            return Completed(argv, 0, b"", b"", 0.1, 0.1)
        if self._tools is not None:
            self._tools.append(argv[0])
        output = b".text 100 0\n" if "size" in argv[0] else b"8 T main\n"
        return Completed(argv, 0, output, b"", 0.1, 0.1)

    def read_apart(self, function: Callable[..., Any], *arguments: Any, data: bytes | None = None) -> Any:
        """In this process, and as JSON all the same."""
        if self.unreadable == function.__name__:
            raise UnreadableError("it takes more than 5 s")
        return json.loads(json.dumps(function(*arguments, *([] if data is None else [data]))))

    def warn(self, words: str) -> None:
        self.warned.append(words)

    def check_failure(self, done: Completed) -> None:
        require_sound_machine(f"while {self.cell.id} was built", done.status, done.text)

    def struct_page_size(self) -> int:
        return 64


class FakeHost:
    """A build host on a real store; `built` says of every make whether it began in a clean folder."""

    def __init__(self, folder: Path, answers: Sequence[Answer]) -> None:
        self.store = Store(folder / "store", print)
        self.answers = list(answers)
        self.built: list[bool] = []
        self.tools: list[str] = []
        self.uses: list[Use] = []
        self.changed: dict[int, tuple[str, ...]] = {state.patch: ("Makefile",) for state in STATES}
        self.renamed: dict[str, str] = {}
        self._folder = folder / "build"

    def inputs(self, cell: Cell) -> dict[str, Any]:
        return {"cell": cell.id}

    def worktree_lock(self, tree: Tree) -> AbstractContextManager[object]:
        return nullcontext(tree)

    def move(self, tree: Tree, state: SourceState) -> None:
        pass

    def changes(self, before: SourceState, after: SourceState) -> dict[str, Change]:
        return {
            path: Change("M", f"{after.patch:040}")
            for state in STATES[before.patch + 1 : after.patch + 1]
            for path in self.changed[state.patch]
        }

    def changed_lines(self, before: SourceState, after: SourceState) -> str:
        return "".join(self.changes(before, after))

    def moved(self, before: SourceState, after: SourceState) -> Moved:
        assert before.patch == 0 < after.patch
        return Moved(self.renamed)

    def past(self, _cell: Cell) -> tuple[int | None, float | None]:
        return None, None

    def remember(self, cell: Cell, steps: int, cpu_seconds: float) -> None:
        pass

    def run_all(
        self,
        _tree: Tree,
        _label: str,
        expected: Sequence[tuple[Cell, object]],
        task: Callable[[Any], None],
        *,
        ccache: Use = Use.NONE,
    ) -> None:
        self.uses.append(ccache)
        for cell, _ in expected:
            make = FakeMake(self._folder, self.answers, self.built, cell, self.tools)
            task(make)
            make.folder.seal()


class FakeInspector:
    """Notes what it is shown: the state, and what make had left in the folder then."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, list[str]]] = []
        self._known: set[str] = set()

    def reuse(self, source: Key, target: Key) -> None:
        pass

    def targets(self, state: SourceState, _: Key) -> tuple[str, ...]:
        return ("vmlinux",) if state.patch == STATES[-1].patch else ("prepare",)

    def complete(self, _state: SourceState, build: Key) -> bool:
        return build.digest in self._known

    def inspect(self, make: FakeMake, state: SourceState, build: Key) -> None:
        self.seen.append((state.patch, sorted(path.name for path in make.folder.path.glob("[!.]*"))))
        self._known.add(build.digest)

    def inspected(self, build: Build, state: SourceState, _key: Key) -> Build:
        return replace(build, layouts=(Layout("page", state.patch, ()),))


def build(
    host: FakeHost,
    *,
    per_patch: bool = False,
    planned: Sequence[PlannedCell] = (PLANNED,),
    inspector: FakeInspector | None = None,
    named: str = "",
) -> Any:
    applied = Applied(TREE, ApplyStatus.CLEAN, STATES)
    return Builder(host, inspector, named).build(applied, planned, per_patch)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "per_patch", "numbers"),
    [(1, False, [0]), (2, False, [0, 1]), (4, False, [0, 3]), (4, True, [0, 1, 2, 3]), (1, True, [0])],
)
def test_base_and_last_state_are_built_or_all_of_them(count: int, per_patch: bool, numbers: list[int]) -> None:
    assert [state.patch for state in selected_states(STATES[:count], per_patch)] == numbers


def test_a_build_is_a_result_with_everything_that_was_read_of_it(tmp_path: Path) -> None:
    builds = build(FakeHost(tmp_path, [(0, GOOD), (0, GOOD)]))
    assert list(builds) == [("one", 0), ("one", 3)]
    patched = builds["one", 3]
    assert (patched.status, patched.steps, patched.sections, patched.symbols) == (
        *(BuildStatus.BUILT, 2),
        *({".text": 100}, b"8 T main\n"),
    )
    assert patched.struct_page.size == 64
    assert read_log(patched) == GOOD
    assert not patched.cached


def test_what_was_built_before_is_taken_from_the_store(tmp_path: Path) -> None:
    build(FakeHost(tmp_path, [(0, GOOD), (0, GOOD)]))
    again = build(FakeHost(tmp_path, []))
    assert [result.cached for result in again.values()] == [True, True]


@pytest.mark.parametrize(
    ("named", "uses"),
    [
        (STATES[0].tree_id, [Use.FILL, Use.READ, Use.READ, Use.READ]),
        # Patches on top of patches can come back to it, in a folder that their makefiles wrote to.
        (STATES[2].tree_id, [Use.READ] * 4),
        (TREE.tree_id, [Use.READ] * 4),
    ],
)
def test_ccache_is_filled_by_the_tree_that_was_named_and_nothing_else(
    tmp_path: Path, named: str, uses: list[Use]
) -> None:
    host = FakeHost(tmp_path, [(0, GOOD)] * 4)
    build(host, per_patch=True, named=named)
    assert host.uses == uses


def test_an_unreachable_cell_is_not_built(tmp_path: Path) -> None:
    assert build(FakeHost(tmp_path, []), planned=[PlannedCell(CELL, TREE, reason="no")]) == {}


@pytest.mark.parametrize(
    ("toolchain", "tools"),
    [("gcc", ["nm", "size"]), ("llvm-14", ["llvm-nm-14", "llvm-size-14"])],
)
def test_vmlinux_is_read_by_the_tools_of_its_toolchain(tmp_path: Path, toolchain: str, tools: list[str]) -> None:
    host = FakeHost(tmp_path, [(0, GOOD), (0, GOOD)])
    cell = replace(CELL, toolchain=Toolchain(toolchain, "1", "d" * 64))
    build(host, planned=[replace(PLANNED, cell=cell)])
    assert host.tools == tools * 2


def test_a_duplicate_is_not_built(tmp_path: Path) -> None:
    assert build(FakeHost(tmp_path, []), planned=[replace(PLANNED, same_as="other")]) == {}


def test_a_compile_error_is_a_result(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, [(0, GOOD), (2, BROKEN), (2, BROKEN), (0, GOOD), (0, GOOD)])
    failed = build(host)["one", 3]
    assert failed.status is BuildStatus.FAILED
    assert [error.message for error in failed.errors] == ["bad"]
    assert build(FakeHost(tmp_path, []))["one", 3].errors == failed.errors


def test_an_error_of_an_incremental_build_counts_when_a_clean_one_confirms_it(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, [(0, GOOD), (2, BROKEN), (0, GOOD)])
    assert build(host)["one", 3].status is BuildStatus.BUILT
    assert host.built == [True, False, True]


def test_a_new_warning_of_an_incremental_build_is_confirmed_by_a_clean_one(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, [(0, GOOD), (0, WARNED), (0, WARNED)])
    assert [warning.message for warning in build(host)["one", 3].warnings] == ["odd"]
    assert host.built == [True, False, True]


def test_an_old_warning_needs_no_second_build(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, [(0, WARNED), (0, WARNED)])
    build(host)
    assert host.built == [True, False]


def test_an_old_warning_of_a_renamed_file_needs_no_second_build(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, [(0, WARNED), (0, WARNED.replace("util", "page_util"))])
    host.renamed = {"mm/util.c": "mm/page_util.c"}
    build(host)
    assert host.built == [True, False]


def test_a_second_equal_warning_of_an_incremental_build_is_confirmed(tmp_path: Path) -> None:
    twice = WARNED.replace("  LD", "/src/mm/util.c:9:1: warning: odd\n  LD")
    host = FakeHost(tmp_path, [(0, WARNED), (0, twice), (0, twice)])
    assert [warning.line for warning in build(host)["one", 3].warnings] == [7, 9]
    assert host.built == [True, False, True]


def test_warnings_have_the_function_that_the_source_shows(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, [(0, WARNED.replace(":7:", ":3:")), (0, GOOD)])
    (warning,) = build(host)["one", 0].warnings
    assert (warning.tool, warning.function, warning.source) == ("gcc", "f", "int x;")
    assert build(FakeHost(tmp_path, []))["one", 0].warnings == (warning,)


def test_an_error_that_did_not_stop_make_is_a_warning(tmp_path: Path) -> None:
    odd = "error: recursive dependency detected!\n\tsymbol A depends on A\nmake[1]: *** [x] Error 1\n"
    host = FakeHost(tmp_path, [(0, GOOD), (0, f"{odd}{GOOD}"), (0, f"{odd}{GOOD}")])
    (warning,) = build(host)["one", 3].warnings
    assert warning.message == "recursive dependency detected! symbol A depends on A"


OLDER_VALUE: dict[str, Any] = {
    **{"status": "built", "seconds": 1.0, "cpu_seconds": 1.0, "steps": 2, "sections": {}, "struct_page": None},
    "warnings": [{"path": "mm/util.c", "line": 7, "message": "odd"}],
    "errors": [],
}


@pytest.mark.parametrize("source", ["/src", "/home/someone/worktrees/1"])
def test_the_log_of_a_build_that_an_older_version_stored_is_read_again(tmp_path: Path, source: str) -> None:
    """That version knew neither the tool of a warning nor all tools: what it missed must not look new."""
    log = f"make: Entering directory '{source}'\n{source}/mm/util.c:7:1: warning: odd\na.o: warning: objtool: f: odd\n"
    key = Key("build", {"an": "old one"})
    store = Store(tmp_path / "store", print)
    store.put(key, OLDER_VALUE, {"log.z": zlib.compress(log.encode()), "config": b"", "symbols.z": zlib.compress(b"")})
    stored = BuildResults(store).get(key, CELL, cached=True)
    assert stored is not None
    assert [(warning.tool, warning.path) for warning in stored.warnings] == [("gcc", "mm/util.c"), ("objtool", "a.o")]


def test_a_build_is_inspected_in_its_folder_when_it_counts_and_before_that_is_wiped(tmp_path: Path) -> None:
    inspector = FakeInspector()
    builds = build(FakeHost(tmp_path, [(0, GOOD), (0, WARNED), (0, WARNED)]), inspector=inspector)
    assert inspector.seen == [(0, ["vmlinux"]), (3, ["vmlinux"])]
    assert [result.layouts[0].size for result in builds.values()] == [0, 3]


def test_a_failed_build_is_not_inspected(tmp_path: Path) -> None:
    inspector = FakeInspector()
    host = FakeHost(tmp_path, [(0, GOOD), (2, BROKEN), (2, BROKEN), (0, GOOD), (0, GOOD)])
    assert build(host, inspector=inspector)["one", 3].status is BuildStatus.FAILED
    assert 3 not in [patch for patch, _ in inspector.seen]


def test_a_stored_build_is_inspected_when_nobody_has_yet(tmp_path: Path) -> None:
    build(FakeHost(tmp_path, [(0, GOOD), (0, GOOD)]))
    inspector, host = FakeInspector(), FakeHost(tmp_path, [(0, GOOD), (0, GOOD)])
    assert [result.cached for result in build(host, inspector=inspector).values()] == [True, True]
    assert inspector.seen == [(0, ["prepare", "vmlinux"]), (3, ["vmlinux"])]
    # Nobody looked for warnings in the last make, so that nothing may be built on top of it.
    assert [path.name.partition("-")[0] for path in (tmp_path / "build").glob("[!.]*")] == ["base"]
    build(FakeHost(tmp_path, []), inspector=inspector)


def test_a_stored_build_that_make_cannot_repeat_is_left_without(tmp_path: Path) -> None:
    build(FakeHost(tmp_path, [(0, GOOD), (0, GOOD)]))
    inspector = FakeInspector()
    assert build(FakeHost(tmp_path, [(2, BROKEN), (2, BROKEN)]), inspector=inspector)["one", 3].cached
    assert inspector.seen == []


MACHINE = {
    "disk": (2, "/src/a.c: fatal error: x.o: No space left on device\nmake: *** [a.o] Error 1\n"),
    "compiler killed": (2, "gcc: fatal error: Killed signal terminated program cc1\n"),
    "compiler out of memory": (2, "cc1: internal compiler error: Killed\n"),
    "clang out of memory": (2, "LLVM ERROR: out of memory\nmake: *** [a.o] Error 134\n"),
    "clang's child killed": (2, "clang: error: unable to execute command: Killed\n"),
    "virtual memory": (2, "virtual memory exhausted: Cannot allocate memory\n"),
    "bad disk": (2, "cc1: error: /src/a.c: Input/output error\n"),
    "size limit": (2, "ld: final link failed: File size limit exceeded\n"),
    "linker killed": (2, "make[2]: *** [/src/Makefile:1: vmlinux] Killed\n"),
    "terminated": (2, "make: *** [/src/Makefile:1: vmlinux] Terminated\n"),
    "a child of git killed": (2, "error: reset died of signal 9\n"),
    "make killed": (-9, "  CC      a.o\n"),
    "make killed in its sandbox, which then ends with 128 + 9": (137, "  CC      a.o\n"),
}


@pytest.mark.parametrize("answer", MACHINE.values(), ids=MACHINE.keys())
def test_a_failure_of_the_machine_is_raised_and_never_stored(tmp_path: Path, answer: Answer) -> None:
    with pytest.raises(InfrastructureError, match="machine failed while one was built"):
        build(FakeHost(tmp_path, [answer]))
    assert not list(tmp_path.rglob("entry.json"))


def test_what_was_finished_before_the_machine_failed_is_kept(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError):
        build(FakeHost(tmp_path, [(0, GOOD), (-9, "")]))
    assert [result.cached for result in build(FakeHost(tmp_path, [(0, GOOD)])).values()] == [True, False]


def test_words_of_a_failing_machine_do_no_harm_in_a_build_that_succeeds(tmp_path: Path) -> None:
    builds = build(FakeHost(tmp_path, [(0, GOOD), (0, f"No space left on device\n{GOOD}")]))
    assert builds["one", 3].status is BuildStatus.BUILT


@pytest.mark.parametrize(
    "line",
    [
        '  123 |         pr_err("No space left on device");',
        "Applying: ext4: say No space left on device",
        "      |         Cannot allocate memory",
    ],
)
def test_a_quotation_is_no_failure_of_the_machine(line: str) -> None:
    require_sound_machine("here", 1, f"a.c:123: error: bad\n{line}\nmake: *** [a.o] Error 1\n")


def with_dependencies(host: FakeHost, paths: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    """A host whose builds read `paths` of the tree, as sources of the kernel."""
    known = Programs(frozenset(paths), frozenset(paths), frozenset(), frozenset())
    monkeypatch.setattr("pipeline.kernel.records.programs_of", lambda *_: known)
    monkeypatch.setattr("pipeline.kernel.assembled.is_recorded", lambda _: False)
    monkeypatch.setattr("pipeline.kernel.records.read_of_tree", lambda _recorded, _prefixes: frozenset(paths))
    return host


def test_a_state_that_changes_nothing_that_was_read_is_reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = with_dependencies(FakeHost(tmp_path, [(0, GOOD), (0, GOOD)]), ["mm/util.c"], monkeypatch)
    host.changed = {0: (), 1: ("Documentation/a.rst",), 2: ("mm/util.c",), 3: ("mm/slab.c",)}
    builds = build(host, per_patch=True)
    assert [result.reused for result in builds.values()] == [False, True, False, True]
    assert [result.cpu_seconds for result in builds.values()] == [1.0, 0.0, 1.0, 0.0]
    assert builds["one", 1].symbols == builds["one", 0].symbols
    assert read_log(builds["one", 3]) == GOOD
    again = build(FakeHost(tmp_path, []), per_patch=True)
    assert [(result.cached, result.reused) for result in again.values()] == [(True, at in (1, 3)) for at in range(4)]


def test_what_other_programs_wrote_down_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what they read; texts are read by nobody. Seen red with every record believed."""
    host = with_dependencies(FakeHost(tmp_path, [(0, GOOD), (0, GOOD), (0, GOOD)]), ["mm/util.c"], monkeypatch)
    host.changed = {0: (), 1: ("lib/gen_table.c", "mm/util.c"), 2: ("Documentation/a.rst",), 3: ("lib/gen_table.c",)}
    builds = build(host, per_patch=True)
    assert [result.reused for result in builds.values()] == [False, False, True, False]


def test_states_that_run_the_same_programs_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others have one that begins as the base's. Seen red with every state in the folder of the one before."""
    host = with_dependencies(FakeHost(tmp_path, [(0, GOOD)] * 4), ["mm/util.c"], monkeypatch)
    host.changed = {0: (), 1: ("mm/util.c",), 2: ("mm/util.c",), 3: ("Makefile",)}
    build(host, per_patch=True)
    kinds = [path.name.partition("-")[0] for path in (tmp_path / "build").glob("[!.]*")]
    assert sorted(kinds) == ["base", "own", "shared"]
    assert host.built == [True, False, False, False]


def test_only_what_was_built_is_reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = with_dependencies(FakeHost(tmp_path, [(0, GOOD), *[(2, BROKEN)] * 6]), ["mm/util.c"], monkeypatch)
    host.changed = {0: (), 1: ("mm/util.c",), 2: ("Documentation/a.rst",), 3: ("Documentation/b.rst",)}
    builds = build(host, per_patch=True)
    assert [result.status is BuildStatus.FAILED for result in builds.values()] == [False, True, True, True]


def test_without_a_record_of_what_was_read_nothing_is_reused(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, [(0, GOOD), (0, GOOD)])
    build(host)
    for entry in (tmp_path / "store/dependencies").glob("*/*"):
        for file in entry.iterdir():
            file.unlink()
        entry.rmdir()
    host = FakeHost(tmp_path, [(0, GOOD), (0, GOOD)])
    host.changed = dict.fromkeys(range(4), ("Documentation/a.rst",))
    # The base has no record any more; what was built on it has one again, and the last one is stored.
    assert [result.reused for result in build(host, per_patch=True).values()] == [False, False, True, False]


GOOD_STATE, BAD_STATE = BuildStatus.BUILT, BuildStatus.FAILED


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({0: GOOD_STATE, 8: GOOD_STATE}, None),
        ({0: GOOD_STATE, 8: BAD_STATE}, 4),
        ({8: BAD_STATE, 4: BAD_STATE, 0: GOOD_STATE}, 2),
        ({0: GOOD_STATE, 4: GOOD_STATE, 8: BAD_STATE}, 6),
        ({0: GOOD_STATE, 1: BAD_STATE, 8: BAD_STATE}, None),
        ({0: BAD_STATE, 8: BAD_STATE}, None),
    ],
)
def test_a_failure_is_looked_for_halfway(known: dict[int, BuildStatus], wanted: int | None) -> None:
    assert to_bisect(known) == wanted


def test_a_log_that_cannot_be_read_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen red with a log that cannot be read taken for one without warnings."""
    monkeypatch.setattr(FakeMake, "unreadable", "read_log")
    builds = build(FakeHost(tmp_path, [(0, GOOD)] * 4))
    assert {result.status for result in builds.values()} == {BuildStatus.FAILED}
    assert "what the build left cannot be read" in builds["one", 0].errors[0].message


def test_records_that_cannot_be_read_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen red with nothing taken for all that was read: the next state was reused."""
    monkeypatch.setattr(FakeMake, "unreadable", "read_build")
    monkeypatch.setattr(FakeMake, "warned", [])
    host = FakeHost(tmp_path, [(0, GOOD)] * 4)
    host.changed = {0: (), 1: ("Documentation/a.rst",), 2: ("mm/util.c",), 3: ("mm/slab.c",)}
    builds = build(host, per_patch=True)
    assert {result.status for result in builds.values()} == {BuildStatus.BUILT}
    assert not any(result.reused for result in builds.values())
    assert "what the build left cannot be read: it takes more than 5 s" in FakeMake.warned[0]
