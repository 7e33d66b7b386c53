"""Which sections of MAINTAINERS get_maintainer.pl is given: too many cost time, too few lose people."""

from __future__ import annotations

import pytest

from pipeline.kernel.maintainers import concerned_sections

SECTIONS = {
    "FOLDER": "F:\tmm/",
    "ONE FILE": "F:\tmm/util.c",
    "WILD": "F:\tdrivers/*/acme*",
    "DEEP": "F:\tdrivers/\nX:\tdrivers/acme/",
    "NAMED": "N:\tacme",
    "PERL'S OWN": "N:\t(?<!x)\\Kacme(?{1})",
    "WORDS": "K:\tacme",
    "THE REST": "F:\t*\nF:\t*/",
}
TEXT = "How to read this\n\n" + "\n\n".join(
    f"{title}\nM:\tA <a@example.org>\n{line}" for title, line in SECTIONS.items()
)


@pytest.mark.parametrize(
    ("path", "titles"),
    [
        ("mm/util.c", {"FOLDER", "ONE FILE"}),
        ("mm/other.c", {"FOLDER"}),
        ("drivers/net/acme_core.c", {"WILD", "DEEP", "NAMED"}),
        ("fs/a.c", set[str]()),
    ],
)
def test_sections_that_can_match_are_kept(path: str, titles: set[str]) -> None:
    """An expression that Python cannot read may match, and what everything matches is there for every file."""
    text = concerned_sections(TEXT, [path])
    assert {title for title in SECTIONS if f"\n{title}\n" in text} == {*titles, "PERL'S OWN", "THE REST"}


def test_what_matches_any_of_several_files_is_kept() -> None:
    text = concerned_sections(TEXT, ["mm/util.c", "drivers/net/acme_core.c"])
    assert all(f"\n{title}\nM:\tA <a@example.org>\n{SECTIONS[title]}\n" in text for title in ("ONE FILE", "WILD"))
