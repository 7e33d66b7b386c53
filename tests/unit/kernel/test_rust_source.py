"""Which lines of Rust are code, and what keeps them."""

from __future__ import annotations

import pytest

from pipeline.kernel.rust_source import guards, scan
from tests.support.clock import at_most

# What keeps a line stands behind it: `-` is no code, `+` is code without a condition.
SOURCE = """\
//! Doc                                                   // -
#![allow(x)]                                              // +
use a::{b, c};                                            // +

/* nested /* comment */ here */                           // -
#[cfg(CONFIG_A)]                                          // -
#[inline]                                                 // A
pub const fn f<A, B>(x: &'static str, c: char) -> u8      // A
where                                                     // A
    A: Foo<Item = u8>, B: C,                              // A
{                                                         // A
    if c == '{' { 1 } else { 2 }                          // A
}                                                         // A
fn g() {                                                  // +
    #[cfg(not(CONFIG_B))]                                 // -
    let x = if a { "}" } else { r#"}""#; };               // !B
    let y = 1;                                            // +
    match z {                                             // +
        #[cfg(CONFIG_C = "y")]                            // -
        X::A => {                                         // C=y
            1                                             // C=y
        }                                                 // C=y
        X::B => 2,                                        // +
        #[cfg(all(CONFIG_D, target_arch = "x86_64"))]     // -
        X::C => 3,                                        // D && target_arch = "x86_64"
        X::D => 4,                                        // +
    }                                                     // +
    #[cfg(any(CONFIG_E, test))]                           // -
    {                                                     // E
        x();                                              // E
    }                                                     // E
    y();                                                  // +
}                                                         // +
struct S {                                                // +
    #[cfg(CONFIG_F)]                                      // -
    a: Map<K, V>,                                         // F
    b: u8,                                                // +
    #[cfg(CONFIG_G)]                                      // -
    c: u8                                                 // G
}                                                         // +
#[cfg(CONFIG_H)]                                          // -
pub mod led;                                              // H
#[cfg(test)]                                              // -
mod tests {                                               // n
    fn x() {}                                             // n
}                                                         // n
impl<const N: usize> T for U {                            // +
    #[cfg(CONFIG_I)]                                      // -
    const X: [u8; 2] = [1,                                // I
        2];                                               // I
    const Y: u8 = 1;                                      // +
}                                                         // +
#[cfg(CONFIG_J)]                                          // -
#[cfg(CONFIG_K)]                                          // -
impl<const N: usize> T for U {                            // J && K
    fn a() {}                                             // J && K
}                                                         // J && K
mod inner {                                               // +
    #![cfg(CONFIG_L)]                                     // -
    fn b() {}                                             // L
}                                                         // +
fn last() {}                                              // +
"""


def test_each_line_is_code_or_not_and_under_its_condition() -> None:
    lines = scan(SOURCE)
    for number, text in enumerate(SOURCE.splitlines(), 1):
        code, _, wanted = text.partition("// ")
        if not text:
            continue
        told = "-" if number not in lines.code else str(lines.guards.get(number, "+"))
        assert told == wanted, f"{number}: {code.rstrip()}"


def test_only_lines_that_are_asked_about_are_told() -> None:
    assert {number: str(guard) for number, guard in guards(SOURCE, {3, 7, 8}).items()} == {7: "A", 8: "A"}


@pytest.mark.parametrize(
    ("attribute", "guard"),
    [
        ("not(any(CONFIG_A, CONFIG_B))", "!(A || B)"),
        ("not(CONFIG_A, )", "!A"),
        ("CONFIG_A, CONFIG_B", "CONFIG_A , CONFIG_B"),
        ("any()", "n"),
        ("odd(CONFIG_A)", "odd(…)"),
        ("", ""),
        ("not(" * 1000, "not ( " * 16),
    ],
)
def test_conditions_are_read_or_taken_for_what_nobody_knows(attribute: str, guard: str) -> None:
    found = scan(f"#[cfg({attribute})]\nfn f() {{}}\n").guards
    assert str(found.get(2, "")).startswith(guard)


@pytest.mark.parametrize(
    "text",
    ['"\\"', "/*", 'r#"', "r#", "#[cfg(CONFIG_A)]\nfn a() {", "#[cfg(", "not(", "#[cfg(CONFIG_A)] x\n", "'\\", "}"],
)
def test_what_makes_no_sense_takes_no_time(text: str) -> None:
    with at_most(5):
        scan(text * (100_000 // len(text)))
