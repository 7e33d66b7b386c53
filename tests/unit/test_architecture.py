"""Who may import whom; and that the guard would notice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline

PACKAGE = Path(pipeline.__file__).parent
MODULES = {
    ".".join(("pipeline", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
VERBS = [
    f"pipeline.{verb}"
    for verb in ("fetch", "apply", "plan", "build", "measure", "boot", "render", "reply", "run", "cli")
]
SIDE_EFFECTS = ["subprocess", "os.system", "os.popen", "git", "requests"]
PURE = [
    *("pipeline.model", "pipeline.record", "pipeline.runs.collect", "pipeline.mail", "pipeline.kernel.kconfig"),
    *("pipeline.kernel.diagnostics", "pipeline.kernel.kbuild", "pipeline.render", "pipeline.reply"),
    *("pipeline.kernel.commands", "pipeline.kernel.preprocessor", "pipeline.kernel.dwarf"),
    *("pipeline.definitions", "pipeline.boot.machine", "pipeline.boot.report", "pipeline.boot.console"),
    *("pipeline.boot.doubt",),
    *("pipeline.kernel.makefile", "pipeline.kernel.makefiles", "pipeline.kernel.makeconditions"),
    *("pipeline.plan.suggest", "pipeline.claims"),
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


def breaches(module: str, found: set[str]) -> list[str]:
    """The rules that a module's imports break, in words."""
    rules = [
        ("is pure", within(module, PURE), lambda name: within(name, SIDE_EFFECTS)),
        (
            "is not the door to subprocesses",
            # What reads objects runs inside the sandbox, where it calls a disassembler.
            not within(module, ["pipeline.system", "pipeline.measure.code.disassembly"]),
            lambda name: within(name, ["subprocess", "os.system", "os.popen"]),
        ),
        ("is not the door to git", module != "pipeline.system.git", lambda name: within(name, ["git"])),
        (
            "knows no module above it",
            within(module, ["pipeline.system"]),
            lambda name: within(name, ["pipeline"]) and not within(name, ["pipeline.system"]),
        ),
        ("knows no verb", within(module, ["pipeline.kernel", "pipeline.mail"]), lambda name: within(name, VERBS)),
    ]
    return [
        f"{module} {rule}, but imports {name}"
        for rule, concerned, forbidden in rules
        if concerned
        for name in sorted(found)
        if forbidden(name)
    ]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_nothing_that_it_must_not(module: str) -> None:
    path = MODULES[module]
    found = imports(path.read_text(), module, package=path.name == "__init__.py")
    assert breaches(module, found) == []


@pytest.mark.parametrize("module", [*PURE, *VERBS])
def test_the_modules_that_rules_are_about_exist(module: str) -> None:
    assert module in MODULES


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
]


@pytest.mark.parametrize(("module", "source"), BAD)
def test_the_guard_catches_a_bad_module(module: str, source: str) -> None:
    assert breaches(module, imports(source, module))


GOOD = [
    ("pipeline.model", "import os\nos.fspath('x')\nimport gitlike, subprocesses"),
    ("pipeline.system.process", "import subprocess\nfrom pipeline.system.errors import X\nfrom . import errors"),
    ("pipeline.system.git", "import subprocess\nfrom git import Git"),
    ("pipeline.kernel.trees", "import requests\nfrom pipeline.system.git import Repository"),
    ("pipeline.mail.message", "from pipeline.model import Letter\nimport pipeline.runs"),
]


@pytest.mark.parametrize(("module", "source"), GOOD)
def test_the_guard_lets_a_good_module_be(module: str, source: str) -> None:
    assert breaches(module, imports(source, module)) == []
