"""The reader of code on objects of real compilers: what is code, and what is only where it lies."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.measure import code
from pipeline.measure.code.table import UnitCode, compare, parse_printed

FLAGS = {
    "gcc": "gcc -O2 -fno-pie -ffreestanding",
    "gcc, size": "gcc -Os -fno-pie -ffreestanding",
    "gcc, position independent": "gcc -O2 -fPIC -ffreestanding",
    "gcc, own sections": "gcc -O2 -fno-pie -ffunction-sections -fdata-sections",
    "gcc, 32 bits": "gcc -m32 -O2 -fno-pie -ffreestanding",
    "clang": "clang -O2 -fno-pie -ffreestanding",
    "arm64": "aarch64-linux-gnu-gcc -O2 -fno-pie -ffreestanding",
    "riscv64": "riscv64-linux-gnu-gcc -O2 -fno-pie -ffreestanding",
    "s390x": "s390x-linux-gnu-gcc -O2 -fno-pie -ffreestanding",
    "arm": "arm-linux-gnueabihf-gcc -O2 -fno-pie -ffreestanding",
}

SOURCE = """\
void note(const char *text, int line);
static int count;
static const int table[] = { 2, 3, 5 };
static const char *const words[] = { "one", "two" };
int (*hook)(int);

static __attribute__((noinline)) int helper(int x)
{
	static int calls;

	calls++;
	return x * 3 + count + calls + table[x & 1];
}

__attribute__((noinline)) int outer(int x)
{
	if (x > 3) {
		note("large", __LINE__);
		return helper(x);
	}
	note(words[x & 1], 7);
	return helper(x + 1);
}

int pick(int x)
{
	switch (x) {
	case 0: return 5;
	case 1: return 19;
	case 2: return helper(4);
	case 3: return 33;
	case 4: return outer(4);
	case 5: return outer(7);
	default: return helper(x);
	}
}

asm(".pushsection __ex_table, \\"a\\"; .balign 4; .long pick - ., outer - .; .popsection");
"""


def compiled(folder: Path, name: str, source: str, flags: str, *more: str) -> str:
    """An object, by its path in `folder`."""
    (folder / f"{name}.c").write_text(source)
    subprocess.run([*flags.split(), *more, "-c", f"{name}.c", "-o", f"{name}.o"], cwd=folder, check=True)
    return f"{name}.o"


def table(folder: Path, name: str, flags: str, known: dict[str, UnitCode] | None = None) -> dict[str, UnitCode]:
    """What the program prints of an object, run as in the sandbox: by the system's Python, as an archive."""
    (folder / "code.pyz").write_bytes(code.program())
    (folder / "listed").write_text(f"{known[name].digest if known else ''}\t{name}\n")
    compiler = flags.split()[0]
    objdump = f"{compiler.removesuffix('gcc')}objdump" if compiler.endswith("-gcc") else "objdump"
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "code.pyz", objdump, "listed"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return parse_printed(done.stdout, {name: "util.c"}, known or {})


def changed(folder: Path, before: str, after: str, flags: str, *more: str) -> set[str]:
    """Names of what differs between two sources."""
    tables = [
        {"util.o": table(folder, compiled(folder, name, source, flags, *more), flags)[f"{name}.o"]}
        for name, source in (("before", before), ("after", after))
    ]
    return {change.name for change in compare(*tables).changes}


@pytest.fixture(params=list(FLAGS.values()), ids=list(FLAGS))
def flags(request: pytest.FixtureRequest) -> str:
    if not shutil.which(str(request.param).split()[0]):
        pytest.skip(f"no {str(request.param).split()[0]} here")
    return str(request.param)


def test_nothing_but_a_new_function_differs_where_one_is_put_before_all(tmp_path: Path, flags: str) -> None:
    """Everything moves: code, data, strings, jump tables, and the numbers of static variables."""
    new = 'static int seven = 7;\nint fresh(int x)\n{\n\tnote("fresh", seven);\n\treturn x + seven++;\n}\n'
    after = SOURCE.replace("static int count;", f'{new}#line 2 "after.c"\nstatic int count;')
    assert changed(tmp_path, SOURCE, after, flags) == {"fresh", "seven"}


MUTATIONS = {
    "a constant": ("x * 3", "x * 5", {"helper"}),
    "a constant of a switch": ("return 19", "return 23", {"pick"}),
    "a string": ('"large"', '"Large"', {"outer"}),
    "a string in a table": ('"two"', '"duo"', {"words"}),
    "a number in a table": ("2, 3, 5", "2, 4, 5", {"table"}),
    "another callee": ("return helper(4)", "return outer(4)", {"pick"}),
    "an entry of a table about a function": ("outer - .;", "helper - .;", {"pick"}),
    "an added variable": ("int (*hook)(int);", "int (*hook)(int), more;", {"more"}),
}


@pytest.mark.parametrize(("old", "new", "names"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_what_changes_is_named(tmp_path: Path, flags: str, old: str, new: str, names: set[str]) -> None:
    assert SOURCE.count(old) == 1
    assert changed(tmp_path, SOURCE, SOURCE.replace(old, new), flags) == names


def test_a_line_that_moves_changes_nothing_where_line_numbers_are_alike(tmp_path: Path, flags: str) -> None:
    after = SOURCE.replace("int (*hook)", "\n\n/* longer */\nint (*hook)")
    assert changed(tmp_path, SOURCE, after, flags) == {"outer"}
    assert changed(tmp_path, SOURCE, after, flags, "-D__LINE__=0", "-w") == set()


def test_functions_in_another_order_are_the_same(tmp_path: Path, flags: str) -> None:
    first, second = SOURCE.index("__attribute__((noinline)) int outer"), SOURCE.index("int pick")
    end = SOURCE.index("asm(")
    after = SOURCE[:first] + "int outer(int x);\n" + SOURCE[second:end] + SOURCE[first:second] + SOURCE[end:]
    assert changed(tmp_path, SOURCE, after, flags, "-D__LINE__=0", "-w") == set()


BUG = """\
#define BUG(file, line, flags) asm volatile("1: ud2; .pushsection __bug_table, \\"aw\\"; .long 1b - .; " \\
	".long %%c0 - .; .word %%c1, %%c2; .popsection" :: "i" (file), "i" (line), "i" (flags))
void check(int x)
{
	if (x)
		BUG(%s);
}
"""


def test_file_and_line_of_a_warning_are_no_code_and_its_flags_are(tmp_path: Path) -> None:
    before, moved, other = (BUG % words for words in ('"a.c", 12, 1', '"b.c", 17, 1', '"a.c", 12, 3'))
    assert changed(tmp_path, before, moved, FLAGS["gcc"]) == set()
    assert changed(tmp_path, before, other, FLAGS["gcc"]) == {"check"}


def test_an_initcall_at_another_level_is_seen(tmp_path: Path) -> None:
    text = "int start(void)\n{\n\treturn 3;\n}\n"
    text += 'asm(".section \\".initcall%d.init\\", \\"a\\"; .long start - .; .previous");\n'
    assert changed(tmp_path, text % 6, text % 7, FLAGS["gcc"])
    assert not changed(tmp_path, text % 6, text % 6, FLAGS["gcc"])


def test_an_object_that_is_known_is_not_read_again(tmp_path: Path) -> None:
    name = compiled(tmp_path, "util", SOURCE, FLAGS["gcc"])
    known = {name: table(tmp_path, name, FLAGS["gcc"])[name]}
    kept = {name: UnitCode("util.c", known[name].digest, f"D\t1\t{'0' * 20}\t\tmark")}
    assert table(tmp_path, name, FLAGS["gcc"], kept) == kept


@pytest.mark.parametrize("place", [40, 60, 200, 900, 1500])
@pytest.mark.parametrize("length", [1, 8, 64])
def test_a_damaged_object_is_reported_as_damaged_or_read(tmp_path: Path, place: int, length: int) -> None:
    """Whatever lies in an object, the program ends, and no other object is lost."""
    name = compiled(tmp_path, "util", SOURCE, FLAGS["gcc"])
    content = bytearray((tmp_path / name).read_bytes())
    content[place : place + length] = b"\xff" * length
    (tmp_path / name).write_bytes(content)
    assert table(tmp_path, name, FLAGS["gcc"]).keys() == {name}


def test_what_is_no_object_is_compared_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "script.lds").write_text("SECTIONS { }\n")
    unit = table(tmp_path, "script.lds", FLAGS["gcc"])["script.lds"]
    assert (unit.problem, unit.items.split("\t")[-1]) == ("", "[script.lds]")
