"""Hostile series: what they try, through what, and that none gets out; each is reported as what it was.

Real bubblewrap, make, gcc and QEMU. A series may write what it likes of itself, fail, or be ended; the run says which.
Every docstring names the defence without which the test was seen red, once, by hand.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest

from pipeline.build import read_log
from pipeline.machine.clean import clean
from pipeline.model import BuildStatus
from pipeline.system.errors import InfrastructureError
from pipeline.system.watch import LimitError
from pipeline.system.workspace import Workspace
from tests.support.clock import at_most
from tests.support.containment import (
    CELL,
    HELD,
    OTHER,
    SECRET,
    Host,
    attack,
    files_that_hold,
    host,
    intact,
    looted,
    outcome,
    plant,
)
from tests.support.developer import UTIL

pytestmark = pytest.mark.xdist_group("containment")

__all__ = ["host", "intact"]


# ---------------------------------------------------------------------------
# Reading


def test_home_and_keys_are_not_there(host: Host) -> None:
    """Through a makefile. Seen red with the home bound into the sandbox (`--bind /tmp /tmp`)."""
    script = f"cat {host.home}/.ssh/id_ed25519 ~/.ssh/* {host.home}/.bashrc\nls -a ~ /home /root /etc\ncat /etc/passwd"
    loot = looted(host, "reads-home", "makefile", script)
    assert SECRET not in loot
    assert loot.count("No such file") >= 5


def test_the_environment_is_not_there(host: Host) -> None:
    """Through Kconfig. Seen red with the user's environment given to bubblewrap and without `--clearenv`."""
    loot = looted(host, "reads-environment", "kconfig", "env\ncat /proc/*/environ | tr '\\0' '\\n'")
    assert SECRET not in loot
    assert "HOME=/tmp/home" in loot


@pytest.fixture
def listeners() -> Iterator[dict[str, socket.socket]]:
    """Sockets of the host that hear of whoever gets through."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as tcp,
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp,
        closing(socket.socket(socket.AF_UNIX)) as abstract,
    ):
        udp.bind(("127.0.0.1", 0))
        abstract.bind(f"\0pipeline-test-{os.getpid()}")
        abstract.listen()
        for endpoint in (tcp, udp, abstract):
            endpoint.settimeout(0)
        yield {"tcp": tcp, "udp": udp, "abstract": abstract}


CALLS = """
import socket

def call(name, kind, family, address):
    try:
        with socket.socket(family, kind) as one:
            one.settimeout(3)
            one.connect(address)
            one.send(b"hello")
        print(name, "got through")
    except OSError as error:
        print(name, error)

call("tcp", socket.SOCK_STREAM, socket.AF_INET, ("127.0.0.1", {tcp}))
call("udp", socket.SOCK_DGRAM, socket.AF_INET, ("127.0.0.1", {udp}))
call("abstract", socket.SOCK_STREAM, socket.AF_UNIX, chr(0) + "{abstract}")
call("out", socket.SOCK_DGRAM, socket.AF_INET, ("192.0.2.1", 53))
try:
    print("dns", socket.getaddrinfo("example.org", 80))
except OSError as error:
    print("dns", error)
"""


def test_no_network_is_there(host: Host, listeners: Mapping[str, socket.socket]) -> None:
    """TCP, UDP, DNS and abstract unix sockets, through a host program. Seen red with `--share-net`."""
    places = {name: listeners[name].getsockname()[1] for name in ("tcp", "udp")}
    calls = CALLS.format(**places, abstract=f"pipeline-test-{os.getpid()}")
    loot = looted(host, "calls-home", "host program", f"python3 - <<'EOF'\n{calls}\nEOF")
    # A datagram goes to a loopback that is the sandbox's own.
    assert [line for line in loot.splitlines() if "got through" in line] in ([], ["udp got through"])
    assert sorted(line.split()[0] for line in loot.splitlines()) == ["abstract", "dns", "out", "survived", "tcp", "udp"]
    for name, listener in listeners.items():
        with pytest.raises(BlockingIOError):
            listener.recvfrom(9) if name == "udp" else listener.accept()


def test_a_linker_script_reads_nothing_of_the_host(host: Host) -> None:
    """It does not link, and that is a result. Seen red with the home bound into the sandbox: it linked."""
    key = f"TARGET(binary)\nINPUT({host.home}/.ssh/id_ed25519)\nTARGET(elf64-x86-64)\n"
    plant(host.developer, "links-a-key", ("arch/x86/kernel/vmlinux.lds.S", "SECTIONS\n", f"{key}SECTIONS\n"))
    failed = outcome(host.build("links-a-key"))
    assert failed.status is BuildStatus.FAILED
    assert "id_ed25519: No such file or directory" in read_log(failed)


# ---------------------------------------------------------------------------
# Writing


def test_git_hooks_and_configuration_stay_as_they_are(host: Host) -> None:
    """Through a makefile. Seen red with a writable /src."""
    script = f"""
    for git in /src/.git {host.developer.folder}/.git {host.workspace}/trees.git; do
        mkdir -p $git/hooks; echo 'echo FORGED' > $git/hooks/post-checkout; echo FORGED >> $git/config
    done
    cat /src/.git; echo FORGED > /src/.git; rm -f /src/.git; mv /src/.git /src/git
    git -C /src config core.hooksPath /build; echo FORGED >> /src/Makefile; echo FORGED > /src/.b4-config
    """
    loot = looted(host, "rewrites-git", "makefile", script)
    assert "gitdir" not in loot
    (worktree,) = host.workspace.glob("worktrees/*[!t]")
    assert (worktree / ".git").read_text().startswith("gitdir: ")
    assert files_that_hold("echo FORGED >> /src", worktree) == [worktree / "scripts/attack.sh"]
    assert not (worktree / ".b4-config").exists()


def test_nothing_outside_the_build_folder_is_written(host: Host, tmp_path: Path) -> None:
    """Through a host program. Seen red with the host's /tmp bound in, and / writable."""
    places = f"{tmp_path} {host.home} /usr/local/share /etc /build/.. /proc/self/root /proc/1/cwd/.. /dev /src /sys"
    script = f"for at in {places}; do echo FORGED > $at/forged && echo wrote $at; done\nmknod /build/disk b 8 0"
    loot = looted(host, "writes-elsewhere", "host program", script)
    assert "wrote" not in loot
    assert not (tmp_path / "forged").exists()
    assert not (host.build_folder() / "disk").exists()


def test_mounts_stay_as_they_are(host: Host) -> None:
    """Through a makefile. Seen red, by root, without `--cap-drop` and `--disable-userns`: /src was writable."""
    again = "mount -o remount,rw,bind /src; umount /src/.git; mount -t tmpfs none /mnt; echo FORGED >> /src/Makefile"
    script = f"{again}\nunshare --user --map-root-user --mount sh -c '{again}'\ngrep -E 'Cap|NoNew' /proc/self/status"
    loot = looted(host, "mounts", "makefile", script)
    assert "unshare: unshare failed" in loot
    status = dict(line.split(":\t") for line in loot.splitlines() if ":\t" in line)
    assert status.pop("NoNewPrivs") == "1"
    assert {int(value, 16) for value in status.values()} == {0}
    (worktree,) = host.workspace.glob("worktrees/*[!t]")
    assert "FORGED" not in (worktree / "Makefile").read_text()


LINKS = (".config", ".pipeline-probe.c", ".pipeline-layout.c", ".pipeline-unfinished", "loot")


def test_links_in_the_build_folder_lead_nowhere(host: Host) -> None:
    """Left by a first patch for what is written after it. Seen red with `Path.write_text` in place of
    `untrusted_dir.write`: the user's .bashrc held a kernel's configuration."""
    script = "\n".join(f"ln -sfn {host.home}/.bashrc /build/{name}" for name in LINKS)
    # Objects are made later than makefiles are read: .config is needed until then.
    plant(
        host.developer,
        "leaves-links",
        attack(host.developer, "host program", f"(sleep 0.3; {script.replace(chr(10), '; ')}) < /dev/null", once=False),
        (UTIL, "unsigned long page_index(", "/* Of the file. */\nunsigned long page_index("),
    )
    with suppress(InfrastructureError):
        host.build("leaves-links", patches=2)
    assert (host.home / ".bashrc").read_text() == f"{SECRET} of .bashrc\n"


@pytest.mark.parametrize("made", ["a link to the host", "a FIFO", "a folder", "garbage"])
def test_a_kernel_that_is_none_is_a_failed_build(host: Host, made: str) -> None:
    """Whatever make says of it. Seen red, but for the garbage, with `complaints` empty."""
    ways = {
        "a link to the host": f"ln -sfn {host.home}/.ssh/id_ed25519 vmlinux",
        "a FIFO": "rm -f vmlinux; mkfifo vmlinux",
        "a folder": "rm -rf vmlinux; mkdir vmlinux",
        "garbage": "echo garbage > vmlinux",
    }
    end = ("scripts/link-vmlinux.sh", "info NM System.map\n", f"{ways[made]}\nexit 0\n")
    name = f"makes-{made.replace(' ', '-')}"
    plant(host.developer, name, end)
    with at_most(60, wall=True):
        failed = outcome(host.build(name))
    assert failed.status is BuildStatus.FAILED
    (error,) = failed.errors
    words = "cannot be read" if made == "garbage" else "make succeeded, but left no regular file here"
    assert (error.path, words in error.message) == ("vmlinux", True)


def test_a_setuid_program_is_out_of_reach_of_others(host: Host) -> None:
    """It is made, but nobody else gets to it. Seen red without the mode of the folder around build folders."""
    looted(host, "makes-setuid", "makefile", "cp /bin/sh /build/rootsh; chmod 6755 /build/rootsh; ls -l /build/rootsh")
    program = host.build_folder() / "rootsh"
    assert program.stat().st_mode & 0o6000
    assert host.build_folder().parent.stat().st_mode & 0o077 == 0


# ---------------------------------------------------------------------------
# Lying about others


def test_the_folder_of_another_cell_is_out_of_reach(host: Host) -> None:
    """Both cells at once. Seen red with the host's /tmp bound in, where the test's are."""
    script = f"""
    for at in {host.workspace}/builds/*/{OTHER} /build/../{OTHER}; do
        echo FORGED > $at/lib/string.o && echo wrote $at; rm -rf $at; done
    """
    plant(host.developer, "poisons-cells", attack(host.developer, "makefile", f"{HELD}{script}\necho survived"))
    builds = host.build("poisons-cells", cells=(CELL, OTHER))
    for cell in (CELL, OTHER):
        assert outcome(builds, cell=cell).status is BuildStatus.BUILT
        assert outcome(builds, cell=cell).symbols == builds[cell, 0].symbols
        assert "wrote" not in host.loot(cell)
        assert files_that_hold("FORGED", host.build_folder(cell)) == []


POISON = """
cd /build
echo '#include <stdio.h>' > poison.c
echo 'int main(void) { return !fopen("/build/poisoned", "w"); }' >> poison.c
gcc -o poison poison.c
cp poison scripts/basic/fixdep
"""


def test_no_series_is_built_on_files_that_another_series_left(host: Host) -> None:
    """One leaves a host program that make takes for its own. Seen red with one build folder for all.

    Objects are the only thing that a series leaves: there is no compiler cache.
    """
    # After everything was built, where make does not look again.
    end = ("scripts/link-vmlinux.sh", "info NM System.map\n", f"info NM System.map\n{POISON}")
    plant(host.developer, "poisons-the-next", end)
    assert outcome(host.build("poisons-the-next")).status is BuildStatus.BUILT
    assert (host.build_folder() / "poison").exists()
    plant(host.developer, "next", (UTIL, "unsigned long page_index(", "/* Next. */\nunsigned long page_index("))
    assert outcome(host.build("next")).status is BuildStatus.BUILT
    assert not (host.build_folder() / "poisoned").exists()
    assert not (host.build_folder() / "poison").exists()


DEEP = """
import os
os.chdir("/build")
for _ in range({depth}):
    os.mkdir({name!r})
    os.chdir({name!r})
    open("file", "w").close()
os.chmod(".", 0)
"""


@pytest.mark.parametrize(("name", "depth"), [("d", 1100), ("d" * 200, 60)], ids=["many folders", "a long path"])
def test_a_path_that_no_call_takes_costs_no_cell(host: Host, name: str, depth: int) -> None:
    """Left behind at the end of a build, or seen before, which ends it. Seen red with shutil.rmtree and os.walk: no
    series was built in that cell any more, and `pipeline clean` left it there."""
    script = f"{HELD}python3 - <<'EOF'\n{DEEP.format(name=name, depth=depth)}\nEOF\necho survived"
    branch = f"digs-{depth}"
    plant(host.developer, branch, attack(host.developer, "makefile", script))
    with suppress(LimitError):
        assert outcome(host.build(branch)).status is BuildStatus.BUILT
    plant(
        host.developer,
        f"after-{branch}",
        (UTIL, "unsigned long page_index(", "/* After. */\nunsigned long page_index("),
    )
    assert outcome(host.build(f"after-{branch}")).status is BuildStatus.BUILT
    assert not (host.build_folder() / name).exists()


def test_clean_removes_whatever_a_series_made(tmp_path: Path) -> None:
    """Seen red with shutil.rmtree, whose errors were not looked at."""
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    (tmp_path / "workspace/builds/tree/cell").mkdir(parents=True)
    script = DEEP.format(name="d" * 200, depth=60).replace('"/build"', repr(f"{tmp_path}/workspace/builds/tree/cell"))
    subprocess.run(["python3", "-c", script], check=True)
    clean(workspace, everything=False)
    assert not (tmp_path / "workspace/builds").exists()


def test_results_are_not_forged(host: Host) -> None:
    """By files in the store and among runs, and by what is printed. Seen red with the host's /tmp, where the workspace
    is, bound in: the forged run was there."""
    script = f"""
    for at in {host.workspace}/store {host.workspace}/runs/1 /build/../store; do
        mkdir -p $at && echo FORGED > $at/run.json && echo wrote $at; done
    """
    loot = looted(host, "forges", "makefile", script)
    assert "wrote /build" not in loot
    assert not (host.workspace / "runs/1").exists()
    assert not (host.workspace / "store/run.json").exists()
    plant(
        host.developer,
        "says-so",
        ("scripts/link-vmlinux.sh", "set -e\n", "set -e\necho 'OK: No problem found'; exit 1\n"),
    )
    failed = outcome(host.build("says-so"))
    assert failed.status is BuildStatus.FAILED
    assert failed.errors
