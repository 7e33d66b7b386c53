"""Properties of what reads the output of programs that worked on a stranger's tree: what was printed comes back, and
whatever else is printed is read, or a typed error.

Each property was seen red once: with line numbers and lengths of diagnostics unlimited, control characters left in the
console, unset options left out, errors of kconfig, fragments, debug information and records raised as others, symbols
read by word characters, a schema's complaint taken for all that is indented, debug sections and symbols without
a size kept, a guest's numbers unlimited, and a field left out of run.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline import runs
from pipeline.boot.console import new_lines, splats, without_controls
from pipeline.boot.report import parse_report
from pipeline.kernel import dwarf, kbuild
from pipeline.kernel.diagnostics import new_ones, parse, read
from pipeline.kernel.kconfig import parse_config, parse_fragment
from pipeline.kernel.kconfig import source as kconfig_source
from pipeline.kernel.kconfig.syntax import parse_expression
from pipeline.measure import parse_bloat, parse_sections, sized_symbols
from pipeline.measure.changes import parse_diff
from pipeline.model import Diagnostic, SymbolDelta
from pipeline.record import RunRecord, SymbolRecord
from pipeline.system.errors import UsageError
from tests.fuzz import bloat
from tests.support import records
from tests.support.clock import at_most

thorough = settings(max_examples=200)

names = st.from_regex(r"[A-Za-z_.$][A-Za-z0-9_.$]{0,30}", fullmatch=True)
sizes = st.integers(min_value=1, max_value=1 << 40)
noise = st.text(max_size=30)


def joined(pieces: list[str]) -> st.SearchStrategy[str]:
    """Text of pieces that a parser knows, with anything between them."""
    return st.lists(st.one_of(st.sampled_from(pieces), noise), max_size=12).map("".join)


# bloat-o-meter, size and nm


def bloat_output(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """What scripts/bloat-o-meter prints of two symbol tables, in the order of its own sort."""
    rows = [(after.get(name, 0) - before.get(name, 0), name) for name in {*before, *after}]
    rows = sorted([row for row in rows if row[0] or (row[1] in before) != (row[1] in after)], reverse=True)
    added, removed = ([name for _, name in rows if name not in side] for side in (before, after))
    grown = [delta for delta, name in rows if delta > 0 and name in before]
    shrunk = [delta for delta, name in rows if delta < 0 and name in after]
    up, down = (sum(abs(delta) for delta, _ in rows if (delta > 0) == more) for more in (True, False))
    lines = [
        f"add/remove: {len(added)}/{len(removed)} grow/shrink: {len(grown)}/{len(shrunk)} up/down: {up}/{-down} "
        f"({up - down})",
        f"{'Function':<40} {'old':>7} {'new':>7} {'delta':>7}",
        *(f"{name:<40} {before.get(name, '-'):>7} {after.get(name, '-'):>7} {delta:>+7}" for delta, name in rows),
        f"Total: Before={sum(before.values())}, After={sum(after.values())}, chg +0.00%",
    ]
    return "\n".join(lines) + "\n"


tables = st.dictionaries(names, sizes, max_size=8)


@thorough
@given(tables, tables)
def test_what_bloat_o_meter_prints_comes_back(before: dict[str, int], after: dict[str, int]) -> None:
    output = bloat_output(before, after)
    text_delta = parse_bloat(output)
    assert text_delta.summary == output.splitlines()[0]
    assert (text_delta.before, text_delta.after) == (sum(before.values()), sum(after.values()))
    assert text_delta.delta == text_delta.after - text_delta.before
    assert set(text_delta.symbols) == {
        SymbolDelta(name, before.get(name), after.get(name), after.get(name, 0) - before.get(name, 0))
        for name in {*before, *after}
        if before.get(name) != after.get(name)
    }


@thorough
@given(joined([line + end for line in bloat.BLOAT.decode().splitlines() for end in ("", "\n")]))
def test_any_text_is_output_of_bloat_o_meter_or_a_value_error(output: str) -> None:
    bloat.bloat_is_read_or_refused(output)


@thorough
@given(st.dictionaries(names.map(".".__add__), st.integers(0, 1 << 63), max_size=8))
def test_what_size_prints_comes_back(sections: dict[str, int]) -> None:
    lines = [f"{name:<20} {size:>10} {0xFFFFFFFF81000000:>20}" for name, size in sections.items()]
    output = "\n".join(["vmlinux  :", f"{'section':<20} {'size':>10} {'addr':>20}", *lines, "Total  1"])
    debug = (".debug", ".comment")
    assert parse_sections(output) == {name: size for name, size in sections.items() if not name.startswith(debug)}


@thorough
@given(joined([line + end for line in bloat.SIZES.decode().splitlines() for end in ("", "\n")]))
def test_any_text_is_output_of_size_or_a_value_error(output: str) -> None:
    bloat.sections_are_read_or_refused(output)


@thorough
@given(st.lists(st.tuples(sizes, st.sampled_from("tTdDbBrRwW"), names), max_size=8), st.lists(names, max_size=4))
def test_symbols_with_a_size_are_kept_as_they_are(symbols: list[tuple[int, str, str]], absent: list[str]) -> None:
    kept = "".join(f"{size:016x} {kind} {name}\n" for size, kind, name in symbols).encode()
    left_out = "".join(f"{'':16} U {name}\n{0:016x} t {name}\n" for name in absent).encode()
    assert sized_symbols(left_out + kept + left_out) == kept


@thorough
@given(
    st.one_of(st.binary(max_size=100), st.lists(st.sampled_from([b" t f\n", b"00", b"1", b"\r", b"\n"])).map(b"".join))
)
def test_any_bytes_are_accepted_as_output_of_nm(table: bytes) -> None:
    bloat.symbols_are_sifted(table)


# gcc and clang

paths = st.from_regex(r"[a-z]{1,8}(/[a-z_-]{1,8}){0,3}\.[chS]", fullmatch=True)
messages = st.from_regex(r"[a-z]['a-zA-Z0-9 ;:()\[\]-]{0,40}[a-z\]]", fullmatch=True)


@thorough
@given(
    st.lists(st.tuples(paths, st.integers(1, 99_999), st.sampled_from(["warning", "error", "fatal error"]), messages)),
    st.sampled_from(["", "/src/", "../", "./"]),
    st.booleans(),
)
def test_what_compilers_complain_of_comes_back(
    complaints: list[tuple[str, int, str, str]], prefix: str, column: bool
) -> None:
    log = "".join(
        f"In file included from x.c:1:\n{prefix}{path}:{line}:{'7:' if column else ''} {kind}: {text}\n   12 | code\n"
        for path, line, kind, text in complaints
    )
    warnings, errors = ([replace(diagnostic, tool="") for diagnostic in some] for some in parse(log, ("/src/",)))
    expected = [(kind == "warning", Diagnostic(path, line, text)) for path, line, kind, text in complaints]
    assert warnings == list(dict.fromkeys(diagnostic for is_warning, diagnostic in expected if is_warning))
    assert errors == list(dict.fromkeys(diagnostic for is_warning, diagnostic in expected if not is_warning))
    assert new_ones(warnings, warnings) == ()


LOG_PIECES = [
    *(
        "/src/mm/util.c:1:2: error: ",
        "mm/util.c:",
        "1" * 5000,
        ": warning: ",
        "\n",
        "\r",
        "\x1b[1m",
        "clang-14: ",
        "gcc: ",
    ),
    *("WARNING: modpost: ", "ld: ", "ld.lld: error: ", ": undefined reference to `f'", "make[2]: *** [x] Error 1"),
    *("fatal error: ", "../", "./", "/src/", "\u2028", "\udcff"),
    *("WARNING: unmet direct dependencies detected for A\n", "  Depends on [n]: B\n", "  - C [=y]\n", "Kconfig:1:"),
    *("error: recursive dependency detected!\n", "\tsymbol A depends on A\n", ".config:2:warning: "),
    *("warning: unused\n", "error[E1]: bad\n", " --> a.rs:1:2\n", "1 | fn f()\n", "a.dts:5.8-12: Warning (x): "),
    *("Error: a.dts:1.2-3 ", "x.dtb: a: odd\n", "\tfrom schema $id: y\n", "a.yaml:1:2: [error] bad (x)\n"),
    *("a.o: warning: objtool: ", "f+0x1: odd\n", "WARN: resolve_btfids: unresolved symbol a\n", "FAILED: load BTF"),
    *(
        "depmod: WARNING: ",
        "a.c:1 f() warn: odd\n",
        "Warning: a.c:12 odd\n",
        "a.c:12: warning: odd\n",
        "  CHECK   a.c\n",
    ),
    *("Makefile:1: warning: ", "make: warning: ", "make: Circular a <- b dependency dropped.\n", "WARNING: "),
    *("a.S:2: Error: bad\n", "/tmp/ccAbCdEf.s:1: Warning: odd\n", "In function 'f':\n", "a.c: In function 'f',\n"),
    *("    inlined from 'g' at a.c:1:2:\n", "a.c: At top level:\n", "    1 | int x;\n", "      | ^\n", "\t ^~\n"),
]


@thorough
@example(f"mm/util.c:{'1' * 20}: warning: more digits than a line number has")
@example(f"mm/util.c:{'1' * 5000}: warning: more than Python turns into a number")
@given(joined(LOG_PIECES))
def test_any_log_is_read(log: str) -> None:
    complaints = read(log, ("/src/", ""))
    everything = (*complaints.warnings, *complaints.errors, *complaints.last_words)
    for diagnostic in everything:
        assert "\n" not in f"{diagnostic.path}{diagnostic.message}{diagnostic.function}{diagnostic.source}"
        assert 0 <= diagnostic.line < 10**9
        assert len(diagnostic.message) <= 4096
        assert diagnostic.path
        assert diagnostic.message
    assert new_ones(everything, everything) == ()


@thorough
@example("a.c: In function 'f':\nx.dtb: a: odd", "\tfrom schema $id: y\na.c:1:1: warning: bad\n")
@given(joined(LOG_PIECES), joined(LOG_PIECES))
def test_what_one_command_prints_is_read_whatever_another_printed_before(first: str, second: str) -> None:
    """A step's line ends whatever was half said."""
    step = "\n  CC      z.o\n"
    alone, both = (
        {replace(diagnostic, source="") for diagnostic in read(log, ("/src/",)).warnings}
        for log in (f"{step}{second}", f"{first}{step}{second}")
    )
    assert {replace(diagnostic, tool="") for diagnostic in alone} <= {
        replace(diagnostic, tool="") for diagnostic in both
    }


# Each was slow once, or nearly: by backtracking, or by looking at what follows again and again.
@pytest.mark.parametrize(
    "piece",
    [
        *(
            "gcc/",
            "a:1:",
            "ld-",
            "clang",
            "make: *** ",
            ": undefined reference to ",
            "1:",
            "objtool: ",
            "(x): ",
            "[A] ",
        ),
        *("\n", "a.c:1:1: warning: x\n", "a.c:1:1: warning: x\n    2 |\n", f"warning: x\n{' ' * 4000}\n", "In a "),
        *("WARNING: unmet direct dependencies detected for A\n  - \n", "error: recursive dependency detected!\n"),
        *("warning: x\n --> a.rs:1:1\n", "  |\n", "x.dtb: a\n\ta\n", "multiple IDs found for '", "File '", "Circular "),
    ],
)
def test_a_log_is_read_soon_and_one_twice_as_long_in_twice_the_time(piece: str) -> None:
    for size in (1 << 18, 1 << 19):
        with at_most(3 * (size >> 18)):
            complaints = read(piece * (size // len(piece)), ("/src/",))
    with at_most(6):
        assert new_ones(complaints.warnings, complaints.warnings) == ()


# kconfig

options = st.from_regex(r"[A-Z0-9_]{1,12}", fullmatch=True)
values = st.one_of(st.sampled_from(["y", "m"]), st.integers(0, 999).map(str), messages.map('"{}"'.format))


@thorough
@given(st.dictionaries(options, st.one_of(st.none(), values), max_size=8))
def test_options_of_a_configuration_come_back(wanted: dict[str, str | None]) -> None:
    lines = [
        f"# CONFIG_{name} is not set" if value is None else f"CONFIG_{name}={value}" for name, value in wanted.items()
    ]
    assert parse_config("# comment\n\n" + "\n".join(lines)) == {name: value or "n" for name, value in wanted.items()}
    set_alone = {name: value for name, value in wanted.items() if value}
    assert parse_fragment("x", "\n".join(f"CONFIG_{name}={set_alone[name]}" for name in set_alone)).options == set_alone


FRAGMENT_PIECES = ["CONFIG_", "X=y", "\n", "# CONFIG_X is not set", "#:", " sizeof(struct page) is a power of two", "#"]


@thorough
@given(joined(FRAGMENT_PIECES))
def test_any_text_is_a_fragment_or_a_usage_error(text: str) -> None:
    try:
        fragment = parse_fragment("x", text)
    except UsageError:
        return
    assert all(option.replace("_", "a").isalnum() for option in fragment.options)


KCONFIG_PIECES = [
    *(
        "config X\n",
        "menuconfig Y\n",
        "\tbool",
        ' "prompt"',
        "\ttristate\n",
        "\tdepends on ",
        "\tselect ",
        "\timply ",
        "\n",
    ),
    *("X", "Y", " if ", " && ", " || ", "!", "(", ")", "=", "!=", "$(shell,", "$(ARCH)", '"', "'", "\\", "\\\n", "#"),
    *("choice\n", "endchoice\n", "menu\n", "endmenu\n", "if X\n", "endif\n", "\thelp\n\t  text\n", "\tdefault y\n"),
    *('source "Kconfig"\n', 'source "other"\n', "\tvisible if X\n", "comment \n", "mainmenu\n", "\0"),
]


@thorough
@given(joined(KCONFIG_PIECES), joined(KCONFIG_PIECES))
def test_any_text_is_kconfig_or_a_usage_error(text: str, other: str) -> None:
    try:
        kconfig = kconfig_source.read({"Kconfig": text, "other": other}, {"ARCH": "x86"})
    except UsageError:
        return
    assert all(definition.option == name for name, group in kconfig.definitions.items() for definition in group)


symbols_and_literals = st.one_of(options.map("A{}".format), st.sampled_from(["y", "m", "n", '"text"']))
expressions = st.recursive(
    symbols_and_literals,
    lambda inner: st.one_of(
        inner.map("!({})".format),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(symbols_and_literals, st.sampled_from(["=", "!="]), symbols_and_literals).map(" ".join),
    ),
    max_leaves=8,
)


@thorough
@given(expressions)
def test_an_expression_that_is_printed_is_read_as_the_same(text: str) -> None:
    expression = parse_expression(text)
    assert parse_expression(str(expression)) == expression


# consoles and reports of guests

CONSOLE_PIECES = [
    *("\x1b[31m", "\x1b]0;title\x07", "\x1bP", "\x9b", "\x1b", "\r\n", "\r", "\n", "\x08", "[    1.234567] ", "[T1] "),
    *("BUG: bad page", "WARNING: CPU: 0 PID: 1 at mm/page.c:12 f+0x1/0x2", "Kernel panic - not syncing", "0x1f"),
    *("------------[ cut here ]", "\u202e", "\u2028", "\xff"),
]


@thorough
@given(st.one_of(st.binary(max_size=200), joined(CONSOLE_PIECES).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_console_loses_its_control_characters(data: bytes) -> None:
    text = without_controls(data)
    assert not [character for character in text if ord(character) < 32 and character not in "\t\n"]
    assert not set(text) & {"\x7f", *map(chr, range(0x80, 0xA0))}
    assert without_controls(text.encode()) == text
    assert new_lines(text, text) == ()
    assert all("\n" not in line for line in (*splats(text), *new_lines(text, "")))


@thorough
@given(st.lists(st.tuples(names, st.dictionaries(names.map("a{}".format), st.integers(-(10**17), 10**17), max_size=3))))
def test_what_a_guest_measures_comes_back(checks: list[tuple[str, dict[str, int]]]) -> None:
    checks = list({f"c{name}".replace("$", "+"): counts for name, counts in checks}.items())
    cleaned = [(name, {key.replace("$", "+"): number for key, number in counts.items()}) for name, counts in checks]
    lines = ["nonce kernel 6.12"]
    for name, counts in cleaned:
        lines += [f"nonce begin {name}", *(f"nonce value {key} {number}" for key, number in counts.items())]
        lines += [f"nonce end {name} 0"]
    report = parse_report("\n".join([*lines, "nonce done"]).encode(), "nonce")
    assert (report.userspace, report.done) == (True, True)
    assert [(check.name, dict(check.values)) for check in report.checks] == cleaned


@thorough
@example(f"nonce begin a\nnonce value b {'9' * 5000}\nnonce value c {'9' * 19}\nnonce end a 0")
@given(joined(["nonce ", "begin ", "value ", "end ", "fail ", "skip ", "done", "a", " 0", "\n", "9" * 30, "\0"]))
def test_any_bytes_are_a_guest_report(text: str) -> None:
    for check in parse_report(text.encode("utf-8", "replace"), "nonce").checks:
        assert check.name
        assert all(abs(number) < 10**18 for number in check.values.values())
    assert parse_report(text.encode("utf-8", "replace"), "other").checks == ()


# diffs, structs and probes


@thorough
@given(joined(["+++ b/mm/a.c", '+++ "b/\\303"', "\n", "@@ -1,2 +1,3 @@ struct page {", "+", "-", " ", "}", "\\"]))
def test_any_text_is_a_diff(diff: str) -> None:
    for path, (lines, _) in parse_diff(diff).items():
        assert path
        assert list(lines) == sorted(lines)


@thorough
@given(st.binary(max_size=300), st.integers(0, 63))
def test_any_bytes_are_debug_information_or_a_value_error(data: bytes, at: int) -> None:
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\x00\x3e\x00\x01" + bytes(43)
    for content in (data, header[:at] + data, header + data):
        try:
            dwarf.layouts(content, ("page",))
        except ValueError:
            continue


@thorough
@given(joined(['.ascii "->', "PIPELINE", " $64", "$", "64", "\n", "#"]))
def test_any_text_is_a_compiled_probe_or_a_value_error(text: str) -> None:
    assert kbuild.count_steps(text.encode("utf-8", "replace")) >= 0
    try:
        assert kbuild.probed_size(text) >= 0
    except ValueError:
        return


# run.json

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@thorough
@given(texts, texts, st.dictionaries(names, st.tuples(sizes, sizes), max_size=5))
def test_a_record_comes_back_from_its_json(title: str, verbatim: str, table: dict[str, tuple[int, int]]) -> None:
    symbols = tuple(SymbolRecord(name=name, old=old, new=new, delta=new - old) for name, (old, new) in table.items())
    text = records.text(symbols=symbols, verbatim=verbatim)
    record = records.run(cells=(records.cell(text=text),), matrix=title)
    assert RunRecord.model_validate_json(record.to_json()) == record


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of every part of a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, part in inner for place in places(part, (*at, key)))]


WHOLE = json.loads(records.run().to_json())
PLACES = places(WHOLE)[1:]
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@thorough
@given(st.sampled_from(PLACES), json_values)
def test_a_record_with_another_part_is_read_or_a_usage_error(
    run_folder: Path, place: tuple[Any, ...], value: Any
) -> None:
    changed = json.loads(json.dumps(WHOLE))
    part = changed
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    (run_folder / "run.json").write_text(json.dumps(changed))
    try:
        run = runs.read(run_folder)
    except UsageError:
        return
    assert RunRecord.model_validate_json(run.to_json()) == run


@thorough
@given(st.binary(max_size=200), st.integers(0, len(json.dumps(WHOLE))))
def test_damaged_bytes_are_no_record_but_a_usage_error(run_folder: Path, data: bytes, at: int) -> None:
    whole = json.dumps(WHOLE).encode()
    (run_folder / "run.json").write_bytes(whole[:at] + b"\xff" + data)
    with pytest.raises(UsageError):
        runs.read(run_folder)
