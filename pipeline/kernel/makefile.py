"""The lists of one makefile, and the options on which a word is in them (Documentation/kbuild/makefiles.rst).

The makefiles are read as text: `obj-$(CONFIG_X) += file.o dir/`, `foo-y := a.o b.o` where foo.o is made of parts, lists
that are put together from other lists, and the `ifdef` and `ifeq` around them. What a function of make or of the shell
answers is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from posixpath import normpath

from pipeline.kernel import makeconditions
from pipeline.kernel.kconfig.expression import (
    NO,
    YES,
    Comparison,
    Expression,
    Macro,
    Option,
    all_of,
    negated,
)
from pipeline.kernel.makeconditions import Conditions
from pipeline.system import untrusted
from pipeline.system.errors import UsageError

MAX_DEPTH = 64
"""Conditions within one another, and folders; Linux needs about ten of each."""
MAX_REDEFINITIONS = 64
"""Assignments that replace the same list."""

_VARIABLE = r"(?:[^\s:=+?!#($]|\$[({](?:[^(){}]|\$[({]\w+[)}])*[)}])+"
_ASSIGNMENT = re.compile(rf"(?:(?:export|override|private)\s+)*({_VARIABLE})\s*(:{{0,3}}=|\+=|\?=)\s*(.*)")
_NAME = re.compile(r"([\w./-]+?)(-y|-objs|-m|-)?")
_CONDITIONAL_NAME = re.compile(r"([\w./-]+)-(\$[({].*)")
_OPTION = re.compile(r"\$[({]CONFIG_(\w+)[)}]")
_NOT_A_MODULE = re.compile(r"\$[({]subst\s+m,y,\s*\$[({]CONFIG_(\w+)[)}][)}]")
_BOTH = re.compile(r"\$[({]subst\s+y,\s*\$[({]CONFIG_(\w+)[)}],\s*\$[({]CONFIG_(\w+)[)}][)}]")
_REFERENCE = re.compile(r"\$[({]([\w./-]+?)[)}]")
_ADDPREFIX = re.compile(r"\$\(addprefix\s+([\w./-]{1,100}),\s*([^()]*)\)")
_PLACES = re.compile(r"\$[({](?:obj|src|srctree|objtree)[)}]/")
_ROOTS = frozenset(("obj", "lib", "core", "libs", "drivers", "net", "virt", "init", "head", "extra", "always"))
_KEYWORDS = ("ifeq", "ifneq", "ifdef", "ifndef")


@dataclass(frozen=True)
class Entry:
    """A word of a list, and when it is in the list.

    Args:
        word: an object, a folder (`kasan/`), or the name of another list.
        is_list: whether it is the latter.
    """

    word: str
    condition: Expression
    is_list: bool = False


@dataclass(frozen=True)
class Makefile:
    """The lists of one makefile.

    Args:
        lists: entries by name of the list: `obj` for `obj-y` and `obj-$(CONFIG_X)`, `$name` for a plain variable.
    """

    lists: Mapping[str, tuple[Entry, ...]]
    _conditions: Conditions = field(default_factory=Conditions)

    def named(self, target: str, base: str) -> tuple[Expression, ...]:
        """The conditions on which kbuild gets to see a target; `base` is the folder that words are relative to."""
        if base not in self._targets:
            lists: dict[str, list[Expression]] = {}
            for entry in self.entries:
                lists.setdefault(_joined(base, entry.word), []).append(entry.condition)
            self._targets[base] = {word: tuple(conditions) for word, conditions in lists.items()}
        return self._targets[base].get(target, ())

    @cached_property
    def _targets(self) -> dict[str, Mapping[str, tuple[Expression, ...]]]:
        """Conditions by target, by the folder that words are relative to."""
        return {}

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Objects and folders that kbuild gets to see, with all their conditions."""
        reached_entries = []
        for name, entries in self.lists.items():
            reached = self._reached(name, 0)
            if reached != NO:
                reached_entries += [
                    Entry(entry.word, self._conditions.all_of(reached, entry.condition))
                    for entry in entries
                    if self._list_of(entry, name) is None
                ]
        return tuple(reached_entries)

    def _reached(self, name: str, depth: int) -> Expression:
        """The condition under which a list counts: always for lists of kbuild, else where another list names it.

        Lists share others, so that each is asked once. One that is named by itself, whatever lies between, is not
        reached by that.
        """
        if name in _ROOTS:
            return YES
        if name not in self._known:
            if depth > MAX_DEPTH:
                raise UsageError(f"lists within lists more than {MAX_DEPTH} deep", hint="No kernel does that.")
            self._known[name] = NO
            self._known[name] = self._conditions.any_of(
                *(
                    self._conditions.all_of(entry.condition, self._reached(user, depth + 1))
                    for user, entry in self._users.get(name, ())
                    if user != name
                )
            )
        return self._known[name]

    @cached_property
    def _known(self) -> dict[str, Expression]:
        """Conditions of the lists that were asked for so far."""
        return {}

    @cached_property
    def _users(self) -> Mapping[str, tuple[tuple[str, Entry], ...]]:
        """Lists that name a list: as `$(mmu-y)`, or as the object whose parts it has."""
        by_list: dict[str, list[tuple[str, Entry]]] = {}
        for user, entries in self.lists.items():
            for entry in entries:
                used = self._list_of(entry, user)
                if used is not None:
                    by_list.setdefault(used, []).append((user, entry))
        return {name: tuple(users) for name, users in by_list.items()}

    def _list_of(self, entry: Entry, within: str) -> str | None:
        """The list that an entry stands for: another one, or the parts that an object is made of."""
        if entry.is_list:
            return entry.word
        name = entry.word.removesuffix(".o")
        # An object is no part of itself: where a list has the name of an object, it is a plain list.
        composite = name != entry.word and name in self.lists and name not in _ROOTS and name != within
        return name if composite else None


def parse(text: str, variables: Mapping[str, str], conditions: Conditions | None = None) -> Makefile:
    """Reads one makefile.

    Raises:
        UsageError: it holds a NUL, or there is more of something than any kernel has.
    """
    if "\0" in text:
        raise UsageError("a NUL byte", hint="Is the tree damaged?")
    untrusted.MAKEFILE.check(len(text))
    conditions = conditions or Conditions()
    lists = _Lists(conditions)
    blocks: list[_Conditional] = []
    # The condition of all blocks around a line; there are few blocks, and many lines.
    around: Expression = YES
    for line in _lines(text):
        conditions.budget.spend()
        for name, value in variables.items():
            line = line.replace(f"$({name})", value)
        word, _, rest = line.partition(" ")
        if word in _KEYWORDS or word.startswith(("ifeq(", "ifneq(")):
            if len(blocks) >= MAX_DEPTH:
                raise UsageError(f"conditions nested more than {MAX_DEPTH} deep", hint="No kernel does that.")
            blocks.append(_Conditional(makeconditions.parse(line, variables), around, conditions))
            around = blocks[-1].holds
        elif word == "else" and blocks:
            blocks[-1].otherwise(makeconditions.parse(rest, variables) if rest else YES)
            around = blocks[-1].holds
        elif word == "endif":
            around = blocks.pop().around if blocks else YES
        elif match := _ASSIGNMENT.fullmatch(line):
            lists.assign(match[1], match[2], match[3], around)
    return Makefile({name: tuple(entries) for name, entries in lists.by_name.items()}, conditions)


class _Conditional:
    """An `ifeq` … `else ifeq` … `else` … `endif`.

    Attributes:
        holds: the condition of the branch that is being read, with that of the blocks around it.
        around: the latter alone.
    """

    def __init__(self, condition: Expression, around: Expression, conditions: Conditions) -> None:
        self.around = around
        self.holds = conditions.all_of(around, condition)
        self._conditions = conditions
        self._branches = 1
        # The condition that no branch before this one holds.
        self._rest = conditions.all_of(around, negated(condition))

    def otherwise(self, condition: Expression) -> None:
        if self._branches > MAX_DEPTH:
            raise UsageError(f"more than {MAX_DEPTH} branches of one condition", hint="No kernel does that.")
        self._branches += 1
        self.holds = self._conditions.all_of(self._rest, condition)
        self._rest = self._conditions.all_of(self._rest, negated(condition))


@dataclass
class _Lists:
    """Lists while they are read."""

    conditions: Conditions
    by_name: dict[str, list[Entry]] = field(default_factory=dict)
    _redefined: dict[str, int] = field(default_factory=dict)

    def assign(self, variable: str, operator: str, value: str, condition: Expression) -> None:
        name, own = _list_and_condition(variable)
        condition = self.conditions.all_of(condition, own)
        if condition == NO:
            return
        words = list(_words(value))
        # `libs-y := x/ $(libs-y)` keeps the words that the list had.
        if operator not in ("+=", "?=") and not any(word.is_list and word.word == name for word in words):
            self._replace(name, condition)
        self.by_name.setdefault(name, []).extend(
            replace(word, condition=self.conditions.all_of(condition, word.condition))
            for word in words
            if not (word.is_list and word.word == name)
        )

    def _replace(self, name: str, condition: Expression) -> None:
        """An assignment takes the place of what the list held."""
        before = self.by_name.get(name)
        if not before:
            return
        self._redefined[name] = self._redefined.get(name, 0) + 1
        if self._redefined[name] > MAX_REDEFINITIONS:
            raise UsageError(f"{name} is assigned more than {MAX_REDEFINITIONS} times", hint="No kernel does that.")
        if condition == YES:
            before.clear()
        otherwise = negated(condition)
        before[:] = [replace(entry, condition=self.conditions.all_of(entry.condition, otherwise)) for entry in before]


def _list_and_condition(variable: str) -> tuple[str, Expression]:
    """The list that a variable belongs to, and the condition in its name."""
    if match := _NAME.fullmatch(variable):
        if match[2] is None:
            return f"${variable}", YES
        return match[1], NO if match[2] in ("-m", "-") else YES
    match = _CONDITIONAL_NAME.fullmatch(variable)
    if match is None:
        return f"${variable}", YES
    if option := _OPTION.fullmatch(match[2]):
        return match[1], Option(option[1])
    if option := _NOT_A_MODULE.fullmatch(match[2]):
        return match[1], Comparison(Option(option[1]), "!=", NO)
    if both := _BOTH.fullmatch(match[2]):
        return match[1], all_of(Option(both[1]), Option(both[2]))
    return match[1], Macro(match[2])


def _words(value: str) -> Iterator[Entry]:
    """Objects, folders and lists in the value of an assignment."""
    value = _PLACES.sub("", value)
    value = _ADDPREFIX.sub(lambda match: " ".join(match[1] + word for word in match[2].split()), value)
    for word in value.split():
        if match := _REFERENCE.fullmatch(word):
            yield Entry(_list_and_condition(match[1])[0], YES, is_list=True)
        elif word.endswith("/lib.a"):
            yield Entry(word.removesuffix("lib.a"), YES)
        elif word.endswith((".o", "/")) and "$(BITS)" in word:
            yield from (Entry(word.replace("$(BITS)", bits), when) for bits, when in makeconditions.BITS.items())
        elif word.endswith((".o", "/")) and "$" not in word:
            yield Entry(word, YES)


def _joined(base: str, word: str) -> str:
    return normpath(f"{base}/{word}" if base else word) + ("/" if word.endswith("/") else "")


def _lines(text: str) -> Iterator[str]:
    """Lines with single blanks: continued ones joined, comments removed."""
    for line in untrusted.lines(text.replace("\\\n", " ")):
        line = " ".join(re.split(r"(?<!\\)#", line, maxsplit=1)[0].split())
        if line:
            yield line
