"""Limits on what is read of strangers: makefiles and Kconfig files that are small and cost much, and what zlib packed.

Steps are counted where they can be, since a busy machine does not change them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import reduce

import pytest

from pipeline.kernel.kconfig import source
from pipeline.kernel.kconfig.expression import AnyOf, Comparison, Expression, Literal, Not, Option, all_of, evaluate
from pipeline.kernel.kconfig.solve import solve
from pipeline.kernel.makefiles import Makefiles
from pipeline.kernel.preprocessor import scan
from pipeline.system import untrusted
from pipeline.system.errors import KilledError, UsageError, require_sound_machine
from pipeline.system.untrusted import Budget, Limit, TooMuchError, inflated, lines
from pipeline.vmemmap import source as vmemmap
from tests.support.clock import at_most


def refusal(read: Callable[[], object]) -> str:
    """What is said of an input that is refused; nothing of one that is read."""
    try:
        read()
    except UsageError as error:
        return error.message
    return ""


def made(text: str) -> Makefiles:
    """The makefiles of a tree, asked for a file of mm/."""
    makefiles = Makefiles({"Kbuild": "obj-y += mm/\n", "mm/Makefile": text}, {"SRCARCH": "x86"})
    makefiles.condition("mm/a.c")
    return makefiles


def shared(depth: int) -> str:
    """Lists that each name the next one twice."""
    pairs = "".join(f"l{level} := $(l{level + 1}) $(l{level + 1})\n" for level in range(depth))
    return f"obj-y += $(l0)\n{pairs}l{depth} := a.o\n"


def under_options(depth: int) -> str:
    pairs = "".join(
        f"l{level}-$(CONFIG_{letter}{level}) += $(l{level + 1}-y)\n" for level in range(depth) for letter in "AB"
    )
    return f"obj-y += $(l0-y)\n{pairs}l{depth}-y := a.o\n"


def within(blocks: int, branches: int, lines: int = 2000) -> str:
    """Conditions within one another, each with branches, around a list."""
    opened = "".join(
        f"ifdef CONFIG_{block}\n" + "".join(f"else ifdef CONFIG_{block}_{branch}\n" for branch in range(branches))
        for block in range(blocks)
    )
    return opened + "".join(f"obj-y += a{line}.o\n" for line in range(lines)) + "endif\n" * blocks


MAKEFILES: Mapping[str, str] = {
    "lists that share and double": shared(60),
    "lists that share and double, under options": under_options(60),
    "lists in a long chain": "obj-y += $(l0)\n" + "".join(f"l{at} := $(l{at + 1})\n" for at in range(5000)),
    "60 conditions of 60 branches": within(60, 60),
    "an assignment of 8 MB": "obj-y += " + "b.o " * (2 << 20),
    "as long an assignment as may be": "obj-y += " + "b.o " * 260_000,
    "a prefix for many words": f"obj-y += $(addprefix {'a' * 400_000}/, {'b.o ' * 100_000})",
    "quotes": "ifeq " + "\"'" * 500_000,
    "quotes of one kind": "ifeq " + '"' * 1_000_000 + "x",
    "brackets that nothing closes": "obj-" + "$(a" * 300_000 + " += a.o",
    "lists that are replaced": f"obj-y += {'b.o ' * 200_000}\n" + "ifdef CONFIG_A\nobj-y := a.o\nendif\n" * 60,
}


@pytest.mark.parametrize("text", MAKEFILES.values(), ids=MAKEFILES.keys())
def test_a_makefile_is_read_or_refused_soon(text: str) -> None:
    """Seen red one by one: without what lists are known to come to, without any of the limits, with the old quotes."""
    with at_most(15):
        assert len(refusal(lambda: made(text))) < 200


@pytest.mark.parametrize(
    "text",
    [
        lambda size: shared(size * 10),
        lambda size: within(5, 10, 500 * size),
        lambda size: "obj-y += b.o c/\n" * 1000 * size,
    ],
    ids=["shared lists", "conditions", "lines"],
)
def test_twice_the_makefile_takes_twice_the_steps(text: Callable[[int], str]) -> None:
    """Seen red with the list that others share asked for each of them."""
    once, twice = (made(text(size)).steps for size in (2, 4))
    assert 1.5 < twice / once < 2.5


def test_shared_lists_change_no_condition() -> None:
    makefiles = Makefiles({"Kbuild": under_options(3)}, {"SRCARCH": "x86"})
    condition = makefiles.condition("a.c")
    assert condition is not None
    for chosen in range(64):
        values = {
            f"{letter}{level}": "y"
            for level in range(3)
            for bit, letter in enumerate("AB")
            if chosen >> 2 * level + bit & 1
        }
        expected = all(values.keys() & {f"A{level}", f"B{level}"} for level in range(3))
        assert (evaluate(condition, values) == 2) is expected


# Kconfig


def spent(files: Mapping[str, str]) -> int:
    budget = Budget(untrusted.KCONFIG_STEPS)
    source.read(files, {"SRCARCH": "x86"}, budget=budget)
    return budget.spent


def sourced_twice(levels: int) -> dict[str, str]:
    each = {f"a{level}": f'source "a{level + 1}"\n' * 2 for level in range(levels)}
    return {**each, "Kconfig": 'source "a0"\n', f"a{levels}": "config X\n\tbool\n"}


KCONFIGS: Mapping[str, Mapping[str, str]] = {
    "sourced twice, 30 levels": sourced_twice(30),
    "a large file, sourced often": {"Kconfig": 'source "a"\n' * 1000, "a": "config X\n\tbool\n" * 20_000},
    "a help text, sourced often": {"Kconfig": 'source "a"\n' * 1000, "a": "config X\n\thelp\n" + "\t  text\n" * 60_000},
    "options under many conditions": {"Kconfig": "if A\n" * 127 + "config X\n\tbool\n" * 200_000},
    "options of a menu with many": {"Kconfig": "menu x\n" + "depends on A\n" * 90_000 + "config X\n" * 100_000},
    "lines that go on": {"Kconfig": "config X\n\tdepends on A \\\n" + "\\\n" * 4_000_000},
    "a long expression": {"Kconfig": "config X\n\tdepends on " + " && ".join(f"A{at}" for at in range(500_000))},
    "many selects": {"Kconfig": "config X\n" + "".join(f"\tselect A{at} if B{at}\n" for at in range(300_000))},
    "a number of 5,000 digits": {"Kconfig": f"config X\n\tdepends on Y = {'9' * 5000}\n"},
}


@pytest.mark.parametrize("files", KCONFIGS.values(), ids=KCONFIGS.keys())
def test_kconfig_files_are_read_or_refused_soon(files: Mapping[str, str]) -> None:
    """Seen red without the budget, and with lines that go on joined one by one."""
    with at_most(20):
        assert len(refusal(lambda: spent(files))) < 200


def test_twice_the_kconfig_takes_twice_the_steps() -> None:
    once, twice = (spent({"Kconfig": 'config X\n\tbool "x" if A\n\tdepends on B\n' * size}) for size in (1000, 2000))
    assert 1.9 < twice / once < 2.1


@pytest.mark.parametrize("digits", ["9" * 5000, "0x" + "f" * 5000, "-" + "1" * 4301])
@pytest.mark.parametrize("operator", ["=", "<"])
def test_numbers_of_thousands_of_digits_are_no_numbers(digits: str, operator: str) -> None:
    """A ValueError of int() before."""
    for compared in (
        Comparison(Option("A"), operator, Literal(digits)),
        Comparison(Literal(digits), operator, Option("A")),
    ):
        assert evaluate(compared, {"A": digits}) in (0, 2)
        assert str(compared)


def test_an_expression_knows_how_large_it_is() -> None:
    """Of thirty that each hold the one before twice, a billion parts; seen red without the limit: it never ended."""

    def twice(expression: Expression, at: int) -> Expression:
        return AnyOf((all_of(expression, Option(f"B{at}")), all_of(expression, Option(f"C{at}"))))

    option: Expression = Option("A")
    with at_most(10), pytest.raises(TooMuchError, match="parts of one condition"):
        reduce(twice, range(30), option)


def test_an_expression_knows_how_deep_it_is() -> None:
    """A RecursionError of whoever evaluated it before."""

    def opposite(expression: Expression, _: int) -> Expression:
        return Not(expression)

    option: Expression = Option("A")
    with pytest.raises(TooMuchError, match="levels of one condition"):
        reduce(opposite, range(1000), option)


def tangled(levels: int, width: int) -> str:
    """Options that each of the next level selects, none with a prompt."""
    options = [
        f"config L{level}_{at}\n\tbool\n" + "".join(f"\tselect L{level - 1}_{other}\n" for other in range(width))
        for level in range(1, levels)
        for at in range(width)
    ]
    return "config L0_0\n\tbool\n" + "".join(options)


def test_a_search_for_options_has_a_budget() -> None:
    """Seen red without it: each file and cell had the limit for itself."""
    kconfig = source.read({"Kconfig": tangled(20, 10)}, {})
    budget = Budget(Limit(2000, "steps"))
    reasons = [solve(kconfig, Option("L0_0"), {}, {}, budget).reason for _ in range(3)]
    assert all("tangled" in reason for reason in reasons)
    with at_most(10):
        assert "tangled" in solve(kconfig, Option("L0_0"), {}, {}).reason


# Packed bytes and lines


def test_what_zlib_packed_is_unpacked_up_to_a_limit() -> None:
    """Seen red with zlib.decompress: 256 MiB of zeros come of 256 KiB."""
    limit = Limit(1 << 20, "bytes")
    assert inflated(zlib.compress(b"x" * (1 << 20)), limit) == b"x" * (1 << 20)
    with pytest.raises(TooMuchError, match="more than 1048576 bytes"):
        inflated(zlib.compress(bytes(256 << 20)), limit)


@pytest.mark.parametrize(
    "packed", [b"", b"x", zlib.compress(b"abc")[:-1], zlib.compress(b"abc") + b"x"], ids=["none", "no", "cut", "more"]
)
def test_what_zlib_did_not_pack_is_a_typed_error(packed: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        inflated(packed, Limit(10, "bytes"))


@pytest.mark.parametrize("text", ["", "a", "a\n", "\n\n", "a\n\nb"])
def test_lines_are_those_of_the_text(text: str) -> None:
    assert list(lines(text)) == text.split("\n")[: None if text and not text.endswith("\n") else -1]


def test_lines_take_time_by_their_number() -> None:
    with at_most(5):
        assert sum(1 for _ in lines("\n" * (1 << 20))) == 1 << 20


# Patterns that took the square of a line's length


@pytest.mark.parametrize(
    "read",
    [
        lambda: require_sound_machine("while it was built", 2, "*** [" * 400_000),
        lambda: scan('"\\' * (1 << 20)),
        lambda: scan("'\\" * (1 << 20)),
        lambda: vmemmap.read([], {"mm/hugetlb_vmemmap.c": "alloc_vmemmap_page_list(" * 200_000}),
        lambda: vmemmap.read([], {"include/linux/page-flags.h": "compound_info_is_mask(void)\n{" * 200_000}),
    ],
    ids=["a failing machine", "double quotes", "single quotes", "calls", "functions"],
)
def test_a_long_line_takes_time_by_its_length(read: Callable[[], object]) -> None:
    """Seen red with the patterns of before: each took more than 15 s."""
    with at_most(10):
        read()


def test_a_killed_compiler_is_still_seen() -> None:
    with pytest.raises(KilledError):
        require_sound_machine(
            "while it was built", 2, "make[3]: *** [/src/scripts/Makefile.build:243: mm/a.o] Killed\n"
        )
