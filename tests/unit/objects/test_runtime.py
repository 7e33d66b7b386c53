"""Calls of the compiler's runtime library, as binutils show them."""

from __future__ import annotations

import pytest

from pipeline.objects.runtime import callers, runtime_symbols


@pytest.mark.parametrize(
    "symbol",
    [
        *("__udivdi3", "__divdi3", "__umoddi3", "__moddi3", "__udivmoddi4", "__divmoddi4", "__udivti3", "__muldi3"),
        *("__ashldi3", "__lshrdi3", "__ucmpdi2", "__popcountdi2", "__bswapsi2", "__addsf3", "__divdf3", "__ltdf2"),
        *("__floatunsidf", "__fixunsdfsi", "__extendsfdf2", "__truncdfsf2", "__unordsf2"),
        *("__aeabi_uldivmod", "__aeabi_ldivmod", "__aeabi_idiv", "__aeabi_dmul", "__aeabi_d2iz"),
    ],
)
def test_functions_of_libgcc_are_known(symbol: str) -> None:
    assert runtime_symbols([f"lib/a.o:         U {symbol}"]) == {"lib/a.o": [symbol]}


@pytest.mark.parametrize(
    "symbol",
    [
        *("printk", "__kmalloc", "__mutex_init", "__stack_chk_fail", "__fentry__", "__div64_32", "__x64_sys_read"),
        *("__fixup_fdi2s", "__udelay", "__cmpxchg_wrong_size", "__bad_size", "div64_u64", "__xchg_local", "__add"),
    ],
)
def test_functions_of_the_kernel_are_not(symbol: str) -> None:
    assert runtime_symbols([f"lib/a.o:         U {symbol}"]) == {}


def test_symbols_are_those_of_their_object() -> None:
    lines = ["lib/a.o:         U __udivdi3", "lib/b.o:         U kfree", "lib/a.o:         U __moddi3", "", "no colon"]
    assert runtime_symbols(lines) == {"lib/a.o": ["__udivdi3", "__moddi3"]}


CODE = """\

lib/a.o:     file format elf32-i386

Disassembly of section .text:

00000000 <fake_mean>:
   0:\tpush   %ebx
   1:\tcall   2 <fake_mean+0x2>
\t\t\t2: R_386_PC32\t__udivdi3
   6:\tret

00000010 <fake_rest>:
  10:\tcall   11 <fake_rest+0x1>
\t\t\t11: R_386_PLT32\t__umoddi3
  20:\tcall   21 <fake_rest+0x11>
\t\t\t21: R_386_PC32\t__udivdi3
"""
RELA = """\
0000000000000000 <fake_mean>:
   0:\tcall   5 <fake_mean+0x5>
\t\t\t1: R_X86_64_PLT32\t__udivti3-0x4
"""


def test_callers_are_the_functions_around_a_relocation() -> None:
    found = callers(CODE.splitlines())
    assert found == {"__udivdi3": ("fake_mean", "fake_rest"), "__umoddi3": ("fake_rest",)}


def test_an_addend_is_no_part_of_a_symbol() -> None:
    assert callers(RELA.splitlines()) == {"__udivti3": ("fake_mean",)}
