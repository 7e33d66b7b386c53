"""A finding is answered in the mail of its patch, under its hunk, in the compiler's words, and can be reproduced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.record import (
    CellRecord,
    CheckFindingRecord,
    FileCoverageRecord,
    HunkRecord,
    LayoutRecord,
    MemberDeltaRecord,
    MemberRecord,
    PatchCheckRecord,
    PrerequisiteRecord,
    RunRecord,
    SeriesRecord,
    StructPageRecord,
    TouchedFileRecord,
)
from pipeline.render import page
from pipeline.reply import draft, findings, targets
from pipeline.reply.hunks import hunks, place
from pipeline.system.errors import UsageError
from pipeline.system.resources import own_templates
from tests.support import records

DIFF = """\
diff --git a/mm/hugetlb.c b/mm/hugetlb.c
--- a/mm/hugetlb.c
+++ b/mm/hugetlb.c
@@ -1230,4 +1230,5 @@ static void prep(struct page *page)
 \tint i;
\x20
-\tprep_compound_tail(page, 1);
+\tprep_compound_tail(page + 1);
+\treturn;
 }
diff --git a/mm/internal.h b/mm/internal.h
--- a/mm/internal.h
+++ b/mm/internal.h
@@ -7,2 +7,2 @@
-void prep_compound_tail(struct page *head, int index);
+void prep_compound_tail(struct page *tail);
 #endif
--\x20
2.40.0
"""
LOG = """\
  CC      mm/util.o
  CC      mm/hugetlb.o
In file included from ../include/linux/mm.h:5,
                 from ../mm/hugetlb.c:3:
../mm/hugetlb.c: In function 'prep':
../mm/hugetlb.c:1240:17: error: too few arguments to function 'prep_compound_tail'
 1240 |         prep_compound_tail(page + 1);
      |         ^~~~~~~~~~~~~~~~~~
../mm/internal.h:7:6: note: declared here
make[2]: *** [mm/hugetlb.o] Error 1
"""
MESSAGE = "too few arguments to function 'prep_compound_tail'"
GIT = "git:https://git.example.org/linux.git#master"
ME = "Maintainer <me@example.org>"


def series() -> SeriesRecord:
    """A series whose last patch was kept with its diff, and has a mail."""
    made = records.series()
    last = made.patches[2].model_copy(update={"diff": DIFF})
    mail = records.letter(message_id="3@x", subject="[PATCH 3/3] mm/hugetlb: Remove fake head pages", body="Remove.\n")
    return made.model_copy(update={"patches": (*made.patches[:2], last), "messages": (mail,)})


def broken(**changes: Any) -> CellRecord:
    """A kernel for riscv that patch 3 breaks."""
    error = records.diagnostic(line=1240, message=MESSAGE).model_copy(
        update={"source": "prep_compound_tail(page + 1);"}
    )
    states = (*records.states("built", "built", "built"), records.state(3, "failed", errors=(error,)))
    values: dict[str, Any] = {
        "states": states,
        "arch": "riscv",
        "toolchain": "riscv64-linux-gnu-gcc (Debian 12.2.0-13) 12.2.0",
        "base": "tinyconfig",
        "requests": ("MEMCG=y", "SMP=n"),
        "tree": GIT,
    }
    return records.broken("riscv64-flat", **(values | changes))


def failing(*cells: CellRecord, **changes: Any) -> RunRecord:
    tree = records.tree(name=GIT, commit="c0ffee" * 6 + "abcd")
    values: dict[str, Any] = {"series": series(), "cells": cells or (broken(),), "trees": (tree,)}
    return records.run(**(values | changes))


def body(run: RunRecord, to: str = "3@x", log: str = LOG, **options: Any) -> str:
    message = draft(run, identity=ME, date=datetime(2025, 12, 8, tzinfo=UTC), to=to, logs=lambda _: log, **options)
    return str(message.get_content())


def test_a_broken_build_is_said_under_the_hunk_in_the_compilers_words() -> None:
    assert [(target.message_id, target.why) for target in targets(failing())] == [("3@x", "1 finding")]
    assert body(failing()) == (
        "On Fri, 5 Dec 2025 19:43:36 +0000, Kiryl Shutsemau wrote:\n"
        "> --- a/mm/hugetlb.c\n"
        "> +++ b/mm/hugetlb.c\n"
        "> @@ -1230,4 +1230,5 @@ static void prep(struct page *page)\n"
        ">  \tint i;\n"
        ">\n"
        "> -\tprep_compound_tail(page, 1);\n"
        "> +\tprep_compound_tail(page + 1);\n"
        "\n"
        "The build fails on riscv (gcc 12.2) with this patch. It builds without\n"
        "it.\n"
        "\n"
        "   In file included from include/linux/mm.h:5,\n"
        "                    from mm/hugetlb.c:3:\n"
        "   mm/hugetlb.c: In function 'prep':\n"
        ">> mm/hugetlb.c:1240:17: error: too few arguments to function 'prep_compound_tail'\n"
        "    1240 |         prep_compound_tail(page + 1);\n"
        "         |         ^~~~~~~~~~~~~~~~~~\n"
        "   mm/internal.h:7:6: note: declared here\n"
        "\n"
        "  compiler       riscv64-linux-gnu-gcc (Debian 12.2.0-13) 12.2.0\n"
        "  architecture   riscv\n"
        "  tree           https://git.example.org/linux.git, commit c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeeabcd\n"
        "  configuration  tinyconfig, with\n"
        "                 CONFIG_MEMCG=y\n"
        "                 CONFIG_SMP=n\n"
        "\n"
        "To reproduce:\n"
        "\n"
        "  git fetch https://git.example.org/linux.git \\\n"
        "      c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeeabcd\n"
        "  git checkout FETCH_HEAD\n"
        "  b4 shazam 20251205194351.1646318-1-kas@kernel.org\n"
        "  make ARCH=riscv CROSS_COMPILE=riscv64-linux-gnu- tinyconfig\n"
        "  scripts/config -e MEMCG -d SMP\n"
        "  make ARCH=riscv CROSS_COMPILE=riscv64-linux-gnu- olddefconfig\n"
        "  make ARCH=riscv CROSS_COMPILE=riscv64-linux-gnu- mm/hugetlb.o\n"
    )


def test_the_compilers_words_are_not_cut() -> None:
    long = f"{MESSAGE} from {'a rather long type, ' * 20}to another"
    error = records.diagnostic(line=1240, message=long)
    states = (*records.states("built", "built", "built"), records.state(3, "failed", errors=(error,)))
    assert "to another\n" in body(failing(broken(states=states)), log="")


def test_without_a_log_the_record_speaks() -> None:
    assert f">> mm/hugetlb.c:1240: error: {MESSAGE}\n    1240 | prep_compound_tail(page + 1);\n" in body(
        failing(), log=""
    )


def test_what_no_build_proves_is_not_said_of_a_patch() -> None:
    states = broken().states
    text = body(failing(broken(states=(states[0], states[3]))))
    flat = " ".join(text.split())
    assert "with all 3 patches applied. I did not build them one by one; only this patch touches the file." in flat
    assert "builds without" not in flat


@pytest.mark.parametrize(
    ("tool", "message", "by", "variable"),
    [
        ("gcc", "unused variable 'i' [-Wunused-variable]", "gcc 12.2", "W=1"),
        ("sparse", "symbol 'i' was not declared. Should it be static?", "sparse 0.6.4", "C=2"),
        ("kernel-doc", "cannot understand function prototype", "kernel-doc", "W=1"),
    ],
)
def test_a_warning_is_told_of_the_program_that_gives_it(tool: str, message: str, by: str, variable: str) -> None:
    warning = records.diagnostic(line=1231, message=message).model_copy(update={"tool": tool, "source": "int i;"})
    states = (*records.states("built", "built", "built"), records.state(3, new_warnings=(warning,)))
    changes: dict[str, Any] = {"stage": "objects", "words": ("W=1",), "checker": "0.6.4 (Debian: 0.6.4-3)"}
    text = body(
        failing(broken(states=states, status="built", **changes)), log=f"mm/hugetlb.c:1231:6: warning: {message}\n"
    )
    assert f"A new warning on riscv ({by}) with this patch." in text
    assert f" {variable} mm/hugetlb.o" in text


def warned(*places: tuple[str, int, str]) -> RunRecord:
    """A patch with a new warning at each place: path, line and its text."""
    warnings = tuple(
        records.diagnostic(path=path, line=line, message=f"odd line {line} [-Wodd]").model_copy(update={"source": text})
        for path, line, text in places
    )
    states = (*records.states("built", "built", "built"), records.state(3, new_warnings=warnings))
    return failing(broken(states=states, status="built"))


def test_each_warning_stands_under_its_own_hunk() -> None:
    """Seen red: all of one compiler stood under the first one's."""
    declaration = "void prep_compound_tail(struct page *tail);"
    text = body(
        warned(("mm/hugetlb.c", 1231, "int i;"), ("mm/internal.h", 7, declaration), ("mm/far.h", 9, "x")), log=""
    )
    first, _, second = text.partition("> +++ b/mm/internal.h")
    assert ("odd line 1231" in first, "odd line 9" in first, "odd line 7" in first) == (True, True, False)
    assert ("odd line 7" in second, "odd line 9" in second) == (True, False)


def test_warnings_of_many_hunks_stand_under_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MOST_HUNKS", 1)
    declaration = "void prep_compound_tail(struct page *tail);"
    text = body(warned(("mm/hugetlb.c", 1231, "int i;"), ("mm/internal.h", 7, declaration)), log="")
    assert "> +++ b/mm/internal.h" not in text
    assert "2 new warnings on riscv" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"requests": None},
        {"requests": tuple(f"A{number}=y" for number in range(20))},
        {"requests": ("A=$(reboot)",)},
        {"base": "x; reboot"},
        {"base": ""},
    ],
)
def test_a_configuration_that_others_cannot_make_has_no_reproducer(changes: dict[str, Any]) -> None:
    assert "To reproduce" not in body(failing(broken(**changes)))


@pytest.mark.parametrize(
    "tree",
    [
        records.tree(name="path:/srv/linux#master", commit="c" * 40),
        records.tree(name="git:ssh://me@host/linux#x", commit="c" * 40),
        records.tree(name=GIT),
        records.tree(),
    ],
)
def test_a_tree_that_no_command_fetches_has_no_reproducer(tree: Any) -> None:
    text = body(failing(broken(tree=tree.name), trees=(tree,)))
    assert "To reproduce" not in text
    assert "/srv" not in text


def test_what_lies_below_the_series_is_not_fetched_with_it() -> None:
    needs = PrerequisiteRecord(kind="message-id", value="first@x", version=0, title="", patches=0, reason="")
    assert "To reproduce" not in body(failing(series=series().model_copy(update={"prerequisites": (needs,)})))
    tree = records.tree(name=GIT, commit="c0ffee" * 6 + "abcd", prerequisites=("first@x: applied",))
    assert "To reproduce" not in body(failing(trees=(tree,)))


def test_a_revision_is_named_where_the_thread_has_several() -> None:
    made = series().model_copy(update={"version": 2, "other_versions": (1, 3)})
    assert "\n  b4 shazam -v 2 20251205194351" in body(failing(series=made))


def test_an_option_stays_on_the_line_of_its_switch() -> None:
    requests = tuple(f"A_RATHER_LONG_OPTION_{number}=y" for number in range(9))
    lines = body(failing(broken(requests=requests))).split("\n")
    assert any("scripts/config" in line for line in lines)
    assert not [line for line in lines if line.endswith(" -e \\")]


def test_what_follows_from_an_error_is_not_said() -> None:
    follows = records.diagnostic(path="mm/hugetlb.c", line=1242, message="control reaches end")
    other = records.diagnostic(path="mm/util.c", line=5, message="unused variable 'x'")
    states = broken().states
    last = states[3].model_copy(update={"new_warnings": (follows, other)})
    run = failing(broken(states=(*states[:3], last)))
    text = body(run)
    assert "control reaches end" not in text
    assert ">> mm/util.c:5: warning: unused variable 'x'\n" in text


def test_a_quote_goes_on_where_the_one_before_ended() -> None:
    odd = CheckFindingRecord(severity="error", message="odd", path="mm/hugetlb.c", line=1233)
    check = PatchCheckRecord(tree=GIT, patch=3, check="style", status="checked", findings=(odd,))
    text = body(failing(checks=(check,)))
    assert text.count("> @@ -1230,4 +1230,5 @@") == 1
    assert "\n\n> +\treturn;\n\nodd\n" in text


def test_a_struct_that_grows_is_answered_where_its_member_is_added() -> None:
    member = MemberDeltaRecord(change="added", after=MemberRecord(name="tail", offset=0, size=64))
    layout = LayoutRecord(struct="page", tracked=True, before=64, after=80, members=(member,))
    sizes = [StructPageRecord(size=size, power_of_two=False) for size in (64, 64, 64, 80)]
    states = tuple(records.state(at, struct_page=size, vmemmap=True) for at, size in enumerate(sizes))
    cell = records.cell(tree=GIT, states=states, struct_page=sizes[0], layouts=(layout,))
    text = body(failing(cell))
    assert "> +void prep_compound_tail(struct page *tail);\n\nstruct page grows from 64 to 80 bytes on" in text
    assert "To reproduce" not in text, "no command shows the size"


def test_all_that_concerns_one_patch_is_in_one_mail() -> None:
    patch = records.series().patches[0]
    mail = records.letter(message_id=patch.message_id, subject="[PATCH 1/1] mm: One")
    single = records.series(patches=(patch,), messages=(mail,))
    tree = records.tree(name=GIT, applied="failed", failed_patch=1)
    assert [target.message_id for target in targets(failing(series=single, cells=(), trees=(tree,)))] == [
        patch.message_id
    ]


def test_a_refusal_asks_for_the_base_where_none_is_named() -> None:
    hunk = HunkRecord(path="mm/hugetlb.c", line=74, header="@@ -74,5 +74,5 @@ int x(void)")
    tree = records.tree(name=GIT, commit="c" * 40, applied="failed", failed_patch=2, failed_hunks=(hunk,))
    text = body(failing(cells=(), trees=(tree,)), to="")
    assert "The series does not say what its base is." in " ".join(text.split())
    assert "\n  mm/hugetlb.c:74 @@ -74,5 +74,5 @@ int x(void)\n" in text
    based = series().model_copy(update={"base_commit": "d" * 40})
    text = " ".join(body(failing(series=based, cells=(), trees=(tree,)), to="").split())
    assert f"commit {'c' * 40}. The series names {'d' * 40} as its base." in text


def test_a_commit_is_named_once() -> None:
    commit = "c0ffee" * 6 + "abcd"
    tree = records.tree(name="path:/srv/linux", commit=commit, kernel="6.12.0", version=commit[:12])
    text = body(records.run(trees=(tree,), claims=()), to="")
    assert f"Applied to Linux 6.12.0, commit {commit}." in " ".join(text.split())


def test_the_configuration_is_linked_where_the_report_is() -> None:
    cell = broken(config="configs/tree1-x.config")
    text = body(failing(cell), report_url="https://ci.example.org/%s/report.html")
    assert "configuration  https://ci.example.org/2025-12-08T09-12-44-hvo/configs/tree1-x.config\n" in text


def test_an_earlier_patch_is_reproduced_without_later_ones() -> None:
    error = records.diagnostic(path="mm/page_alloc.c")
    states = (*records.states("built", "built"), records.state(2, "failed", errors=(error,)))
    text = body(failing(broken(states=states)), to=records.letter().message_id)
    assert "with patch 2. It builds without it.\n" in text
    assert "\n  git checkout HEAD~1\n" in text


@pytest.mark.parametrize(("path", "said"), [("mm/hugetlb.c", True), ("mm/util.c", False)])
def test_a_kernel_that_builds_the_file_all_the_same_is_named(path: str, said: bool) -> None:
    """One that does not compile the file says nothing of it."""
    file = TouchedFileRecord(path=path, objects=(path.replace(".c", ".o"),), compiled=True)
    built = tuple(records.state(number) for number in range(4))
    other = records.cell("x86_64-objects", arch="x86_64", toolchain="gcc (Debian) 12.2.0", states=built, files=(file,))
    text = " ".join(body(failing(broken(), other)).split())
    assert ("It builds without it. With it, it builds on x86_64 (gcc 12.2)." in text) == said


def test_the_cover_letter_points_to_what_was_said_elsewhere() -> None:
    run = failing(claims=(records.claim(),))
    text = body(run, to=records.letter().message_id)
    assert text == "I found something in patch 3; see my reply there.\n", "and nothing is confirmed below"


def test_findings_of_checks_are_five_at_most_under_their_lines() -> None:
    errors = tuple(
        CheckFindingRecord(severity="error", message=f"odd {number}", path="mm/hugetlb.c", line=1232, tool="x")
        for number in range(7)
    )
    other = errors[1].model_copy(update={"path": "mm/internal.h", "line": 7})
    remark = CheckFindingRecord(severity="remark", message="a remark")
    check = PatchCheckRecord(tree=GIT, patch=3, check="style", status="checked", findings=(*errors, other, remark))
    run = failing(records.cell(tree=GIT), checks=(check,))
    text = body(run)
    assert text.count("\nx: odd ") == 5
    assert "\nx: odd 1. The same at mm/internal.h:7.\n" in text
    assert text.count("> +\tprep_compound_tail(page + 1);") == 1
    assert text.endswith("(2 more findings like these in this patch.)\n")
    assert "a remark" not in text
    # They break nothing, so that the series is still said to build.
    assert [target.message_id for target in targets(run)] == ["3@x", records.letter().message_id]


@pytest.mark.parametrize("severity", ["warning", "remark"])
def test_style_alone_is_no_reason_to_write(severity: Any) -> None:
    finding = CheckFindingRecord(severity=severity, message="odd", path="mm/hugetlb.c", line=1232)
    check = PatchCheckRecord(tree=GIT, patch=3, check="style", status="checked", findings=(finding,))
    run = failing(records.cell(tree=GIT), checks=(check,))
    assert [target.message_id for target in targets(run)] == [records.letter().message_id]
    text = body(run)
    assert text.startswith("With patches 1-3, it builds on x86_64 (gcc 12.2).\n")
    assert ("\n\nodd\n" in text) is (severity == "warning")


def test_what_nothing_compiled_makes_no_draft_unless_asked() -> None:
    files = (FileCoverageRecord(path="mm/internal.h", compiled=False, lines="7", kept=""),)
    run = records.run(cells=(records.measured(coverage=files, layouts=()),), claims=())
    assert targets(run) == []
    text = " ".join(body(run, to="").split())
    assert text.startswith("I built x86_64 (gcc 12.2). Nothing that I built compiles mm/internal.h, so I cannot say.")
    assert "no new warnings" not in text, "that would read as if the series had been compiled"


def test_a_series_without_code_makes_no_draft_unless_asked() -> None:
    run = records.run(cells=(records.measured(coverage=(), layouts=()),), claims=())
    assert targets(run) == []
    assert body(run, to="").startswith("Patches 1-3 change nothing that is compiled.\nApplied to ")


@pytest.mark.parametrize(
    ("compiled", "words"),
    [
        ((True, True), "The files that patches 1-3 touch compile after each of them on"),
        ((True, False), "1 of the 2 files that patches 1-3 touch compiles after each of them on"),
        ((True,), "The file that patches 1-3 touch compiles after each of them on"),
    ],
)
def test_objects_are_said_to_compile_and_no_more(compiled: tuple[bool, ...], words: str) -> None:
    files = tuple(
        FileCoverageRecord(path=f"mm/{at}.c", compiled=known, lines="7", kept="7" if known else "")
        for at, known in enumerate(compiled)
    )
    states = records.states("built", "built", "built", "built")
    cell = records.cell("x-objects", stage="objects", base="allyesconfig", coverage=files, states=states, text=None)
    text = " ".join(body(records.run(cells=(cell,), claims=()), to="").split())
    assert text.startswith(f"{words} x86_64 (gcc 12.2), allyesconfig with W=1, no new warnings. I linked no kernel,")
    assert ("Nothing that I built compiles mm/1.c" in text) is (compiled == (True, False))


def test_a_line_is_found_by_its_text_before_its_number() -> None:
    diff = hunks(DIFF)
    assert [hunk.path for hunk in diff] == ["mm/hugetlb.c", "mm/internal.h"]
    position = place(diff, "mm/hugetlb.c", 9999, "prep_compound_tail(page + 1);")
    assert position is not None
    assert position.quote()[-1] == "+\tprep_compound_tail(page + 1);"
    position = place(diff, "mm/hugetlb.c", 1233)
    assert position is not None
    assert position.quote()[-1] == "+\treturn;"
    assert place(diff, "mm/hugetlb.c", 1) is None


def test_a_line_that_the_patch_does_not_show_is_answered_where_the_name_changes() -> None:
    position = place(hunks(DIFF), "mm/other.c", 5, "prep_compound_tail(a, b);", MESSAGE)
    assert position is not None
    assert position.quote()[-1] == "-\tprep_compound_tail(page, 1);"
    assert place(hunks(DIFF), "mm/other.c", 5, "x();", "'nobody' undeclared") is None


def test_no_words_are_ours() -> None:
    texts = [body(failing(), to=message_id) for message_id in ("3@x", records.letter().message_id)]
    texts.append(body(records.run(), to=""))
    for word in ("cell", "2^n", "quick", "matrix", "per-patch", "riscv64-flat", "#", "pipeline"):
        assert [text for text in texts if word in text] == [], word


def test_an_own_template_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own = own_templates()
    assert own.is_relative_to(tmp_path)
    own.mkdir(parents=True)
    page._templates.cache_clear()
    try:
        (own / "reply.txt.j2").write_text("Hello.\n")
        assert body(records.run(), to="") == "Hello.\n"
        page._templates.cache_clear()
        (own / "reply.txt.j2").write_text("{{ nothing }}\n")
        with pytest.raises(UsageError, match=r"reply\.txt\.j2"):
            body(records.run(), to="")
    finally:
        page._templates.cache_clear()
