"""How tests are arranged: helpers in tests/support, tests/unit as the package is; and that the guard would notice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch

import pytest

from tests.support.paths import PROJECT, TESTS

MODULES = {".".join(path.relative_to(PROJECT).with_suffix("").parts): path for path in sorted(TESTS.rglob("*.py"))}
HELPERS = ("tests.support", "tests.fuzz")
"""What every test may import."""


def imported(module: str, source: str) -> Iterator[str]:
    """The full name of everything that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")
            package = parents[: len(parents) - node.level] if node.level else []
            place = ".".join([*package, *([node.module] if node.module else [])])
            yield from (f"{place}.{alias.name}" for alias in node.names)


def strays(module: str, source: str) -> list[str]:
    """Imports that have no place in a test module: whatever of `tests` is no helper."""
    return [
        name
        for name in imported(module, source)
        if name.split(".")[0] == "tests" and not f"{name}.".startswith(tuple(f"{place}." for place in HELPERS))
    ]


@pytest.mark.parametrize("module", MODULES)
def test_tests_import_helpers_and_no_other_tests(module: str) -> None:
    assert strays(module, MODULES[module].read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "from tests.unit.render.test_text_report import flooded",
        "from tests.unit.render import test_text_report",
        "from tests.component.conftest import undisturbed",
        "import tests.kernel.test_boot",
        "from .test_index import page",
        "from . import test_index",
        "def f():\n    from ..mail.test_thread import whole",
        "from tests import unit",
    ],
)
def test_an_import_of_another_test_is_noticed(source: str) -> None:
    assert strays("tests.unit.render.test_formats", source)


def test_helpers_and_the_package_may_be_imported() -> None:
    source = (
        "import ast\nfrom tests.support import records\nfrom tests.support.mails import raw\nfrom pipeline import run"
    )
    assert strays("tests.unit.render.test_formats", source) == []


def test_folders_of_unit_tests_are_packages_of_the_pipeline() -> None:
    places = {path.parent.relative_to(TESTS / "unit") for path in (TESTS / "unit").rglob("test_*.py")}
    assert [str(place) for place in places if not (PROJECT / "pipeline" / place / "__init__.py").is_file()] == []


def test_every_package_of_the_pipeline_has_unit_tests() -> None:
    packages = {path.parent.name for path in (PROJECT / "pipeline").glob("*/__init__.py")}
    assert [name for name in sorted(packages) if not [*(TESTS / "unit" / name).rglob("test_*.py")]] == []


def test_every_folder_of_tests_is_a_package() -> None:
    """Else two modules of one name in two folders are one to pytest."""
    folders = {path.parent for path in TESTS.rglob("test_*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_folder_of_tests_is_left_out(pytestconfig: pytest.Config) -> None:
    """Usually pytest passes over `build` and `dist`."""
    folders = {part for path in TESTS.rglob("test_*.py") for part in path.relative_to(TESTS).parts[:-1]}
    passed_over: list[str] = pytestconfig.getini("norecursedirs")
    assert [name for name in folders if any(fnmatch(name, pattern) for pattern in passed_over)] == []
