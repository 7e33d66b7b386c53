"""Checks that read files of the tree and run nothing: maintainers, and documents that are referred to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.checks.documentation import DocumentationCheck
from pipeline.checks.maintainers import MaintainersCheck
from tests.support.checked import Files, patch
from tests.support.hostile_mail import new_file

MAINTAINERS = """\
List of maintainers

MEMORY
M:	Some One <one@example.org>
F:	mm/
X:	mm/private/
F:	include/linux/mm*.h

NAMED
N:	[^a-z]hugepage

THE REST
F:	*
F:	*/
"""
DOCUMENTS = ("Documentation/mm/later.rst",)


def kinds_found(path: str, text: str = MAINTAINERS) -> list[str]:
    before, after = Files({"MAINTAINERS": text}), Files({"MAINTAINERS": text, path: "x"})
    check, checked = MaintainersCheck(), patch(diff=new_file(path, "x"))
    assert check.concerns(checked)
    return [finding.kind for finding in check.run(checked, before, after).findings]


@pytest.mark.parametrize("path", ["mm/new.c", "mm/sub/new.c", "include/linux/mm_new.h", "drivers/x/my_hugepage.c"])
def test_a_new_file_that_has_an_entry(path: str) -> None:
    assert kinds_found(path) == []


@pytest.mark.parametrize(
    "path", ["fs/new.c", "mm/private/x.c", "include/linux/sub/mm_new.h", "include/linux/x.h", "new"]
)
def test_a_new_file_that_only_the_rest_would_have(path: str) -> None:
    assert kinds_found(path) == ["no-entry"]


def test_a_tree_without_the_file_is_not_checked() -> None:
    nothing = Files({})
    outcome = MaintainersCheck().run(patch(diff=new_file("fs/new.c", "x")), nothing, Files({"fs/new.c": "x"}))
    assert outcome.not_checked == "the tree has no MAINTAINERS"


@pytest.mark.parametrize(("pattern", "expected"), [("mm/", []), ("mm/*.c", []), ("fs/gone.c", ["no-file"])])
def test_an_entry_that_a_patch_adds_matches_files(pattern: str, expected: list[str]) -> None:
    diff = f"--- a/MAINTAINERS\n+++ b/MAINTAINERS\n@@ -5,1 +5,2 @@\n F:\tmm/\n+F:\t{pattern}\n"
    after = Files({"MAINTAINERS": MAINTAINERS, "mm/a.c": ""})
    outcome = MaintainersCheck().run(patch(diff=diff), after, after)
    assert [finding.kind for finding in outcome.findings] == expected


@pytest.mark.parametrize(("path", "expected"), [("fs/new/a.c", []), ("fs/newer.c", ["no-file"])])
def test_an_entry_may_come_before_its_files(path: str, expected: list[str]) -> None:
    """Seen red where the patch alone was looked at: many series begin with the entry."""
    checked = patch(diff="--- a/MAINTAINERS\n+++ b/MAINTAINERS\n@@ -5,1 +5,2 @@\n F:\tmm/\n+F:\tfs/new/\n")
    later = replace(checked.patch, number=2, files=(path,))
    checked = replace(checked, series=replace(checked.series, patches=(checked.patch, later)))
    after = Files({"MAINTAINERS": MAINTAINERS, "mm/a.c": ""})
    assert [finding.kind for finding in MaintainersCheck().run(checked, after, after).findings] == expected


GONE = """\
diff --git a/mm/private/gone.c b/mm/private/gone.c
deleted file mode 100644
--- a/mm/private/gone.c
+++ /dev/null
@@ -1 +0,0 @@
-int gone;
"""


@pytest.mark.parametrize(
    ("entry", "left", "expected"),
    [
        ("mm/private/gone.c", (), ["left-behind"]),
        ("mm/private/", (), ["left-behind"]),
        ("mm/private/g*.c", (), ["left-behind"]),
        ("mm/private/", ("mm/private/kept.c",), []),
        ("fs/never.c", (), []),
    ],
)
def test_an_entry_that_a_file_leaves_behind(entry: str, left: tuple[str, ...], expected: list[str]) -> None:
    """Seen red where only files that come were looked at: checkpatch's word of every file that goes stood."""
    others = dict.fromkeys(("mm/kept.c", *left), "") | {"MAINTAINERS": f"{MAINTAINERS}\nGONE\nF:\t{entry}\n"}
    before, after = Files({**others, "mm/private/gone.c": "int gone;"}), Files(others)
    check, checked = MaintainersCheck(), patch(diff=GONE)
    assert check.concerns(checked)
    assert [finding.kind for finding in check.run(checked, before, after).findings] == expected


def test_a_patch_that_adds_no_file_does_not_concern_the_maintainers_check() -> None:
    assert not MaintainersCheck().concerns(patch(diff="--- a/mm/a.c\n+++ b/mm/a.c\n@@ -9 +9 @@\n-a\n+b\n"))


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("/* See Documentation/mm/there.rst. */", []),
        ("/* See Documentation/mm/gone.rst. */", ["Documentation/mm/gone.rst"]),
        ("/* Documentation/mm/gone.rst or Documentation/mm/no.txt */", ["mm/gone.rst", "mm/no.txt"]),
        ("# See Documentation/mm/th*.rst", []),
        ("# See Documentation/mm/g*.rst", ["Documentation/mm/g*.rst"]),
        ("/* See Documentation/mm/{a,b}.rst. */", []),
        ("/* See tools/perf/Documentation/gone.txt. */", []),
        ("/* See Documentation/ABI/testing/sysfs-gone. */", []),
        ("/* See Documentation/mm/later.rst. */", []),
    ],
)
def test_a_line_that_refers_to_no_document(line: str, missing: list[str]) -> None:
    checked = patch(diff=new_file("lib/a.c", f"{line}\n{line}"))
    of_series = replace(checked.series, patches=(checked.patch, replace(checked.patch, files=DOCUMENTS)))
    checked = replace(checked, series=of_series)
    after = Files({"lib/a.c": line, "Documentation/mm/there.rst": "There"})
    check = DocumentationCheck()
    assert check.concerns(checked) == ("Documentation/mm/" in line and "{" not in line)
    findings = check.run(checked, Files({}), after).findings
    assert [(finding.line, finding.kind) for finding in findings] == [(1, "no-file")] * len(missing)
    assert all(name in finding.message for finding, name in zip(findings, missing, strict=True))
