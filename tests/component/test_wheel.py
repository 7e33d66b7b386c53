"""What is shipped: a source distribution that a wheel can be built from, and a wheel that needs no checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import records
from tests.support.paths import PROJECT

pytestmark = pytest.mark.xdist_group("wheel")

NETWORK = re.compile(r"PIP_.*|(?:https?|all|no)_proxy|SSL_CERT_\w+|REQUESTS_CA_BUNDLE", re.IGNORECASE)
"""Variables that say where and how packages are had."""


@dataclass(frozen=True)
class Installation:
    """The wheel in a virtual environment of its own.

    Args:
        folder: of the virtual environment.
        source: the source distribution that the wheel was built from.
        environment: of every command.
        elsewhere: a working directory far from any checkout.
    """

    folder: Path
    source: Path
    environment: dict[str, str]
    elsewhere: Path

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "bin/pipeline"), *arguments],
            env=self.environment,
            cwd=self.elsewhere,
            capture_output=True,
            text=True,
            check=False,
        )

    def python(self, program: str) -> str:
        command = [str(self.folder / "bin/python"), "-c", program]
        done = subprocess.run(
            command, env=self.environment, cwd=self.elsewhere, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Installation:
    """Builds a source distribution, from that a wheel, and installs it; other packages are those of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = {**sealed_environment, **{name: os.environ[name] for name in os.environ if NETWORK.fullmatch(name)}}

    def run(*arguments: str) -> None:
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"

    run("build", "--outdir", "dist", str(PROJECT))
    (source,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    run("venv", "--without-pip", "clean")
    python = folder / "clean/bin/python"
    run("pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    (place,) = (folder / "clean").glob("lib/python*/site-packages")
    # A path file's lines come behind the environment's own packages, and the path files in there are not read.
    (place / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (folder / "elsewhere").mkdir()
    return Installation(
        folder / "clean",
        source,
        {**sealed_environment, "PIPELINE_WORKSPACE": str(folder / "workspace")},
        folder / "elsewhere",
    )


def test_package_comes_from_the_wheel(installed: Installation) -> None:
    assert Path(installed.python("import pipeline; print(pipeline.__file__)")).is_relative_to(installed.folder)
    version = installed.python("import importlib.metadata as m; print(m.version('kernel-series-pipeline'))")
    done = installed("--version")
    assert (done.returncode, done.stdout) == (0, f"pipeline {version}\n")


def test_help_names_every_command(installed: Installation) -> None:
    done = installed("--help")
    assert done.returncode == 0
    for command in ("apply-and-build", "fetch", "apply", "plan", "merge", "report", "reply", "runs", "doctor", "clean"):
        assert re.search(rf"^\W*{command}\s", done.stdout, re.MULTILINE), command
    plan = installed("plan", "--help")
    assert plan.returncode == 0
    assert "Example: pipeline plan" in plan.stdout


def test_files_that_a_maintainer_edits_are_found(installed: Installation) -> None:
    program = "from pipeline.system import resources; print(resources.folder('{}'))"
    for name in ("templates", "kconfigs", "series"):
        place = Path(installed.python(program.format(name)))
        assert place.is_relative_to(installed.folder)
        shipped = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
        tracked = {
            str(path.relative_to(PROJECT / name))
            for path in (PROJECT / name).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert shipped == tracked


def test_sources_of_the_guest_are_shipped(installed: Installation) -> None:
    program = "from pipeline.boot.initramfs import SOURCES; print(*sorted(path.name for path in SOURCES.iterdir()))"
    there = sorted(path.name for path in (PROJECT / "pipeline/boot/guest").iterdir())
    assert installed.python(program).split() == there


def test_matrix_and_series_are_found_from_anywhere(installed: Installation) -> None:
    # What the machine lacks is not the point here: the table and its exit status come from the matrix.
    doctor = installed("doctor", "--matrix", "quick")
    assert doctor.returncode in (0, 4), doctor.stderr
    assert {"git", "make", "gcc", "bwrap"} <= {line.split()[0] for line in doctor.stdout.splitlines() if line.split()}
    fetched = installed("fetch", "hvo-shared-tails")
    assert fetched.returncode == 0, fetched.stderr
    assert re.search(r"^  v\d+, \d+ patches, from ", fetched.stdout, re.MULTILINE)


def test_templates_fill_a_report_and_a_reply(installed: Installation) -> None:
    """They are read when they are used, not when they are looked up."""
    folder = installed.elsewhere / "run"
    folder.mkdir()
    (folder / "run.json").write_text(records.run().to_json())
    report = installed("report", str(folder))
    assert report.returncode == 0, report.stderr
    assert report.stdout.startswith("OK: ")
    reply = installed("reply", str(folder))
    assert reply.returncode == 0, reply.stderr
    assert (folder / "reply.eml").is_file()


def test_man_reads_every_page_that_is_shipped(installed: Installation) -> None:
    """Without a warning. Seen red with a macro that does not exist, and with a page that was left out."""
    place = installed.folder / "share/man/man1"
    assert sorted(path.name for path in place.iterdir()) == sorted(path.name for path in (PROJECT / "man").iterdir())
    for page in place.iterdir():
        command = ["groff", "-man", "-Tutf8", "-Kutf8", "-ww", str(page)]
        done = subprocess.run(command, env=installed.environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert page.stem.upper() in done.stdout


def test_source_distribution_holds_the_tests(installed: Installation) -> None:
    with tarfile.open(installed.source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "pyproject.toml", "Makefile", "tests/fake_kernel/Makefile"} <= names
    assert "tests/component/test_wheel.py" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith((".git/", ".venv/"))]
