"""What a diff says of files, lines and structs."""

from __future__ import annotations

import pytest

from pipeline.kernel.commands import is_code
from pipeline.measure.changes import parse_diff

DIFF = """\
diff --git a/include/linux/mm_types.h b/include/linux/mm_types.h
index 1111111..2222222 100644
--- a/include/linux/mm_types.h
+++ b/include/linux/mm_types.h
@@ -17,6 +17,7 @@ struct page {
 \tunsigned long flags;
-\tunsigned long compound_head;
+\tunsigned long compound_info;
+\tint more;
 };
\x20
 struct quiet {
 \tint a;
@@ -40,3 +41,3 @@ struct folio {
 };
-int x;
+int y;
 int z;
diff --git a/Documentation/x.rst b/Documentation/x.rst
--- a/Documentation/x.rst
+++ b/Documentation/x.rst
@@ -1 +1 @@
-a
+b
diff --git a/mm/gone.c b/mm/gone.c
deleted file mode 100644
--- a/mm/gone.c
+++ /dev/null
@@ -1,2 +0,0 @@
-struct gone {
-};
diff --git a/mm/new.c b/mm/new.c
new file mode 100644
--- /dev/null
+++ b/mm/new.c
@@ -0,0 +1,4 @@
+typedef struct new_one {
+++ b/not/a/header.c
+} new_one_t;
+static struct page zero = {
\\ No newline at end of file
diff --git a/mm/less.c b/mm/less.c
--- a/mm/less.c
+++ b/mm/less.c
@@ -5,2 +4,0 @@ void f(void)
-\tg();
-\th();
"""


def test_added_lines_and_touched_structs_are_found() -> None:
    assert parse_diff(DIFF) == {
        "include/linux/mm_types.h": ((18, 19, 42), ("page",)),
        "mm/new.c": ((1, 2, 3, 4), ("new_one",)),
        "mm/less.c": ((), ()),
    }


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('"b/mm/a\\303\\244.c"', "mm/aä.c"),
        ('"b/mm/a\\"b\\\\.c"', 'mm/a"b\\.c'),
        ("b/mm/a b.c\t", "mm/a b.c"),
        ("b/b/b/x.c", "b/b/x.c"),
    ],
)
def test_odd_paths_are_read(line: str, path: str) -> None:
    assert list(parse_diff(f"--- a/x\n+++ {line}\n@@ -0,0 +1 @@\n+x\n")) == [path]


@pytest.mark.parametrize(
    "diff",
    [
        "",
        "+++ ",
        "+++ /dev/null\n@@ -1 +0,0 @@\n-x",
        "@@ -1,9 +1,9 @@\n+x",
        '+++ "b/\\400.c"\n',
        '+++ "b/x.c" + __import__("os")"\n',
        "+++ b/x.txt\n@@ -0,0 +1,99999999 @@\n",
    ],
)
def test_what_names_no_code_is_no_change(diff: str) -> None:
    assert parse_diff(diff) == {}


def test_a_hunk_is_read_to_its_last_line() -> None:
    diff = "+++ b/x.c\n@@ -5 +5,2 @@\n+a\n+b\n-struct gone {\n+++ b/y.c\n@@ -0,0 +1 @@\n+c\n"
    assert parse_diff(diff) == {"x.c": ((5, 6), ("gone",)), "y.c": ((1,), ())}


def test_a_diff_that_ends_early_is_read_to_its_end() -> None:
    assert parse_diff("+++ b/x.c\n@@ -0,0 +7,999 @@\n+a\n+b") == {"x.c": ((7, 8), ())}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("mm/util.c", True),
        ("include/linux/mm.h", True),
        ("arch/x86/kernel/head_64.S", True),
        ("arch/x86/kernel/vmlinux.lds.S", True),
        ("rust/kernel/lib.rs", True),
        ("mm/Kconfig", False),
        ("mm/Makefile", False),
        ("arch/x86/configs/tiny.config", False),
        ("Documentation/mm/example.c", False),
        ("scripts/mod/modpost.c", False),
        ("tools/testing/selftests/mm/x.c", False),
        ("MAINTAINERS", False),
    ],
)
def test_code_is_told_by_its_name(path: str, code: bool) -> None:
    assert is_code(path) == code
