"""What tools print, as they print it: captured of gcc 12, clang 14, as, ld and lld, GNU make 4.3, sparse 0.6.4,
rustc 1.95, dtc 1.6.1, depmod 30, dt-schema, yamllint, and of conf and kernel-doc of Linux 6.12; the rest in the words
of their sources.
"""

from __future__ import annotations

import pytest

from pipeline.kernel.diagnostics import read

GCC = """\
  CC      mm/a.o
In file included from /src/mm/a.c:1:
/src/include/h.h: In function ‘in_h’:
/src/include/h.h:3:13: warning: unused variable ‘unused_in_h’ [-Wunused-variable]
    3 |         int unused_in_h;
      |             ^~~~~~~~~~~
/src/mm/a.c: In function ‘g’:
/src/mm/a.c:11:11: warning: unused variable ‘zz’ [-Wunused-variable]
   11 |         M(zz);
      |           ^~
/src/mm/a.c:7:23: note: in definition of macro ‘M’
    7 | #define M(v) do { int v; } while (0)
      |                       ^
/src/mm/a.c: At top level:
/src/mm/a.c:17:2: warning: #warning "careful" [-Wcpp]
   17 | #warning "careful"
      |  ^~~~~~~
"""
CLANG = """\
/src/mm/a.c:16:12: warning: unused function 'never' [-Wunused-function]
static int never(void) { return 1; }
           ^
/src/mm/a.c:12:15: error: invalid instruction mnemonic 'bogus_insn'
        asm volatile("bogus_insn");
                     ^
<inline asm>:1:2: note: instantiated into assembly here
        bogus_insn
        ^~~~~~~~~~
1 warning and 1 error generated.
"""
AS = """\
  AS      mm/l.o
/src/mm/l.S: Assembler messages:
/src/mm/l.S:2: Error: number of operands mismatch for `movq'
/src/mm/l.S:4: Warning: odd
  CC      mm/m.o
/tmp/ccyfWavp.s: Assembler messages:
/tmp/ccyfWavp.s:21: Warning: ignoring changed section attributes for .text
  CC      mm/n.o
{standard input}: Assembler messages:
{standard input}:7: Error: no such instruction: `bogus'
"""
SPARSE = """\
  CHECK   /src/mm/s.c
/src/mm/s.c:1:52: warning: Using plain integer as NULL pointer
/src/mm/s.c:1:5: warning: symbol 'nostatic' was not declared. Should it be static?
/src/mm/s.c:7:23: warning: incorrect type in argument 4 (different base types)
/src/mm/s.c:7:23:    expected restricted __wsum [usertype] csum
/src/mm/s.c:7:23:    got unsigned int
/src/mm/s.c:7:23: warning: cast from restricted __wsum
"""
SMATCH = """\
  CHECK   /src/mm/s.c
/src/mm/s.c:12 grow() warn: unsigned 'left' is never less than zero.
/src/mm/s.c:31 shrink() error: uninitialized symbol 'ret'.
/src/mm/s.c:40 shrink() info: ignoring unreachable code.
"""
LD = """\
ld: warning: mm/ns.o: missing .note.GNU-stack section implies executable stack
ld: NOTE: This behaviour is deprecated and will be removed in a future version of the linker
ld: warning: vmlinux has a LOAD segment with RWX permissions
ld.lld: error: undefined symbol: gone
>>> referenced by m.c
>>>               m.o:(main)
/usr/bin/ld: m.o: in function `main':
m.c:(.text+0x5): undefined reference to `gone'
collect2: error: ld returned 1 exit status
objcopy: vmlinux: warning: empty loadable segment detected at vaddr=0xffff, is this intentional?
"""
MAKE = """\
/src/mm/Makefile:6: warning: overriding recipe for target 'a'
/src/mm/Makefile:4: warning: ignoring old recipe for target 'a'
make[1]: Entering directory '/build'
make[1]: Circular c2 <- c dependency dropped.
make[1]: warning: -j3 forced in submake: resetting jobserver mode.
make[2]: warning: jobserver unavailable: using -j1.  Add '+' to parent make rule.
/src/scripts/w.mk:1: careful now
/src/scripts/w.mk:2: *** stop here.  Stop.
bad.mk:1: *** missing separator.  Stop.
u.mk:2: warning: undefined variable 'U'
make: *** [Makefile:12: e] Error 3
"""
RUSTC = """\
  RUSTC   rust/a.o
warning: use of deprecated function `old`: gone
  --> /src/rust/a.rs:11:14
   |
11 | pub fn g() { old(); }
   |              ^^^
   |
   = note: `#[warn(deprecated)]` on by default

warning: variable does not need to be mutable
 --> /src/rust/a.rs:4:9
  |
4 |     let mut y = 3;
  |         ----^
  |         |
  |         help: remove this `mut`

error[E0425]: cannot find function `nope` in this scope
 --> /src/rust/b.rs:2:15
  |
2 |  pub fn g() { nope(); }
  |               ^^^^ not found in this scope

warning: unknown and unstable feature specified for `-Ctarget-feature`: `nosuchfeat`
  |
  = help: consider filing a feature request

error: aborting due to 1 previous error; 3 warnings emitted

/src/rust/c.rs:3:9: warning: unused variable: `x`
"""
DTC = """\
  DTC     arch/arm/boot/dts/t.dtb
/src/t.dts:5.8-12: Warning (unit_address_vs_reg): /soc@0: node has a unit name, but no reg or ranges property
/src/t.dts:8.6-10.4: Warning (interrupts_property): /i2c: Missing interrupt-parent
t.dtb: Warning (reg_format): /uart: property has invalid length
e2.dts:2.3-23: ERROR (phandle_references): /: Reference to non-existent node or label "nolabel"

Error: e.dts:2.11-12 syntax error
FATAL ERROR: Unable to parse input tree
"""
DT_SCHEMA = """\
  DTC_CHK arch/arm/boot/dts/t.dtb
/build/arch/arm/boot/dts/t.dtb: serial@1000 (vendor,uart): 'clocks' is a required property
	from schema $id: http://devicetree.org/schemas/serial/uart.yaml#
/build/arch/arm/boot/dts/t.dtb: /soc/i2c@1: failed to match any schema with compatible: ['vendor,i2c']
/src/bind.yaml: 'oneOf' conditional failed, one must be fixed:
	'unevaluatedProperties' is a required property
	'additionalProperties' is a required property
	hint: Either unevaluatedProperties or additionalProperties must be present
	from schema $id: http://devicetree.org/meta-schemas/core.yaml
/src/bind.yaml:10:7: [error] wrong indentation: expected 4 but found 6 (indentation)
/src/bind.yaml:12:1: [warning] too many blank lines (indentation)
"""
KCONFIG = """\
/src/mm/Kconfig:19:warning: ignoring type redefinition of 'F' from 'tristate' to 'bool'
.config:2:warning: override: reassigning to symbol B

WARNING: unmet direct dependencies detected for A
  Depends on [n]: NOPE
  Selected by [y]:
  - B [=y]
  - C [=y] && D [=y]
error: recursive dependency detected!
	symbol M depends on N
	symbol N is selected by M
For a resolution refer to Documentation/kbuild/kconfig-language.rst
subsection "Kconfig recursive dependency limitations"

/src/mm/Kconfig:4: syntax error
/src/lib/Kconfig.debug:5:error: recursive dependency detected!
/src/lib/Kconfig.debug:5:	symbol P depends on P
"""
KERNEL_DOC = """\
  CC      mm/d.o
/src/mm/d.c:6: warning: Function parameter or struct member 'b' not described in 'foo'
/src/mm/d.c:8: warning: missing initial short description on line:
 * struct bar
Warning: /src/mm/e.c:6 Excess function parameter 'c' description in 'foo'
"""
OBJTOOL = """\
  CC      mm/a.o
mm/a.o: warning: objtool: grow+0x1a: call without frame pointer save/setup
mm/a.o: warning: objtool: shrink() falls through to next function grow()
vmlinux.o: error: objtool: shrink+0x7: unreachable instruction
mm/a.c:12: warning: objtool: grow(): unsupported jump
"""
MODPOST = """\
  MODPOST Module.symvers
WARNING: modpost: vmlinux: section mismatch in reference: grow+0x1f (section: .text) -> setup (section: .init.text)
WARNING: vmlinux.o(.text+0x1f): Section mismatch in reference from the function grow() to the function .init.text:s()
ERROR: modpost: "gone" [mm/m.ko] undefined!
"""
BTFIDS = """\
  BTFIDS  vmlinux
WARN: resolve_btfids: unresolved symbol bpf_gone
WARN: multiple IDs found for 'file': 512, 77120 - using 512
FAILED: load BTF from vmlinux: No such file or directory
"""
DEPMOD = """\
  DEPMOD  /build/lib/modules/6.12.0
depmod: WARNING: /build/lib/modules/6.12.0/kernel/x.ko needs unknown symbol gone
depmod: ERROR: failed to load symbols from /build/lib/modules/6.12.0/kernel/y.ko: Invalid argument
depmod: FATAL: could not search modules: No such file or directory
"""
SCRIPTS = """\
Warning: found a reference to section ".odd" in __ex_table:
Error: Cannot open file nofile.c
sorttable: warning: odd
"""

Row = tuple[str, str, int, str]
"""Tool, path, line, message."""

PRINTED: list[tuple[str, list[Row], list[Row]]] = [
    (
        GCC,
        [
            ("gcc", "include/h.h", 3, "unused variable ‘unused_in_h’ [-Wunused-variable]"),
            ("gcc", "mm/a.c", 11, "unused variable ‘zz’ [-Wunused-variable]"),
            ("gcc", "mm/a.c", 17, '#warning "careful" [-Wcpp]'),
        ],
        [],
    ),
    (
        CLANG,
        [("gcc", "mm/a.c", 16, "unused function 'never' [-Wunused-function]")],
        [("gcc", "mm/a.c", 12, "invalid instruction mnemonic 'bogus_insn'")],
    ),
    (
        AS,
        [("as", "mm/l.S", 4, "odd"), ("as", "mm/m.o", 0, "ignoring changed section attributes for .text")],
        [
            ("as", "mm/l.S", 2, "number of operands mismatch for `movq'"),
            ("as", "mm/n.o", 0, "no such instruction: `bogus'"),
        ],
    ),
    (
        SPARSE,
        [
            ("sparse", "mm/s.c", 1, "Using plain integer as NULL pointer"),
            ("sparse", "mm/s.c", 1, "symbol 'nostatic' was not declared. Should it be static?"),
            (
                "sparse",
                "mm/s.c",
                7,
                "incorrect type in argument 4 (different base types) expected restricted __wsum [usertype] csum "
                "got unsigned int",
            ),
            ("sparse", "mm/s.c", 7, "cast from restricted __wsum"),
        ],
        [],
    ),
    (
        SMATCH,
        [("smatch", "mm/s.c", 12, "unsigned 'left' is never less than zero.")],
        [("smatch", "mm/s.c", 31, "uninitialized symbol 'ret'.")],
    ),
    (
        LD,
        [
            ("ld", "ld", 0, "warning: mm/ns.o: missing .note.GNU-stack section implies executable stack"),
            ("ld", "ld", 0, "warning: vmlinux has a LOAD segment with RWX permissions"),
            (
                "objcopy",
                "objcopy",
                0,
                "vmlinux: warning: empty loadable segment detected at vaddr=0xffff, is this intentional?",
            ),
        ],
        [
            ("ld", "ld", 0, "undefined symbol: gone"),
            ("ld", "ld", 0, "m.o: in function `main':"),
            ("ld", "ld", 0, "m.c:(.text+0x5): undefined reference to `gone'"),
            ("collect2", "collect2", 0, "ld returned 1 exit status"),
        ],
    ),
    (
        MAKE,
        [
            ("make", "mm/Makefile", 6, "overriding recipe for target 'a'"),
            ("make", "mm/Makefile", 4, "ignoring old recipe for target 'a'"),
            ("make", "make", 0, "Circular c2 <- c dependency dropped."),
            ("make", "make", 0, "-j3 forced in submake: resetting jobserver mode."),
            ("make", "make", 0, "jobserver unavailable: using -j1.  Add '+' to parent make rule."),
            ("make", "scripts/w.mk", 1, "careful now"),
            ("make", "u.mk", 2, "undefined variable 'U'"),
        ],
        [
            ("make", "scripts/w.mk", 2, "stop here."),
            ("make", "bad.mk", 1, "missing separator."),
            ("make", "make", 0, "[Makefile:12: e] Error 3"),
        ],
    ),
    (
        RUSTC,
        [
            ("rustc", "rust/a.rs", 11, "use of deprecated function `old`: gone"),
            ("rustc", "rust/a.rs", 4, "variable does not need to be mutable"),
            (
                "rustc",
                "rustc",
                0,
                "unknown and unstable feature specified for `-Ctarget-feature`: `nosuchfeat`",
            ),
            ("rustc", "rust/c.rs", 3, "unused variable: `x`"),
        ],
        [("rustc", "rust/b.rs", 2, "cannot find function `nope` in this scope [E0425]")],
    ),
    (
        DTC,
        [
            ("dtc", "t.dts", 5, "/soc@0: node has a unit name, but no reg or ranges property (unit_address_vs_reg)"),
            ("dtc", "t.dts", 8, "/i2c: Missing interrupt-parent (interrupts_property)"),
            ("dtc", "t.dtb", 0, "/uart: property has invalid length (reg_format)"),
        ],
        [
            ("dtc", "e2.dts", 2, '/: Reference to non-existent node or label "nolabel" (phandle_references)'),
            ("dtc", "e.dts", 2, "syntax error"),
            ("dtc", "dtc", 0, "Unable to parse input tree"),
        ],
    ),
    (
        DT_SCHEMA,
        [
            (
                "dt-schema",
                "/build/arch/arm/boot/dts/t.dtb",
                0,
                "serial@1000 (vendor,uart): 'clocks' is a required property",
            ),
            (
                "dt-schema",
                "/build/arch/arm/boot/dts/t.dtb",
                0,
                "/soc/i2c@1: failed to match any schema with compatible: ['vendor,i2c']",
            ),
            ("dt-schema", "bind.yaml", 0, "'oneOf' conditional failed, one must be fixed:"),
            ("yamllint", "bind.yaml", 12, "too many blank lines (indentation)"),
        ],
        [("yamllint", "bind.yaml", 10, "wrong indentation: expected 4 but found 6 (indentation)")],
    ),
    (
        KCONFIG,
        [
            ("kconfig", "mm/Kconfig", 19, "ignoring type redefinition of 'F' from 'tristate' to 'bool'"),
            ("kconfig", ".config", 2, "override: reassigning to symbol B"),
            (
                "kconfig",
                "kconfig",
                0,
                "unmet direct dependencies detected for A: Depends on [n]: NOPE; "
                "Selected by [y]: B [=y], C [=y] && D [=y]",
            ),
        ],
        [
            (
                "kconfig",
                "kconfig",
                0,
                "recursive dependency detected! symbol M depends on N, symbol N is selected by M",
            ),
            ("kconfig", "mm/Kconfig", 4, "syntax error"),
            ("kconfig", "lib/Kconfig.debug", 5, "recursive dependency detected! symbol P depends on P"),
        ],
    ),
    (
        KERNEL_DOC,
        [
            ("kernel-doc", "mm/d.c", 6, "Function parameter or struct member 'b' not described in 'foo'"),
            ("kernel-doc", "mm/d.c", 8, "missing initial short description on line:"),
            ("kernel-doc", "mm/e.c", 6, "Excess function parameter 'c' description in 'foo'"),
        ],
        [],
    ),
    (
        OBJTOOL,
        [
            ("objtool", "mm/a.o", 0, "grow+0x1a: call without frame pointer save/setup"),
            ("objtool", "mm/a.o", 0, "shrink() falls through to next function grow()"),
            ("objtool", "mm/a.c", 12, "grow(): unsupported jump"),
        ],
        [("objtool", "vmlinux.o", 0, "shrink+0x7: unreachable instruction")],
    ),
    (
        MODPOST,
        [
            (
                "modpost",
                "modpost",
                0,
                "vmlinux: section mismatch in reference: grow+0x1f (section: .text) -> setup (section: .init.text)",
            ),
            (
                "modpost",
                "modpost",
                0,
                "vmlinux.o(.text+0x1f): Section mismatch in reference from the function grow() "
                "to the function .init.text:s()",
            ),
        ],
        [("modpost", "modpost", 0, '"gone" [mm/m.ko] undefined!')],
    ),
    (
        BTFIDS,
        [
            ("resolve_btfids", "resolve_btfids", 0, "unresolved symbol bpf_gone"),
            ("resolve_btfids", "resolve_btfids", 0, "multiple IDs found for 'file': 512, 77120 - using 512"),
        ],
        [("resolve_btfids", "resolve_btfids", 0, "load BTF from vmlinux: No such file or directory")],
    ),
    (
        DEPMOD,
        [("depmod", "depmod", 0, "/build/lib/modules/6.12.0/kernel/x.ko needs unknown symbol gone")],
        [
            (
                "depmod",
                "depmod",
                0,
                "failed to load symbols from /build/lib/modules/6.12.0/kernel/y.ko: Invalid argument",
            ),
            ("depmod", "depmod", 0, "could not search modules: No such file or directory"),
        ],
    ),
    (
        SCRIPTS,
        [
            ("kbuild", "kbuild", 0, 'found a reference to section ".odd" in __ex_table:'),
            ("sorttable", "sorttable", 0, "odd"),
        ],
        [("kbuild", "kbuild", 0, "Cannot open file nofile.c")],
    ),
]


@pytest.mark.parametrize(("log", "warnings", "errors"), PRINTED, ids=[rows[0][0] for _, rows, _ in PRINTED])
def test_the_output_of_a_tool_is_taken_apart(log: str, warnings: list[Row], errors: list[Row]) -> None:
    complaints = read(log, ["/src/"], "gcc")
    rows = [
        [(diagnostic.tool, diagnostic.path, diagnostic.line, diagnostic.message) for diagnostic in some]
        for some in (complaints.warnings, complaints.errors)
    ]
    rows[1] += [
        (diagnostic.tool, diagnostic.path, diagnostic.line, diagnostic.message) for diagnostic in complaints.last_words
    ]
    assert rows == [warnings, errors]


def test_functions_are_known_where_a_tool_names_them() -> None:
    diagnostics = read(f"{SMATCH}{OBJTOOL}{RUSTC}", ["/src/"]).warnings
    assert [(diagnostic.tool, diagnostic.function) for diagnostic in diagnostics if diagnostic.function] == [
        ("smatch", "grow"),
        ("objtool", "grow"),
        ("objtool", "shrink"),
        ("objtool", "grow"),
        ("rustc", "g"),
    ]


def test_several_tools_at_once_are_told_apart() -> None:
    """As in one log of a build: no tool's lines hide another's."""
    everything = "".join(log for log, _, _ in PRINTED)
    complaints = read(everything, ["/src/"], "gcc")
    assert {diagnostic.tool for diagnostic in complaints.warnings} == {
        row[0] for _, warnings, _ in PRINTED for row in warnings
    }
    assert len(complaints.warnings) == sum(len(warnings) for _, warnings, _ in PRINTED)


RARER: list[tuple[str, Row]] = [
    ("  OBJTOOL mm/a.o\nwarning: objtool: cannot read\n", ("objtool", "mm/a.o", 0, "cannot read")),
    ("error: objtool [elf.c:31]: gone\n", ("objtool", "objtool", 0, "gone")),
    ("FAILED unresolved symbol bpf_gone\n", ("resolve_btfids", "resolve_btfids", 0, "unresolved symbol bpf_gone")),
    (
        "ERROR: resolve_btfids: cannot open mm/a.o\n",
        ("resolve_btfids", "resolve_btfids", 0, "cannot open mm/a.o"),
    ),
    ("  RUSTC L rust/a.o\nwarning: an odd target\n", ("rustc", "rustc", 0, "an odd target")),
    (
        "error: internal compiler error: compiler/a.rs:3:1: odd\n",
        ("rustc", "rustc", 0, "internal compiler error: compiler/a.rs:3:1: odd"),
    ),
    (
        "/src/mm/a.c: In function 'f':\n/src/mm/a.c:9: warning: No description found for return value of 'f'\n",
        ("kernel-doc", "mm/a.c", 9, "No description found for return value of 'f'"),
    ),
    (
        "/src/Documentation/a.rst:3: WARNING: Title underline too short.\n",
        ("sphinx", "Documentation/a.rst", 3, "Title underline too short."),
    ),
    ("Lexical error: /src/a.dts:4.2-3 Unexpected '^'\n", ("dtc", "a.dts", 4, "Unexpected '^'")),
    ("/src/a.dts:7.1: Warning (reg_format): /b: odd\n", ("dtc", "a.dts", 7, "/b: odd (reg_format)")),
    (
        "warning: no schema found in file: /src/Documentation/devicetree/bindings/a.yaml\n",
        (
            "dt-schema",
            "Documentation/devicetree/bindings/a.yaml",
            0,
            "no schema found in file: /src/Documentation/devicetree/bindings/a.yaml",
        ),
    ),
    (
        "Kconfig:2:error: recursive dependency detected!\nKconfig:2:\tchoice <choice> contains symbol A\n"
        "Kconfig:4:\tsymbol A is part of choice <choice>\n",
        (
            "kconfig",
            "Kconfig",
            2,
            "recursive dependency detected! choice <choice> contains symbol A, symbol A is part of choice <choice>",
        ),
    ),
    (
        "/src/arch/x86/Makefile_32.cpu:9: warning: overriding recipe for target 'a'\n",
        ("make", "arch/x86/Makefile_32.cpu", 9, "overriding recipe for target 'a'"),
    ),
    (
        "  CC      mm/n.o\n{standard input}: Assembler messages:\n{standard input}: Error: CFI is open\n",
        ("as", "mm/n.o", 0, "CFI is open"),
    ),
    (
        "mm/a.S: Error: .size does not evaluate to a constant\n",
        ("as", "mm/a.S", 0, ".size does not evaluate to a constant"),
    ),
    ("warning: this compiler is another\n", ("kbuild", "kbuild", 0, "this compiler is another")),
]


@pytest.mark.parametrize(("log", "row"), RARER)
def test_a_rarer_form_of_a_tool_is_read(log: str, row: Row) -> None:
    complaints = read(log, ["/src/"], "gcc")
    (diagnostic,) = complaints.warnings + complaints.errors
    assert (diagnostic.tool, diagnostic.path, diagnostic.line, diagnostic.message) == row


def test_a_summary_of_rustc_is_no_warning_of_its_own() -> None:
    log = "warning: 2 warnings emitted\n\nerror: aborting due to 1 previous error\n"
    complaints = read(log, ["/src/"], "gcc")
    assert complaints.warnings + complaints.errors + complaints.last_words == ()
