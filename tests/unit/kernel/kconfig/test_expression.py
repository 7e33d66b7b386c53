"""Kconfig expressions: read, written, evaluated."""

from __future__ import annotations

import pytest

from pipeline.kernel.kconfig.expression import (
    NO,
    YES,
    Literal,
    Option,
    Tristate,
    all_of,
    any_of,
    evaluate,
    negated,
    options_in,
)
from pipeline.kernel.kconfig.syntax import MAX_DEPTH, parse_clause, parse_expression
from pipeline.system.errors import UsageError

VALUES = {"A": "y", "B": "m", "C": "n", "NAME": '"penguin"', "COUNT": "64", "HEX": "0x40", "64BIT": "y"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A", "y"),
        ("B", "m"),
        ("C", "n"),
        ("MISSING", "n"),
        ("64BIT", "y"),
        ("y", "y"),
        ('"y"', "y"),
        ("m", "m"),
        ("!A", "n"),
        ("!B", "m"),
        ("!!B", "m"),
        ("! MISSING", "y"),
        ("A && B", "m"),
        ("A&&C", "n"),
        ("B || C", "m"),
        ("B||A", "y"),
        ("C && C || A", "y"),
        ("C && (C || A)", "n"),
        ("A || C && C", "y"),
        ("!(A && C)", "y"),
        ("B=m", "y"),
        ("B = y", "n"),
        ("A!=n", "y"),
        ("MISSING=n", "y"),
        ("n = MISSING", "y"),
        ('MISSING = ""', "y"),
        ("MISSING = MISSING", "y"),
        ('NAME = "penguin"', "y"),
        ("NAME != 'penguin'", "n"),
        ("COUNT > 9", "y"),
        ("COUNT >= 64", "y"),
        ("COUNT < 64", "n"),
        ("COUNT <= 064", "y"),
        ("HEX = COUNT", "y"),
        ("A > B", "y"),
        ("B < A", "y"),
        ("C < A && B > C", "y"),
        ("A # && C", "y"),
        ('"a#b" = "a#b"', "y"),
        (r'"say \"y\"" = "y"', "n"),
        ("A && \\\n".replace("\\\n", "") + "B", "m"),
    ],
)
def test_an_expression_has_the_value_that_kconfig_gives_it(text: str, value: str) -> None:
    assert evaluate(parse_expression(text), VALUES).name.lower() == value


@pytest.mark.parametrize(
    ("text", "least", "largest"),
    [
        ("$(cc-option,-mfoo)", "n", "y"),
        ("!$(success,test -x (this))", "n", "y"),
        ("A && $(cc-option,-mfoo -mbar)", "n", "y"),
        ("C && $(cc-option,-mfoo)", "n", "n"),
        ("A || $(cc-option,$(flag),a,b)", "y", "y"),
        ('$(shell,echo "x#y") = y', "n", "y"),
        ('"$(CC_VERSION)" = "gcc"', "n", "y"),
    ],
)
def test_a_macro_is_whatever_it_is_taken_for(text: str, least: str, largest: str) -> None:
    expression = parse_expression(text)
    assert evaluate(expression, VALUES, unknown=Tristate.N).name.lower() == least
    assert evaluate(expression, VALUES, unknown=Tristate.Y).name.lower() == largest


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("A&&(B||C)", "A && (B || C)"),
        ("(A && B) && C", "A && B && C"),
        ("A || (B && C)", "A || B && C"),
        ("!(A||B)", "!(A || B)"),
        ("! A", "!A"),
        ("A = y", "A=y"),
        ("A != 'text'", 'A!="text"'),
        ("COUNT<8", "COUNT<8"),
        ("$(cc-option, -x)", "$(cc-option, -x)"),
    ],
)
def test_an_expression_is_written_as_people_would(text: str, written: str) -> None:
    assert str(parse_expression(text)) == written


@pytest.mark.parametrize(
    "text", ["", "A &&", "&& A", "A B", "(A", "A)", "!", "A = ", "A if B", "$(cc", '"open', "A @ B"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no Kconfig expression"):
        parse_expression(text)


@pytest.mark.parametrize("text", ["(" * 5000 + "A" + ")" * 5000, "!" * 5000 + "A"])
def test_what_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f"nested more than {MAX_DEPTH} deep"):
        parse_expression(text)


def test_as_deep_as_allowed_is_deep_enough() -> None:
    assert parse_expression("(" * MAX_DEPTH + "A" + ")" * MAX_DEPTH) == Option("A")


@pytest.mark.parametrize(
    ("text", "value", "condition"),
    [
        ("A", Option("A"), YES),
        ("A if B", Option("A"), Option("B")),
        ('"what if"', Literal("what if"), YES),
        ('"what if" if B # why', Literal("what if"), Option("B")),
        ("  # nothing", None, YES),
        ("if B", None, Option("B")),
    ],
)
def test_a_clause_is_a_value_and_a_condition(text: str, value: object, condition: object) -> None:
    assert parse_clause(text) == (value, condition)


def test_conjunctions_and_disjunctions_are_flat_and_say_nothing_twice() -> None:
    a, b = Option("A"), Option("B")
    assert all_of() == all_of(YES, YES) == YES
    assert all_of(a, YES, all_of(b, a)) == parse_expression("A && B")
    assert all_of(a, NO) == NO
    assert any_of() == any_of(NO) == NO
    assert any_of(a, NO, any_of(b, a)) == parse_expression("A || B")
    assert any_of(a, YES) == YES


@pytest.mark.parametrize(
    ("text", "opposite"),
    [("y", "n"), ("n", "y"), ("A", "!A"), ("!A", "A"), ("A=y", "A!=y"), ("A!=n", "A=n"), ("A<3", "!(A<3)")],
)
def test_the_opposite_is_written_shortly(text: str, opposite: str) -> None:
    assert str(negated(parse_expression(text))) == opposite


def test_the_options_of_an_expression_are_named_from_left_to_right() -> None:
    assert list(options_in(parse_expression("!(A && (B=y || 3 < C)) || $(x) && D"))) == ["A", "B", "C", "D"]
