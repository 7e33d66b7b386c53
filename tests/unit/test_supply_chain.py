"""What the project is installed with: locked, digests included, and under licences that go with its own."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import PROJECT

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
LOCKS = {
    "test": ("test", "project", "dev"),
    "types": ("types", "project"),
    "lint": ("lint",),
    "audit": ("audit",),
    "tools": ("tools",),
    "docs": ("docs", "project"),
    "dev": ("project", "dev"),
}
"""Files of requirements/, and whose dependencies are in each: the project's, an extra's, a dependency group's."""
_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+?))?(?P<digests>(?: --hash=\S+)+)"
)
_DIGEST = re.compile(r" --hash=sha256:[0-9a-f]{64}")


def locked(name: str) -> list[re.Match[str]]:
    """The packages of a lock; a line that is anything else fails the test."""
    text = (PROJECT / f"requirements/{name}.txt").read_text().replace(" \\\n    ", " ")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    pins = [_PINNED.fullmatch(line) for line in lines]
    assert all(pins), [line for line, match in zip(lines, pins, strict=True) if not match]
    return [match for match in pins if match]


def wanted(name: str) -> Iterator[Requirement]:
    project = PYPROJECT["project"]
    lists = {**PYPROJECT["dependency-groups"], **project["optional-dependencies"], "project": project["dependencies"]}
    waiting = [*LOCKS[name]]
    while waiting:
        for words in lists[waiting.pop()]:
            if isinstance(words, str):
                yield Requirement(words)
            else:
                waiting.append(words["include-group"])


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_everything_by_digest_and_names_no_place(name: str) -> None:
    """Seen red with one digest taken out of a lock, and with --index-url and a file: address put into one."""
    for match in locked(name):
        assert _DIGEST.sub("", match["digests"]) == ""
    assert not re.search(r"://|file:|--(index|extra|find|trusted)", (PROJECT / f"requirements/{name}.txt").read_text())


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_is_asked_for(name: str, python: str) -> None:
    """In one version on each Python. Seen red with a dependency added to pyproject.toml, and without `make lock`."""
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    versions: dict[str, list[str]] = {}
    for match in locked(name):
        if not match["marker"] or Marker(match["marker"]).evaluate(environment):
            versions.setdefault(canonicalize_name(match["name"]), []).append(match["version"])
    for requirement in wanted(name):
        (version,) = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is locked as {version}: say make lock"
    assert all(len(known_versions) == 1 for known_versions in versions.values())


def test_hooks_before_a_commit_use_what_is_locked() -> None:
    """Seen red with another version of ruff."""
    versions = {match["name"]: match["version"] for match in locked("lint")}
    asked = re.findall(r"([a-z-]+)==([^\]\s]+)", (PROJECT / ".pre-commit-config.yaml").read_text())
    assert {name for name, _ in asked} >= {"ruff", "zizmor", "check-jsonschema", "towncrier"}
    assert [(name, version) for name, version in asked if versions[name] != version] == []


PERMISSIVE = "its terms ask no more than the GPL does"
GPL3 = "not with version 2 of the GPL, but with version 3, which `or later` allows"
COMPATIBLE = {
    **dict.fromkeys(("MIT", "MIT License", "MIT license", "MIT-0", "OSI Approved :: MIT License"), PERMISSIVE),
    **dict.fromkeys(("BSD", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "OSI Approved :: BSD License"), PERMISSIVE),
    **dict.fromkeys(("ISC", "ISC License", "OSI Approved :: ISC License (ISCL)", "PSF-2.0"), PERMISSIVE),
    "BSD-like": "dkimpy's, Debian's `DFSG approved`: zlib's words",
    "Public domain": PERMISSIVE,
    "MPL-2.0": "section 3.3: it may be part of a work under the GPL",
    "Apache-2.0 OR BSD-2-Clause": PERMISSIVE,
    **dict.fromkeys(("Apache-2.0", "Apache 2.0", "OSI Approved :: Apache Software License"), GPL3),
    "GPL-2.0-or-later": "the project's own",
    "OSI Approved :: GNU General Public License v2 or later (GPLv2+)": "the project's own",
    "GNU GPLv3+": GPL3,
    "GPLv2 with linking exception": "pygit2's: programs may be linked to it under any terms",
}
"""Licences as packages name them, and why each goes with GPL-2.0-or-later: https://www.gnu.org/licenses/license-list.html.

As installed, the whole is under version 3 of the GPL or later, since some parts are under the Apache License 2.0.
"""


def licence(package: Distribution) -> str:
    """As the package's metadata give it: an SPDX expression, a few words, or a classifier."""
    words, expression = ("".join(package.metadata.get_all(name) or []) for name in ("License", "License-Expression"))
    said = [
        line.split(" :: ", 1)[1] for line in package.metadata.get_all("Classifier") or [] if line.startswith("License")
    ]
    known = words if len(words) < 40 and "\n" not in words and words not in ("", "UNKNOWN") else ""
    return expression or known or "; ".join(said)


def closure(name: str, *extras: str) -> dict[str, Distribution]:
    """A package with all that it needs, itself included."""
    distributions: dict[str, Distribution] = {}
    waiting = [(name, extras)]
    while waiting:
        name, extras = waiting.pop()
        package = distributions[canonicalize_name(name)] = distribution(name)
        for needed in map(Requirement, package.requires or []):
            marker = needed.marker
            if marker and not any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                continue
            if needed.extras or canonicalize_name(needed.name) not in distributions:
                waiting.append((needed.name, tuple(needed.extras)))
    return distributions


def test_every_licence_goes_with_the_project_s_own() -> None:
    """Of all that a user installs, both extras included. Seen red with each entry of the table taken out in turn."""
    distributions = closure("kernel-series-pipeline", "dask", "kcidb")
    assert {"b4", "pydantic-core", "distributed", "kcidb-io"} <= distributions.keys()
    unknown = {name: licence(package) for name, package in distributions.items() if licence(package) not in COMPATIBLE}
    assert not unknown, "read these licences, then add them to the table, or leave the packages out"


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="not a checkout")
def test_nothing_that_git_ignores_is_in_the_repository() -> None:
    """Environments with other people's code, say. Seen red with `git add --force .tools`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout == ""
