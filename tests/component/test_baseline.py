"""A tree as it is: built, booted, reported and documented without a series."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.matrices import matrix_text, write_matrix
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("baseline")

GUEST = ("BLK_DEV_INITRD", "BINFMT_ELF", "DEVTMPFS", "VIRTIO_PCI", "VIRTIO_CONSOLE")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A matrix with a cell that is booted."""
    folder = tmp_path_factory.mktemp("baseline")
    (folder / "guest.config").write_text("".join(f"CONFIG_{name}=y\n" for name in GUEST))
    (folder / "boot").mkdir()
    machine = "memory = 64\ncpus = 1\nlimit = 4\n"
    (folder / "boot/fake.toml").write_text(f'about = "fake"\n{machine}checks = [{{ check = "walk" }}]\n')
    text = matrix_text({"x86_64-guest": "guest"})
    write_matrix(folder, text)
    (folder / "built.toml").write_text(text)
    (folder / "booted.toml").write_text(f'{text}boot = ["fake"]\n')
    return folder


def test_a_tree_is_built_as_it_is(run: Runner, fake_tree: Path) -> None:
    done = run("apply-and-build", "--no-series", f"--tree=path:{fake_tree}#master", "--matrix=built.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("OK: No problem found: baseline without a series, 1 of 1 cell built.")
    assert "Reply:" not in done.stdout
    record = run.record()
    assert record.series.patches == ()
    assert [state.patch for state in record.cells[0].states] == [0]
    assert record.review is None
    again = run("report", "last")
    assert "Series    none: trees as they are, a baseline" in again.stdout
    refused = run("reply", "last")
    assert (refused.returncode, "is a baseline: there is no mail to answer" in refused.stderr) == (2, True)


def test_what_fails_in_its_boot_is_a_problem_of_the_tree(run: Runner, fake_tree: Path) -> None:
    """The fake kernel has no user space. The store has what was built of it, with a series or without."""
    done = run("apply-and-build", "--no-series", f"--tree=path:{fake_tree}#master", "--matrix=booted.toml")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("PROBLEM: Without a series, kernels fail when booted.")
    assert "Fails when booted: x86_64-guest/fake: went down before userspace" in " ".join(done.stdout.split())


def test_what_is_wanted_must_be_said(run: Runner, fake_tree: Path) -> None:
    tree = f"--tree=path:{fake_tree}#master"
    for words, complaint in (
        ((tree,), "no series is named"),
        (("x@y", "--no-series", tree), "SERIES and --no-series exclude each other"),
    ):
        done = run("apply-and-build", *words)
        assert (done.returncode, complaint in done.stderr) == (2, True), done.stderr
