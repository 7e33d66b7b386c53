"""Checks on patches of the fake kernel: whose scripts are run, where, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.checks.configuration import CheckCustom, ChecksFile, Configuration, Custom
from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State
from pipeline.model import CheckFinding, CheckStatus, Severity
from tests.support.checking import checked
from tests.support.developer import UTIL, Developer

pytestmark = pytest.mark.xdist_group("checks")

CHECKPATCH = """\
#!/usr/bin/perl
# As checkpatch.pl prints with --terse --showfile --show-types; it knows one bad word.
my ($path, $line, $bad, $syzkaller) = ("", 0, 0, 0);
mkdir "/src/written" and print "mm/util.c:1: ERROR:WRITABLE: the tree can be written to\\n";
print "mm/util.c:1: ERROR:NETWORK: there is a network\\n" if -e "/sys/class/net/eth0";
open(my $patch, "<", $ARGV[-1]) or die "no patch\\n";
while (<$patch>) {
	if (/^\\+\\+\\+ b\\/(\\S+)/) { $path = $1 }
	elsif (/^\\+\\+\\+ \\/dev\\/null/) { print "dev/null:9: WARNING:APART: keep them apart\\n"; $bad = 1 }
	elsif (/^@@ .*\\+(\\d+)/) { $line = $1 - 1 }
	elsif (/^\\+(.*)/) {
		my $text = $1;
		$line++;
		print "$path:$line: CHECK:SPACING: spaces preferred around that '*'\\n" if $text =~ /\\(\\*/;
		print "$path:$line: WARNING:EMBEDDED_FILENAME: not useful to have it\\n" if $text =~ /[Mm]akefile/;
		if ($text =~ /badly/) { print "$path:$line: WARNING:BADLY: badly said\\n"; $bad = 1 }
	}
	elsif (/^ /) { $line++ }
	elsif (/syzkaller/) { $syzkaller = 1 }
}
print "$path:$line: WARNING:MISSING_FIXES_TAG: The commit message has 'syzkaller'\\n" if $syzkaller;
exit($bad);
"""
MAINTAINERS = """\
#!/usr/bin/perl
# As get_maintainer.pl prints with --roles; people have brackets in their names.
print qq("Asked Person (The House)" <asked\\@example.org> (maintainer:MEMORY (THE SECOND)));
print qq(\\n"Forgotten Person (The House)" <forgotten\\@example.org> (reviewer:MEMORY));
print qq(\\nkay\\@example.org (maintainer:WORDS:Keyword:\\\\b(written|said)\\\\b));
print qq(\\nmemory\\@lists.example.org (open list:MEMORY)\\n);
"""
SILENT = ("scripts/checkpatch.pl", "knows one bad word", "knows no bad word")
NO_BAD_WORD = ("scripts/checkpatch.pl", "/badly/", "/no such word/")
INDEX = "unsigned long page_index("
BAD_COMMENT = ("mm: say it badly", ((UTIL, INDEX, f"/* Written badly. */\n{INDEX}"),))
TOLD_BY_A_MACHINE = ("mm: say it well\n\nReported by syzkaller.", ((UTIL, INDEX, f"/* Well said. */\n{INDEX}"),))
UNKNOWN_OPTION = (
    "mm: depend on nothing",
    (("Kconfig", "config MEMCG\n", "config MEMCG\n\tdepends on NO_SUCH_OPTION\n"),),
)
KNOWN_OPTION = ("mm: depend on something", (("Kconfig", "config MEMCG\n", "config MEMCG\n\tdepends on PRINTK\n"),))
DOCUMENT = "Documentation/mm/vmemmap_dedup.rst"
NO_HELP = ("mm: ask", (("Kconfig", "config MEMCG\n", 'config ASKED\n\tbool "Ask"\n\nconfig MEMCG\n'),))


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Developer:
    """A fake kernel with a checkpatch of its own, and a branch for each series."""
    made = Developer(tmp_path_factory.mktemp("checks") / "linux", sealed_environment)
    (made.folder / "scripts/checkpatch.pl").write_text(CHECKPATCH)
    (made.folder / "scripts/get_maintainer.pl").write_text(MAINTAINERS)
    made.git("add", "--all")
    made.git("commit", "--quiet", "--signoff", "-m", "scripts: checkpatch")
    made.branch("bad", "master", BAD_COMMENT)
    made.branch("edits-its-judge", "master", ("scripts: less", (NO_BAD_WORD, SILENT)), BAD_COMMENT)
    made.branch("told", "master", TOLD_BY_A_MACHINE)
    made.branch("kconfig", "master", UNKNOWN_OPTION, NO_HELP)
    made.branch("kconfig-good", "master", KNOWN_OPTION)
    made.git("checkout", "--quiet", "-b", "gone", "master")
    made.git("rm", "--quiet", DOCUMENT)
    maintainers = made.folder / "MAINTAINERS"
    maintainers.write_text(maintainers.read_text().replace(f"F:\t{DOCUMENT}\n", ""))
    made.git("commit", "--all", "--quiet", "--signoff", "-m", "docs: drop a document")
    made.git("checkout", "--quiet", "-b", "not-c", "master")
    for name in ("mm/fake.lds.h", "mm/fake.h", "mm/makefile.c", "mm/sub/Makefile"):
        (made.folder / name).parent.mkdir(exist_ok=True)
        (made.folder / name).write_text("/* KEEP(*(.text)) of the Makefile */\n")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--signoff", "-m", "mm: texts that are no C")
    made.git("checkout", "--quiet", "master")
    return made


def posted(kernel: Developer, folder: Path, branch: str) -> Path:
    return kernel.post(folder / branch, f"master..{branch}", "mm: a series").folder


def test_a_finding_has_its_place_and_comes_from_the_store_the_second_time(kernel: Developer, tmp_path: Path) -> None:
    series = posted(kernel, tmp_path, "bad")
    first = checked(tmp_path / "ws", series, f"path:{kernel.folder}#master")[1, "checkpatch"]
    second = checked(tmp_path / "ws", series, f"path:{kernel.folder}#master")[1, "checkpatch"]
    lines = (kernel.folder / UTIL).read_text().splitlines()
    number = 1 + next(at for at, line in enumerate(lines) if line.startswith(INDEX))
    (finding,) = first.findings
    assert (finding.severity, finding.kind, finding.path) == (Severity.WARNING, "BADLY", UTIL)
    assert (finding.line, finding.patch, finding.problem) == (number, 1, False)
    assert (first.cached, second.cached, second.findings) == (False, True, first.findings)


def test_the_scripts_of_the_base_are_run_and_not_those_of_the_series(kernel: Developer, tmp_path: Path) -> None:
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "edits-its-judge"), f"path:{kernel.folder}#master")
    assert [finding.kind for finding in results[2, "checkpatch"].findings] == ["BADLY"]


def test_what_the_tree_does_not_have_is_not_checked_with_the_reason(kernel: Developer, tmp_path: Path) -> None:
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "bad"), f"path:{kernel.folder}#master")
    result = results[1, "kernel-doc"]
    assert (result.status, result.reason) == (CheckStatus.NOT_CHECKED, "the tree has no scripts/kernel-doc")
    assert results[1, "kconfig"].status is CheckStatus.NOT_CONCERNED
    assert results[1, "sign-off"].status is CheckStatus.CHECKED


def test_a_script_that_fails_is_not_checked_and_not_stored(
    kernel: Developer, tmp_path: Path, sealed_environment: dict[str, str]
) -> None:
    broken = Developer(tmp_path / "linux", sealed_environment)
    (broken.folder / "scripts/checkpatch.pl").write_text("die 'out of order'")
    broken.git("add", "--all")
    broken.git("commit", "--quiet", "-m", "scripts: broken")
    for _ in range(2):
        result = checked(tmp_path / "ws", posted(kernel, tmp_path, "bad"), f"path:{broken.folder}#master")[
            1, "checkpatch"
        ]
        assert (result.status, result.cached) == (CheckStatus.NOT_CHECKED, False)
        assert "out of order" in result.reason


def test_configuration_ignores_kinds_and_makes_problems_of_others(kernel: Developer, tmp_path: Path) -> None:
    series, tree = posted(kernel, tmp_path, "bad"), f"path:{kernel.folder}#master"
    ignored = ChecksFile(check={"checkpatch": CheckCustom(ignored=("BAD*",))})
    custom = Custom(name="mm", lists=("linux-mm@example.org",), check={"checkpatch": CheckCustom(problems=("BADLY",))})
    other = Custom(name="net", lists=("netdev@example.org",), check={"checkpatch": CheckCustom(on=False)})
    customs = Configuration((ChecksFile(customs=(custom, other)),))
    nothing = checked(tmp_path / "ws", series, tree, Configuration((ignored,)))[1, "checkpatch"]
    problem = checked(tmp_path / "ws", series, tree, customs)[1, "checkpatch"]
    assert (nothing.status, nothing.findings) == (CheckStatus.CHECKED, ())
    assert [finding.problem for finding in problem.findings] == [True]


def test_what_a_list_does_not_want_is_not_run(kernel: Developer, tmp_path: Path) -> None:
    off = Custom(name="mm", lists=("linux-mm@example.org",), check={"checkpatch": CheckCustom(on=False)})
    series, tree = posted(kernel, tmp_path, "bad"), f"path:{kernel.folder}#master"
    result = checked(tmp_path / "ws", series, tree, Configuration((ChecksFile(customs=(off,)),)))[1, "checkpatch"]
    assert (result.status, result.reason) == (CheckStatus.NOT_CONCERNED, "switched off for mm")


def test_kconfig_options_that_are_nowhere_and_questions_without_help(kernel: Developer, tmp_path: Path) -> None:
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "kconfig"), f"path:{kernel.folder}#master")
    good = checked(tmp_path / "ws", posted(kernel, tmp_path, "kconfig-good"), f"path:{kernel.folder}#master")
    assert [finding.message for finding in results[1, "kconfig"].findings] == ["no option NO_SUCH_OPTION is defined"]
    assert [finding.kind for finding in results[2, "kconfig"].findings] == ["no-help"]
    assert (good[1, "kconfig"].status, good[1, "kconfig"].findings) == (CheckStatus.CHECKED, ())


def test_who_is_named_with_a_house_in_brackets_is_known_and_words_name_nobody(
    kernel: Developer, tmp_path: Path
) -> None:
    options = ("--cc=Asked Person <asked@example.org>",)
    series = kernel.post(tmp_path / "bad", "master..bad", "mm: a series", *options).folder
    findings = checked(tmp_path / "ws", series, f"path:{kernel.folder}#master")[1, "recipients"].findings
    assert {finding.kind: finding.message for finding in findings} == {
        "person": "not sent to forgotten@example.org (reviewer:MEMORY)",
        "list": "not sent to memory@lists.example.org",
    }


def test_what_is_said_of_a_message_has_no_place_in_a_file(kernel: Developer, tmp_path: Path) -> None:
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "told"), f"path:{kernel.folder}#master")
    (finding,) = results[1, "checkpatch"].findings
    assert (finding.kind, finding.path, finding.line) == ("MISSING_FIXES_TAG", "", 0)


@pytest.mark.parametrize("linter", ["shellcheck", "ruff"])
def test_a_linter_is_not_concerned_where_no_file_is_a_script(kernel: Developer, tmp_path: Path, linter: str) -> None:
    # A file without a suffix may be one; only its content tells.
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "kconfig"), f"path:{kernel.folder}#master")
    result = results[1, linter]
    if result.reason:
        pytest.skip(result.reason)
    assert result.status is CheckStatus.NOT_CONCERNED


def test_a_document_that_is_taken_away_and_maintainers_are_read(kernel: Developer, tmp_path: Path) -> None:
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "gone"), f"path:{kernel.folder}#master")
    assert results[1, "maintainers"].read == ("MAINTAINERS",)
    assert results[1, "documentation"].read == (DOCUMENT,)
    assert results[1, "device-tree"].status is CheckStatus.NOT_CONCERNED


def test_what_checkpatch_says_of_a_file_that_is_gone_is_no_finding(kernel: Developer, tmp_path: Path) -> None:
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "gone"), f"path:{kernel.folder}#master")
    assert (results[1, "checkpatch"].status, results[1, "checkpatch"].findings) == (CheckStatus.CHECKED, ())


class Helped:
    """A check that says what its program and the making of it printed."""

    name = "spelling"
    about = "what was made for it"
    version = 1

    def __init__(self, build: str) -> None:
        self.needs = Needs(scripts=("scripts/checkpatch.pl",), build=build)

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return bool(patch.files)

    def run(self, patch: CheckedPatch, _before: State, after: State, /) -> Outcome:
        said = after.run("sh", "-c", "cat {src}/.built/log; cat {src}/.built/made 2> /dev/null || echo nothing").text
        return Outcome((CheckFinding(Severity.REMARK, said, patch.files[0].name, 0, "made", "made"),))


def test_what_helps_a_script_is_made_once_for_all_patches(kernel: Developer, tmp_path: Path) -> None:
    """Made for each patch, it would tell two times of day."""
    check = Helped("date +%s.%N > made; echo made of $(cd {src}/scripts && ls checkpatch.pl)")
    tree = f"path:{kernel.folder}#master"
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "kconfig"), tree, checks=[check])
    first, second = (results[patch, "spelling"].findings[0].message for patch in (1, 2))
    assert first == second
    assert first.startswith("made of checkpatch.pl 1")


def test_a_script_sees_that_what_helps_it_cannot_be_made(kernel: Developer, tmp_path: Path) -> None:
    tree = f"path:{kernel.folder}#master"
    check = Helped("echo no compiler; exit 3")
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "bad"), tree, checks=[check])
    assert results[1, "spelling"].findings[0].message == "no compiler nothing"


def test_what_checkpatch_says_of_files_that_it_does_not_know_is_left_out(kernel: Developer, tmp_path: Path) -> None:
    """Seen red: a linker script's patterns were to have blanks, and no makefile could speak of one."""
    results = checked(tmp_path / "ws", posted(kernel, tmp_path, "not-c"), f"path:{kernel.folder}#master")
    said = {(finding.path, finding.kind) for finding in results[1, "checkpatch"].findings}
    of_c = {(path, kind) for path in ("mm/fake.h", "mm/makefile.c") for kind in ("SPACING", "EMBEDDED_FILENAME")}
    assert said == of_c | {("mm/fake.lds.h", "EMBEDDED_FILENAME"), ("mm/sub/Makefile", "SPACING")}
