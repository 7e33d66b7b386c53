"""Kconfig files: what they declare, and why an option is as it is."""

from __future__ import annotations

import pytest

from pipeline.kernel.kconfig import parse_config
from pipeline.kernel.kconfig.explain import explain
from pipeline.kernel.kconfig.expression import YES, all_of
from pipeline.kernel.kconfig.options import Definition, Kconfig
from pipeline.kernel.kconfig.source import MAX_SOURCE_DEPTH, read
from pipeline.system.errors import UsageError


def options(text: str, **more: str) -> Kconfig:
    return read(
        {"Kconfig": text, **{name.replace("__", "/"): content for name, content in more.items()}}, {"SRCARCH": "x86"}
    )


def only(kconfig: Kconfig, name: str) -> Definition:
    (definition,) = kconfig.definitions[name]
    return definition


def depends(kconfig: Kconfig, name: str) -> str:
    return str(all_of(*only(kconfig, name).depends))


NASTY = """\
mainmenu "Linux/$(ARCH) Kernel"
# config COMMENTED
cc-option = $(success,$(CC) -Werror $(1) -c -x c /dev/null -o $@)
$(error-if,$(failure,command -v $(CC)),compiler not found)

config PLAIN
\tbool "A prompt that says if and # and \\"quotes\\"" if EXPERT # but this is a comment
\tdefault y if FIRST
\tdefault n
\tdepends on FIRST && \\
\t\t(SECOND || \\
\t\t THIRD)
\tselect OTHER if SECOND
\timply THIRD
\thelp
\t  The first line says how far the text is indented.

\t  config LOOKS_LIKE_ONE
\t    bool "but is not"
\tdepends on AFTER_HELP

config NEXT
\tdef_tristate m if $(cc-option,-mnext)
\t---help---
    Four blanks of help.
  config NOT_HELP_ANY_MORE
    int 'Number'
    range 1 9
menuconfig\tLAST
\tdef_bool$(success,true)
"""


def test_a_block_is_read_with_all_that_it_says() -> None:
    kconfig = options(NASTY)
    assert list(kconfig.definitions) == ["PLAIN", "NEXT", "NOT_HELP_ANY_MORE", "LAST"]
    plain = only(kconfig, "PLAIN")
    assert (plain.kind, plain.place, str(plain.prompt)) == ("bool", "Kconfig:6", "EXPERT")
    assert depends(kconfig, "PLAIN") == "FIRST && (SECOND || THIRD) && AFTER_HELP"
    assert [(str(conditional.value), str(conditional.condition)) for conditional in plain.defaults] == [
        ("y", "FIRST"),
        ("n", "y"),
    ]
    assert [(str(conditional.value), str(conditional.condition)) for conditional in plain.selects] == [
        ("OTHER", "SECOND")
    ]
    assert [str(conditional.value) for conditional in plain.implies] == ["THIRD"]
    following = only(kconfig, "NEXT")
    assert (following.kind, following.prompt) == ("tristate", None)
    assert [(str(conditional.value), str(conditional.condition)) for conditional in following.defaults] == [
        ("m", "$(cc-option,-mnext)")
    ]
    assert (only(kconfig, "NOT_HELP_ANY_MORE").kind, only(kconfig, "NOT_HELP_ANY_MORE").prompt) == ("int", YES)
    assert [str(conditional.value) for conditional in only(kconfig, "LAST").defaults] == ["$(success,true)"]
    (selection,) = kconfig.selections["OTHER"]
    assert (selection.selector, str(selection.condition)) == ("PLAIN", "SECOND")


BLOCKS = """\
if OUTER
menu "A menu"
\tdepends on MENU
\tvisible if SEEN
config A
\tbool "a"
if INNER
config B
\tbool "b" if MORE
\tdepends on OWN
endif
comment "words"
\tdepends on NOBODY
config C
\tbool
endmenu
choice
\tprompt "one of"
\tdepends on CHOOSING
\tdefault E
config D
\tbool "d"
config E
\tbool "e"
endchoice
config F
\tbool "f"
endif
config G
\tbool "g"
"""


@pytest.mark.parametrize(
    ("name", "expected", "prompt"),
    [
        ("A", "OUTER && MENU", "SEEN"),
        ("B", "OUTER && MENU && INNER && OWN", "SEEN && MORE"),
        ("C", "OUTER && MENU", "None"),
        ("D", "OUTER && CHOOSING", "y"),
        ("F", "OUTER", "y"),
        ("G", "y", "y"),
    ],
)
def test_what_is_around_an_option_holds_for_it(name: str, expected: str, prompt: str) -> None:
    kconfig = options(BLOCKS)
    assert (depends(kconfig, name), str(only(kconfig, name).prompt)) == (expected, prompt)


def test_the_options_of_a_choice_know_one_another() -> None:
    kconfig = options(BLOCKS)
    assert kconfig.choices == {1: ("D", "E")}
    assert (only(kconfig, "D").choice, only(kconfig, "F").choice) == (1, None)


def test_files_are_sourced_where_they_stand() -> None:
    kconfig = options(
        'if A\nsource "arch/$(SRCARCH)/Kconfig"\nsource "$(UNKNOWN)/Kconfig"\nsource "gone"\nendif\nsource \'b\'\n',
        arch__x86__Kconfig="config X\n\tbool\nif OPEN\nconfig Y\n\tbool\n",
        b="config B\n\tbool\n",
    )
    assert {name: depends(kconfig, name) for name in kconfig.definitions} == {"X": "A", "Y": "A && OPEN", "B": "y"}


def test_a_dependency_may_have_a_condition() -> None:
    """Since Linux 7.0: `depends on A if B` says no more than A or not B."""
    assert depends(options("config X\n\tbool\n\tdepends on A if B\n"), "X") == "A || !B"


def test_several_blocks_of_an_option_are_kept_apart() -> None:
    kconfig = options("config X\n\tbool 'x'\n\tdepends on A\nconfig X\n\tdefault y\n")
    assert [(definition.kind, len(definition.depends)) for definition in kconfig.definitions["X"]] == [
        ("bool", 1),
        ("", 0),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("config A\n\tbool\0\n", "Kconfig holds a NUL byte"),
        ("config A\n\tdepends on A &&\n", "Kconfig:2: no Kconfig expression"),
        (f"config A\n\tdepends on {'(' * 99}A{')' * 99}\n", "Kconfig:2: nested more than"),
        ("if A\n" * 200 + "config X\n", "Kconfig:201: nested more than"),
        ('source "Kconfig"\n', f"Kconfig is sourced through more than {MAX_SOURCE_DEPTH} files"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        options(text)


@pytest.mark.parametrize(
    "text", ["", "endif\nendmenu\nendchoice\n", "config\n", "depends on A\n", "config A\n\thelp", "\\"]
)
def test_what_kconfig_would_refuse_is_passed_over(text: str) -> None:
    assert set(options(text).definitions) <= {"A"}


EXPLAINED = """\
config MODULES
\tbool "modules"
config X86_64
\tdef_bool y
\tselect VMEMMAP
\tselect TWICE if VMEMMAP
\tselect NEVER if NOWHERE
config OTHER
\tbool "other"
\tselect VMEMMAP
\tselect TWICE
config VMEMMAP
\tbool "vmemmap"
config TWICE
\ttristate "twice"
config NEVER
\tbool "never"
config HVO
\tdef_bool HUGE
\tdepends on WANTED
\tdepends on VMEMMAP
config WANTED
\tbool
config HUGE
\tbool "huge" if EXPERT
\tdefault y
config EXPERT
\tbool "expert"
config FOLLOWS
\tdef_bool HUGE
config DERIVED
\tdef_bool y if EXPERT
config LIBRARY
\ttristate
config USER
\ttristate "user"
\tdepends on FOREIGN
\tselect LIBRARY
config PICKY
\tbool "picky"
\tdepends on $(cc-option,-mpicky) && !OTHER && VMEMMAP
config MACRO
\tbool "macro"
\tdepends on $(cc-option,-mmacro)
config EITHER
\tbool "either"
\tdepends on EXPERT || OTHER
config SIZED
\tbool "sized"
\tdepends on NR_CPUS > 64
config NR_CPUS
\tint "cpus" if EXPERT
config TRI
\ttristate "tri"
choice
\tprompt "one of"
config FLAT
\tbool "flat"
config SPARSE
\tbool "sparse"
endchoice
"""
FINAL = {"X86_64": "y", "VMEMMAP": "y", "TWICE": "y", "HUGE": "y", "FOLLOWS": "y", "NR_CPUS": "8", "SPARSE": "y"}


@pytest.mark.parametrize(
    ("request_", "change", "reason"),
    [
        ("VMEMMAP=n", {}, "selected by X86_64"),
        ("VMEMMAP=n", {"OTHER": "y"}, "selected by X86_64 and OTHER"),
        ("TWICE=n", {"OTHER": "y"}, "selected by X86_64 if VMEMMAP and OTHER"),
        ("TWICE=m", {}, "selected by X86_64 if VMEMMAP"),
        ("NEVER=n", {"NEVER": "y"}, ""),
        ("HVO=y", {}, "depends on WANTED, which is n"),
        ("HVO=y", {"WANTED": "y", "VMEMMAP": "n"}, "depends on VMEMMAP, which is n"),
        ("HVO=y", {"WANTED": "y"}, "has no prompt: it follows from HUGE"),
        ("FOLLOWS=n", {}, "has no prompt: it follows from HUGE"),
        ("DERIVED=y", {}, "has no prompt: it is y if EXPERT"),
        ("X86_64=n", {}, "has no prompt: it is always y"),
        ("LIBRARY=y", {}, "has no prompt: it is for USER to select"),
        ("WANTED=y", {}, "has no prompt: nothing selects it"),
        ("HUGE=n", {}, "its prompt needs EXPERT, which is n"),
        ("NR_CPUS=64", {}, "its prompt needs EXPERT, which is n"),
        ("NR_CPUS=64", {"EXPERT": "y"}, ""),
        ("USER=y", {}, "depends on FOREIGN, which this architecture does not have"),
        ("NOWHERE=y", {}, "no such option in this tree"),
        ("PICKY=y", {"OTHER": "y"}, "depends on !OTHER (OTHER is y)"),
        ("PICKY=y", {}, "depends on $(cc-option,-mpicky), which a program of the tree answers"),
        ("MACRO=y", {}, "depends on $(cc-option,-mmacro), which a program of the tree answers"),
        ("EITHER=y", {}, "depends on EXPERT || OTHER (EXPERT is n, OTHER is n)"),
        ("SIZED=y", {}, "depends on NR_CPUS>64 (NR_CPUS is 8)"),
        ("FLAT=y", {}, "its choice is SPARSE"),
        ("SPARSE=n", {}, "nothing else of its choice is y"),
        ("TRI=m", {"TRI": "y"}, "MODULES is n"),
        ("TRI=m", {"TRI": "y", "MODULES": "y"}, ""),
        ("EXPERT=m", {"EXPERT": "y"}, "it cannot be a module"),
    ],
)
def test_a_broken_request_is_explained(request_: str, change: dict[str, str], reason: str) -> None:
    option, _, asked = request_.partition("=")
    assert explain(options(EXPLAINED), option, asked, FINAL | change) == reason


def test_many_selectors_are_counted() -> None:
    text = "".join(f"config S{number}\n\tbool 's'\n\tselect X\n" for number in range(6)) + "config X\n\tbool 'x'\n"
    final = parse_config("CONFIG_X=y\n" + "".join(f"CONFIG_S{number}=y\n" for number in range(6)))
    assert explain(options(text), "X", "n", final) == "selected by S0, S1, S2 and 3 more"
