"""Parts of the reference that the code itself knows, written into pages where they have `<!-- generated: NAME -->`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import typer
from pydantic import BaseModel
from sphinx.application import Sphinx

from pipeline.checks.compiled import COMPILED
from pipeline.checks.registry import CHECKS, configured
from pipeline.cli import COMMANDS, app, load
from pipeline.definitions.matrix_file import MatrixFile
from pipeline.definitions.scenario import ScenarioDefinition
from pipeline.definitions.series import SeriesDefinition
from pipeline.record import SCHEMA_FILE
from pipeline.render.formats import FORMATS

_MARK = re.compile(r"^<!-- generated: ([a-z.-]+) -->$", re.MULTILINE)
_ARGUMENT = re.compile(r"^    ([a-z_]+): (.*(?:\n        .*)*)", re.MULTILINE)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; bars and line breaks within cells are escaped."""
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *cells])


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def command_group() -> Any:
    """Every command, as the program itself has them."""
    load(())
    return typer.main.get_command(app)


def option_names(parameter: Any) -> list[str]:
    return [parameter.metavar or parameter.name] if parameter.param_type_name == "argument" else [*parameter.opts]


def commands() -> str:
    group = command_group()
    return "\n\n".join(_command(name, group.commands[name]) for name in COMMANDS)


def _command(name: str, called: Any) -> str:
    example = (called.epilog or "").removeprefix("Example: ")
    arguments = [one for one in called.params if one.param_type_name == "argument"]
    words = " ".join(
        ["pipeline", name, *(f"[{one.metavar}]" if not one.required else one.metavar for one in arguments)]
    )
    rows = [
        (", ".join(map(code, _shown(one))), one.help or "", _default(one)) for one in called.params if not one.hidden
    ]
    parts = [f"## {name}", f"    {words} [OPTION]...", _escaped(called.help or "")]
    return "\n\n".join([*parts, table(["", "meaning", "default"], rows), f"Example:\n\n    {example}"])


def _shown(parameter: Any) -> list[str]:
    names = option_names(parameter)
    value = parameter.metavar if parameter.param_type_name != "argument" and not parameter.is_flag else ""
    return [*names[:-1], f"{names[-1]} {value}" if value else names[-1]]


def _default(parameter: Any) -> str:
    variable = parameter.envvar
    if isinstance(parameter.show_default, str):
        value = parameter.show_default
    elif parameter.default in (None, False, "", ()):
        value = ""
    else:
        value = code(str(getattr(parameter.default, "value", parameter.default)))
    return ", ".join(filter(None, [value, f"environment: {code(variable)}" if variable else ""]))


def _escaped(text: str) -> str:
    return re.sub(r"([<>*_\[\]])", r"\\\1", text)


def environment() -> str:
    """Variables that options are read from."""
    options: dict[str, tuple[str, list[str]]] = {}
    for name, called in command_group().commands.items():
        for one in called.params:
            if one.envvar:
                options.setdefault(one.envvar, (option_names(one)[-1], []))[1].append(name)
    rows = [(code(variable), code(option), ", ".join(names)) for variable, (option, names) in sorted(options.items())]
    return table(["variable", "option", "commands"], rows)


def checks() -> str:
    configuration = configured()
    rows = []
    for check in CHECKS:
        options = configuration.options(check.name, ())
        tools = ", ".join(code(tool.program) for tool in check.needs.tools)
        rows.append((code(check.name), _escaped(check.about), tools, ", ".join(map(code, sorted(options.problems)))))
    for compiled in COMPILED:
        tools = ", ".join(code(tool.program) for tool in compiled.tools) or compiled.compiler
        rows.append((code(compiled.name), _escaped(compiled.about), tools, "whatever is new"))
    return table(["check", "looks at", "needs", "changes the verdict"], rows)


def formats() -> str:
    return table(["`--format`", "file"], [(code(name), code(one.file)) for name, one in FORMATS.items()])


def run_schema() -> str:
    return schema(json.loads(SCHEMA_FILE.read_text()))


def model(kind: type[BaseModel]) -> Callable[[], str]:
    return lambda: schema(kind.model_json_schema())


def schema(value: Mapping[str, Any]) -> str:
    """A table of fields for the value itself, then for each kind of table in it."""
    parts = [_fields(value)]
    for name, definition in value.get("$defs", {}).items():
        if "properties" in definition:
            parts += [f"### {name}", _fields(definition)]
    return "\n\n".join(parts)


def _fields(definition: Mapping[str, Any]) -> str:
    text = definition.get("description", "")
    about, _, arguments = text.partition("Args:\n")
    described = dict(_ARGUMENT.findall(arguments))
    required = definition.get("required", ())
    rows = [
        (
            code(name),
            _kind(field),
            "required" if name in required else _given(field),
            _escaped(field.get("description", "") or described.get(name, "")),
        )
        for name, field in definition["properties"].items()
    ]
    return "\n\n".join(filter(None, [_escaped(about.strip()), table(["field", "type", "default", "meaning"], rows)]))


def _given(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    return "" if value in (None, "", [], {}) or isinstance(value, dict) else code(json.dumps(value))


def _kind(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in field or "const" in field:
        return " or ".join(code(str(word)) for word in field.get("enum", [field.get("const")]))
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_kind(one) for one in field["anyOf"]))
    match field.get("type"):
        case "array" if "prefixItems" in field:
            return f"list ({', '.join(map(_kind, field['prefixItems']))})"
        case "array":
            return f"list of {_kind(field.get('items', {}))}"
        case "object" if isinstance(inner := field.get("additionalProperties"), dict):
            return f"table of {_kind(inner)}"
        case "null":
            return "nothing"
        case str(word):
            return word
    return "anything"


GENERATED: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "environment": environment,
    "checks": checks,
    "formats": formats,
    "run.json": run_schema,
    "matrix": model(MatrixFile),
    "scenario": model(ScenarioDefinition),
    "series.toml": model(SeriesDefinition),
}
"""What can be generated, by the name that a page has for it."""


def fill(text: str) -> str:
    """Text of a page with its generated parts."""
    return _MARK.sub(lambda match: GENERATED[match[1]](), text)


def _read(_app: Sphinx, _page: str, source: list[str]) -> None:
    source[0] = fill(source[0])


def setup(sphinx: Sphinx) -> Mapping[str, bool]:
    """Called by Sphinx."""
    sphinx.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
