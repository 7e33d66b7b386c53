"""A real Dask scheduler with worker processes on loopback: workers are lost, runs stopped, certificates asked for."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.developer import PatchSeries
from tests.support.interruption import PATIENCE, await_, interrupt, started, states
from tests.support.matrices import CELLS, HVO, ODD, matrix_text, write_matrix
from tests.support.runner import Runner, processes_in
from tests.support.sweeps import some
from tests.support.timeless import timeless

pytestmark = pytest.mark.xdist_group("cluster")
pytest.importorskip("distributed")

WAITING = "test -e /src/go"


@dataclass
class Cluster:
    """A scheduler and its workers.

    Args:
        address: host and port.
        workers: by name, each a process with a workspace of its own in `folder`.
    """

    address: str
    folder: Path
    environment: Mapping[str, str]
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def workspace(self, name: str) -> Path:
        return self.folder / name

    def start(self, stack: ExitStack, name: str, *options: str) -> None:
        """A worker without a nanny: one that is killed stays dead."""
        scheme = "tls" if "--tls-ca-file" in options else "tcp"
        argv = ["worker", f"{scheme}://{self.address}", "--name", name, "--no-nanny", "--resources", "kbuild=1"]
        argv += ["--nthreads", "2", "--no-dashboard", "--memory-limit", "0"]
        argv += ["--local-directory", str(self.folder / f"{name}-dask"), *options]
        environment = {**self.environment, "PIPELINE_WORKSPACE": str(self.workspace(name))}
        self.workers[name] = stack.enter_context(_dask(argv, environment, self.folder / f"{name}.log"))

    def busy(self) -> list[str]:
        """Workers whose make waits for a file that the series asks for."""
        return [name for name in self.workers if processes_in(self.workspace(name), WAITING)]

    def let_go(self) -> None:
        """Ends the wait in every worktree that there is."""
        for name in self.workers:
            for path in (self.workspace(name) / "worktrees").glob("*/Makefile"):
                (path.parent / "go").touch()

    def compilers(self) -> list[int]:
        return [pid for name in self.workers for pid in processes_in(self.workspace(name), "make -C /src")]

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


@contextmanager
def _dask(argv: list[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        command = [sys.executable, "-W", "ignore", "-m", "dask", *argv]
        process = subprocess.Popen(command, env=environment, cwd=log.parent, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def cluster_of(
    folder: Path, environment: Mapping[str, str], workers: int, *options: str, scheme: str = "tcp"
) -> Iterator[Cluster]:
    with ExitStack() as stack:
        argv = [
            "scheduler",
            "--host",
            f"{scheme}://127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--no-jupyter",
            *options,
        ]
        log = folder / "scheduler.log"
        stack.enter_context(_dask(argv, environment, log))
        address = re.compile(r"Scheduler at:\s+\w+://(\S+:\d+)")
        await_("the scheduler listens", lambda: address.search(log.read_text()))
        match = address.search(log.read_text())
        assert match
        cluster = Cluster(match[1], folder, environment)
        for number in range(1, workers + 1):
            cluster.start(stack, f"worker{number}", *options)
        await_("the workers are there", lambda: log.read_text().count("Register worker") >= workers)
        yield cluster


@pytest.fixture
def cluster(tmp_path: Path, sealed_environment: dict[str, str]) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with cluster_of(folder, sealed_environment, 3) as running:
        yield running


def order(series: PatchSeries, tree: Path, folder: Path, *cells: str) -> tuple[str, ...]:
    matrix = write_matrix(folder, matrix_text({name: CELLS[name] for name in cells}))
    return ("apply-and-build", str(series.folder), f"--tree=path:{tree}#master", f"--matrix={matrix}")


def test_record_is_that_of_a_local_run(
    run_pipeline: Runner, cluster: Cluster, fake_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    words = order(posted["good"], fake_tree, tmp_path, HVO, ODD)
    done = run_pipeline(*words, f"--executor=dask://{cluster.address}")
    assert done.returncode == 0, done.stderr
    assert f"Cluster: {cluster.address}, 3 worker(s)" in done.stderr
    assert "Building" not in done.stderr
    # Each cell on a worker of its own.
    assert len(set(re.findall(r"^Done: \S+, by (worker\d)$", done.stderr, re.MULTILINE))) == 2
    local = run_pipeline.within(tmp_path / "local")
    assert local(*words).returncode == 0
    assert timeless(run_pipeline.record()) == timeless(local.record())
    again = run_pipeline(*words, f"--executor=dask://{cluster.address}")
    assert again.returncode == 0
    assert "Cluster" not in again.stderr
    assert all(cached for _, cached in states(run_pipeline.record()).values())


def test_cell_is_built_elsewhere_when_its_worker_is_killed(
    run_pipeline: Runner, cluster: Cluster, fake_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    words = order(posted["waits"], fake_tree, tmp_path, ODD)
    with started(run_pipeline, *words, f"--executor=dask://{cluster.address}") as process:
        await_("a worker builds", lambda: cluster.busy() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        (first,) = cluster.busy()
        cluster.workers[first].send_signal(signal.SIGKILL)
        await_("another builds", lambda: set(cluster.busy()) - {first})
        # What the dead one had started is gone, too.
        await_("its compilers are gone", lambda: not processes_in(cluster.workspace(first)))
        cluster.let_go()
        output, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output + said
    assert "Building" not in said
    assert states(run_pipeline.record()) == {(ODD, 0): ("built", False), (ODD, 1): ("built", False)}


@pytest.mark.parametrize(
    "number", some([signal.SIGTERM, signal.SIGINT, signal.SIGKILL], 2), ids=lambda number: number.name
)
def test_a_stopped_run_leaves_no_compiler_on_the_workers(
    run_pipeline: Runner,
    cluster: Cluster,
    fake_tree: Path,
    posted: Mapping[str, PatchSeries],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    words = (*order(posted["waits"], fake_tree, tmp_path, ODD), f"--executor=dask://{cluster.address}")
    interrupt(run_pipeline, words, number, cluster.busy)
    await_("no compiler is left", lambda: not cluster.compilers())
    assert all(process.poll() is None for process in cluster.workers.values())
    # The workers are free for the same command again.
    cluster.let_go()
    for name in cluster.workers:
        (cluster.workspace(name) / "worktrees").mkdir(parents=True, exist_ok=True)
    with started(run_pipeline, *words) as process:
        await_("it builds", lambda: cluster.busy() or process.poll() is not None)
        cluster.let_go()
        output, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output + said
    assert {status for status, _ in states(run_pipeline.record()).values()} == {"built"}


def test_a_worker_that_is_not_fit_says_why(
    run_pipeline: Runner,
    sealed_environment: dict[str, str],
    fake_tree: Path,
    posted: Mapping[str, PatchSeries],
    tmp_path: Path,
) -> None:
    (tmp_path / "cluster").mkdir()
    environment = {**sealed_environment, "PIPELINE_SANDBOX": "none"}
    words = order(posted["good"], fake_tree, tmp_path, ODD)
    with cluster_of(tmp_path / "cluster", environment, 1) as cluster:
        done = run_pipeline(*words, f"--executor=dask://{cluster.address}")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"error: {ODD} on worker1: the job is for --sandbox=bwrap, this worker runs jobs in none" in done.stderr
    assert "Traceback" not in done.stderr


HOSTILE = """
from pathlib import Path
import pipeline.cluster.dask, typer
from pipeline.system.errors import *

class Clean(InfrastructureError):
    status = ExitStatus.CLEAN

def do_job(text):
    exec(Path({answer!r}).read_text())

do_job.__module__ = "pipeline.cluster.dask"
pipeline.cluster.dask.do_job = do_job
"""
ANSWERS = {
    "raise typer.Exit(0)": "Exit: 0",
    "raise typer.Exit(1)": "Exit: 1",
    "raise BrokenPipeError": "BrokenPipeError",
    "raise NotObtainedError('no such series')": "NotObtainedError: no such series",
    "raise Clean('all is well')": "all is well",
    "raise ValueError('words ' * 10000)": "words",
    "": "is no JobResult",
}


def test_a_worker_does_not_choose_the_exit_status(
    run_pipeline: Runner,
    sealed_environment: dict[str, str],
    fake_tree: Path,
    posted: Mapping[str, PatchSeries],
    tmp_path: Path,
) -> None:
    """Seen red with status 0 for two, and 3 for one: what was raised there was raised here again."""
    folder, answer = tmp_path / "cluster", tmp_path / "answer.py"
    folder.mkdir()
    (tmp_path / "hostile.py").write_text(HOSTILE.format(answer=str(answer)))
    words = order(posted["good"], fake_tree, tmp_path, ODD)
    with cluster_of(folder, sealed_environment, 0) as cluster, ExitStack() as stack:
        cluster.start(stack, "hostile", "--preload", str(tmp_path / "hostile.py"))
        for statement, said in ANSWERS.items():
            answer.write_text(statement)
            done = run_pipeline(*words, f"--executor=dask://{cluster.address}")
            assert (done.returncode, done.stdout) == (4, ""), (statement, done.stderr)
            assert [line for line in done.stderr.splitlines() if line.startswith("error: ") and said in line]
            assert "defect" not in done.stderr
            assert len(done.stderr) < 5000


def test_a_scheduler_that_is_not_there(
    run_pipeline: Runner, fake_tree: Path, posted: Mapping[str, PatchSeries], tmp_path: Path
) -> None:
    run = run_pipeline.within(run_pipeline.workspace, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="1s")
    done = run(*order(posted["good"], fake_tree, tmp_path, ODD), "--executor=dask://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (4, "")
    assert "error: no Dask scheduler answers at 127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """Options of Dask for TLS: one certificate that is its own authority."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    argv = [*words.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(argv, check=True, capture_output=True)
    return {"--tls-ca-file": str(certificate), "--tls-cert": str(certificate), "--tls-key": str(key)}


def test_tls_is_asked_for(
    run_pipeline: Runner,
    sealed_environment: dict[str, str],
    fake_tree: Path,
    posted: Mapping[str, PatchSeries],
    tmp_path: Path,
    certificates: dict[str, str],
) -> None:
    (tmp_path / "cluster").mkdir()
    words = order(posted["good"], fake_tree, tmp_path, ODD)
    options = [word for pair in certificates.items() for word in pair]
    ca, certificate, key = certificates.values()
    own = {
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": ca,
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT": certificate,
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY": key,
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "20s",
    }
    with cluster_of(tmp_path / "cluster", sealed_environment, 1, *options, scheme="tls") as cluster:
        plain = run_pipeline.within(run_pipeline.workspace, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="2s")
        assert plain(*words, f"--executor=dask://{cluster.address}").returncode == 4
        run = run_pipeline.within(run_pipeline.workspace, **own)
        done = run(*words, f"--executor=dask+tls://{cluster.address}")
        assert done.returncode == 0, done.stderr
    assert "Building" not in done.stderr
