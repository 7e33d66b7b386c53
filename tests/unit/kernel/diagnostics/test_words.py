"""What is the same in the words of several compilers."""

from __future__ import annotations

import pytest

from pipeline.kernel.diagnostics.words import names_in, option_of, plain


@pytest.mark.parametrize(
    "message",
    [
        "unused variable 'cmd' [-Wunused-variable]",
        "unused variable ‘cmd’ [-Werror=unused-variable]",
        "unused variable `cmd' [-Werror,-Wunused-variable]",
    ],
)
def test_a_warning_is_known_by_its_option_and_names_error_or_not(message: str) -> None:
    """Seen red with the pattern that findings had: an error of an option was none of it."""
    assert (option_of(message), names_in(message)) == ("unused-variable", ("cmd",))


def test_what_names_no_option() -> None:
    assert (option_of("'x' undeclared [-W]"), option_of("see [-Wextra] there")) == ("", "")
    assert plain("too  many\t‘words’") == "too many 'words'"
