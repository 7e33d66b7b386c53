"""Rust for the fake kernel: the crate `kernel` with a module, a macro that runs in the compiler, and a driver."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.support.developer import Developer

LED, DRIVER, MACRO = "rust/kernel/led.rs", "lib/fake_rust.rs", "rust/macros/lib.rs"
ANSWER = "include/linux/answer.h"
SCRIPT = "scripts/min-tool-version.sh"

_BUILD = """
vpath %.rs $(srctree)
rust_flags = --edition=2021 --crate-type=rlib -Cpanic=abort -Ccodegen-units=1 -O @include/generated/rustc_cfg
# Of several rules, fixdep reads the first.
one-rule = sed -i -n '/^[^:]*[.]s*o: /p' $(depfile)
quiet_cmd_rustc_o_rs = RUSTC     $@
      cmd_rustc_o_rs = $(RUSTC) $(rust_flags) -Lrust --extern kernel=rust/libkernel.rmeta \\
\t--emit=dep-info=$(depfile),obj=$@ $<; $(one-rule)
%.o: %.rs FORCE
\t$(call if_changed_dep,rustc_o_rs)
"""
_CRATES = """
obj-$(CONFIG_RUST) += kernel.o helpers.o
targets += rust/libmacros.so
quiet_cmd_rustc_procmacro = RUSTC P $@
      cmd_rustc_procmacro = $(RUSTC) --edition=2021 --crate-type=proc-macro --crate-name macros \\
\t--extern proc_macro --emit=dep-info=$(depfile),link=$@ $<; $(one-rule)
rust/libmacros.so: rust/macros/lib.rs FORCE
\t$(call if_changed_dep,rustc_procmacro)
quiet_cmd_rustc_library = RUSTC L $@
      cmd_rustc_library = $(RUSTC) $(rust_flags) --crate-name kernel --extern macros=rust/libmacros.so \\
\t--emit=dep-info=$(depfile),obj=$@,metadata=rust/libkernel.rmeta $<; $(one-rule)
rust/kernel.o: rust/kernel/lib.rs rust/libmacros.so FORCE
\t$(call if_changed_dep,rustc_library)
"""
_TOP = """
export RUSTC := rustc
filechk_rustc_cfg = sed -n 's/^\\(CONFIG_[A-Z0-9_]*\\)=y$$/--cfg=\\1/p' $(KCONFIG_CONFIG)
include/generated/rustc_cfg: FORCE | scripts_basic
\t$(call filechk,rustc_cfg)
prepare: include/generated/rustc_cfg
"""
_PREPARE = "\t$(Q)$(MAKE) $(build)=. prepare\n"
_KCONFIG = """
config RUST
\tbool "Rust support"
\tdepends on !MEMCG

config FAKE_RUST
\tbool "A driver in Rust"
\tdepends on RUST
"""
FILES: Mapping[str, str] = {
    SCRIPT: "case $1 in rustc) echo 1.60.0 ;; *) exit 1 ;; esac\n",
    "rust/Makefile": _CRATES,
    "rust/kernel/lib.rs": "//! What all of Rust is compiled with.\n#![no_std]\n\npub mod led;\n",
    "rust/helpers.c": "int rust_helper(void);\nint rust_helper(void)\n{\n\treturn 1;\n}\n",
    LED: "//! A module.\n\n/// A step.\npub const STEP: u32 = macros::answer!();\n",
    MACRO: "//! Runs in the compiler.\nuse proc_macro::TokenStream;\n\n#[proc_macro]\n"
    "pub fn answer(_: TokenStream) -> TokenStream {\n"
    '    include_str!("../../include/linux/answer.h").replace(\'#\', "//").parse().unwrap()\n}\n',
    # It means something to C, and to Rust.
    ANSWER: "#pragma once\n42\n",
    DRIVER: '//! A driver.\n#![no_std]\n\n#[no_mangle]\npub extern "C" fn fake_rust(x: u32) -> u32 {\n'
    "    x + kernel::led::STEP\n}\n",
    # The header is one of the kernel, too.
    "lib/answer.c": "int fake_answer(void);\nint fake_answer(void)\n{\n\treturn\n#include <linux/answer.h>\n\t;\n}\n",
}
_EDITS = (
    ("Makefile", _PREPARE, f"{_PREPARE}\t$(if $(CONFIG_RUST),$(Q)$(MAKE) $(build)=rust)\n"),
    ("Makefile", "# --- compiling and linking\n", f"{_TOP}\n# --- compiling and linking\n"),
    ("scripts/Makefile.build", "quiet_cmd_cc_s_c ", f"{_BUILD}\nquiet_cmd_cc_s_c "),
    ("Kconfig", 'menu "Fixture switches"\n', f'{_KCONFIG}\nmenu "Fixture switches"\n'),
    ("Kbuild", "obj-y += lib/\n", "obj-y += lib/\nobj-$(CONFIG_RUST) += rust/\n"),
    ("lib/Makefile", "obj-y += string.o\n", "obj-y += string.o answer.o\nobj-$(CONFIG_FAKE_RUST) += fake_rust.o\n"),
)


def add_rust(developer: Developer, script: str = "") -> None:
    """Commits Rust on the branch that is checked out.

    Args:
        script: in place of that which says how old the programs may be.
    """
    files = {**FILES, **({SCRIPT: script} if script else {})}
    for path, old, new in _EDITS:
        text = files.get(path) or Path(developer.folder, path).read_text()
        assert old in text, f"{path} holds no {old!r}"
        files[path] = text.replace(old, new, 1)
    for path, text in files.items():
        place = Path(developer.folder, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    developer.git("add", "--all")
    developer.git("commit", "--quiet", "-m", "rust: begin")
