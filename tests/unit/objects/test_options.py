"""Options whose entries a series changes."""

from __future__ import annotations

import pytest

from pipeline.objects.options import changed_options

BEFORE = """\
menu "Drivers"

config ACME
\ttristate "A driver"
\tdepends on X86
\thelp
\t  Words about it.

\t  depends on nothing.

menuconfig OTHER
\tbool "Another"
\tselect ACME

if OTHER
config LAST
\tbool
endif

config ACME
\tbool
endmenu
"""


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("depends on X86\n", "depends on X86 || COMPILE_TEST\n", ("ACME",)),
        ("\tselect ACME\n", "", ("OTHER",)),
        ("config LAST\n\tbool\n", "config LAST\n\tbool\n\tdefault y\n", ("LAST",)),
        ("config ACME\n\tbool\n", "config ACME\n\tdef_bool y\n", ("ACME",)),
        ("endmenu", "config NEW\n\tbool\nendmenu", ("NEW",)),
        ("Words about it", "Other words about it", ()),
        ("depends on nothing", "depends on all", ()),
        ("config LAST\n\tbool\n", "", ()),
        ("\tdepends on X86", "  depends  on X86", ()),
        ("endif\n", 'endif\ncomment "depends"\n\tdepends on X86\n', ()),
    ],
)
def test_options_are_named_whose_entries_say_something_else(old: str, new: str, changed: tuple[str, ...]) -> None:
    after = BEFORE.replace(old, new)
    assert after != BEFORE
    assert changed_options(BEFORE, after) == changed
