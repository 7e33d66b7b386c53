"""Debian's package and the container agree with pyproject.toml, the Makefile and the changelog."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import PROJECT

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
CONTROL = (PROJECT / "debian/control").read_text()
DEBIAN_NAMES = {"b4": "b4", "gitpython": "python3-git"}
"""Packages that are called otherwise than `python3-NAME`."""


def relations(field: str) -> set[str]:
    """Package names in a field of debian/control; variables such as `${misc:Depends}` are left out."""
    (text,) = re.findall(rf"^{field}:((?:.*\n)(?: .*\n)*)", CONTROL, re.MULTILINE)
    return {entry.split()[0] for entry in text.split(",") if entry.strip() and not entry.strip().startswith("$")}


def test_debian_builds_with_everything_that_the_program_imports() -> None:
    """dh_python3 makes dependencies of what is there at build time. Seen red with python3-rich left out."""
    names = [canonicalize_name(Requirement(words).name) for words in PYPROJECT["project"]["dependencies"]]
    assert {DEBIAN_NAMES.get(name, f"python3-{name}") for name in names} <= relations("Build-Depends")


def test_b4_has_the_least_version_of_pyproject() -> None:
    (least,) = (words for words in PYPROJECT["project"]["dependencies"] if words.startswith("b4"))
    assert f"b4 (>= {least.partition('>=')[2]})" in CONTROL


def test_package_and_container_bring_what_kernels_are_built_with() -> None:
    """Seen red with bc left out of the container."""
    (line,) = re.findall(r"^BUILD_PACKAGES := ((?:.*\\\n)*.*)", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    # Essential in Debian, or what the package itself depends on.
    others = {"util-linux", "python3", "python3-venv", "git", "bubblewrap"}
    tools = set(line.replace("\\", " ").split()) - others
    assert tools == relations("Recommends")
    assert tools <= set((PROJECT / "Containerfile").read_text().split())


def test_debian_has_the_version_of_the_newest_entry() -> None:
    """Before the first release it is the version that a tree without tags has."""
    released = re.findall(r"^## (\S+) \(", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    fallback = PYPROJECT["tool"]["hatch"]["version"]["fallback-version"]
    newest = re.match(r"kernel-series-pipeline \((\S+)\) ", (PROJECT / "debian/changelog").read_text())
    assert newest is not None
    assert newest[1] == (released or [fallback])[0]
