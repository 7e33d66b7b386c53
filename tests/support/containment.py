"""Hostile trees over the fake kernel, and a host with things to steal and to break.

A tree's attack is a shell script, `scripts/attack.sh`, that something of the build runs: a makefile, Kconfig, a host
program. What it gets hold of it writes to `/build/loot`, as any build can; nothing may lie there that is the user's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.build import Builds
from pipeline.definitions import load_matrix
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.ccache import CompilerCache
from pipeline.kernel.trees import TreeName
from pipeline.model import Applied, ApplyStatus, Build, BuildStatus, SourceState
from pipeline.plan import Planner
from pipeline.plan.cells import select_cells
from pipeline.run import Pipeline
from pipeline.system import untrusted_dir
from pipeline.system.console import Console
from pipeline.system.policy import LIMITS, Limits
from pipeline.system.process import Processes
from pipeline.system.sandbox import Bubblewrap
from pipeline.system.workspace import Workspace
from tests.support.developer import UTIL, Developer, Edit
from tests.support.matrices import CELLS, matrix_text, write_matrix
from tests.support.runner import processes_in

SECRET = "canary-4f1d0a"
"""In every file and variable that nobody may read."""

CELL, OTHER = "x86_64-hvo", "i386-odd"

_SHELL = "sh $(srctree)/scripts/attack.sh"
_SHELL_AT_LINK = "sh /src/scripts/attack.sh"
_RUNS = (
    "#include <stdlib.h>\n__attribute__((constructor)) static void attack(void)\n{\n"
    '\tif (system("sh /src/scripts/attack.sh"))\n\t\treturn;\n}\n\nstruct name {\n\tstruct name *next;'
)
CARRIERS: Mapping[str, Edit] = {
    "makefile": ("lib/Makefile", "obj-y ", f"$(info $(shell {_SHELL}))\nobj-y "),
    "kconfig": (
        "Kconfig",
        "$(KERNELVERSION) Kernel Configuration",
        f"$(KERNELVERSION) $(shell,{_SHELL}) Kernel Configuration",
    ),
    "host program": ("scripts/basic/fixdep.c", "struct name {\n\tstruct name *next;", _RUNS),
}
"""What runs the script."""
LINKED: Edit = ("scripts/link-vmlinux.sh", "info NM System.map\n", f"info NM System.map\n{_SHELL_AT_LINK}\n")
"""Runs it after everything was built."""

HELD = "exec > /build/loot 2>&1\n"
"""Begins a script whose every word is loot."""

_ONCE = "mkdir /build/attacked 2>/dev/null || exit 0\n"


def plant(developer: Developer, name: str, *patches: Mapping[str, str] | Edit) -> None:
    """A branch with a patch for each of `patches`: whole files by their paths, or an edit."""
    developer.git("checkout", "--quiet", "-B", name, "master")
    for patch in patches:
        files = patch if isinstance(patch, Mapping) else edited(developer, patch)
        for path, text in files.items():
            (developer.folder / path).write_text(text)
        developer.git("add", "--all")
        developer.git("commit", "--quiet", "--signoff", "-m", f"{name}: touch {', '.join(files)}")
    developer.git("checkout", "--quiet", "master")


def attack(developer: Developer, carrier: str, script: str, *, once: bool = True) -> Mapping[str, str]:
    """A patch that makes `carrier` run `script`, the first time that it can."""
    begin = _ONCE if once else ""
    return {"scripts/attack.sh": f"{begin}{script}\n", **edited(developer, CARRIERS[carrier])}


def edited(developer: Developer, edit: Edit) -> Mapping[str, str]:
    path, old, new = edit
    text = (developer.folder / path).read_text()
    assert old in text, f"{path} holds no {old!r}"
    return {path: text.replace(old, new)}


@dataclass(frozen=True)
class Host:
    """A user's machine.

    Args:
        home: with keys, a shell's start-up file, git's configuration.
        developer: the user's checkout of the tree.
        workspace: of the pipeline.
        matrix: a matrix file.
    """

    home: Path
    developer: Developer
    workspace: Path
    matrix: Path

    @classmethod
    def made(cls, folder: Path, environment: Mapping[str, str]) -> Host:
        """A machine in `folder`, with a checkout of the fake kernel and a branch `innocent` of one patch."""
        identity = {
            f"GIT_{role}_{what}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        developer = Developer(folder / "linux", {**environment, **identity})
        (folder / "matrix").mkdir()
        matrix = write_matrix(folder / "matrix", matrix_text({name: CELLS[name] for name in (CELL, OTHER)}))
        host = cls(folder / "home", developer, folder / "workspace", matrix)
        host.furnish()
        plant(developer, "innocent", (UTIL, "unsigned long page_index(", "/* Found. */\nunsigned long page_index("))
        return host

    def furnish(self) -> None:
        """Puts there what is worth an attack."""
        for name in (
            ".ssh/id_ed25519",
            ".bashrc",
            ".gnupg/secring.gpg",
            ".config/git/credentials",
            "patches/mine.patch",
        ):
            (self.home / name).parent.mkdir(parents=True, exist_ok=True)
            (self.home / name).write_text(f"{SECRET} of {name}\n")

    def valuables(self) -> dict[str, str]:
        """Digests of what no series may change: the home, the checkout, and git's part of the workspace."""
        folders = [self.home, self.developer.folder / ".git/hooks", self.workspace / "trees.git/hooks"]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        files += [self.developer.folder / ".git/config", self.workspace / "trees.git/config"]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}

    def applied(self, pipeline: Pipeline, branch: str, patches: int) -> Applied:
        """The branch's last commits as a series on what is before them."""
        names = [f"path:{self.developer.folder}#{branch}~{patches - at}" for at in range(patches + 1)]
        trees = [pipeline.tree(TreeName.parse(name)) for name in names]
        states = []
        for at, tree in enumerate(trees):
            listed = ("diff-tree", "-r", "--name-only", trees[max(at - 1, 0)].tree_id, tree.tree_id)
            changed = tuple(pipeline.repository.out(*listed).split())
            states.append(SourceState(at, f"patch {at}", tree.commit, tree.tree_id, changed))
        return Applied(trees[0], ApplyStatus.CLEAN, tuple(states))

    def build(
        self,
        branch: str,
        limits: Limits = LIMITS,
        *,
        cells: Sequence[str] = (CELL,),
        patches: int = 1,
        workspace: Path | None = None,
        ccache: CompilerCache | None = None,
        jobs: int = 2,
    ) -> Builds:
        """Builds base and every patch of a branch's last ones, as `pipeline apply-and-build --per-patch` does.

        The user named master; the base is what is below the `patches`, as after prerequisites.
        """
        folder = Workspace(workspace or self.workspace)
        folder.prepare()
        processes, console = Processes(), Console(quiet=True)
        pipeline = Pipeline(folder, processes, console)
        host = BuildHost(folder, pipeline.store, Bubblewrap(limits), processes, console, jobs, ccache)
        applied = self.applied(pipeline, branch, patches)
        named = pipeline.tree(TreeName.parse(f"path:{self.developer.folder}#master"))
        definition, fragments = load_matrix(str(self.matrix))
        chosen = select_cells(definition, fragments, cells, processes)
        planned = Planner(host).plan(applied.tree, applied.states[0], chosen)
        return pipeline.builder(host, applied, named).build(applied, planned, per_patch=True)

    def stored(self, stage: str) -> int:
        """How many results of a stage are kept."""
        entries = (self.workspace / "store").rglob("entry.json")
        return sum(json.loads(path.read_bytes())["stage"] == stage for path in entries)

    def build_folder(self, cell: str = CELL) -> Path:
        """Where the last series was built."""
        seals = self.workspace.glob(f"builds/*/{cell}/.*.seal")
        newest = max(seals, key=lambda path: path.stat().st_mtime_ns)
        return newest.with_name(newest.name[1:].removesuffix(".seal"))

    def loot(self, cell: str = CELL) -> str:
        """What an attack got hold of, in its own words."""
        path = self.build_folder(cell) / "loot"
        assert not path.is_symlink()
        return path.read_text(errors="replace")


KEPT = ("build", "struct-layout", "coverage", "symbol-origins", "dependencies", "programs")
"""Stages whose results two workspaces must agree on."""
TIMES = ("seconds", "cpu_seconds", "steps")


def stored_results(workspace: Path) -> dict[str, str]:
    """Results of a store by stage and digest of their key, as digests; costs, and logs (whose order varies) aside."""
    digests = {}
    for path in sorted(workspace.glob("store/*/??/*/entry.json")):
        entry = json.loads(path.read_bytes())
        if entry["stage"] in KEPT:
            value = entry["value"]
            if isinstance(value, dict):
                value = {name: part for name, part in value.items() if name not in TIMES}
            files = {name: digest for name, digest in entry["files"].items() if name != "log.z"}
            text = json.dumps([value, files], sort_keys=True)
            digests[f"{entry['stage']} {path.parent.name}"] = hashlib.sha256(text.encode()).hexdigest()
    return digests


def files_that_hold(words: str, *folders: Path) -> list[Path]:
    """Regular files below `folders` with `words` in them."""
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if words.encode() in path.read_bytes()]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, sealed_environment: Mapping[str, str]) -> Iterator[Host]:
    """A machine whose base is built already; every test adds a series."""
    made = Host.made(tmp_path_factory.mktemp("contained"), sealed_environment)
    made.build("innocent", cells=(CELL, OTHER))
    yield made
    # What pytest removes by itself, three sessions later, may not be a thousand folders deep.
    untrusted_dir.remove(made.workspace / "builds")


@pytest.fixture(autouse=True)
def intact(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test is one with secrets in the environment, and one after which nothing is changed or left behind."""
    monkeypatch.setenv("API_TOKEN", SECRET)
    monkeypatch.setenv("HOME", str(host.home))
    before = host.valuables()
    yield
    assert host.valuables() == before
    assert processes_in(host.workspace) == []
    kept = [host.workspace / name for name in ("store", "runs", "trees.git", "history", "locks")]
    assert files_that_hold("FORGED", *kept) == []


def outcome(builds: Builds, patch: int = 1, cell: str = CELL) -> Build:
    """The build after a patch; the base's is always good."""
    assert builds[cell, 0].status is BuildStatus.BUILT
    return builds[cell, patch]


def looted(host: Host, name: str, carrier: str, script: str) -> str:
    """What an attack wrote down that was let run to its end; its build is good."""
    plant(host.developer, name, attack(host.developer, carrier, f"{HELD}{script}\necho survived"))
    assert outcome(host.build(name)).status is BuildStatus.BUILT
    loot = host.loot()
    assert loot.endswith("survived\n"), loot
    return loot
