"""Under which options a preprocessor keeps a line."""

from __future__ import annotations

import time

import pytest

from pipeline.kernel.guards import guards
from pipeline.kernel.kconfig.expression import YES, Tristate, evaluate

SOURCE = """\
int always;
#ifdef CONFIG_A
int a;
#if defined(CONFIG_B) && !IS_ENABLED(CONFIG_C)
int b;
#elif defined CONFIG_D || \\
      CONFIG_E
int d_or_e;
#else
int none;
#endif
int a_again;
#else
int no_a;
#endif
#ifndef CONFIG_F
int no_f; /*
#ifdef CONFIG_G
*/ int still_no_f;
#endif
#if 0
int never;
#endif
int end;
"""


def keeping(source: str, text: str) -> str:
    (number,) = [number for number, line in enumerate(source.split("\n"), 1) if line.endswith(text)]
    return str(guards(source, [number]).get(number, "y"))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("int always;", "y"),
        ("int a;", "A"),
        ("int b;", "A && B && !C"),
        ("int d_or_e;", "A && !(B && !C) && (D || E)"),
        ("int none;", "A && !(B && !C) && !(D || E)"),
        ("int a_again;", "A"),
        ("int no_a;", "!A"),
        ("int no_f; /*", "!F"),
        ("int still_no_f;", "!F"),
        ("int never;", "n"),
        ("int end;", "y"),
    ],
)
def test_a_line_is_kept_by_all_that_stands_around_it(text: str, condition: str) -> None:
    assert keeping(SOURCE, text) == condition


@pytest.mark.parametrize(
    ("asked", "values", "largest", "least"),
    [
        ("defined(CONFIG_A) && BITS_PER_LONG == 64", {"A": "y"}, True, False),
        ("defined(CONFIG_A) && BITS_PER_LONG == 64", {}, False, False),
        ("!defined(__CHECKER__) && CONFIG_A", {"A": "y"}, True, False),
        ("CONFIG_PGTABLE_LEVELS > 3", {"PGTABLE_LEVELS": "4"}, True, False),
        ("MODULE || IS_BUILTIN(CONFIG_A)", {"A": "y"}, True, True),
        ("A", {"A": "y"}, True, False),
        ("defined(CONFIG_A_MODULE)", {"A": "m"}, True, False),
        ("IS_REACHABLE( CONFIG_A )", {"A": "y"}, True, True),
        ("1", {}, True, True),
        ("((", {}, True, False),
        ("", {}, True, False),
        ("__has_attribute(x) || (GCC_VERSION >= 40000UL)", {}, True, False),
    ],
)
def test_what_is_no_option_is_not_known(asked: str, values: dict[str, str], largest: bool, least: bool) -> None:
    (keeps,) = guards(f"#if {asked}\nint x;\n#endif\n", [2]).values() or (YES,)
    assert (evaluate(keeps, values, Tristate.Y) == Tristate.Y) is largest
    assert (evaluate(keeps, values, Tristate.N) == Tristate.Y) is least


def test_directives_without_a_beginning_and_without_an_end_are_no_mistake() -> None:
    assert guards("#endif\n#else\nint x;\n", [3]) == {}
    assert str(guards("#ifdef CONFIG_A\nint x;\n", [2])[2]) == "A"


@pytest.mark.parametrize(
    "unit",
    [
        "#if defined(CONFIG_A)\nint x;\n",
        "#if CONFIG_A && (CONFIG_B || !CONFIG_C)\nint x;\n#else\n",
        "#if \\\n",
        "#elif a\nint x;\n",
        "#if" + " " * 200 + "a\n#endif\n",
    ],
)
def test_a_file_is_read_in_time_that_grows_with_it(unit: str) -> None:
    def seconds(number: int) -> float:
        started = time.process_time()
        guards("#if CONFIG_A\n" + unit * number, range(3 * number))
        return time.process_time() - started

    seconds(100)
    assert seconds(40_000) < 6 * seconds(10_000) + 0.2
