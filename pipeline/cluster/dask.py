"""Jobs on a Dask cluster (https://distributed.dask.org): one task per job, on workers that offer the resource `kbuild`.

A task is one function of this package, by its name, and a job as text; what it returns is a result as text. Dask itself
trusts everybody who reaches its scheduler: it runs whatever function a client sends, and unpickles what workers return.
So a scheduler belongs on a private network or behind TLS, whatever is checked here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import distributed
from distributed import KilledWorker, Status

from pipeline.cluster.executor import Executor
from pipeline.cluster.job import BuildJob, JobResult, read
from pipeline.cluster.worker import Worker
from pipeline.system.console import Console
from pipeline.system.errors import InfrastructureError, UsageError
from pipeline.system.process import Processes
from pipeline.system.sandbox import SandboxName
from pipeline.system.workspace import Workspace

RESOURCE = "kbuild"
RETRIES = 2
"""How often a job is tried again after it failed on a worker. For a worker that vanishes, Dask has a limit of its own
(`distributed.scheduler.allowed-failures`)."""
AHEAD = 64
"""How many jobs wait at the scheduler while others run: enough for clusters that grow with their queue."""
_CONNECT_SECONDS = 30
_WATCH_SECONDS = 0.5
_RECOUNT_SECONDS = 5.0
_LONGEST = 2000
"""Characters of a worker's message that are kept."""


# Dask is typed in part only.
_connect: Callable[..., Any] = distributed.Client
_as_completed: Callable[..., Any] = distributed.as_completed


class DaskExecutor:
    """Sends jobs to a scheduler.

    Args:
        address: HOST:PORT, or tls://HOST:PORT; certificates are those of Dask's configuration (`distributed.comm.tls`).
        task: the function that workers call with a job as text; it returns a result as text.
    """

    def __init__(self, address: str, console: Console, task: Callable[[str], str] | None = None) -> None:
        self._address = address
        self._console = console
        self._task = task or do_job

    def run(self, jobs: Iterable[BuildJob]) -> Iterator[JobResult]:
        """Yield results as they arrive, and make new jobs as workers get free. All jobs are cancelled when this ends.

        Raises:
            InfrastructureError: there is no scheduler, or a job failed on every worker that tried it.
        """
        waiting = iter(jobs)
        first = next(waiting, None)
        if first is None:
            return
        with self._connected() as client:
            slots, asked = self._welcome(client), time.monotonic()
            under_way = _as_completed([self._submit(client, first)], loop=client.loop)
            running = 1
            try:
                while running:
                    if time.monotonic() - asked > _RECOUNT_SECONDS:
                        slots, asked = _slots(client), time.monotonic()
                    room = AHEAD + 2 * slots - running
                    for job in islice(waiting, max(room, 0)):
                        under_way.add(self._submit(client, job))
                        running += 1
                    future = next(under_way)
                    running -= 1
                    yield self._result(future)
                    future.release()
            finally:
                client.cancel(list(under_way.futures), force=True)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            client = _connect(self._address, timeout=_CONNECT_SECONDS, set_as_default=False, name="pipeline")
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            raise InfrastructureError(
                f"no Dask scheduler answers at {self._address}: {error}",
                hint="Start one with `dask scheduler` and workers with `dask worker`; see docs/howto/cluster.md.",
            ) from error
        try:
            yield client
        finally:
            client.close()

    def _welcome(self, client: Any) -> int:
        """Tell the user how many workers there are, and return how many jobs they do at once."""
        slots = _slots(client)
        self._console.say(f"Cluster: {self._address}, {slots} worker(s)")
        if not slots:
            self._console.warn(f"no worker offers {RESOURCE} yet: start them with --resources {RESOURCE}=1")
        return slots

    def _submit(self, client: Any, job: BuildJob) -> Any:
        return client.submit(
            self._task,
            job.model_dump_json(),
            key=f"pipeline-{job.id}-{os.urandom(4).hex()}",
            resources={RESOURCE: 1},
            retries=RETRIES,
            pure=False,
        )

    def _result(self, future: Any) -> JobResult:
        # Raised here, some of these would be taken for errors of this program: an exit, or a closed output.
        error = future.exception()
        if isinstance(error, KilledWorker):
            raise InfrastructureError(
                f"a job ended several workers in a row: {error}", hint="Look at the workers' logs: out of memory?"
            )
        if isinstance(error, InfrastructureError):
            raise InfrastructureError(str(error.message)[:_LONGEST], hint=str(error.hint)[:_LONGEST])
        if error is not None:
            words = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST]
            raise InfrastructureError(f"a job failed on a worker: {words}", hint="Look at the workers' logs.")
        try:
            return read(JobResult, str(future.result()), "what a worker sent")
        except UsageError as mistake:
            raise InfrastructureError(mistake.message, hint=mistake.hint) from mistake


def do_job(text: str) -> str:
    """Do one job on a Dask worker, and stop its compilers when the job is cancelled.

    The environment of the worker names the workspace (PIPELINE_WORKSPACE) and the sandbox (PIPELINE_SANDBOX, default:
    bwrap). As many compilers run at once as the worker has threads (--nthreads).

    Raises:
        InfrastructureError: the job cannot be done on this machine.
    """
    dask_worker = distributed.get_worker()
    processes = Processes()
    job = read(BuildJob, text, "what the scheduler sent")
    folder = Path(os.environ.get("PIPELINE_WORKSPACE") or Workspace.default())
    worker = Worker(
        name=str(dask_worker.name),
        workspace=Workspace(folder.expanduser().resolve()),
        processes=processes,
        console=Console(),
        sandbox=SandboxName(os.environ.get("PIPELINE_SANDBOX", SandboxName.BWRAP)),
        jobs=dask_worker.state.nthreads,
    )
    with _stopped_when_cancelled(dask_worker, processes):
        return worker.run(job).model_dump_json()


@contextmanager
def _stopped_when_cancelled(dask_worker: Any, processes: Processes) -> Iterator[None]:
    """Stop the processes of a job that is cancelled, or whose client is gone: Dask itself only forgets the task."""
    key, done = dask_worker.get_current_task(), threading.Event()

    def watch() -> None:
        while not done.wait(_WATCH_SECONDS):
            task = dask_worker.state.tasks.get(key)
            closing = dask_worker.status in (Status.closing, Status.closed, Status.failed)
            if closing or task is None or task.state == "cancelled":
                processes.stop()
                return

    watcher = threading.Thread(target=watch, name="pipeline-cancellation", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _slots(client: Any) -> int:
    """How many jobs the workers do at once."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return int(sum(worker.get("resources", {}).get(RESOURCE, 0) for worker in workers))


def executor(scheme: str, rest: str, console: Console) -> Executor | None:
    """The executor for the words after the scheme; None where they name no address."""
    # Without a scheme Dask's own configuration says whether it is TCP or TLS.
    address = rest.removeprefix("//")
    if not address:
        return None
    return DaskExecutor(f"tls://{address}" if scheme == "dask+tls" else address, console)
