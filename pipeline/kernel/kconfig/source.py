"""Reads the Kconfig files of a tree (Documentation/kbuild/kconfig-language.rst in the tree).

The files are read as text, and nothing of the tree runs: a macro is left as it stands. What kconfig itself would refuse
is mostly passed over, as `make olddefconfig` is asked for its opinion anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.kernel.kconfig.expression import YES, AnyOf, Expression, Literal, Macro, Not, Option, all_of
from pipeline.kernel.kconfig.options import Conditional, Definition, Kconfig, Selection
from pipeline.kernel.kconfig.syntax import parse_clause
from pipeline.system import untrusted
from pipeline.system.errors import UsageError
from pipeline.system.untrusted import Budget

MAX_SOURCE_DEPTH = 32
"""Files that source one another; Linux needs eight."""
MAX_BLOCKS = 128
"""`if`, `menu` and `choice` within one another, over all files; Linux needs about a dozen."""

_TEXT_A_STEP, _EXPRESSION_A_STEP = 40, 2
"""Characters of a help text, and of an expression, that take a microsecond or two."""
_STEPS_OF_A_DRAFT, _STEPS_OF_A_CLAUSE = 8, 4
"""How often an option, and an expression, takes that whatever is in it."""

_LINE = re.compile(r"\s*(\w+)(?:\s+|(?=[\"'(!$#])|$)(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$\((\w+)\)")
_NAME = re.compile(r"\w+")
_TYPES = {"bool": "bool", "tristate": "tristate", "string": "string", "int": "int", "hex": "hex"}
_DEFAULTS = {"default": "", "def_bool": "bool", "def_tristate": "tristate"}


def read(
    files: Mapping[str, str], variables: Mapping[str, str], top: str = "Kconfig", budget: Budget | None = None
) -> Kconfig:
    """Reads Kconfig files from the top one on.

    Args:
        files: text by path; a `source` that names none of them is passed over.
        variables: of the environment, such as SRCARCH.
        budget: what it takes is spent of; one of its own by default.

    Raises:
        UsageError: a file holds a NUL, an expression is none, or there is more of something than any kernel has.
    """
    reader = _Reader(files, variables, budget or Budget(untrusted.KCONFIG_STEPS))
    reader.file(top, 0)
    definitions: dict[str, list[Definition]] = {}
    selections: dict[str, list[Selection]] = {}
    choices: dict[int, list[str]] = {}
    for draft in reader.drafts:
        definition = draft.finished()
        definitions.setdefault(definition.option, []).append(definition)
        for selected in definition.selects:
            selections.setdefault(str(selected.value), []).append(Selection(definition.option, selected.condition))
        if definition.choice is not None:
            choices.setdefault(definition.choice, []).append(definition.option)
    return Kconfig(
        {name: tuple(of_name) for name, of_name in definitions.items()},
        {name: tuple(of_name) for name, of_name in selections.items()},
        {number: tuple(dict.fromkeys(names)) for number, names in choices.items()},
    )


@dataclass
class _Block:
    """`if`, `menu` or `choice`: what its end is called, and what it asks of all that is in it."""

    end: str
    depends: list[Expression] = field(default_factory=list)
    visible: list[Expression] = field(default_factory=list)
    choice: int | None = None


@dataclass
class _Draft:
    """A `config` block while it is read."""

    option: str
    place: str
    depends: list[Expression]
    visible: list[Expression]
    choice: int | None
    kind: str = ""
    prompt: Expression | None = None
    defaults: list[Conditional] = field(default_factory=list)
    selects: list[Conditional] = field(default_factory=list)
    implies: list[Conditional] = field(default_factory=list)

    def finished(self) -> Definition:
        return Definition(
            self.option,
            self.place,
            self.kind,
            None if self.prompt is None else all_of(*self.visible, self.prompt),
            tuple(self.depends),
            tuple(self.defaults),
            tuple(self.selects),
            tuple(self.implies),
            self.choice,
        )


class _Reader:
    """Reads statement by statement; `drafts` is what it found."""

    def __init__(self, files: Mapping[str, str], variables: Mapping[str, str], budget: Budget) -> None:
        self.drafts: list[_Draft] = []
        self._budget = budget
        self._files = files
        self._variables = variables
        self._blocks: list[_Block] = []
        self._choices = 0
        self._entry: _Draft | _Block | None = None

    def file(self, path: str, depth: int) -> None:
        text = self._files.get(path)
        if text is None:
            return
        if "\0" in text:
            raise UsageError(f"{path} holds a NUL byte", hint="Is the tree damaged?")
        if depth > MAX_SOURCE_DEPTH:
            raise UsageError(
                f"{path} is sourced through more than {MAX_SOURCE_DEPTH} files", hint="No kernel does that."
            )
        around = len(self._blocks)
        self._entry = None
        # A file can be sourced again and again, its help texts too.
        self._budget.spend(len(text) // _TEXT_A_STEP)
        for number, line in _statements(text):
            self._budget.spend()
            match = _LINE.match(line)
            if match is None:
                continue
            keyword, rest = match.groups()
            if keyword == "source":
                self.file(_unquoted(self._expanded(rest)), depth + 1)
                self._entry = None
                continue
            try:
                self._statement(keyword, rest, f"{path}:{number}")
            except UsageError as error:
                raise UsageError(f"{path}:{number}: {error.message}", hint=error.hint) from error
        # Blocks end in the file that begins them.
        del self._blocks[around:]

    def _statement(self, keyword: str, rest: str, place: str) -> None:
        if self._begin_or_end(keyword, rest, place):
            return
        entry = self._entry
        if keyword == "depends" and entry is not None:
            value, condition = self._clause(rest.partition("on")[2])
            if value is not None:
                entry.depends.append(value if condition == YES else AnyOf((value, Not(condition))))
        elif keyword == "visible" and isinstance(entry, _Block):
            entry.visible.append(self._clause(rest)[1])
        elif isinstance(entry, _Block):
            # Type, prompt and default of a choice: the prompt's condition holds for all its options.
            if keyword in ("prompt", "bool", "tristate") and entry.choice is not None:
                entry.depends.append(self._clause(rest)[1])
        elif entry is not None:
            self._property(entry, keyword, rest)

    def _begin_or_end(self, keyword: str, rest: str, place: str) -> bool:
        """Whether the statement begins or ends a block or an option."""
        if keyword in ("config", "menuconfig"):
            name = _NAME.match(rest)
            self._entry = self._draft(name[0], place) if name else None
            self.drafts += [self._entry] if isinstance(self._entry, _Draft) else []
        elif keyword == "if":
            value, _ = self._clause(rest)
            self._blocks.append(_Block("endif", [value or YES]))
            self._entry = None
        elif keyword in ("menu", "choice"):
            self._choices += keyword == "choice"
            self._entry = _Block(f"end{keyword}", choice=self._choices if keyword == "choice" else None)
            self._blocks.append(self._entry)
        elif keyword == "comment":
            # It may have dependencies as well, which do not matter here.
            self._entry = self._draft("", place)
        elif keyword in ("endif", "endmenu", "endchoice"):
            if self._blocks and self._blocks[-1].end == keyword:
                self._blocks.pop()
            self._entry = None
        else:
            return False
        return True

    def _draft(self, option: str, place: str) -> _Draft:
        if len(self._blocks) > MAX_BLOCKS:
            raise UsageError(f"nested more than {MAX_BLOCKS} deep", hint="No kernel does that.")
        depends = [depend for block in self._blocks for depend in block.depends]
        visible = [condition for block in self._blocks for condition in block.visible]
        self._budget.spend(_STEPS_OF_A_DRAFT + len(self._blocks) + len(depends) + len(visible))
        return _Draft(
            option,
            place,
            depends,
            visible,
            next((block.choice for block in reversed(self._blocks) if block.choice is not None), None),
        )

    def _property(self, entry: _Draft, keyword: str, rest: str) -> None:
        if keyword in _TYPES:
            entry.kind = _TYPES[keyword]
        if keyword in _TYPES or keyword == "prompt":
            value, condition = self._clause(rest)
            if isinstance(value, Literal | Macro):
                entry.prompt = condition
        elif keyword in _DEFAULTS:
            entry.kind = _DEFAULTS[keyword] or entry.kind
            value, condition = self._clause(rest)
            entry.defaults += [Conditional(value, condition)] if value is not None else []
        elif keyword in ("select", "imply"):
            value, condition = self._clause(rest)
            conditions = entry.selects if keyword == "select" else entry.implies
            conditions += [Conditional(value, condition)] if isinstance(value, Option) else []

    def _clause(self, text: str) -> tuple[Expression | None, Expression]:
        self._budget.spend(_STEPS_OF_A_CLAUSE)
        return parse_clause(self._expanded(text))

    def _expanded(self, text: str) -> str:
        self._budget.spend(len(text) // _EXPRESSION_A_STEP)
        if "$(" not in text:
            return text
        return _VARIABLE.sub(lambda match: self._variables.get(match[1], match[0]), text)


def _unquoted(text: str) -> str:
    text = text.strip()
    quote = text[:1]
    return text[1:].partition(quote)[0] if quote in ("'", '"') and quote else text


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers: continued ones joined; comments, empty lines and help texts left out."""
    lines = enumerate(untrusted.lines(text), 1)
    help_indentation: int | None = None
    for number, line in lines:
        if help_indentation is not None:
            stripped = line.lstrip(" \t")
            if not stripped:
                continue
            indentation = len(line[: len(line) - len(stripped)].expandtabs())
            help_indentation = help_indentation or indentation
            if indentation and indentation >= help_indentation:
                continue
            help_indentation = None
        stripped = line.strip()
        if not stripped or stripped[0] == "#":
            continue
        if stripped.split("#")[0].strip() in ("help", "---help---"):
            help_indentation = 0
            continue
        if line.endswith("\\"):
            # Join once: joining piece by piece copies everything before each piece.
            parts = [line]
            while parts[-1].endswith("\\"):
                parts.append(next(lines, (0, ""))[1])
            line = " ".join(part.removesuffix("\\") for part in parts)
        yield number, line
