"""ccache, the real one: what it gives back, what it is not asked, and who may put something in."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.kernel import toolchain
from pipeline.kernel.ccache import CompilerCache, take_calls
from pipeline.model import CompilerCalls
from pipeline.record import CellRecord
from pipeline.system.policy import LIMITS
from pipeline.system.process import Processes
from pipeline.system.sandbox import Box, Bubblewrap, Job, Sandbox, Unsandboxed
from tests.support.containment import CARRIERS, CELL, Host, attack, files_that_hold, plant
from tests.support.developer import UTIL, PatchSeries
from tests.support.main_job import build, cell, words
from tests.support.matrices import CELLS, HVO, matrix_text, write_matrix
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("ccache")

SIZE = 1 << 30


def objects(folder: Path) -> dict[str, str]:
    """Digests of what the cache holds; its counters aside."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name[-1] in "MR"]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def sizes(cell_record: CellRecord) -> object:
    assert cell_record.text
    return cell_record.text.before, cell_record.text.after, cell_record.text.symbols, cell_record.sections


def test_a_machine_that_forgot_its_results_compiles_nothing_of_the_tree_again(
    tmp_path: Path, sealed_environment: dict[str, str], fake_tree: Path, posted: Mapping[str, PatchSeries]
) -> None:
    """Seen red with another CCACHE_COMPILERCHECK in each run: no hits."""
    run = Runner(tmp_path / "workspace", sealed_environment, tmp_path)
    matrix = write_matrix(tmp_path, matrix_text({HVO: CELLS[HVO]}))
    tree = f"path:{fake_tree}#master"
    plain, _ = build(run.within(tmp_path / "other"), posted["good"], tree, matrix)
    cold, _ = build(run, posted["good"], tree, matrix, "--ccache=1G")
    kept = objects(run.workspace / "ccache")
    for name in ("store", "builds"):
        shutil.rmtree(run.workspace / name)
    warm, done = build(run, posted["good"], tree, matrix, "--ccache=1G")

    (first, patched), (again, _) = cell(cold, HVO).states, cell(warm, HVO).states
    assert first.compiler_calls
    assert again.compiler_calls
    assert patched.compiler_calls
    assert first.compiler_calls.misses > 0
    assert (again.compiler_calls.misses, again.compiler_calls.hits) == (0, first.compiler_calls.misses)
    assert f"{again.compiler_calls.hits} hits" in words(done.stdout)
    assert sizes(cell(plain, HVO)) == sizes(cell(cold, HVO)) == sizes(cell(warm, HVO))
    assert kept
    assert objects(run.workspace / "ccache") == kept
    # Patches compile, and what they compile is not kept.
    assert patched.compiler_calls.misses > 0
    assert all(state.compiler_calls is None for state in cell(plain, HVO).states)


@pytest.mark.parametrize("box", [Bubblewrap(), Unsandboxed()], ids=["bwrap", "none"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("blob.S", '.section .rodata\n.incbin "blob"\n'),
        ("blob.c", '__asm__(".section .rodata\\n.incbin \\"blob\\"\\n");\n'),
    ],
)
def test_a_file_that_includes_binaries_is_always_compiled(tmp_path: Path, box: Sandbox, name: str, text: str) -> None:
    """Seen red with ccache alone, without the program before it: the object holds the blob of the first time."""
    (source, made) = (tmp_path / "source", tmp_path / "build")
    source.mkdir()
    made.mkdir()
    (source / name).write_text(text)
    processes = Processes()
    compiler = toolchain.identify("gcc", processes)
    ccache = CompilerCache(tmp_path / "ccache", SIZE)
    place = Box(source, made, ccache.prepare(compiler), ccache.cache(writable=True))
    environment = ccache.environment(compiler, writable=True)
    for blob in (b"first", b"second"):
        (made / "blob").write_bytes(blob)
        job = Job(("gcc", "-Wp,-MMD,{build}/blob.d", "-c", f"{{src}}/{name}", "-o", "{build}/blob.o"), environment)
        done = processes.run(box.command(job, place))
        assert done.ok, done.text
        assert blob in (made / "blob.o").read_bytes()
        assert take_calls(made) == CompilerCalls(hits=0, misses=0, uncacheable=1)


POISON = "cd /ccache && for file in $(find . -type f) new; do echo FORGED >$file; done\necho tried >/build/loot"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_series_cannot_poison_the_cache(tmp_path: Path, sealed_environment: Mapping[str, str], carrier: str) -> None:
    """Seen red with the cache mounted writable for every state."""
    host = Host.made(tmp_path, sealed_environment)
    ccache = CompilerCache(tmp_path / "ccache", SIZE)
    plant(host.developer, "poison", attack(host.developer, carrier, POISON))
    for branch in ("innocent", "poison"):
        host.build(branch, LIMITS, cells=(CELL,), ccache=ccache)
    assert host.loot() == "tried\n"
    assert objects(tmp_path / "ccache")
    assert files_that_hold("FORGED", tmp_path / "ccache") == []


def test_objects_of_a_prerequisite_cannot_poison_the_cache(
    tmp_path: Path, sealed_environment: Mapping[str, str]
) -> None:
    """A prerequisite, or a base-commit. Seen red with the cache filled by every base."""
    host = Host.made(tmp_path, sealed_environment)
    ccache = CompilerCache(tmp_path / "ccache", SIZE)
    host.build("innocent", LIMITS, cells=(CELL,), ccache=ccache)
    edit = (UTIL, "unsigned long page_index(", "/* Found. */\nunsigned long page_index(")
    plant(host.developer, "below", attack(host.developer, "makefile", POISON), edit)
    host.build("below", LIMITS, cells=(CELL,), patches=1, ccache=ccache)
    assert {path.read_text() for path in host.workspace.glob(f"builds/*/{CELL}/*/loot")} == {"tried\n"}
    assert objects(tmp_path / "ccache")
    assert files_that_hold("FORGED", tmp_path / "ccache") == []
