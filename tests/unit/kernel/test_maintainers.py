"""Which files a section of MAINTAINERS has, and who looks after them."""

from __future__ import annotations

import pytest

from pipeline.kernel.maintainers import Section, having, sections

TEXT = """\
List of maintainers
===================

\tM: *Mail* patches to: FullName <address@domain>
\tF: *Files* and directories wildcard patterns.

POOLS
M:\tMona Maintainer <mona@example.org>
M:\t"Max M. Other (Corp)" <max@example.org>
R:\tRita Reviewer <rita@example.org>
L:\tpools@example.org
S:\tMaintained
F:\tmm/pool*
F:\tinclude/linux/pool/
X:\tmm/pool_test.c

DRAINS
M:\tDora Drain <dora@example.org>
N:\tdrain[0-9]+

THE REST
M:\tLina Last <lina@example.org>
F:\t*
F:\t*/
"""


def test_sections_are_read() -> None:
    pools, drains = sections(TEXT)
    assert pools == Section(
        files=("mm/pool*", "include/linux/pool/"),
        excluded=("mm/pool_test.c",),
        maintainers=("Mona Maintainer <mona@example.org>", '"Max M. Other (Corp)" <max@example.org>'),
        reviewers=("Rita Reviewer <rita@example.org>",),
    )
    assert drains == Section((), names=("drain[0-9]+",), maintainers=("Dora Drain <dora@example.org>",))


@pytest.mark.parametrize(
    ("path", "titles"),
    [
        ("mm/pool.c", ["mona"]),
        ("mm/pool_test.c", []),
        ("mm/pool/deep.c", []),
        ("include/linux/pool/a/b.h", ["mona"]),
        ("include/linux/pool.h", []),
        ("drivers/drain7.c", ["dora"]),
        ("mm/pool_drain7.c", ["mona", "dora"]),
        ("init/main.c", []),
    ],
)
def test_a_file_has_its_sections(path: str, titles: list[str]) -> None:
    found = having(sections(TEXT), [path])
    assert [section.maintainers[0].split()[0].casefold() for section in found] == titles


def test_an_expression_that_cannot_be_read_matches_all() -> None:
    assert Section((), names=("(",)).has("mm/pool.c")
