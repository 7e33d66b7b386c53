"""What must hold for any output of bloat-o-meter, size and nm: for hypothesis in tests/unit, and for the fuzzer."""

from __future__ import annotations

from pipeline.measure import parse_bloat, parse_sections, sized_symbols


def bloat_is_read_or_refused(output: str) -> None:
    """Any text is bloat-o-meter's output, with the counts of its summary line, or a ValueError."""
    try:
        text_delta = parse_bloat(output)
    except ValueError:
        return
    assert text_delta.verbatim == output
    # "-0" and leading zeros are read, and never printed.
    counts = [text_delta.add, text_delta.remove, text_delta.grow, text_delta.shrink, text_delta.up, text_delta.down]
    assert min([*counts, text_delta.before, text_delta.after]) >= 0
    if text_delta.summary in output.splitlines():
        # Read again from its own line alone, it comes to the same.
        again = parse_bloat(f"{text_delta.summary}\nTotal: Before={text_delta.before}, After={text_delta.after}, chg\n")
        assert again.summary == text_delta.summary
    for symbol in text_delta.symbols:
        assert symbol.name
        assert not any(character.isspace() for character in symbol.name)
        assert symbol.old is None or symbol.old >= 0
        assert symbol.new is None or symbol.new >= 0


def sections_are_read_or_refused(output: str) -> None:
    """Any text is `size -A`'s output or a ValueError; no section is one that is never loaded."""
    try:
        sections = parse_sections(output)
    except ValueError:
        return
    assert all(size >= 0 for size in sections.values())
    assert not [name for name in sections if name == "Total" or name.startswith(".debug")]


def symbols_are_sifted(table: bytes) -> None:
    """Of any bytes, lines of `nm --size-sort` with a size are left, each as it was; doing it again changes nothing."""
    sifted = sized_symbols(table)
    assert sized_symbols(sifted) == sifted
    lines = iter(table.splitlines(keepends=True))
    assert all(line in lines for line in sifted.splitlines(keepends=True))


def check(data: bytes) -> None:
    """As the output of each of the three programs."""
    output = data.decode("utf-8", "replace")
    bloat_is_read_or_refused(output)
    sections_are_read_or_refused(output)
    symbols_are_sifted(data)


BLOAT = b"""\
add/remove: 1/1 grow/shrink: 1/1 up/down: 146/-1152 (-1006)
Function                                     old     new   delta
prep_compound_page                             -     123    +123
vmemmap_remap_free.constprop.0               200     223     +23
page_fixed_fake_head                        1100       -   -1100
hugetlb_vmemmap_init                         152     100     -52
Total: Before=3456789, After=3455783, chg -0.03%
"""
SIZES = b"""\
vmlinux  :
section              size                   addr
.text             4194304   18446744071578845184
.rodata            824880   18446744071585333248
.debug_info      12345678                      0
Total            17364862
"""
SYMBOLS = b"0000000000000010 t f.constprop.0\n0000000000000200 T g\n                 U absent\n"
SEEDS = (BLOAT, BLOAT.replace(b"1006", b"0"), SIZES, SYMBOLS)
"""bloat-o-meter's, size's and nm's."""

WORDS = (
    *(b"add/remove: ", b" grow/shrink: ", b" up/down: ", b"/-", b"Total: Before=", b", After=", b", chg "),
    *(b"Function", b" - ", b"+", b"-0", b".text", b".debug_", b".constprop.0", b"99999999999999999999"),
)
