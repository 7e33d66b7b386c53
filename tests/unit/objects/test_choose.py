"""Which objects show what a series touches, and in which words others are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from pipeline.kernel.kconfig import source
from pipeline.kernel.kconfig.options import Kconfig
from pipeline.kernel.makefiles import Makefiles
from pipeline.objects import choose
from pipeline.objects.choose import Configured, chosen, sources_of

KCONFIG = """\
config NUMA
	bool "NUMA"
config BROKEN
	bool
config ROTTEN
	bool "Rotten"
	depends on BROKEN
config DRIVER
	tristate "Driver"
"""
MAKEFILES = {
    "Kbuild": "obj-y += mm/\nobj-y += arch/$(SRCARCH)/\nobj-y += drivers/\nobj-y += rust/\n",
    "mm/Makefile": "obj-y += util.o\nobj-$(CONFIG_NUMA) += numa.o\nobj-$(CONFIG_ROTTEN) += rotten.o\n"
    "obj-$(CONFIG_DRIVER) += driver.o\ndriver-y := part.o\nobj-y += build.o\n",
    "arch/x86/Makefile": "obj-y += kernel.o",
    "rust/Makefile": "obj-$(CONFIG_RUST) += ffi.o kernel.o pin_init.o helpers/helpers.o\n",
    "drivers/Makefile": "obj-$(CONFIG_NOVA) += nova.o led.o\nobj-$(CONFIG_ROTTEN) += old.o\n",
}


CRATES = {
    "drivers/nova.rs": "mod gsp;\npub(crate) mod r#driver;\n",
    "drivers/led.rs": "mod driver_data;\n",
    "drivers/driver.rs": "",
    "drivers/gsp/fw.rs": "",
    "drivers/gsp/mod.rs": "",
    "drivers/old.rs": "",
    "drivers/orphan.rs": "",
}


@dataclass
class FakeSources:
    """Makefiles and Kconfig files without a repository; build.c includes within.c."""

    files: Mapping[str, str] = field(default_factory=dict)

    def kconfig(self, arch: str) -> Kconfig:
        return source.read({"Kconfig": KCONFIG}, {"ARCH": arch, "SRCARCH": "x86", "srctree": "."})

    def kbuild(self, arch: str) -> Makefiles:
        return Makefiles(MAKEFILES, {"ARCH": arch, "SRCARCH": "x86"})

    def includers(self, path: str) -> tuple[str, ...]:
        within = {"mm/within.c": ("mm/build.c",), "rust/helpers/slab.c": ("rust/helpers/helpers.c",)}
        return within.get(path, ())

    def rust_files(self, folder: str) -> Sequence[str]:
        return [path for path in CRATES if path.rpartition("/")[0] == folder]

    def read(self, path: str) -> str:
        return CRATES[path]


CONFIGURED = Configured(FakeSources(), "x86_64", {"NUMA": "y", "DRIVER": "m"})


@pytest.mark.parametrize(
    ("path", "targets", "reason"),
    [
        ("mm/util.c", ("mm/util.o",), ""),
        ("mm/numa.c", ("mm/numa.o",), ""),
        ("mm/part.c", ("mm/part.o",), ""),
        ("mm/within.c", ("mm/build.o",), ""),
        ("arch/x86/kernel.c", ("arch/x86/kernel.o",), ""),
        ("arch/x86/kernel/asm-offsets.c", ("arch/x86/kernel/asm-offsets.s",), ""),
        ("kernel/bounds.c", ("kernel/bounds.s",), ""),
        ("arch/arm64/kernel.c", (), "needs arch/arm64"),
        ("arch/x86/kernel/vmlinux.lds.S", (), "a linker script: only a link reads it"),
        ("mm/orphan.c", (), "no makefile that counts for x86_64 names orphan.o"),
        ("mm/a b.c", (), "make cannot be asked for a file of this name"),
        ("mm/$(x).c", (), "make cannot be asked for a file of this name"),
        ("mm/-j9.c", (), "make cannot be asked for a file of this name"),
        ("mm/a%.c", (), "make cannot be asked for a file of this name"),
        ("-f.c", (), "make cannot be asked for a file of this name"),
        ("mm/x=y.c", (), "make cannot be asked for a file of this name"),
        ("mm/x\n.c", (), "make cannot be asked for a file of this name"),
    ],
)
def test_a_file_has_an_object_or_a_reason(path: str, targets: tuple[str, ...], reason: str) -> None:
    touched_file = CONFIGURED.targets(path)
    assert (touched_file.targets, touched_file.reason) == (targets, reason)


def test_an_option_that_kconfig_refuses_is_explained() -> None:
    reason = CONFIGURED.targets("mm/rotten.c").reason
    assert reason.startswith("needs CONFIG_ROTTEN: ")
    assert "BROKEN" in reason


def test_headers_share_the_room_that_there_is() -> None:
    includers = {
        "include/a.h": ("mm/util.c", "mm/rotten.c", "mm/numa.c", "mm/part.c"),
        "include/b.h": ("mm/build.c", "mm/util.c"),
        "include/c.h": ("mm/rotten.c",),
        "arch/arm/d.h": (),
    }
    files = {file.path: file for file in chosen(CONFIGURED, [*includers], includers, most=3)}
    assert files["include/a.h"].targets == ("mm/util.o",)
    assert files["include/b.h"].targets == ("mm/build.o",)
    assert files["include/c.h"].reason == "no file that is compiled was found to include it"
    assert files["arch/arm/d.h"].reason == "needs arch/arm"
    assert sources_of(files.values(), includers) == {"mm/build.o": "mm/build.c", "mm/util.o": "mm/util.c"}


def test_of_a_tree_wide_series_the_first_objects_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "MOST_OBJECTS", 1)
    files = chosen(CONFIGURED, ["mm/util.c", "mm/numa.c"], {})
    assert [(file.path, file.targets) for file in files] == [("mm/numa.c", ()), ("mm/util.c", ("mm/util.o",))]
    assert files[0].reason == "beyond the first 1 objects of a tree-wide series"


WITH_RUST = Configured(FakeSources(), "x86_64", {"RUST": "y", "NOVA": "y"})
CRATE = ("rust/kernel.o",)


@pytest.mark.parametrize(
    ("path", "targets", "reason"),
    [
        ("drivers/nova.rs", ("drivers/nova.o",), ""),
        ("drivers/driver.rs", ("drivers/nova.o",), ""),
        ("drivers/gsp/fw.rs", ("drivers/nova.o",), ""),
        ("drivers/orphan.rs", (), "no makefile names it, and no crate that is compiled takes it in"),
        ("drivers/old.rs", (), "needs CONFIG_ROTTEN: depends on BROKEN, which is n"),
        ("rust/kernel/led.rs", CRATE, ""),
        ("rust/kernel/led/multicolor.rs", CRATE, ""),
        ("rust/kernel/lib.rs", CRATE, ""),
        ("rust/macros/lib.rs", CRATE, ""),
        ("rust/bindings/bindings_helper.h", CRATE, ""),
        ("rust/Makefile", CRATE, ""),
        ("rust/ffi.rs", ("rust/ffi.o", *CRATE), ""),
        ("rust/pin-init/src/lib.rs", ("rust/pin_init.o", *CRATE), ""),
        ("rust/helpers/slab.c", ("rust/helpers/helpers.o", *CRATE), ""),
        ("drivers/$(x).rs", (), "make cannot be asked for a file of this name"),
    ],
)
def test_rust_is_shown_by_its_makefile_or_its_crate(path: str, targets: tuple[str, ...], reason: str) -> None:
    (file,) = chosen(WITH_RUST, [path], {})
    assert (file.targets, file.reason) == (targets, reason)


def test_without_rust_its_files_say_why_or_are_left_to_another_cell() -> None:
    code = ["mm/util.c", "rust/kernel/led.rs", "rust/helpers/slab.c"]
    assert [file.path for file in chosen(CONFIGURED, code, {})] == ["mm/util.c"]
    lacking = Configured(FakeSources(), "x86_64", {}, "needs rustc")
    assert [file.reason for file in chosen(lacking, code[1:], {})] == ["needs rustc"] * 2


def test_an_object_of_rust_has_the_root_of_its_crate_as_its_source() -> None:
    paths = ["rust/kernel/led.rs", "rust/ffi.rs", "rust/helpers/slab.c", "drivers/gsp/fw.rs"]
    assert sources_of(chosen(WITH_RUST, paths, {}), {}) == {
        "drivers/nova.o": "drivers/nova.rs",
        "rust/ffi.o": "rust/ffi.rs",
        "rust/helpers/helpers.o": "rust/helpers/slab.c",
        "rust/kernel.o": "rust/kernel/lib.rs",
    }
