"""TOML of a fork, made to take time or memory: one sentence, soon."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from pipeline.definitions import load_matrix, load_scenarios
from pipeline.kernel.kconfig.fragments import load_fragment
from pipeline.system.errors import UsageError
from pipeline.system.watched import Allowance, TakesTooLongError
from tests.support.clock import at_most

TITLE = 'title = "words"\n'
CELL = '[[cells]]\nid = "a"\narch = "x86"\nbase = "tinyconfig"\n'
DEFAULTS = '[defaults]\narch = "x86"\nbase = "tinyconfig"\n'
TEN_AXES = "".join(f"[axes.a{at}]\nx = {{}}\ny = {{}}\n" for at in range(10))


def mistake(folder: Path, **matrices: str) -> str:
    """Of the first of some matrices."""
    for name, text in matrices.items():
        (folder / f"{name}.toml").write_text(text)
    with at_most(4), pytest.raises(UsageError) as caught:
        load_matrix(str(folder / f"{next(iter(matrices))}.toml"))
    assert len(caught.value.message) + len(caught.value.hint) < 3000
    return caught.value.message


def test_a_key_of_many_parts(tmp_path: Path) -> None:
    """Seen red: tomllib took more than forty seconds."""
    assert "takes more than 2 s" in mistake(tmp_path, deep="a." * 500_000 + "a = 1")


def test_many_axes_of_a_value(tmp_path: Path) -> None:
    """Seen red with twice as many: 500 MiB, and a message of 150,000 characters; those take 2 s on a slow machine."""
    single = "".join(f"[axes.b{at}.z]\n" for at in range(9_000))
    tracemalloc.start()
    try:
        assert "more than 32 axes" in mistake(tmp_path, wide=TITLE + DEFAULTS + TEN_AXES + single)
        assert tracemalloc.get_traced_memory()[1] < 75 << 20
    finally:
        tracemalloc.stop()


def test_many_includes_of_many_cells(tmp_path: Path) -> None:
    """Seen red: half a minute and more."""
    includes = '[[include]]\nwhen = { a0 = "x" }\n' * 28_000
    assert "takes more than 2 s" in mistake(tmp_path, includes=TITLE + DEFAULTS + TEN_AXES + includes)


def test_many_fragments_of_many_cells(tmp_path: Path) -> None:
    """Seen red: 400 MiB and half a minute."""
    names = ", ".join(f'"f{at}"' for at in range(100_000))
    include = f'[[include]]\nwhen = {{ a0 = ["x", "y"] }}\nfragments = [{names}]\n'
    assert "more than 200000 fragments" in mistake(tmp_path, fragments=TITLE + DEFAULTS + TEN_AXES + include)


def test_a_matrix_that_extends_another_many_times(tmp_path: Path) -> None:
    """Seen red: it was read as often as it was named."""
    text = f"{TITLE}extends = [{', '.join(['b'.join(chr(34) * 2)] * 10_000)}]\n"
    assert "more than 50 matrices" in mistake(tmp_path, a=text, b=TITLE + CELL)


def test_matrices_that_double(tmp_path: Path) -> None:
    """Seen red: it had not ended after twenty seconds."""
    extends = {f"{letter}{at}": f'{TITLE}extends = ["a{at + 1}", "b{at + 1}"]\n' for at in range(24) for letter in "ab"}
    assert "more than 50 matrices" in mistake(tmp_path, **extends, a24=TITLE + CELL, b24=TITLE + CELL)


def test_a_long_chain_of_matrices(tmp_path: Path) -> None:
    """Seen red: it had not ended after twenty seconds."""
    chain = {f"m{at}": f'{TITLE}extends = ["m{at + 1}"]\n' for at in range(1500)}
    assert "more than 50 matrices" in mistake(tmp_path, **chain, m1500=TITLE + CELL)


def test_what_is_known_is_cut(tmp_path: Path) -> None:
    """Seen red with 100,000 characters."""
    values = "".join(f"v{at} = {{}}\n" for at in range(20_000))
    text = f'{TITLE}{DEFAULTS}[axes.a]\n{values}[[include]]\nwhen = {{ a = "w" }}\n'
    assert "has no value 'w'" in mistake(tmp_path, values=text)


def test_a_scenario_of_many_checks(tmp_path: Path) -> None:
    """Seen red: it had not ended after twenty seconds."""
    checks = "".join(f'[[checks]]\ncheck = "walk"\nname = "n{at}"\n' for at in range(25_000))
    (tmp_path / "boot.toml").write_text(f'about = "words"\n{checks}')
    with at_most(4):
        assert len(load_scenarios(["boot"], [tmp_path])["boot"].definition.checks) == 25_000


@pytest.mark.parametrize(("content", "words"), [(b"# \xff\n", "is not UTF-8"), (b"#" * (2 << 20), "more than 1048576")])
def test_a_fragment_that_is_none(tmp_path: Path, content: bytes, words: str) -> None:
    """Seen red with a UnicodeDecodeError, and read however long it was."""
    (tmp_path / "odd.config").write_bytes(content)
    with pytest.raises(UsageError, match=words):
        load_fragment(tmp_path, "odd")


def test_an_allowance_in_another_counts_for_both() -> None:
    """Seen red: it had not ended after twenty seconds."""
    outer = Allowance(0.3)

    def both() -> None:
        with outer.spent_on("all"):
            with Allowance(5).spent_on("a part"):
                sum(range(1_000_000))
            while True:
                pass

    with at_most(2), pytest.raises(TakesTooLongError, match="all: that takes more than"):
        both()
