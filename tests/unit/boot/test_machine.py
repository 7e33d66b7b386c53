"""The command that boots a kernel, word for word, and scenarios as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.boot.machine import command_line, needed_options, qemu
from pipeline.definitions import ScenarioDefinition, load_scenarios
from pipeline.kernel.architectures import ARCHITECTURES, Architecture, architecture
from pipeline.system import resources
from pipeline.system.errors import UsageError

SMALL = ScenarioDefinition(about="small", memory=512, cpus=1)

GOLDEN = (
    *("prlimit", "--fsize=4194304", "--core=0", "--", "qemu-system-x86_64"),
    *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-net", "none"),
    *("-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "512M", "-smp", "1"),
    *("-serial", "stdio"),
    *("-device", "virtio-serial-pci", "-chardev", "file,id=report,path={build}/report"),
    *("-device", "virtserialport,chardev=report,name=pipeline.report"),
    *("-kernel", "{src}/kernel", "-initrd", "{src}/initramfs", "-append", "console=ttyS0 oops=panic panic=-1"),
)


def test_the_command_of_qemu() -> None:
    job = qemu("x86_64", SMALL)
    assert job.argv == GOLDEN
    assert job.output_limit == 4 << 20
    assert not job.merge_stderr


def test_a_scenario_changes_the_machine() -> None:
    scenario = ScenarioDefinition(about="", memory=1001, cpus=3, nodes=2, machine="q35", cpu="Haswell", limit=7)
    job = qemu("x86_64", scenario)
    words = " ".join(job.argv)
    assert job.timeout == 7
    assert "-machine q35" in words
    assert "-cpu Haswell" in words
    assert "id=memory0,size=501M" in words
    assert "id=memory1,size=500M" in words
    assert "node,nodeid=0,memdev=memory0,cpus=0,cpus=2" in words
    assert "node,nodeid=1,memdev=memory1,cpus=1" in words


def test_nodes_are_made_up_where_nothing_tells_the_kernel_of_them() -> None:
    scenario = ScenarioDefinition(about="", nodes=2, command_line="hugetlb_free_vmemmap=on")
    assert command_line("x86_64", scenario) == "console=ttyS0 oops=panic panic=-1 numa=fake=2 hugetlb_free_vmemmap=on"
    assert command_line("arm64", scenario) == "console=ttyAMA0 oops=panic panic=-1 hugetlb_free_vmemmap=on"


@pytest.mark.parametrize("known", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
def test_an_architecture_boots_wholly_or_not_at_all(known: Architecture) -> None:
    parts = (known.image, known.machine, known.userspace)
    assert known.boots == all(parts) == any(parts)
    assert architecture(known.name) is known
    if known.machine:
        assert needed_options(known.name)[3] == known.machine.bus
        assert qemu(known.name, SMALL).argv[4] == known.machine.program


def test_of_an_unknown_architecture_its_folder_is_guessed() -> None:
    assert (architecture("mips").folder, architecture("sparc64").folder) == ("mips", "sparc")
    assert not architecture("mips").boots


def shipped() -> list[str]:
    return sorted(path.stem for path in (resources.folder("kconfigs") / "boot").glob("*.toml"))


@pytest.mark.parametrize("name", shipped())
def test_scenarios_that_ship_are_valid(name: str) -> None:
    (scenario,) = load_scenarios([name], [resources.folder("kconfigs") / "boot"]).values()
    assert scenario.definition.about
    assert scenario.definition.checks


def test_a_check_is_a_line_for_the_guest(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(
        'about = "x"\nchecks = [{ check = "walk", name = "giant", size = 1024, reserved = true }, { check = "walk" }]\n'
    )
    scenario = load_scenarios(["one"], [tmp_path])["one"]
    assert [check.line() for check in scenario.definition.checks] == ["giant walk size=1024 reserved=1", "walk walk"]


def test_the_first_folder_wins(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.toml").write_text(f'about = "{name}"\n')
    assert load_scenarios(["one", "one"], [tmp_path / "b", tmp_path / "a"])["one"].definition.about == "b"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('about = "x"\n[[checks]]\ncheck = "wolk"\n', "checks.0.check"),
        ('about = "x"\nmemorry = 1\n', "Did you mean 'memory'"),
        ('about = "x"\nmemory = 1\n', "memory"),
        ('about = "x"\ncommand_line = "a\\nb"\n', "command_line"),
        ('about = "x"\n[[checks]]\ncheck = "walk"\n[[checks]]\ncheck = "walk"\n', "two checks are called 'walk'"),
        ("about", "is not valid TOML"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "one.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_scenarios(["one"], [tmp_path])
    assert str(tmp_path / "one.toml") in caught.value.message
    assert words in caught.value.message


def test_a_scenario_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "hugetlb.toml").write_text('about = "x"\n')
    with pytest.raises(UsageError, match="there is no boot scenario 'hugetbl'") as caught:
        load_scenarios(["hugetbl"], [tmp_path])
    assert "hugetlb" in caught.value.hint
