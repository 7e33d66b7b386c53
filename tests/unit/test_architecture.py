"""Who may import whom; and that the guard would notice."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

import pipeline

PACKAGE = Path(pipeline.__file__).parent
MODULES = {
    ".".join(("pipeline", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
LAYERS = (
    ("__main__",),
    ("cli",),
    ("run",),
    ("merge",),
    ("b4", "reply", "vmemmap"),
    ("render",),
    ("assess",),
    ("orders",),
    ("machine",),
    ("runs",),
    ("cluster",),
    ("claims",),
    ("record",),
    ("review",),
    ("boot",),
    ("objects",),
    ("build",),
    ("measure",),
    ("plan",),
    ("apply",),
    ("checks",),
    ("fetch",),
    ("definitions",),
    ("probes",),
    ("kernel",),
    ("mail",),
    ("model", "system"),
)
"""Every package and module of `pipeline`, from the top: each imports from itself and from layers below its own."""

EXCEPTIONS: frozenset[tuple[str, str]] = frozenset()
"""Imports of a module, by the layer that they are from, that go up or sideways for a reason."""

RANKS = {f"pipeline.{name}": rank for rank, names in enumerate(LAYERS) for name in names}
SIDE_EFFECTS = ["subprocess", "os.system", "os.popen", "git", "requests"]
PURE = [
    *("pipeline.model", "pipeline.record", "pipeline.runs.collect", "pipeline.mail", "pipeline.kernel.kconfig"),
    *("pipeline.assess", "pipeline.b4", "pipeline.probes", "pipeline.runs.cells", "pipeline.runs.readings"),
    *("pipeline.kernel.diagnostics", "pipeline.kernel.kbuild", "pipeline.render", "pipeline.reply"),
    *("pipeline.kernel.commands", "pipeline.kernel.preprocessor", "pipeline.kernel.dwarf"),
    *("pipeline.definitions", "pipeline.boot.machine", "pipeline.boot.report", "pipeline.boot.console"),
    *("pipeline.boot.doubt",),
    *("pipeline.kernel.makefile", "pipeline.kernel.makefiles", "pipeline.kernel.makeconditions"),
    *("pipeline.plan.suggest", "pipeline.claims", "pipeline.objects.choose"),
    *("pipeline.vmemmap.source", "pipeline.review", "pipeline.orders.order", "pipeline.cluster.job"),
]


def within(name: str, packages: list[str]) -> bool:
    """Whether a module (or what is imported of it) is one of these or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imports(source: str, module: str = "pipeline.x", *, package: bool = False) -> set[str]:
    """Everything that a module imports, wherever in it and in full, and uses such as `os.system`."""
    return set(_imports(ast.parse(source), module, package))


def _imports(tree: ast.Module, module: str, package: bool) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            place = node.module or ""
            if node.level:
                parents = module.split(".") if package else module.split(".")[:-1]
                place = ".".join([*parents[: len(parents) - node.level + 1], *([place] if place else [])])
            yield from (f"{place}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}" if node.value.id == "os" else ""
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in ("__import__", "import_module") and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def breaches(module: str, imported: set[str]) -> list[str]:
    """The rules that a module's imports break, in words."""
    rules: list[tuple[str, bool, Callable[[str], bool]]] = [
        ("is pure", within(module, PURE), lambda name: within(name, SIDE_EFFECTS)),
        (
            "is not the door to subprocesses",
            # What reads objects runs inside the sandbox, where it calls a disassembler.
            not within(module, ["pipeline.system", "pipeline.measure.code.disassembly"]),
            lambda name: within(name, ["subprocess", "os.system", "os.popen"]),
        ),
        ("is not the door to git", module != "pipeline.system.git", lambda name: within(name, ["git"])),
    ]
    broken = [
        f"{module} {rule}, but imports {name}"
        for rule, concerned, forbidden in rules
        if concerned
        for name in sorted(imported)
        if forbidden(name)
    ]
    return [*broken, *(f"{module} imports {name}, which is no layer below it" for name in _not_below(module, imported))]


def _not_below(module: str, imported: set[str]) -> list[str]:
    """Imports of the package itself that are from no layer below a module's own."""
    own = layer(module)
    return [
        name
        for name in sorted(imported)
        if within(name, ["pipeline"]) and name != "pipeline" and (other := layer(name)) != own
        if own is None or other is None or RANKS[other] <= RANKS[own]
        if (module, other) not in EXCEPTIONS
    ]


def layer(name: str) -> str | None:
    """The package or module right below `pipeline` that a name lies in; None where no layer has it."""
    top = ".".join(name.split(".")[:2])
    return top if top in RANKS else None


def unplaced(modules: Iterable[str]) -> list[str]:
    """Modules that no layer has."""
    return [module for module in modules if module != "pipeline" and layer(module) is None]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_nothing_that_it_must_not(module: str) -> None:
    path = MODULES[module]
    imported = imports(path.read_text(), module, package=path.name == "__init__.py")
    assert breaches(module, imported) == []


@pytest.mark.parametrize("module", [*PURE, *RANKS])
def test_the_modules_that_rules_are_about_exist(module: str) -> None:
    assert module in MODULES


def test_every_module_is_in_one_layer() -> None:
    assert unplaced(MODULES) == []
    assert len(RANKS) == sum(map(len, LAYERS))


def test_a_package_without_a_layer_is_noticed() -> None:
    assert unplaced([*MODULES, "pipeline.gadgets", "pipeline.gadgets.widget"]) == [
        "pipeline.gadgets",
        "pipeline.gadgets.widget",
    ]


def test_no_exception_is_there_without_need() -> None:
    used = {
        (module, layer(name))
        for module, path in MODULES.items()
        for name in imports(path.read_text(), module, package=path.name == "__init__.py")
        if within(name, ["pipeline"])
    }
    assert used >= EXCEPTIONS


BAD = [
    ("pipeline.model", "import subprocess"),
    ("pipeline.record", "from subprocess import run"),
    ("pipeline.runs.collect", "import os\nos.system('x')"),
    ("pipeline.reply", "from os import system"),
    ("pipeline.mail.thread", "import git.repo"),
    ("pipeline.render.page", "def f():\n    import requests"),
    ("pipeline.render", "from requests import get"),
    ("pipeline.definitions", "import importlib\nimportlib.import_module('subprocess')"),
    ("pipeline.build", "import subprocess as harmless"),
    ("pipeline.kernel.trees", "from git import Repo"),
    ("pipeline.system.process", "import git"),
    ("pipeline.system.store", "from pipeline.model import Patch"),
    ("pipeline.system.store", "from pipeline import model"),
    ("pipeline.system.store", "from ..model import Patch"),
    ("pipeline.system.store", "from .. import model"),
    ("pipeline.kernel.kconfig", "if True:\n    from pipeline.plan import x"),
    ("pipeline.mail.message", "from pipeline import run"),
    ("pipeline.mail.message", "import pipeline.render.page"),
    ("pipeline.kernel.trees", "from ..cli import app"),
    ("pipeline.model", "from pipeline.render.page import Page"),
    ("pipeline.kernel.image", "from pipeline.claims import judged"),
    ("pipeline.definitions.matrix", "from pipeline import run"),
    ("pipeline.assess.verdict", "from pipeline.render.series import series_lines"),
    ("pipeline.record.cell", "from pipeline.runs.collect import cell_records"),
    ("pipeline.fetch.b4", "from pipeline.apply import Applier"),
    ("pipeline.build.folders", "from pipeline.boot import Booter"),
    ("pipeline.reply.body", "from pipeline.b4 import check_protocol"),
    ("pipeline.vmemmap.text", "from ..reply import body"),
    ("pipeline.runs", "import pipeline.merge"),
    ("pipeline.measure", "def f():\n    from pipeline.build import Builder"),
    ("pipeline.mail.thread", "from pipeline.kernel.version import kernel_version"),
    ("pipeline.render", "from pipeline.gadgets import widget"),
    ("pipeline.gadgets", "from pipeline.model import Patch"),
]


@pytest.mark.parametrize(("module", "source"), BAD)
def test_the_guard_catches_a_bad_module(module: str, source: str) -> None:
    assert breaches(module, imports(source, module))


GOOD = [
    ("pipeline.model", "import os\nos.fspath('x')\nimport gitlike, subprocesses"),
    ("pipeline.system.process", "import subprocess\nfrom pipeline.system.errors import X\nfrom . import errors"),
    ("pipeline.system.git", "import subprocess\nfrom git import Git"),
    ("pipeline.kernel.trees", "import requests\nfrom pipeline.system.git import Repository"),
    ("pipeline.mail.message", "from pipeline.model import Letter\nimport pipeline.system.text"),
    ("pipeline.render.page", "from pipeline.assess.words import label\nfrom pipeline.render import formats"),
    ("pipeline.run", "import pipeline.render\nfrom pipeline import assess, model"),
]


@pytest.mark.parametrize(("module", "source"), GOOD)
def test_the_guard_accepts_a_good_module(module: str, source: str) -> None:
    assert breaches(module, imports(source, module)) == []
