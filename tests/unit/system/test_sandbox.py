"""What a sandboxed command sees, to the letter."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from pipeline.system import policy, sandbox
from pipeline.system.command import Command, Completed
from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import Cache, Limits
from pipeline.system.process import Processes
from pipeline.system.sandbox import Box, Bubblewrap, Job, SandboxName, Unsandboxed, choose

JOB = Job(("make", "-C", "{src}", "O={build}", "x={src}:{build}"), environment={"MAKEFLAGS": "-j"}, timeout=9)
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

GOLDEN = """\
choom --adjust=1000 --
bwrap --unshare-all --unshare-user --disable-userns --cap-drop ALL
--die-with-parent --as-pid-1 --new-session --clearenv
--ro-bind /usr /usr
--ro-bind-try /etc/alternatives /etc/alternatives
--ro-bind-try /etc/ld.so.cache /etc/ld.so.cache
--proc /proc --remount-ro /proc --dev /dev --size 2147483648 --tmpfs /dev/shm --remount-ro /dev
--size 2147483648 --tmpfs /tmp --dir /tmp/home
--ro-bind /nowhere/source /src
--bind /nowhere/build /build --chdir /build
--remount-ro /
--setenv PATH /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
--setenv HOME /tmp/home
--setenv LC_ALL C.UTF-8
--setenv MAKEFLAGS -j
-- prlimit --fsize=8589934592 --nproc=8192 --core=0 --
make -C /src O=/build x=/src:/build
"""
"""But for the folders of the system, which are links on some and folders on others."""

TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def without_system(argv: tuple[str, ...]) -> list[str]:
    """The words without `--symlink usr/bin /bin` and `--ro-bind /bin /bin`, and without what hides plugins."""
    joined = " ".join(argv)
    for place in policy.PLUGIN_FOLDERS:
        joined = joined.replace(f" --tmpfs {place} --remount-ro {place}", "")
    words = joined.split(" ")
    for name in TOP:
        for option, same in (("--symlink", ""), ("--ro-bind", f"/{name}")):
            for at in range(len(words) - 2):
                if words[at] == option and words[at + 2] == f"/{name}" and same in ("", words[at + 1]):
                    del words[at : at + 3]
                    break
    return words


def box(folder: Path, *, tools: bool = False) -> Box:
    return Box(folder / "source", folder / "build", folder / "tools" if tools else None)


def test_the_options_of_bubblewrap() -> None:
    assert without_system(Bubblewrap().command(JOB, box(Path("/nowhere"))).argv) == GOLDEN.split()


def test_system_folders_are_what_they_are_on_this_machine() -> None:
    argv = " ".join(Bubblewrap().command(JOB, box(Path("/nowhere"))).argv)
    bin_ = Path("/bin")
    expected = f"--symlink {bin_.readlink()} /bin" if bin_.is_symlink() else "--ro-bind /bin /bin"
    assert expected in argv


def test_no_plugin_of_the_machine_is_loaded_by_binutils(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, nowhere = tmp_path / "plugins", tmp_path / "nowhere"
    here.mkdir()
    monkeypatch.setattr(sandbox, "PLUGIN_FOLDERS", (str(here), str(nowhere)))
    sandbox._system_folders.cache_clear()
    argv = " ".join(Bubblewrap().command(JOB, box(Path("/nowhere"))).argv)
    sandbox._system_folders.cache_clear()
    assert f" --tmpfs {here} --remount-ro {here} " in argv
    assert str(nowhere) not in argv


def test_tools_are_mounted_and_come_first() -> None:
    argv = " ".join(Bubblewrap().command(JOB, box(Path("/nowhere"), tools=True)).argv)
    assert "--ro-bind /nowhere/tools /tools" in argv
    assert f"--setenv PATH /tools:{SEARCH} " in argv


@pytest.mark.parametrize(("writable", "option"), [(True, "--bind"), (False, "--ro-bind")])
def test_ccache_is_filled_or_only_read(writable: bool, option: str) -> None:
    place = replace(box(Path("/nowhere")), cache=Cache(Path("/nowhere/ccache"), writable))
    argv = " ".join(Bubblewrap().command(JOB, place).argv)
    assert f" {option} /nowhere/ccache /ccache " in argv
    assert "--setenv CCACHE_DIR /ccache " in argv
    assert Unsandboxed().command(JOB, place).environment["CCACHE_DIR"] == "/nowhere/ccache"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_the_git_of_a_checkout_is_masked(tmp_path: Path, kind: str) -> None:
    git = tmp_path / "source/.git"
    if kind == "folder":
        git.mkdir(parents=True)
    else:
        git.parent.mkdir()
        git.write_text("gitdir: /x")
    argv = list(Bubblewrap().command(JOB, box(tmp_path)).argv)
    at = argv.index("/src/.git")
    assert argv[at - 2 : at] == ["--ro-bind", "/dev/null"]
    assert at > argv.index("/src")


@pytest.mark.parametrize("word", ["--share-net", "/etc/passwd", "/home", "/root", "--ro-bind-data"])
def test_nothing_of_the_user_s_is_in_the_box(word: str) -> None:
    argv = Bubblewrap().command(JOB, box(Path("/nowhere"))).argv
    assert word not in argv


def test_a_job_cannot_bring_options_of_bubblewrap() -> None:
    argv = Bubblewrap().command(Job(("--share-net", "x")), box(Path("/nowhere"))).argv
    assert argv.index("--share-net") > argv.index("--")


def test_the_network_is_shared_with_who_is_allowed_it_alone() -> None:
    closed = Bubblewrap().command(JOB, box(Path("/nowhere"))).argv
    opened = Bubblewrap().command(JOB, replace(box(Path("/nowhere")), network=True)).argv
    assert "--share-net" not in closed
    options = opened[opened.index("bwrap") :]
    assert options.index("--unshare-all") < options.index("--share-net") < options.index("--")


def test_the_policy_is_frozen_and_every_line_of_it_says_why() -> None:
    lines = (*policy.NAMESPACES, *policy.SYSTEM, *policy.NETWORK, *policy.PLACES)
    assert all(line.why and line.options[0].startswith("--") for line in lines)
    with pytest.raises(FrozenInstanceError):
        lines[0].why = "no reason"  # type: ignore[misc]


def test_limits_stand_in_the_words_and_in_the_command() -> None:
    limits = Limits(seconds=5, file=11, temporary=22, processes=33)
    command = Bubblewrap(limits).command(JOB, box(Path("/nowhere")))
    assert "--fsize=11" in command.argv
    assert [command.argv[at + 1] for at, word in enumerate(command.argv) if word == "--size"] == ["22", "22"]
    assert (command.timeout, command.watched, command.limits) == (5, Path("/nowhere/build"), limits)


def test_an_old_bubblewrap_is_told_from_missing_permissions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(InfrastructureError, match="disable-userns") as caught:
        choose(SandboxName.BWRAP, Answering(1, b"bwrap: Unknown option --disable-userns"))
    assert "bubblewrap 0.8 or later" in caught.value.hint


@pytest.mark.parametrize("kind", [Bubblewrap(), Unsandboxed()])
def test_limits_and_descriptors_of_a_job_are_those_of_its_command(kind: sandbox.Sandbox) -> None:
    job = Job(("true",), timeout=3, pass_fds=(7, 8), output_limit=99, merge_stderr=False)
    command = kind.command(job, box(Path("/nowhere")))
    assert (command.timeout, command.pass_fds, command.output_limit, command.merge_stderr) == (3, (7, 8), 99, False)


def test_bubblewrap_itself_gets_the_search_path_only() -> None:
    assert Bubblewrap().command(JOB, box(Path("/nowhere"))).environment == {"PATH": SEARCH}


def test_without_a_sandbox_make_still_ends_with_us_and_has_limits() -> None:
    command = Unsandboxed().command(JOB, box(Path("/nowhere")))
    assert command.argv == (
        *("setpriv", "--pdeathsig", "TERM", "--", "choom", "--adjust=1000", "--"),
        *("prlimit", "--fsize=8589934592", "--nproc=8192", "--core=0", "--"),
        *("make", "-C", "/nowhere/source", "O=/nowhere/build", "x=/nowhere/source:/nowhere/build"),
    )
    assert command.cwd == Path("/nowhere/build")
    assert command.environment == {
        "PATH": SEARCH,
        "HOME": "/nowhere/build",
        "LC_ALL": "C.UTF-8",
        "MAKEFLAGS": "-j",
    }


def test_without_a_sandbox_tools_come_first_too() -> None:
    path = Unsandboxed().command(JOB, box(Path("/nowhere"), tools=True)).environment["PATH"]
    assert path == f"/nowhere/tools:{SEARCH}"


def test_paths_in_diagnostics_begin_as_the_compiler_sees_them() -> None:
    assert Bubblewrap().source_prefixes(box(Path("/nowhere"))) == ("/src/",)
    assert Unsandboxed().source_prefixes(box(Path("/nowhere"))) == ("/nowhere/source/",)


class Answering(Processes):
    """Every command ends with the same status and words."""

    def __init__(self, status: int, words: bytes) -> None:
        super().__init__()
        self.answer = (status, words)
        self.asked: list[Command] = []

    def run(self, command: Command, on_output: object = None) -> Completed:
        assert on_output is None
        self.asked.append(command)
        return Completed(command.argv, self.answer[0], self.answer[1], b"", 0, 0)


def test_no_sandbox_is_had_by_name_only() -> None:
    processes = Answering(1, b"")
    assert choose(SandboxName.NONE, processes).name == "none"
    assert processes.asked == []


def test_bubblewrap_is_tried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    processes = Answering(0, b"")
    assert choose(SandboxName.BWRAP, processes).name == "bwrap"
    assert processes.asked[0].argv[:4] == ("choom", "--adjust=1000", "--", "bwrap")


def test_bubblewrap_that_does_not_work_is_never_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(InfrastructureError, match="No permissions") as caught:
        choose(SandboxName.BWRAP, Answering(1, b"bwrap: No permissions to create new namespace"))
    assert "--sandbox=none" in caught.value.hint


def test_a_container_that_hides_proc_is_told_from_forbidden_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words are bubblewrap's, in a container whose engine mounts over /proc/sys."""
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(InfrastructureError) as caught:
        choose(SandboxName.BWRAP, Answering(1, b"bwrap: Can't mount proc on /proc: Operation not permitted"))
    assert "--security-opt unmask=ALL" in caught.value.hint
    assert "max_user_namespaces" not in caught.value.hint


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("1\n", "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        ("0\n", "user.max_user_namespaces"),
        (None, "user.max_user_namespaces"),
    ],
)
def test_what_forbids_a_sandbox_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str | None, words: str
) -> None:
    """Ubuntu's AppArmor says so in a file, where bubblewrap only says that it may not."""
    file = tmp_path / "apparmor_restrict_unprivileged_userns"
    if setting is not None:
        file.write_text(setting)
    monkeypatch.setattr("pipeline.system.sandbox._APPARMOR", file)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(InfrastructureError, match="uid map") as caught:
        choose(SandboxName.BWRAP, Answering(1, b"bwrap: setting up uid map: Permission denied"))
    assert words in caught.value.hint
    assert caught.value.hint.endswith("; or say --sandbox=none if you trust every line of the series.")


def test_bubblewrap_that_is_missing_is_never_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(InfrastructureError, match="not installed") as caught:
        choose(SandboxName.BWRAP, Answering(0, b""))
    assert "apt-get install bubblewrap" in caught.value.hint
