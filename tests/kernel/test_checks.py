"""Checks on patches with the real scripts of Linux 6.12 and 7.3: each on a patch that it has something to say of.

And on one that is clean.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pipeline.kernel.trees import TreeName
from pipeline.model import CheckResult, CheckStatus, Severity
from pipeline.run import Pipeline
from tests.support.checking import checked
from tests.support.kernels import TREES

AUTHOR = "Devi Loper <devi@example.org>"
BITREV, SCRIPT = "lib/bitrev.c", "scripts/check-uapi.sh"
GOOD_DOC = "/**\n * bitrev_twice() - Reverse the bits twice\n * @x: what is reversed\n *\n * Return: @x.\n */\n"
BAD_DOC = "/**\n * bitrev_twice() - Reverse the bits twice\n */\n"
FUNCTION = "u8 bitrev_twice(u8 x)\n{\n\treturn x;\n}\nEXPORT_SYMBOL_GPL(bitrev_twice);\n"
ABI = "Documentation/ABI/testing/sysfs-bus-iio-bits"
INTERFACE = "What:\t\t/sys/bus/iio/bits\nDate:\t\tMay 2026\nContact:\tdevi@example.org\n"
OPTION = 'config BITREVERSE_TWICE\n\tbool "Reverse bits twice"\n'
HELP = (
    "\thelp\n\t  Say Y to have the bits of a byte where they were, after some\n\t  work that a processor likes.\n\n"
    "\t  It is of use to tests of checks, which need an option that has a\n\t  help text of some lines. Others say N.\n"
)


class Sparse:
    """A few files of the tree in a checkout, and patches of them."""

    def __init__(self, pipeline: Pipeline, folder: Path, name: str) -> None:
        tree = pipeline.tree(TreeName.parse(name))
        self.tree = name
        self.folder = folder
        repository = str(pipeline.repository.folder)
        self._git("-C", repository, "worktree", "add", "--quiet", "--no-checkout", "--detach", str(folder), tree.commit)
        self.git("sparse-checkout", "set", "--no-cone", f"/{BITREV}", "/lib/Kconfig", f"/{SCRIPT}")
        self.git("checkout", "--quiet", "--detach")

    def git(self, *arguments: str) -> None:
        self._git("-C", str(self.folder), *arguments)

    def posted(self, name: str, message: str, *headers: str, **files: str) -> Path:
        """A series of one patch that adds text to files."""
        return self.posted_series(name, [(message, files)], *headers)

    def posted_series(self, name: str, patches: Sequence[tuple[str, Mapping[str, str]]], *headers: str) -> Path:
        """A series of patches that add text to files."""
        self.git("reset", "--quiet", "--hard", "HEAD")
        for message, files in patches:
            for path, text in files.items():
                file = self.folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text((file.read_text() if file.exists() else "") + text)
                self.git("add", "--force", "--sparse", path)
            self.git(
                *("-c", "user.name=Devi Loper", "-c", "user.email=devi@example.org"),
                *("commit", "--quiet", "-m", message),
            )
        target = self.folder.parent / f"posted-{name}"
        self.git("format-patch", "--quiet", f"-{len(patches)}", *headers, "-o", str(target))
        self.git("reset", "--quiet", "--hard", f"HEAD~{len(patches)}")
        return target

    @staticmethod
    def _git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], check=True, stdout=subprocess.PIPE)


@pytest.fixture(scope="module", params=["6.12", "7.3"])
def sparse(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Sparse:
    return Sparse(pipeline, tmp_path_factory.mktemp("checks") / "linux", TREES[request.param])


@pytest.fixture(scope="module")
def bad(sparse: Sparse, workspace: Path) -> dict[str, CheckResult]:
    """A patch that every check has something to say of."""
    files = {
        BITREV: f"{BAD_DOC}{FUNCTION.replace('return x;', 'return  (x);/* teh bits */')}",
        "lib/Kconfig": f"{OPTION}\tdepends on NO_SUCH_OPTION\n",
        SCRIPT: "unquoted() { local now=$(date); }\n",
        "fresh/file.c": "// SPDX-License-Identifier: GPL-2.0\n",
        "fresh/said.py": "import os\n",
        ABI: INTERFACE,
    }
    message = 'lib: reverse bits twice\n\nIt is fun.\n\nFixes: 01234567 ("lib: bits")\nCc: linux-stable@vger.kernel.org'
    series = sparse.posted("bad", message, "--to=linux-kernel@vger.kernel.org", **files)
    return {check: result for (_, check), result in checked(workspace, series, sparse.tree).items()}


@pytest.fixture(scope="module")
def good(sparse: Sparse, workspace: Path) -> dict[str, CheckResult]:
    """A patch of the same files that none has a word for."""
    files = {
        BITREV: f"\n{GOOD_DOC}{FUNCTION}",
        "lib/Kconfig": f"\n{OPTION}\tdepends on BITREVERSE\n{HELP}",
        SCRIPT: '# Say "$1" again.\n',
        "mm/bits.c": "// SPDX-License-Identifier: GPL-2.0\n",
        "mm/said.py": "# SPDX-License-Identifier: GPL-2.0\nimport os\n\nprint(os.sep)\n",
        ABI: f"{INTERFACE}Description:\n\t\tThe bits, reversed.\n",
    }
    message = f"lib: reverse bits twice\n\nBits that were reversed are to be had back.\n\nSigned-off-by: {AUTHOR}"
    to = ("--to=yury.norov@gmail.com", "--to=akpm@linux-foundation.org", "--to=masahiroy@kernel.org")
    series = sparse.posted("good", message, *to, "--to=linux-kernel@vger.kernel.org", **files)
    return {check: result for (_, check), result in checked(workspace, series, sparse.tree).items()}


KINDS = [
    ("checkpatch", "RETURN_PARENTHESES"),
    ("kernel-doc", "function-parameter-"),
    ("sign-off", "author-did-not-sign"),
    ("fixes", "short"),
    ("stable", "address"),
    ("maintainers", "no-entry"),
    ("spelling", "spelling"),
    ("kconfig", "undefined"),
    ("kconfig", "no-help"),
    ("shellcheck", "SC2155"),
    ("ruff", "F401"),
    ("abi", "form"),
]


@pytest.mark.parametrize(("check", "kind"), KINDS)
def test_a_check_says_what_is_wrong(bad: dict[str, CheckResult], check: str, kind: str) -> None:
    if bad[check].reason.endswith("is not installed"):
        pytest.skip(bad[check].reason)
    # Of kernel-doc the words are others since it is written in Python.
    assert any(finding.kind.startswith(kind) for finding in bad[check].findings), bad[check]


@pytest.mark.parametrize("check", list(dict.fromkeys(check for check, _ in KINDS if check not in ("fixes", "stable"))))
def test_a_check_has_no_word_for_a_clean_patch(good: dict[str, CheckResult], check: str) -> None:
    if good[check].reason.endswith("is not installed"):
        pytest.skip(good[check].reason)
    assert (good[check].status, good[check].findings) == (CheckStatus.CHECKED, ())


def test_a_package_has_no_history_to_look_a_commit_up(bad: dict[str, CheckResult]) -> None:
    assert bad["fixes"].status is CheckStatus.NOT_CHECKED
    assert bad["fixes"].reason.endswith("a package or tarball has no history")


def test_maintainers_who_were_not_asked_are_named(sparse: Sparse, workspace: Path) -> None:
    message = f"crypto: say less\n\nFor a test.\n\nSigned-off-by: {AUTHOR}"
    files = {"crypto/less.c": "// SPDX-License-Identifier: GPL-2.0\n"}
    nobody = sparse.posted("nobody", message, "--to=linux-kernel@vger.kernel.org", **files)
    everybody = ("--to=herbert@gondor.apana.org.au", "--to=davem@davemloft.net", "--to=linux-crypto@vger.kernel.org")
    asked = sparse.posted("everybody", message, *everybody, **files)
    missing = checked(workspace, nobody, sparse.tree)[1, "recipients"].findings
    assert {finding.kind for finding in missing} == {"person", "list"}
    assert any("linux-crypto@vger.kernel.org" in finding.message for finding in missing)
    assert checked(workspace, asked, sparse.tree)[1, "recipients"].findings == ()


BINDING = "Documentation/devicetree/bindings/misc/example,reverser.yaml"
GOOD_BINDING = """\
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
%YAML 1.2
---
$id: http://devicetree.org/schemas/misc/example,reverser.yaml#
$schema: http://devicetree.org/meta-schemas/core.yaml#

title: A machine that reverses bits

maintainers:
  - Devi Loper <devi@example.org>

properties:
  compatible:
    const: example,reverser

  reg:
    maxItems: 1

  interrupts:
    maxItems: 1

required:
  - compatible
  - reg

additionalProperties: false

examples:
  - |
    #include <dt-bindings/interrupt-controller/irq.h>

    reverser@1000 {
        compatible = "example,reverser";
        reg = <0x1000 0x10>;
        interrupts = <1 IRQ_TYPE_EDGE_FALLING>;
    };
"""
BAD_BINDINGS = {
    "binding": ("  - Devi Loper <devi@example.org>", "  - Devi Loper: devi@example.org"),
    "example": ("        reg = <0x1000 0x10>;", "        reg = <0x1000 0x10>;\n        bits = <8>;"),
}


def validated(sparse: Sparse, workspace: Path, name: str, text: str) -> CheckResult:
    message = f"dt-bindings: misc: reverse bits\n\nFor a test.\n\nSigned-off-by: {AUTHOR}"
    return of_device_trees(sparse, workspace, name, [(message, {BINDING: text})])[0]


def of_device_trees(
    sparse: Sparse, workspace: Path, name: str, patches: Sequence[tuple[str, Mapping[str, str]]]
) -> list[CheckResult]:
    series = sparse.posted_series(name, patches, "--to=devicetree@vger.kernel.org")
    told = checked(workspace, series, sparse.tree)
    results = [told[number, "device-tree"] for number in range(1, len(patches) + 1)]
    if any(result.reason.endswith("is not installed") for result in results):
        pytest.skip(results[0].reason)
    return results


@pytest.mark.parametrize("kind", BAD_BINDINGS)
def test_what_is_wrong_with_a_binding_is_said(sparse: Sparse, workspace: Path, kind: str) -> None:
    result = validated(sparse, workspace, f"binding-{kind}", GOOD_BINDING.replace(*BAD_BINDINGS[kind]))
    assert (result.status, result.reason) == (CheckStatus.CHECKED, "")
    assert [(finding.kind, finding.path) for finding in result.findings] == [(kind, BINDING)], result.findings


def test_an_example_that_does_not_compile_is_an_error(sparse: Sparse, workspace: Path) -> None:
    text = GOOD_BINDING.replace("    #include <dt-bindings/interrupt-controller/irq.h>\n", "")
    (finding,) = validated(sparse, workspace, "binding-broken", text).findings
    assert (finding.severity, finding.tool) == (Severity.ERROR, "dtc")
    assert "IRQ_TYPE_EDGE_FALLING" in finding.message


def test_a_good_binding_has_no_findings(sparse: Sparse, workspace: Path) -> None:
    result = validated(sparse, workspace, "binding-good", GOOD_BINDING)
    assert (result.status, result.reason, result.findings) == (CheckStatus.CHECKED, "", ())


def test_a_type_that_another_binding_of_the_tree_gives_is_known(sparse: Sparse, workspace: Path) -> None:
    # dt-doc-validate sees two bindings that name a property and give it no type, of the thousands that the tree has.
    property_of_buses = "  spi-max-frequency:\n    maximum: 1000000\n\n"
    text = GOOD_BINDING.replace("  interrupts:\n", f"{property_of_buses}  interrupts:\n")
    other = BINDING.replace("reverser", "other")
    message = f"dt-bindings: misc: reverse bits\n\nFor a test.\n\nSigned-off-by: {AUTHOR}"
    texts = {BINDING: text, other: text.replace("example,reverser", "example,other")}
    (result,) = of_device_trees(sparse, workspace, "types", [(message, texts)])
    assert (result.status, result.reason, result.findings) == (CheckStatus.CHECKED, "", ())


DEVICE_TREES = "arch/arm64/boot/dts/example"
SOC = """\
// SPDX-License-Identifier: GPL-2.0
/ {
	#address-cells = <1>;
	#size-cells = <1>;

	reverser: reverser@1000 {
		compatible = "example,reverser";
		reg = <0x1000 0x10>;
		bits = <8>;
	};
};
"""
BOARD = """\
// SPDX-License-Identifier: GPL-2.0
/dts-v1/;
#include "soc.dtsi"

/ {
	model = "A board";
	compatible = "example,board";
};
"""
USED = '\n&reverser {\n\tstatus = "okay";\n};\n'
SPOILT = "\n&reverser {\n\tpace = <1>;\n};\n"


@pytest.fixture
def boards(sparse: Sparse, workspace: Path) -> list[CheckResult]:
    """Of a SoC with a fault and a board, of a second board, and of a third with a fault of its own."""
    message = f"arm64: dts: add %s\n\nFor a test.\n\nSigned-off-by: {AUTHOR}"
    return of_device_trees(
        *(sparse, workspace, "boards"),
        [
            (message % "a binding", {BINDING: GOOD_BINDING}),
            (message % "a SoC", {f"{DEVICE_TREES}/soc.dtsi": SOC, f"{DEVICE_TREES}/first.dts": BOARD}),
            (message % "a board", {f"{DEVICE_TREES}/second.dts": BOARD + USED}),
            (message % "another board", {f"{DEVICE_TREES}/third.dts": BOARD + SPOILT}),
        ],
    )


def test_what_is_wrong_with_a_device_tree_is_said(boards: list[CheckResult]) -> None:
    findings = [finding for finding in boards[1].findings if "bits" in finding.message]
    assert boards[1].reason == ""
    assert {finding.tool for finding in findings} == {"dt-validate"}
    assert all(finding.new for finding in findings)
    assert boards[1].read == (f"{DEVICE_TREES}/first.dts", f"{DEVICE_TREES}/soc.dtsi")


def test_a_new_board_is_not_told_of_the_faults_of_its_soc(boards: list[CheckResult]) -> None:
    second, third = boards[2:]
    assert second.known
    assert second.findings == ()
    assert any(finding.new and "pace" in finding.message for finding in third.findings), third.findings
