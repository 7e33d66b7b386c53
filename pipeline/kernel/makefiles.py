"""On what options kbuild compiles a file (Documentation/kbuild/makefiles.rst in the tree).

The makefiles are read as text: `obj-$(CONFIG_X) += file.o dir/`, `foo-y := a.o b.o` where foo.o is made of parts, lists
that are put together from other lists, and the `ifdef` and `ifeq` around them. What a function of make or of the shell
answers is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from posixpath import normpath

from pipeline.kernel import makeconditions
from pipeline.kernel.kconfig.expression import NO, YES, Comparison, Expression, Macro, Option, all_of, any_of, negated
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
_ADDPREFIX = re.compile(r"\$\(addprefix\s+([\w./-]+),\s*([^()]*)\)")
_PLACES = re.compile(r"\$[({](?:obj|src|srctree|objtree)[)}]/")
_ROOTS = frozenset(("obj", "lib", "core", "libs", "drivers", "net", "virt", "init", "head", "extra", "always"))
# What the top makefile sets for itself, as it is in the pass that compiles.
_PASS = {"need-sub-make": "", "mixed-build": "", "config-build": "", "KBUILD_EXTMOD": ""}
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

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Objects and folders that kbuild gets to see, with all their conditions."""
        found = []
        for name, entries in self.lists.items():
            reached = self._reached(name, frozenset())
            if reached != NO:
                found += [
                    Entry(one.word, all_of(reached, one.condition))
                    for one in entries
                    if self._list_of(one, name) is None
                ]
        return tuple(found)

    def _reached(self, name: str, seen: frozenset[str]) -> Expression:
        """When a list counts: always for those that kbuild knows, else where another list names it."""
        if name in _ROOTS:
            return YES
        if name in seen or len(seen) > MAX_DEPTH:
            return NO
        return any_of(
            *(
                all_of(one.condition, self._reached(user, seen | {name}))
                for user, one in self._users.get(name, ())
                if user != name
            )
        )

    @cached_property
    def _users(self) -> Mapping[str, tuple[tuple[str, Entry], ...]]:
        """Who names a list: as `$(mmu-y)`, or as the object whose parts it has."""
        found: dict[str, list[tuple[str, Entry]]] = {}
        for user, entries in self.lists.items():
            for one in entries:
                used = self._list_of(one, user)
                if used is not None:
                    found.setdefault(used, []).append((user, one))
        return {name: tuple(users) for name, users in found.items()}

    def _list_of(self, entry: Entry, within: str) -> str | None:
        """The list that an entry stands for: another one, or the parts that an object is made of."""
        if entry.is_list:
            return entry.word
        name = entry.word.removesuffix(".o")
        # An object is no part of itself: where list and object share a name, the list is a plain one.
        composite = name != entry.word and name in self.lists and name not in _ROOTS and name != within
        return name if composite else None


class Makefiles:
    """All makefiles of a tree, for one architecture.

    Args:
        files: text by path, those named Makefile and Kbuild.
        variables: of make, such as ARCH and SRCARCH.
    """

    def __init__(self, files: Mapping[str, str], variables: Mapping[str, str]) -> None:
        self._files = files
        self._variables = {**_PASS, **variables}
        self._parsed: dict[str, Makefile] = {}
        self._folders: dict[str, Expression] = {"": YES}

    def condition(self, path: str) -> Expression | None:
        """When a source file is compiled into vmlinux: where this is `y`. None when no makefile names its object.

        Raises:
            UsageError: a makefile cannot be read.
        """
        condition = self._named(str(PurePosixPath(path).with_suffix(".o")))
        return None if condition == NO else condition

    def _named(self, target: str) -> Expression:
        """When kbuild gets to a target (`mm/util.o`, `mm/kasan/`), from the makefiles of all folders above it."""
        parents = [str(parent) for parent in PurePosixPath(target).parents]
        if len(parents) > MAX_DEPTH:
            raise UsageError(f"{target[:60]!r} is more than {MAX_DEPTH} folders deep", hint="No kernel does that.")
        return any_of(
            *(
                all_of(self._folder("" if folder == "." else folder), one.condition)
                for folder in parents
                for base, makefile in self._of_folder("" if folder == "." else folder)
                for one in makefile.entries
                if _joined(base, one.word) == target
            )
        )

    def _folder(self, folder: str) -> Expression:
        """When kbuild descends into a folder."""
        if folder not in self._folders:
            self._folders[folder] = self._named(f"{folder}/")
        return self._folders[folder]

    def _of_folder(self, folder: str) -> Iterator[tuple[str, Makefile]]:
        """A folder's makefiles, each with the folder that its words are relative to."""
        if not folder:
            # The top makefile includes that of the architecture.
            for path in ("Kbuild", "Makefile", f"arch/{self._variables['SRCARCH']}/Makefile"):
                yield "", self._makefile(path)
        elif f"{folder}/Kbuild" in self._files:
            yield folder, self._makefile(f"{folder}/Kbuild")
        else:
            yield folder, self._makefile(f"{folder}/Makefile")

    def _makefile(self, path: str) -> Makefile:
        if path not in self._parsed:
            try:
                self._parsed[path] = parse(self._files.get(path, ""), self._variables)
            except UsageError as error:
                raise UsageError(f"{path}: {error.message}", hint=error.hint) from error
        return self._parsed[path]


def parse(text: str, variables: Mapping[str, str]) -> Makefile:
    """Reads one makefile.

    Raises:
        UsageError: it holds a NUL, or conditions nested too deeply.
    """
    if "\0" in text:
        raise UsageError("a NUL byte", hint="Is the tree damaged?")
    lists = _Lists()
    blocks: list[_Conditional] = []
    for line in _lines(text):
        for name, value in variables.items():
            line = line.replace(f"$({name})", value)
        word, _, rest = line.partition(" ")
        if word in _KEYWORDS or word.startswith(("ifeq(", "ifneq(")):
            if len(blocks) >= MAX_DEPTH:
                raise UsageError(f"conditions nested more than {MAX_DEPTH} deep", hint="No kernel does that.")
            blocks.append(_Conditional(makeconditions.parse(line, variables)))
        elif word == "else" and blocks:
            blocks[-1].otherwise(makeconditions.parse(rest, variables) if rest else YES)
        elif word == "endif":
            del blocks[-1:]
        elif match := _ASSIGNMENT.fullmatch(line):
            lists.assign(match[1], match[2], match[3], all_of(*(block.holds for block in blocks)))
    return Makefile({name: tuple(entries) for name, entries in lists.found.items()})


class _Conditional:
    """An `ifeq` … `else ifeq` … `else` … `endif`; `holds` is the condition of the branch that is being read."""

    def __init__(self, condition: Expression) -> None:
        self.holds = condition
        self._before: list[Expression] = [condition]

    def otherwise(self, condition: Expression) -> None:
        if len(self._before) > MAX_DEPTH:
            raise UsageError(f"more than {MAX_DEPTH} branches of one condition", hint="No kernel does that.")
        self.holds = all_of(*(negated(one) for one in self._before), condition)
        self._before.append(condition)


@dataclass
class _Lists:
    """Lists while they are read."""

    found: dict[str, list[Entry]] = field(default_factory=dict)
    _redefined: dict[str, int] = field(default_factory=dict)

    def assign(self, variable: str, operator: str, value: str, condition: Expression) -> None:
        name, own = _list_and_condition(variable)
        condition = all_of(condition, own)
        if condition == NO:
            return
        words = list(_words(value))
        # `libs-y := x/ $(libs-y)` takes up what was there.
        if operator not in ("+=", "?=") and not any(one.is_list and one.word == name for one in words):
            self._replace(name, condition)
        self.found.setdefault(name, []).extend(
            replace(one, condition=all_of(condition, one.condition))
            for one in words
            if not (one.is_list and one.word == name)
        )

    def _replace(self, name: str, condition: Expression) -> None:
        """An assignment takes the place of what the list held."""
        before = self.found.get(name)
        if not before:
            return
        self._redefined[name] = self._redefined.get(name, 0) + 1
        if self._redefined[name] > MAX_REDEFINITIONS:
            raise UsageError(f"{name} is assigned more than {MAX_REDEFINITIONS} times", hint="No kernel does that.")
        if condition == YES:
            before.clear()
        before[:] = [replace(one, condition=all_of(one.condition, negated(condition))) for one in before]


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
    for line in text.replace("\\\n", " ").split("\n"):
        line = " ".join(re.split(r"(?<!\\)#", line, maxsplit=1)[0].split())
        if line:
            yield line
