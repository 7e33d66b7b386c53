"""Real tools on sources that they complain of: what they print is read, whatever version is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.kernel.diagnostics import read

CODE = """\
static int never(void)
{
	int idle;
	return 0;
}
"""
ASSEMBLY = '\t.text\n\tnop\n\t.warning "odd"\n'
RUST = "pub fn f() {\n    let x = 5;\n}\n"
TREE = "/dts-v1/;\n/ {\n\tsoc@0 { };\n};\n"
MAKEFILE = "all: a\na: ;\na: ; @true\n$(warning odd)\n"

COMPLAINTS: dict[str, tuple[str, str, list[str], set[tuple[str, int, str]]]] = {
    "gcc": ("a.c", CODE, ["gcc", "-Wall", "-c"], {("gcc", 1, "never"), ("gcc", 3, "idle")}),
    "clang": ("a.c", CODE, ["clang", "-Wall", "-c"], {("gcc", 1, "never"), ("gcc", 3, "idle")}),
    "as": ("a.S", ASSEMBLY, ["gcc", "-c"], {("as", 3, "odd")}),
    "sparse": ("a.c", "int shown;\n", ["sparse"], {("sparse", 1, "shown")}),
    "rustc": ("a.rs", RUST, ["rustc", "--crate-type=lib"], {("rustc", 2, "unused variable")}),
    "dtc": ("a.dts", TREE, ["dtc", "-O", "dtb", "-o", "/dev/null"], {("dtc", 3, "soc@0")}),
    "make": (
        "a.mk",
        MAKEFILE,
        ["make", "-f"],
        {("make", 3, "overriding"), ("make", 2, "ignoring"), ("make", 4, "odd")},
    ),
    "ld": ("a.c", "int main(void) { return 0; }\n", ["gcc", "-nostdlib", "-Wl,-e,gone"], {("ld", 0, "gone")}),
}


@pytest.mark.parametrize("tool", COMPLAINTS)
def test_what_a_tool_says_of_a_file_is_read(tmp_path: Path, tool: str) -> None:
    name, content, command, expected = COMPLAINTS[tool]
    if not shutil.which(command[0]) or subprocess.run([command[0], "--version"], capture_output=True).returncode:
        pytest.skip(f"{command[0]} is missing, or is a front that has nothing behind it for this HOME")
    (tmp_path / name).write_text(content)
    done = subprocess.run(
        [*command, name], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    step = "CHECK" if tool == "sparse" else "CC"
    warnings = read(f"  {step}      {name}\n{done.stdout}", (f"{tmp_path}/",), "gcc").warnings
    for printed_by, line, words in expected:
        (warning,) = [diagnostic for diagnostic in warnings if words in diagnostic.message]
        assert (warning.tool, warning.line) == (printed_by, line), done.stdout
        assert warning.path == (name if line else printed_by)
