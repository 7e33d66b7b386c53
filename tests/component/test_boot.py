"""Kernels that misbehave, in a real QEMU: each ends in its state within its limit, and no machine is left.

The fake kernel has no user space, so that a boot of it never passes; kernels that do are in tests/kernel.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.record import BootRecord
from tests.support.developer import PatchSeries
from tests.support.interruption import PATIENCE, await_, started
from tests.support.matrices import GUEST, matrix_text, write_matrix
from tests.support.runner import Runner, processes_in

pytestmark = pytest.mark.xdist_group("boot")

LIMITS = {"fake": 4, "patient": 60}
"""Seconds, by scenario: a hang lasts as long as it may, a flood takes its time."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A matrix with a cell that is booted, its scenario beside it, and a workspace for all tests."""
    folder = tmp_path_factory.mktemp("boot")
    (folder / "guest.config").write_text("".join(f"CONFIG_{name}=y\n" for name in GUEST))
    (folder / "boot").mkdir()
    text = matrix_text({"x86_64-guest": "guest"})
    write_matrix(folder, text)
    (folder / "unbooted.toml").write_text(text)
    for name, limit in LIMITS.items():
        machine = f"memory = 64\ncpus = 1\nlimit = {limit}\n"
        (folder / f"boot/{name}.toml").write_text(f'about = "{name}"\n{machine}checks = [{{ check = "walk" }}]\n')
        (folder / f"{name}.toml").write_text(f'{text}boot = ["{name}"]\n')
    return folder


def booted(
    run: Runner, series: PatchSeries, tree: Path, *options: str, scenario: str = "fake"
) -> tuple[str, BootRecord, BootRecord]:
    """The report, and the boots of base and patched kernel."""
    words = ("apply-and-build", str(series.folder), f"--tree=path:{tree}#master", f"--matrix={scenario}.toml")
    done = run(*words, *options)
    assert done.returncode in (0, 1), done.stderr
    (cell,) = run.record().cells
    assert cell.status == "built"
    base, patched = cell.boots
    assert (base.patch, patched.patch) == (0, 1)
    assert (base.status, base.reason) == ("fail", "went down before userspace")
    return done.stdout, base, patched


@pytest.mark.parametrize(
    ("name", "scenario", "status", "reason"),
    [
        ("fills", "fake", "time-out", "hung before userspace"),
        ("panics", "fake", "fail", "went down before userspace"),
        ("exits", "fake", "fail", "went down before userspace"),
        # What it prints is no verdict. Seen red with the console read as a report, and any nonce taken.
        ("boasts", "fake", "fail", "went down before userspace"),
        ("floods", "patient", "fail", "wrote more than the console may hold, before userspace"),
    ],
)
def test_each_ending_of_a_guest_has_its_status(
    name: str, scenario: str, status: str, reason: str, run: Runner, posted: dict[str, PatchSeries], fake_tree: Path
) -> None:
    _, _, patched = booted(run, posted[name], fake_tree, scenario=scenario)
    assert (patched.status, patched.reason) == (status, reason)
    assert patched.seconds < LIMITS[scenario] + 5
    assert processes_in(run.workspace, "qemu") == []
    assert not list(run.workspace.glob("boot-*"))


def test_a_machine_is_in_the_sandbox(
    run: Runner, posted: dict[str, PatchSeries], fake_tree: Path, folder: Path
) -> None:
    """Who breaks out of QEMU is in a box without network, rights, or anything of the host's to write to.

    Seen red with QEMU run by `Unsandboxed`.
    """
    apart = run.within(folder / "watched")
    words = ("apply-and-build", str(posted["hangs"].folder), f"--tree=path:{fake_tree}#master", "--matrix=fake.toml")
    seen: dict[str, str] = {}
    with subprocess.Popen(apart.argv(*words), env=apart.environment, cwd=folder, stderr=subprocess.DEVNULL) as pipeline:
        while pipeline.poll() is None and not seen:
            for pid in processes_in(apart.workspace, "qemu-system"):
                place = Path(f"/proc/{pid}")
                with suppress(OSError):
                    if (place / "exe").readlink().name.startswith("qemu"):
                        seen = {name: (place / name).read_text() for name in ("status", "mountinfo")}
                        seen["network"] = str((place / "ns/net").readlink())
            time.sleep(0.05)
        assert pipeline.wait() == 1
    status = dict(line.split(":\t", 1) for line in seen["status"].splitlines())
    assert (int(status["CapEff"], 16), status["NoNewPrivs"]) == (0, "1")
    assert seen["network"] != str(Path("/proc/self/ns/net").readlink())
    mounts = {line.split()[4]: line.split()[5].split(",")[0] for line in seen["mountinfo"].splitlines()}
    writable = {place for place, mode in mounts.items() if mode == "rw" and not place.startswith(("/proc", "/dev/"))}
    assert writable == {"/build", "/tmp"}


@pytest.mark.parametrize(("times", "status"), [(1, 1), (2, 4)])
def test_a_killed_machine_has_said_nothing(
    run: Runner, posted: dict[str, PatchSeries], fake_tree: Path, folder: Path, times: int, status: int
) -> None:
    """It is started once more; killed again, it ends the run. Seen red with its status taken for the guest's."""
    apart = run.within(folder / f"killed-{times}")
    words = ("apply-and-build", str(posted["hangs"].folder), f"--tree=path:{fake_tree}#master", "--matrix=fake.toml")
    killed: set[int] = set()

    def hanging() -> set[int]:
        """Machines of the patched kernel: that of the base ends by itself, and its result is stored."""
        stored = len(list(apart.workspace.glob("store/boot/*/*")))
        return set(processes_in(apart.workspace, "qemu")) - killed if stored == 1 else set()

    with started(apart, *words) as pipeline:
        for _ in range(times):
            await_("it hangs", lambda: hanging() or pipeline.poll() is not None)
            for pid in hanging():
                killed.add(pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        output, said = pipeline.communicate(timeout=PATIENCE)
    assert (pipeline.returncode, said.count("it is started once more")) == (status, 1), output + said
    assert len(list(apart.workspace.glob("store/boot/*/*"))) == 1
    assert ("error: the machine failed while a kernel of x86_64 was booted" in said) is (status == 4)


def test_a_killed_pipeline_leaves_no_machine(
    run: Runner, posted: dict[str, PatchSeries], fake_tree: Path, folder: Path
) -> None:
    """kill -9 while the patched kernel runs: the machine ends, and the same command boots that kernel alone.

    Seen red with `--die-with-parent` out of the policy.
    """
    apart = run.within(folder / "killed-pipeline")
    words = ("apply-and-build", str(posted["hangs"].folder), f"--tree=path:{fake_tree}#master", "--matrix=fake.toml")

    def stored() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in apart.workspace.glob("store/b*/*/*/entry.json")}

    with started(apart, *words) as pipeline:
        await_("the base's is done", lambda: len(list(apart.workspace.glob("store/boot/*/*"))) == 1)
        await_("it hangs", lambda: processes_in(apart.workspace, "qemu"))
        pipeline.kill()
        await_("no machine is left", lambda: not processes_in(apart.workspace))
    before = stored()
    done = apart(*words)
    assert done.returncode == 1, done.stderr
    assert len(before) == 3
    assert {path: moment for path, moment in stored().items() if path in before} == before
    (cell,) = apart.record().cells
    assert all(state.cached for state in cell.states)
    assert [(boot.patch, boot.status, boot.reason) for boot in cell.boots] == [
        (0, "fail", "went down before userspace"),
        (1, "time-out", "hung before userspace"),
    ]


def test_a_new_hang_is_a_problem_of_the_series(run: Runner, posted: dict[str, PatchSeries], fake_tree: Path) -> None:
    report, _, patched = booted(run, posted["hangs"], fake_tree)
    assert (patched.status, patched.reason) == ("time-out", "hung before userspace")
    assert report.startswith("PROBLEM: The series fails when booted.")
    assert 'Boot gets worse with patch 1, "x86: wait for better times"' in " ".join(report.split())
    assert "Boot fails on the base: x86_64-guest/fake: went down before userspace" in " ".join(report.split())


def test_a_new_complaint_is_a_problem_and_the_console_is_kept(
    run: Runner, posted: dict[str, PatchSeries], fake_tree: Path
) -> None:
    report, base, patched = booted(run, posted["panics"], fake_tree)
    assert patched.splats == ("Kernel panic - not syncing: fake",)
    assert patched.new_lines == ("Kernel panic - not syncing: fake",)
    assert "fake: Kernel panic - not syncing: fake" in report
    (newest,) = (path for path in run.workspace.glob("runs/*") if path.name == run.record().id)
    assert (newest / base.console).read_text() == "[    0.000000] Linux version 6.12.0-fake\n"
    assert (newest / patched.console).read_text().endswith("Kernel panic - not syncing: fake\n")


def test_a_boot_that_was_run_is_not_run_again(run: Runner, posted: dict[str, PatchSeries], fake_tree: Path) -> None:
    booted(run, posted["panics"], fake_tree)
    _, base, patched = booted(run, posted["panics"], fake_tree)
    assert base.cached
    assert patched.cached


def test_a_cell_built_before_it_was_booted_is_booted_later(
    run: Runner, posted: dict[str, PatchSeries], fake_tree: Path, folder: Path
) -> None:
    apart = run.within(folder / "apart")
    series = str(posted["panics"].folder)
    done = apart("apply-and-build", series, f"--tree=path:{fake_tree}#master", "--matrix=unbooted.toml")
    assert done.returncode in (0, 1), done.stderr
    assert apart.record().cells[0].boots == ()
    _, _, patched = booted(apart, posted["panics"], fake_tree)
    assert patched.status == "fail"


def test_without_a_sandbox_the_flood_ends_as_well(
    run: Runner, posted: dict[str, PatchSeries], fake_tree: Path, folder: Path
) -> None:
    _, _, patched = booted(
        run.within(folder / "open"), posted["floods"], fake_tree, "--sandbox=none", scenario="patient"
    )
    assert patched.reason == "wrote more than the console may hold, before userspace"
