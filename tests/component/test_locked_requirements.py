"""`.ci/install`: what is locked is installed as it is locked, or not at all."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.paths import PROJECT

SCRIPT = PROJECT / ".ci/install"


def wheel(folder: Path, name: str, version: str) -> str:
    """Writes an empty package as a wheel (PEP 427); its SHA-256."""
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{place},sha256={digest},{len(text)}\n")
            archive.writestr(place, text)
        archive.writestr(f"{info}/RECORD", "".join([*rows, f"{info}/RECORD,,\n"]))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project with the script, an environment, and an index that has versions 1 and 2 of a package."""
    for folder in (".ci", "requirements", "index"):
        (tmp_path / folder).mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci/install")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    return tmp_path


def install(
    place: Path, lock: str, environment: Mapping[str, str], **more: str
) -> tuple[subprocess.CompletedProcess[str], str]:
    """Installs `cell`, any version, with a lock of these lines; how that ended, and the version that is there."""
    (place / "requirements/test.txt").write_text(lock)
    sealed = {**environment, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(place / "index"), **more}
    sealed["PATH"] = f"{place / 'venv/bin'}:{environment['PATH']}"
    done = subprocess.run(
        ["sh", place / ".ci/install", "test", "--quiet", "cell"],
        env=sealed,
        capture_output=True,
        text=True,
        check=False,
    )
    paths = sorted((place / "venv").rglob("cell-*.dist-info"))
    return done, paths[0].name.removeprefix("cell-").removesuffix(".dist-info") if paths else ""


def test_the_locked_version_is_installed(place: Path, sealed_environment: dict[str, str]) -> None:
    """Seen red with the lock left out of .ci/install: the newer version came."""
    digest, _ = wheel(place / "index", "cell", "1"), wheel(place / "index", "cell", "2")
    done, version = install(place, f"cell==1 --hash=sha256:{digest}\n", sealed_environment)
    assert (done.returncode, version) == (0, "1"), done.stderr


def test_another_file_than_the_locked_one_is_refused(place: Path, sealed_environment: dict[str, str]) -> None:
    """Seen red with the search for a wrong digest taken out of .ci/install: it went on without the lock."""
    wheel(place / "index", "cell", "1")
    done, version = install(place, f"cell==1 --hash=sha256:{'0' * 64}\n", sealed_environment)
    assert (done.returncode, version) == (1, "")
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_an_index_that_lacks_a_version_does_not_stop_the_tests(place: Path, sealed_environment: dict[str, str]) -> None:
    """But it does where the lock is required. Seen red with PIPELINE_LOCK not looked at."""
    digest = wheel(place / "index", "cell", "2")
    lock = f"cell==1 --hash=sha256:{digest}\n"
    done, version = install(place, lock, sealed_environment, PIPELINE_LOCK="required")
    assert (done.returncode, version) == (1, "")
    done, version = install(place, lock, sealed_environment)
    assert (done.returncode, version) == (0, "2")
    assert "what pyproject.toml asks for is installed instead" in done.stderr
