"""Makefiles: on what options a file is compiled."""

from __future__ import annotations

import pytest

from pipeline.kernel.kconfig.expression import Tristate, evaluate
from pipeline.kernel.makefile import MAX_DEPTH
from pipeline.kernel.makefiles import Makefiles
from pipeline.system.errors import UsageError

TOP = """\
# obj-y += commented/
obj-y += mm/ \\
\tfs/
obj-$(CONFIG_NET)\t+= net/ # a comment
obj-y += arch/$(SRCARCH)/
ifneq ($(KBUILD_EXTMOD),)
obj-y := nothing/
endif
"""


def makefiles(arch: str = "x86", **files: str) -> Makefiles:
    texts = {"Kbuild": TOP} | {name.replace("__", "/") + "/Makefile": text for name, text in files.items()}
    return Makefiles(texts, {"ARCH": arch, "SRCARCH": arch})


def condition(path: str, **files: str) -> str:
    expression = makefiles(**files).condition(path)
    return "never" if expression is None else str(expression)


@pytest.mark.parametrize(
    ("makefile", "expected"),
    [
        ("obj-y += a.o", "y"),
        ("obj-y\t:=\tb.o \\\n\t a.o", "y"),
        ("obj-$(CONFIG_A) += a.o", "A"),
        ("obj-${CONFIG_A} += a.o", "A"),
        ("lib-$(CONFIG_A) += a.o", "A"),
        ("obj-$(CONFIG_A) += $(obj)/a.o", "A"),
        ("obj-$(CONFIG_A) += a.o # a.o\nobj-$(CONFIG_B) += a.o", "A || B"),
        ("obj-$(subst m,y,$(CONFIG_A)) += a.o", "A!=n"),
        ("obj-$(subst y,$(CONFIG_A),$(CONFIG_B)) += a.o", "A && B"),
        ("obj-$(shell program) += a.o", "$(shell program)"),
        # Lists: parts of an object, lists of lists, a list that nobody names.
        ("obj-$(CONFIG_A) += both.o\nboth-y := a.o c.o", "A"),
        ("obj-$(CONFIG_A) += both.o\nboth-objs := a.o", "A"),
        ("obj-$(CONFIG_A) += both.o\nboth-y := c.o\nboth-$(CONFIG_B) += a.o", "A && B"),
        ("obj-y += $(list-y)\nlist-$(CONFIG_A) := a.o", "A"),
        ("obj-y += $(list)\nlist = c.o a.o", "y"),
        ("list-y := a.o", "never"),
        # As fs/ramfs has it: a list, and an object of the same name in it.
        ("obj-y += all.o\na-y := c.o\na-$(CONFIG_A) := a.o\nall-objs += $(a-y)", "A"),
        ("obj-$(CONFIG_A) += a.o\na-y := c.o", "never"),
        ("one-y += $(two-y)\ntwo-y += $(one-y) a.o", "never"),
        # Assignments in place of what was there, and of a list that takes itself up.
        ("obj-y := a.o\nobj-y := c.o", "never"),
        ("obj-y := a.o\nifdef CONFIG_A\nobj-y := c.o\nendif", "A=n"),
        ("obj-y := a.o\nobj-y := c.o $(obj-y)", "y"),
        ("obj-m += a.o\nobj- += a.o\nobj-n += a.o", "never"),
        # Conditions.
        ("ifdef CONFIG_A\nobj-y += a.o\nendif", "A!=n"),
        ("ifndef CONFIG_A\nobj-y += a.o\nendif", "A=n"),
        ("ifeq ($(CONFIG_A),y)\nobj-y += a.o\nendif", "A=y"),
        ("ifeq (y, $(CONFIG_A))\nobj-y += a.o\nendif", "A=y"),
        ('ifeq "$(CONFIG_A)" "y"\nobj-y += a.o\nendif', "A=y"),
        ("ifneq ($(CONFIG_A),)\nobj-y += a.o\nendif", "A!=n"),
        ("ifeq ($(CONFIG_A)$(CONFIG_B),yy)\nobj-y += a.o\nendif", "A=y && B=y"),
        ("ifeq ($(CONFIG_A)$(CONFIG_B),)\nobj-y += a.o\nendif", "A=n && B=n"),
        ("ifneq ($(filter y,$(CONFIG_A) $(CONFIG_B)),)\nobj-y += a.o\nendif", "A=y || B=y"),
        ("ifneq ($(or $(CONFIG_A),$(CONFIG_B)),)\nobj-y += a.o\nendif", "A=y || A=m || B=y || B=m"),
        ("ifeq ($(BITS),64)\nobj-y += a.o\nendif", "64BIT"),
        ("ifeq ($(SRCARCH),x86)\nobj-y += a.o\nendif", "y"),
        ("ifeq ($(SRCARCH),arm64)\nobj-y += a.o\nendif", "never"),
        ("ifeq ($(call test-ge,1,2),y)\nobj-y += a.o\nendif", "ifeq ($(call test-ge,1,2),y)"),
        ("ifdef CONFIG_A\nelse\nobj-y += a.o\nendif", "A=n"),
        ("ifdef CONFIG_A\nelse ifdef CONFIG_B\nobj-y += a.o\nendif", "A=n && B!=n"),
        ("ifdef CONFIG_A\nifdef CONFIG_B\nobj-y += a.o\nendif\nendif\nobj-y += c.o", "A!=n && B!=n"),
        ("endif\nelse\nobj-y += a.o", "y"),
        ("obj-y", "never"),
    ],
)
def test_conditions_of_a_file(makefile: str, expected: str) -> None:
    assert condition("mm/a.c", mm=makefile) == expected


def test_conditions_of_the_folders_above_hold_for_a_file() -> None:
    files = {"net": "obj-$(CONFIG_IP) += ip/ deep/er/", "net__ip": "obj-$(CONFIG_TCP) += tcp.o"}
    assert condition("net/ip/tcp.c", **files) == "NET && IP && TCP"
    assert condition("net/deep/er/x.S", **files, net__deep__er="obj-y += x.o") == "NET && IP"
    assert condition("net/other/x.c", **files, net__other="obj-y += x.o") == "never"
    # An object can be named from above, and by way of another folder.
    assert condition("mm/sub/x.c", mm="obj-$(CONFIG_A) += sub/x.o") == "A"
    assert condition("mm/x.c", fs="obj-$(CONFIG_A) += ../mm/x.o") == "never"


def test_a_kbuild_file_comes_before_a_makefile() -> None:
    files = {"Kbuild": TOP, "mm/Kbuild": "obj-$(CONFIG_A) += a.o", "mm/Makefile": "obj-$(CONFIG_B) += a.o"}
    assert str(Makefiles(files, {"SRCARCH": "x86"}).condition("mm/a.c")) == "A"


def test_files_of_an_architecture_are_built_for_it_alone() -> None:
    files = {
        "arch__x86": "obj-y += kernel/\ncore-y += arch/x86/more/\nlibs-y := arch/x86/lib/ $(libs-y)",
        "arch__x86__kernel": "obj-y += head_$(BITS).o",
        "arch__x86__more": "obj-y += more.o",
        "arch__x86__lib": "lib-y += memcpy.o",
    }
    assert condition("arch/x86/kernel/head_64.S", **files) == "64BIT"
    assert condition("arch/x86/kernel/head_32.S", **files) == "!64BIT"
    assert condition("arch/x86/more/more.c", **files) == "y"
    assert condition("arch/x86/lib/memcpy.S", **files) == "y"
    assert makefiles("arm64", **files).condition("arch/x86/kernel/head_64.S") is None


def test_an_unknown_condition_is_left_to_the_caller() -> None:
    expression = makefiles(mm="ifeq ($(call test-ge,1,2),y)\nobj-$(CONFIG_A) += a.o\nendif").condition("mm/a.c")
    assert expression is not None
    assert evaluate(expression, {"A": "y"}, Tristate.Y) == Tristate.Y
    assert evaluate(expression, {"A": "y"}, Tristate.N) == Tristate.N


@pytest.mark.parametrize(
    ("makefile", "words"),
    [
        ("obj-y += a.o\0", "mm/Makefile: a NUL byte"),
        ("ifdef CONFIG_A\n" * (MAX_DEPTH + 1), "mm/Makefile: conditions nested"),
        ("ifdef CONFIG_A\n" + "else ifdef CONFIG_B\n" * (MAX_DEPTH + 1), "branches of one condition"),
        ("obj-y := a.o\nifdef CONFIG_A\n" + "obj-y := a.o\n" * (MAX_DEPTH + 2), "is assigned more than"),
    ],
)
def test_what_no_kernel_does_is_a_typed_error(makefile: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        condition("mm/a.c", mm=makefile)
    assert words in caught.value.message


def test_folders_have_a_limit() -> None:
    with pytest.raises(UsageError, match="folders deep"):
        condition("x/" * (MAX_DEPTH + 1) + "a.c")
