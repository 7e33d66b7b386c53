"""The document on the vmemmap as git and Sphinx take it: a patch that applies, a page without a warning."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.record import RunRecord
from pipeline.system.errors import UsageError
from pipeline.system.git import Repository, initialised
from pipeline.vmemmap import document
from pipeline.vmemmap.source import DOCUMENT
from tests.support import memmaps, records

DATE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AUTHOR = "Devi Löper <devi@example.org>"
FILES = {
    DOCUMENT: "Old words.\n",
    "Documentation/mm/index.rst": "Index\n=====\n\n.. toctree::\n\n   vmemmap_dedup\n",
    "Documentation/mm/memory-model.rst": "x\n",
    "mm/hugetlb_vmemmap.c": "core_param(hugetlb_free_vmemmap, enabled, bool, 0);\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return initialised(tmp_path / "trees.git")


def run_on(repository: Repository, files: dict[str, str], branch: str = "x") -> RunRecord:
    """A run whose tree is a commit of these files."""
    stream = f"commit refs/heads/{branch}\ncommitter a <a@b.c> 0 +0000\ndata 1\nx\n"
    for path, text in files.items():
        stream += f"M 100644 inline {path}\ndata {len(text)}\n{text}\n"
    with repository.fast_import() as file:
        file.write(f"{stream}done\n".encode())
    tree = records.tree(tree_id="0" * 40, last_tree_id=repository.tree_of(f"refs/heads/{branch}"))
    return records.run(cells=(memmaps.cell(memmaps.boot(memmaps.SHARED)),), trees=(tree,))


def checked_out(repository: Repository, folder: Path) -> Path:
    subprocess.run(["git", "clone", "-q", "-b", "x", repository.folder, folder], check=True, capture_output=True)
    return folder


def am(tree: Path, patch: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *identity, "am", "-q"], cwd=tree, input=patch.encode(), check=True, capture_output=True)


@pytest.mark.parametrize("files", [FILES, {path: text for path, text in FILES.items() if path != DOCUMENT}])
def test_the_patch_brings_the_document_into_the_tree(
    files: dict[str, str], repository: Repository, tmp_path: Path
) -> None:
    vmemmap_document = document(run_on(repository, files), "", repository, AUTHOR, DATE)
    tree = checked_out(repository, tmp_path / "tree")
    am(tree, vmemmap_document.patch)
    assert (tree / DOCUMENT).read_text() == vmemmap_document.text
    command = ["git", "log", "-1", "--format=%an <%ae> %aI%n%B"]
    log = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout
    assert log.startswith(f"{AUTHOR} 2026-01-02T03:04:05+00:00\nDocumentation: vmemmap_dedup: rewrite, as measured\n\n")
    assert max(map(len, log.splitlines())) <= 75
    assert "hugetlb_free_vmemmap=on" in vmemmap_document.text, "the tree's source shows it"
    assert "sysctl" not in vmemmap_document.text, "and does not show this"
    assert repository.out("for-each-ref", "--format=%(refname)") == "refs/heads/x"


def test_a_tree_that_has_the_document_needs_no_patch(repository: Repository) -> None:
    record = run_on(repository, FILES)
    text = document(record, "", repository, AUTHOR, DATE).text
    assert document(run_on(repository, FILES | {DOCUMENT: text}, "y"), "", repository, AUTHOR, DATE).patch == ""


def test_without_the_tree_of_the_series_nothing_is_said_of_its_code(repository: Repository) -> None:
    record = run_on(repository, FILES)
    old = record.trees[0].model_copy(update={"tree_id": record.trees[0].last_tree_id, "last_tree_id": ""})
    vmemmap_document = document(record.model_copy(update={"trees": (old,)}), "", repository, AUTHOR, DATE)
    assert not vmemmap_document.with_source
    assert "7 (28 KiB)" in vmemmap_document.text
    assert "hugetlb_free_vmemmap" not in vmemmap_document.text
    assert vmemmap_document.patch, "against the tree's copy without the series"


def test_sphinx_takes_it_without_a_warning(repository: Repository, tmp_path: Path) -> None:
    vmemmap_document = document(run_on(repository, FILES), "", repository, AUTHOR, DATE)
    (tmp_path / "conf.py").write_text("project = 'x'\nhighlight_language = 'none'\n")
    (tmp_path / "index.rst").write_text(FILES["Documentation/mm/index.rst"])
    (tmp_path / "vmemmap_dedup.rst").write_text(vmemmap_document.text)
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", str(tmp_path), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "shared tail page" in (tmp_path / "out/vmemmap_dedup.html").read_text()


def test_a_tree_that_is_elsewhere_is_an_error_that_says_so(repository: Repository) -> None:
    with pytest.raises(UsageError, match="is not in"):
        document(records.run(trees=(records.tree(tree_id="1" * 40),)), "", repository, AUTHOR, DATE)
    with pytest.raises(UsageError, match="built nothing on path:x"):
        document(records.run(), "path:x", repository, AUTHOR, DATE)
