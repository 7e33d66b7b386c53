"""Checks of documents, headers for programs, generated code and semantic patches, on the fake kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.checks.configuration import CheckCustom, ChecksFile, Configuration
from pipeline.checks.obstacle import without_tools
from pipeline.checks.registry import CHECKS
from pipeline.model import CheckResult, CheckStatus
from tests.support.checking import checked
from tests.support.developer import Developer

pytestmark = pytest.mark.xdist_group("checks")

DOCUMENT = "Documentation/mm/vmemmap_dedup.rst"
HEADER = "include/uapi/linux/fake.h"
SPEC = "Documentation/netlink/specs/fake.yaml"
GENERATED = "net/fake-gen.c"
HEADER_TEXT = """\
/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _UAPI_LINUX_FAKE_H
#define _UAPI_LINUX_FAKE_H

struct fake {
	unsigned int first;
	unsigned int second;
};

#endif
"""
INSTALL = """\
#!/bin/sh
# As the tree's own: no header for programs without the exception of its licence.
if ! grep -q 'WITH Linux-syscall-note' "$1"; then
	echo "error: $1: missing \\"WITH Linux-syscall-note\\"" >&2
	exit 1
fi
sed 's/_UAPI//' "$1" > "$2"
"""
GENERATOR = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--mode")
parser.add_argument("--source", action="store_true")
parser.add_argument("--spec")
words = parser.parse_args()
name = open(words.spec).read().split("name: ")[1].split()[0]
print("/*\\tDocumentation/netlink/specs/fake.yaml */")
print("/* YNL-GEN kernel source */")
print(f"int {name};")
"""
SEMANTIC = """\
/// Frees what was not allocated
// Confidence: High
// Options: --no-includes

virtual report

@r@
position p;
@@
kfree@p(NULL);

@script:python depends on report@
p << r.p;
@@
coccilib.report.print_report(p[0], "WARNING: nothing is freed here")
"""
CHECKINCLUDES = r"""#!/usr/bin/perl
# As the tree's own, without its options.
for my $name (@ARGV) {
	my %times;
	open(my $file, '<', $name) or die;
	while (<$file>) { $times{$1}++ if /^\s*#\s*include\s*[<"](\S*)[>"]/ }
	for (sort keys %times) { print "$name: $_ is included more than once.\n" if $times{$_} > 1 }
}
"""
OPTIONS = "\nconfig NEEDED\n\tbool\n\nconfig SELECTED\n\tbool\n\tdepends on NEEDED\n"
FILES = {
    "scripts/checkincludes.pl": CHECKINCLUDES,
    HEADER: HEADER_TEXT,
    "scripts/headers_install.sh": INSTALL,
    "scripts/unifdef.c": "int main(void)\n{\n\treturn 0;\n}\n",
    SPEC: "name: fake\n",
    "Documentation/netlink/genetlink.yaml": "{}\n",
    GENERATED: "/*\tDocumentation/netlink/specs/fake.yaml */\n/* YNL-GEN kernel source */\nint fake;\n",
    "tools/net/ynl/ynl-gen-c.py": GENERATOR,
    "scripts/coccicheck": "#!/bin/sh\n",
    "scripts/coccinelle/free/null.cocci": SEMANTIC,
    "lib/alone.c": "int alone_counted(int x)\n{\n\treturn x;\n}\n",
    "Documentation/mm/alone.rst": "=====\nAlone\n=====\n\nlib/alone.c has alone_counted().\n",
    "Documentation/mm/index.rst": "==\nMM\n==\n\n.. toctree::\n\n   alone\n   vmemmap_dedup\n",
}
BAD = {
    "documentation": (
        (DOCUMENT, "truth. Where", "*truth. Where"),
        ("Documentation/mm/alone.rst", "", "Documentation/mm/new.rst"),
        ("lib/alone.c", "", "lib/other.c"),
    ),
    "uapi": ((HEADER, "unsigned int second;", "u32 second;"),),
    "netlink": ((SPEC, "name: fake", "name: other"),),
    "coccinelle": (("lib/alone.c", "\treturn x;", "\tkfree(NULL);\n\treturn x;"),),
    "includes": (("lib/alone.c", "int alone", "#include <linux/a.h>\n#include <linux/a.h>\n\nint alone"),),
    "kconfig": (("Kconfig", "config MEMCG\n", "config SELECTING\n\tbool\n\tselect SELECTED\n\nconfig MEMCG\n"),),
}
GOOD = {
    "documentation": ((DOCUMENT, "truth. Where", "*truth*. Where"),),
    "uapi": ((HEADER, "#endif", "#define FAKE_FIRST 1\n\n#endif"),),
    "netlink": ((SPEC, "name: fake", "name: other"), (GENERATED, "int fake", "int other")),
    "coccinelle": (("lib/alone.c", "\treturn x;", "\tkfree(x);\n\treturn x;"),),
    "includes": (("lib/alone.c", "int alone", "#include <linux/a.h>\n#include <linux/b.h>\n\nint alone"),),
    "kconfig": (
        (
            "Kconfig",
            "config MEMCG\n",
            "config SELECTING\n\tbool\n\tdepends on NEEDED\n\tselect SELECTED\n\nconfig MEMCG\n",
        ),
    ),
}
KINDS = {
    "documentation": {"inline-emphasis-start-string", "no-toctree", "gone-file"},
    "uapi": {"does-not-compile"},
    "netlink": {"not-regenerated"},
    "coccinelle": {"nothing-is-freed-here"},
    "includes": {"twice"},
    "kconfig": {"unmet"},
}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Developer:
    """A fake kernel with texts of every kind, and a bad and a good branch for each check."""
    made = Developer(tmp_path_factory.mktemp("texts") / "linux", sealed_environment)
    for path, text in FILES.items():
        file = made.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    kconfig = made.folder / "Kconfig"
    kconfig.write_text(kconfig.read_text() + OPTIONS)
    made.git("add", "--all", "--force")
    made.git("commit", "--quiet", "--signoff", "-m", "texts")
    for check in KINDS:
        for kind, edits in (("bad", BAD[check]), ("good", GOOD[check])):
            first = tuple((path, old, new) for path, old, new in edits)
            made.branch(f"{check}-{kind}", "master", (f"{check}: change it", first))
    return made


def result(kernel: Developer, folder: Path, check: str, kind: str) -> CheckResult:
    needs = next(patch_check.needs for patch_check in CHECKS if patch_check.name == check)
    if lacking := without_tools(needs):
        pytest.skip(lacking)
    branch = f"{check}-{kind}"
    series = kernel.post(folder / branch, f"master..{branch}", "a series").folder
    on = Configuration((ChecksFile(check={check: CheckCustom(on=True)}),))
    return checked(folder / "ws", series, f"path:{kernel.folder}#master", on)[1, check]


@pytest.mark.parametrize("check", KINDS)
def test_what_a_patch_breaks_is_found(kernel: Developer, tmp_path: Path, check: str) -> None:
    check_result = result(kernel, tmp_path, check, "bad")
    assert (check_result.status, check_result.reason) == (CheckStatus.CHECKED, "")
    assert {finding.kind for finding in check_result.findings} == KINDS[check], check_result.findings


@pytest.mark.parametrize("check", KINDS)
def test_a_good_patch_of_the_same_files_has_no_findings(kernel: Developer, tmp_path: Path, check: str) -> None:
    check_result = result(kernel, tmp_path, check, "good")
    assert (check_result.status, check_result.findings) == (CheckStatus.CHECKED, ())


def test_a_title_with_a_short_underline_is_said_once(kernel: Developer, tmp_path: Path) -> None:
    # docutils reads the title below a section that lies deeper, finds that it ends that section, and reads it again.
    titles = "First\n-----\n\nSecond\n~~~~~~\n\nAnother of some words\n-----"
    edit = ("Documentation/mm/alone.rst", "lib/alone.c has", f"{titles}\n\nlib/alone.c has")
    kernel.branch("title", "master", ("mm: a title", (edit,)))
    series = kernel.post(tmp_path / "posted", "master..title", "a series").folder
    findings = checked(tmp_path / "ws", series, f"path:{kernel.folder}#master")[1, "documentation"].findings
    assert [finding.kind for finding in findings if "underline" in finding.kind] == ["title-underline-too-short"]
