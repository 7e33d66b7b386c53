"""What is read of a commit without a worktree: files, Kconfig files, makefiles."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline.kernel.architectures import architecture
from pipeline.kernel.kconfig.explain import explain
from pipeline.kernel.sources import Sources
from pipeline.system import untrusted
from pipeline.system.errors import UsageError
from pipeline.system.git import GitError, Repository
from pipeline.system.untrusted import Limit
from tests.support.paths import FAKE_KERNEL


def test_files_and_their_contents_come_from_the_commit(fake_tree: Path) -> None:
    repository = Repository(fake_tree)
    files = repository.files("master")
    assert set(files) == {str(path.relative_to(FAKE_KERNEL)) for path in FAKE_KERNEL.rglob("*") if path.is_file()}
    wanted = ["mm/util.c", "Kconfig", "mm/util.c"]
    assert repository.blobs([files[path] for path in wanted]) == [(FAKE_KERNEL / path).read_bytes() for path in wanted]
    assert repository.blobs([]) == []
    assert repository.size([files[path] for path in wanted]) == sum(
        len((FAKE_KERNEL / path).read_bytes()) for path in wanted
    )
    assert repository.size(["0" * 40]) == 0


def test_bytes_stay_bytes_and_links_are_no_files(own_tree: Path, sealed_environment: dict[str, str]) -> None:
    contents = {"a": b"\xff\n\0\n", "b": b"", "c": "schön".encode()}
    for name, content in contents.items():
        (own_tree / name).write_bytes(content)
    (own_tree / "link").symlink_to("/etc/passwd")
    for command in (["add", "--all"], ["commit", "--quiet", "-m", "bytes"]):
        subprocess.run(["git", *command], cwd=own_tree, env=sealed_environment, check=True)
    repository = Repository(own_tree)
    files = repository.files("HEAD")
    assert "link" not in files
    assert repository.blobs([files[name] for name in contents]) == list(contents.values())


def test_a_blob_that_is_not_there_is_an_error(fake_tree: Path) -> None:
    repository = Repository(fake_tree)
    with pytest.raises(GitError, match="git has no blob 0000"):
        repository.blobs([*repository.files("master").values(), "0" * 40])
    with pytest.raises(GitError, match="git has no blob"):
        repository.blobs([repository.tree_of("master")])


def test_options_are_those_of_the_architecture(fake_tree: Path) -> None:
    """The fake kernel's, with words for what its kconfig does with a request."""
    tree = Sources(Repository(fake_tree), "master")
    kconfig = tree.kconfig("x86_64")
    assert kconfig is tree.kconfig("x86_64")
    assert "mm/Kconfig" in kconfig.definitions["HUGETLBFS"][0].place
    assert explain(kconfig, "SPARSEMEM_VMEMMAP", "n", {"X86_64": "y", "SPARSEMEM_VMEMMAP": "y"}) == "selected by X86_64"
    assert set(tree.makefiles) == {
        *("Kbuild", "Makefile", "arch/x86/Makefile", "arch/x86/kernel/Makefile"),
        *("kernel/Makefile", "lib/Makefile", "mm/Makefile"),
    }


@pytest.mark.parametrize(("name", "limit"), [("SOURCE_FILES", 1), ("SOURCE_BYTES", 100)])
def test_too_much_of_it_is_refused(fake_tree: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: int) -> None:
    monkeypatch.setattr(untrusted, name, Limit(limit, "of it"))
    with pytest.raises(UsageError, match="more than"):
        Sources(Repository(fake_tree), "master").kconfig("x86_64")


@pytest.mark.parametrize(("arch", "folder"), [("i386", "x86"), ("x86_64", "x86"), ("riscv", "riscv")])
def test_an_architecture_has_a_folder(arch: str, folder: str) -> None:
    assert architecture(arch).folder == folder
