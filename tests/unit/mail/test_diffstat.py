"""Diffstats in texts."""

from __future__ import annotations

import pytest

from pipeline.mail.diffstat import diffstats, paths
from pipeline.model import Diffstat, FileStat
from tests.support.clock import at_most


@pytest.mark.parametrize(
    ("line", "name", "change"),
    [
        (" mm/util.c | 2 +-", "mm/util.c", "2"),
        (" mm/util.c                |   12 ++++++------", "mm/util.c", "12"),
        (" mm/{util.c => page_util.c} | 0", "mm/{util.c => page_util.c}", "0"),
        (" old.c => new.c | 3 +--", "old.c => new.c", "3"),
        (" scripts/run.sh                | 0", "scripts/run.sh", "0"),
        (" logo.png | Bin 0 -> 12 bytes", "logo.png", "Bin 0 -> 12 bytes"),
        (" logo.png | Bin", "logo.png", "Bin"),
        (' "mm/\\303\\274.c" | 1 +', '"mm/\\303\\274.c"', "1"),
        (" mm/ü.c | 1 +", "mm/ü.c", "1"),
        (" a | b => c | 1 +", "a | b => c", "1"),
        (" .../mm/vmemmap_dedup.rst | 62 ++---", ".../mm/vmemmap_dedup.rst", "62"),
    ],
)
def test_a_file_is_read(line: str, name: str, change: str) -> None:
    text = f"Hello.\n{line}\n 1 file changed, 1 insertion(+)\n"
    assert [*diffstats(text)] == [
        ("1 file changed, 1 insertion(+)", Diffstat(1, 1, 0, (FileStat(name, change),))),
    ]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        (" 1 file changed, 0 insertions(+), 0 deletions(-)", (1, 0, 0)),
        ("2 files changed, 1 insertion(+), 1 deletion(-)", (2, 1, 1)),
        (" 12 files changed, 3 deletions(-)  ", (12, 0, 3)),
        (" 1 file changed", (1, 0, 0)),
    ],
)
def test_a_last_line_is_read(line: str, counts: tuple[int, int, int]) -> None:
    assert [*diffstats(line)] == [(line.strip(), Diffstat(*counts))]


@pytest.mark.parametrize(
    "above", [" mm/a.c | 1 +\n mm/with a very long name.c\n | 2 ++\n", " mm/a.c | 1 +\n ...\n", " mm/a.c | 1 +\n"]
)
def test_of_a_diffstat_that_is_not_whole_only_the_counts_are_taken(above: str) -> None:
    ((_, diffstat),) = diffstats(f"{above} 3 files changed, 6 insertions(+)\n")
    assert diffstat == Diffstat(3, 6, 0)


def test_more_lines_than_files_are_not_its_own() -> None:
    ((_, diffstat),) = diffstats(" not | 1\n mm/a.c | 1 +\n 1 file changed, 1 insertion(+)\n")
    assert diffstat.lines == (FileStat("mm/a.c", "1"),)


@pytest.mark.parametrize("text", ["3 files changed here and there", "a 1 file changed", "1 file changed, 1 apple(+)"])
def test_prose_is_no_diffstat(text: str) -> None:
    assert not [*diffstats(text)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mm/util.c", ("mm/util.c",)),
        ("mm/{util.c => page.c}", ("mm/util.c", "mm/page.c")),
        ("a/{ => b}/x.c", ("a/x.c", "a/b/x.c")),
        ("a/{b => }/x.c", ("a/b/x.c", "a/x.c")),
        ("old.c => new.c", ("old.c", "new.c")),
        ("{a => b}/x.c", ("a/x.c", "b/x.c")),
        ('"mm/\\303\\274.c" => mm/u.c', ("mm/ü.c", "mm/u.c")),
    ],
)
def test_a_name_can_mean_the_paths_of_a_rename(name: str, expected: tuple[str, ...]) -> None:
    assert paths(name) == ((name,) if len(expected) == 1 else (name, *expected))


def test_a_quoted_name_means_what_it_stands_for() -> None:
    assert paths('"mm/\\303\\274.c"')[-1] == "mm/ü.c"


@pytest.mark.parametrize("flood", ["{" * 100_000, " a | 1\n" * 50_000, " |" * 50_000, " 9 files changed\n" * 20_000])
def test_a_hostile_text_takes_no_time(flood: str) -> None:
    with at_most(2):
        assert len([*diffstats(f"{flood}\n 999999 files changed\n")]) >= 1
        assert paths(flood)[0] == flood
