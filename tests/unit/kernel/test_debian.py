"""Source packages of Debian, and the apt configuration that asks another suite."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.kernel.debian import DebianArchive, PackageName, _configuration
from pipeline.kernel.trees import TreeKind, TreeName
from pipeline.system.errors import UsageError
from pipeline.system.process import Processes


@pytest.mark.parametrize(
    ("text", "package", "suite"),
    [
        ("linux-source-6.12", "linux-source-6.12", ""),
        ("linux-source-7.3@trixie-backports", "linux-source-7.3", "trixie-backports"),
    ],
)
def test_a_package_is_named_alone_or_with_its_suite(text: str, package: str, suite: str) -> None:
    package_name = PackageName.parse(text)
    assert (package_name.package, package_name.suite, str(package_name)) == (package, suite, text)
    tree = TreeName.parse(f"debian:{text}")
    assert (tree.kind, tree.place) == (TreeKind.DEBIAN, text)


@pytest.mark.parametrize("text", ["", "@sid", "linux@", "linux@-o", "linux@a/b", "Linux", "-o@sid", "linux@sid@sid"])
def test_what_names_no_package_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no package"):
        PackageName.parse(text)


def test_a_package_that_was_downloaded_is_not_downloaded_again_nor_taken_for_another_suite_s(tmp_path: Path) -> None:
    (tmp_path / "apt-sid").mkdir()
    for path in (tmp_path / "linux_1_all.deb", tmp_path / "apt-sid/linux_2_all.deb"):
        path.write_bytes(b"")
    said: list[str] = []
    archive = DebianArchive(tmp_path, Processes(), said.append)
    assert archive.package(PackageName("linux", "")).name == "linux_1_all.deb"
    assert archive.package(PackageName("linux", "sid")).name == "linux_2_all.deb"
    assert said == []


def test_apt_keeps_to_its_own_folder_and_runs_no_hook_of_the_machine(tmp_path: Path) -> None:
    """Asked of apt itself, under a configuration that the machine's own has no part in."""
    (tmp_path / "apt.conf").write_text(_configuration(tmp_path, {"Acquire::http::Proxy": "http://proxy.example:1"}))
    dumped = subprocess.run(
        ["apt-config", "dump"],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", "APT_CONFIG": str(tmp_path / "apt.conf")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    settings = dict(line.rstrip(";").split(" ", 1) for line in dumped.splitlines() if " " in line)
    assert settings["Acquire::http::Proxy"] == '"http://proxy.example:1"'
    for name in ("Dir::State", "Dir::State::lists", "Dir::State::status", "Dir::Cache", "Dir::Etc::sourcelist"):
        assert settings[name].strip('"').startswith(str(tmp_path)), name
    assert not [name for name in settings if "Invoke" in name]
