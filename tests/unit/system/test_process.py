"""The door to subprocesses: exactly what is given goes in, and nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.system import process
from pipeline.system.command import Command, CommandTimeoutError, OutputLimitError
from pipeline.system.errors import InfrastructureError
from pipeline.system.process import Processes, StoppedError
from tests.support.clock import at_most

PATH = "/usr/bin:/bin"


def shell(script: str, **options: object) -> Command:
    return Command(("/bin/sh", "-c", script), environment={"PATH": PATH}, **options)  # type: ignore[arg-type]


@pytest.fixture
def processes() -> Iterator[Processes]:
    started = Processes()
    yield started
    started.stop()


@pytest.mark.parametrize(
    ("script", "status", "stdout", "stderr"),
    [
        ("true", 0, b"", b""),
        ("exit 7", 7, b"", b""),
        ("printf out; printf err >&2; exit 1", 1, b"out", b"err"),
        ("kill -TERM $$", -15, b"", b""),
        ("kill -KILL $$", -9, b"", b""),
        ("printf 'a\\0\\377'", 0, b"a\0\xff", b""),
    ],
)
def test_status_and_output_come_back(
    processes: Processes, script: str, status: int, stdout: bytes, stderr: bytes
) -> None:
    done = processes.run(shell(script))
    assert (done.status, done.stdout, done.stderr) == (status, stdout, stderr)
    assert done.ok is (status == 0)


def test_text_is_for_people(processes: Processes) -> None:
    assert processes.run(shell("printf 'out \\377 '; printf err >&2")).text == "out � err"


def test_error_output_is_merged_in_order_on_request(processes: Processes) -> None:
    done = processes.run(shell("echo 1; echo 2 >&2; echo 3", merge_stderr=True))
    assert (done.stdout, done.stderr) == (b"1\n2\n3\n", b"")


def test_standard_input_is_what_is_given_however_much(processes: Processes) -> None:
    data = os.urandom(300_000)
    assert processes.run(Command(("/bin/cat",), stdin=data)).stdout == data


def test_without_input_there_is_none_to_read(processes: Processes) -> None:
    assert processes.run(Command(("/bin/cat",))).stdout == b""


def test_the_environment_is_exactly_what_is_given(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    done = processes.run(Command(("/usr/bin/env",), environment={"A": "1", "B": "x y"}))
    assert sorted(done.stdout.decode().splitlines()) == ["A=1", "B=x y"]


def test_a_command_runs_where_it_is_told(processes: Processes, tmp_path: Path) -> None:
    assert processes.run(shell("pwd -P", cwd=tmp_path)).stdout.decode().strip() == str(tmp_path.resolve())


def test_only_the_descriptors_that_are_named_stay_open(processes: Processes) -> None:
    read, write = os.pipe()
    try:
        os.set_inheritable(write, True)
        script = f"echo x >/proc/self/fd/{write}"
        assert not processes.run(shell(script)).ok
        assert processes.run(shell(script, pass_fds=(write,))).ok
        assert os.read(read, 9) == b"x\n"
    finally:
        os.close(read)
        os.close(write)


def test_output_is_passed_on_as_it_comes_and_error_output_is_not(processes: Processes) -> None:
    pieces: list[bytes] = []
    done = processes.run(shell("echo one; echo no >&2; echo two"), pieces.append)
    assert b"".join(pieces) == done.stdout == b"one\ntwo\n"


def test_cpu_seconds_are_those_of_the_command_and_its_children(processes: Processes) -> None:
    done = processes.run(shell("sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'; true"))
    assert done.cpu_seconds > 0
    assert done.seconds > 0


def test_a_program_that_is_missing_is_named_with_what_to_do(processes: Processes) -> None:
    with pytest.raises(InfrastructureError, match="no-such-program was not found") as caught:
        processes.run(Command(("no-such-program",), environment={"PATH": PATH}))
    assert "pipeline doctor" in caught.value.hint


def test_a_file_that_is_no_program_is_an_error_of_the_machine(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(InfrastructureError, match="could not be started"):
        processes.run(Command((str(tmp_path / "x"),)))


def test_a_sandboxed_program_is_named_rather_than_its_sandbox(processes: Processes) -> None:
    with pytest.raises(InfrastructureError, match=re.escape("sleep was ended after 0 s")):
        processes.run(Command(("/usr/bin/env", "--", "/bin/sleep", "60"), timeout=0.1, name="sleep"))


def gone(pid: int) -> bool:
    """Whether a process is no more (an orphan's last breath may take a moment)."""
    for _ in range(100):
        with suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                time.sleep(0.05)
                continue
        return True
    return False


def test_a_command_that_takes_too_long_is_ended_with_its_children(processes: Processes) -> None:
    pieces: list[bytes] = []
    with pytest.raises(InfrastructureError, match="without finishing"):
        processes.run(shell("sleep 600 & echo $!; echo $$; wait", timeout=0.7), pieces.append)
    pids = [int(word) for word in b"".join(pieces).split()]
    assert len(pids) == 2
    assert all(map(gone, pids))


def test_a_command_that_ignores_the_first_signal_is_killed(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TERMINATION_GRACE", 0.2)
    pieces: list[bytes] = []
    with pytest.raises(InfrastructureError, match="without finishing"):
        processes.run(shell("trap '' TERM; echo $$; while :; do sleep 600; done", timeout=0.7), pieces.append)
    assert gone(int(b"".join(pieces)))


def test_a_command_that_closes_its_output_is_timed_too(processes: Processes) -> None:
    with at_most(4, wall=True), pytest.raises(InfrastructureError, match="without finishing"):
        processes.run(shell("exec >&- 2>&-; exec sleep 600", timeout=0.3))


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_a_command_that_writes_too_much_is_ended(processes: Processes, stream: str) -> None:
    with pytest.raises(InfrastructureError, match="wrote more than 1 MiB"):
        processes.run(
            shell(f"while :; do echo 0123456789012345678901234567890123456789; done {stream}", output_limit=1 << 20)
        )


def test_output_up_to_the_limit_is_fine(processes: Processes) -> None:
    assert len(processes.run(shell("printf 12345", output_limit=5)).stdout) == 5
    with pytest.raises(InfrastructureError, match="wrote more"):
        processes.run(shell("printf 123456", output_limit=5))


def test_stop_ends_a_command_of_another_thread_and_refuses_new_ones(processes: Processes) -> None:
    started, raised, pids = threading.Event(), [], []

    def work() -> None:
        def seen(piece: bytes) -> None:
            pids.append(int(piece))
            started.set()

        try:
            processes.run(shell("echo $$; sleep 600; true"), seen)
        except BaseException as error:
            raised.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(10)
    stopping_before = processes.stopping
    assert not stopping_before
    processes.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert raised == [StoppedError]
    assert gone(pids[0])
    assert processes.stopping
    with pytest.raises(StoppedError):
        processes.run(shell("true"))


def test_what_a_command_wrote_before_it_was_ended_is_not_lost(processes: Processes) -> None:
    with pytest.raises(CommandTimeoutError) as slow:
        processes.run(shell("printf begun; sleep 600", timeout=0.5))
    assert slow.value.output == b"begun"
    with pytest.raises(OutputLimitError) as loud:
        processes.run(shell("while :; do echo 0123456789; done", output_limit=1 << 20))
    assert loud.value.output.startswith(b"0123456789\n")


STOPPED = """
import sys
from pipeline.system import command, process, watch
watch.ASLEEP = 1.5
done = process.Processes().run(command.Command(("/bin/sh", "-c", "echo begun >&2; sleep 3; echo ended"), timeout=4.5))
print(done.text)
"""


def test_a_command_that_was_stopped_is_not_reported_as_late() -> None:
    """As by Ctrl-Z: the command goes on, and ends before it is looked at again. Seen red with time as it passes."""
    with subprocess.Popen([sys.executable, "-c", STOPPED], stdout=subprocess.PIPE, text=True) as stopped:
        time.sleep(1.5)
        stopped.send_signal(signal.SIGSTOP)
        time.sleep(5)
        stopped.send_signal(signal.SIGCONT)
        output, _ = stopped.communicate(timeout=60)
    assert (stopped.returncode, "ended" in output) == (0, True)


def test_output_byte_by_byte_is_looked_at_in_larger_pieces(processes: Processes) -> None:
    """Each look costs us more than the writer. Seen red with each piece taken as it comes."""
    script = "import os, time\nfor at in range(20000):\n    os.write(1, b'xy')\n    at % 10 or time.sleep(0.00001)"
    pieces = list[bytes]()
    done = processes.run(Command((sys.executable, "-c", script), environment={"PATH": PATH}), pieces.append)
    assert done.stdout == b"xy" * 20_000
    assert len(pieces) < 2_000
