"""Manual pages for man(1), written from the program's own help: `python docs/_ext/manual.py`, or `make man`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from generated import command_group, option_names

from pipeline.cli import COMMANDS

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "man"
"""Where the pages are kept; a wheel ships them in share/man/man1."""
_STATUS = re.compile(r"^\| (\d+) \| (.*) \|$", re.MULTILINE)


def pages() -> Mapping[str, str]:
    """Every page by the name of its file: one of the program, and one of each command."""
    commands = {name: command_group().commands[name] for name in COMMANDS}
    written = {f"pipeline-{name}.1": command_page(name, called) for name, called in commands.items()}
    return {"pipeline.1": program_page(commands), **written}


def program_page(commands: Mapping[str, Any]) -> str:
    """`pipeline(1)`: what the program does, its commands, exit statuses, variables and files."""
    variables = {
        parameter.envvar: f"Replaces {option_names(parameter)[-1]} where that is not given."
        for called in commands.values()
        for parameter in called.params
        if parameter.envvar
    }
    statuses = _STATUS.findall((PROJECT / "docs/reference/exit-status.md").read_text())
    return page(
        "pipeline",
        "from a kernel patch series to a verdict",
        {
            "SYNOPSIS": f"{bold('pipeline')} {italic('COMMAND')} [{italic('OPTION')}]... [{italic('ARGUMENT')}]...",
            "DESCRIPTION": plain(f"{command_group().help} It sends no mail, and it only reads your checkout."),
            "COMMANDS": items((f"{bold(f'pipeline-{name}')}(1)", summary(called)) for name, called in commands.items()),
            "EXIT STATUS": items(statuses),
            "ENVIRONMENT": items((bold(name), text) for name, text in sorted(variables.items())),
            "FILES": items(
                [
                    (
                        italic("~/.cache/kernel-series-pipeline"),
                        "The workspace: trees, builds, results and runs, unless --workspace names another folder.",
                    )
                ]
            ),
            "EXAMPLES": example(
                "pipeline doctor --matrix quick",
                "pipeline apply-and-build series.mbox --tree path:~/linux#master",
                "pipeline reply last",
            ),
            "SEE ALSO": ", ".join(f"{bold(name)}(1)" for name in ("b4", "bwrap", "git-am", "git-send-email")),
        },
    )


def command_page(name: str, called: Any) -> str:
    """The page of one command."""
    arguments = [parameter for parameter in called.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in called.params if parameter not in arguments and not parameter.hidden]
    words = [bold(f"pipeline {name}"), f"[{italic('OPTION')}]..."]
    for parameter in arguments:
        word = italic(parameter.metavar.strip("[]"))
        words.append(word if parameter.required else f"[{word}]")
    return page(
        f"pipeline-{name}",
        summary(called).rstrip("."),
        {
            "SYNOPSIS": " ".join(words),
            "DESCRIPTION": "\n.PP\n".join(plain(" ".join(part.split())) for part in called.help.split("\n\n")),
            "ARGUMENTS": items((italic(one.metavar.strip("[]")), one.help or "") for one in arguments),
            "OPTIONS": items(_option(called, parameter) for parameter in options),
            "EXIT STATUS": f"See {bold('pipeline')}(1).",
            "EXAMPLES": example((called.epilog or "").removeprefix("Example: ")),
            "SEE ALSO": f"{bold('pipeline')}(1)",
        },
    )


def _option(called: Any, parameter: Any) -> tuple[str, str]:
    """An option's names with its value, and what help says of it."""
    annotation = inspect.signature(called.callback).parameters[parameter.name].annotation
    kind = (*get_args(annotation), annotation)[0]
    choices = "|".join(str(value.value) for value in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ""
    names = ", ".join(bold(name) for name in sorted(parameter.opts, key=len))
    value = "" if parameter.is_flag else f" {italic(parameter.metavar or choices or 'VALUE')}"
    default = f" The default is {parameter.show_default}." if isinstance(parameter.show_default, str) else ""
    return f"{names}{value}", f"{parameter.help or ''}{default}"


def summary(called: Any) -> str:
    """The first paragraph of a command's help, in one line."""
    return " ".join(called.help.split("\n\n")[0].split())


def page(name: str, about: str, sections: Mapping[str, str]) -> str:
    """A page in the man macros; sections without text are left out."""
    head = [f'.TH "{plain(name.upper())}" "1" "" "kernel\\-series\\-pipeline" "User Commands"']
    head += [".SH NAME", f"{plain(name)} \\- {plain(about)}"]
    return "\n".join([*head, *(f".SH {title}\n{text}" for title, text in sections.items() if text)]) + "\n"


def items(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of terms, which are roff, each with a text, which is not."""
    return "\n".join(f".TP\n{term}\n{plain(text)}" for term, text in pairs)


def example(*lines: str) -> str:
    """Lines as they are typed."""
    return "\n".join([".nf", *map(plain, lines), ".fi"])


def bold(text: str) -> str:
    return f"\\fB{plain(text)}\\fR"


def italic(text: str) -> str:
    return f"\\fI{plain(text)}\\fR"


def plain(text: str) -> str:
    """Text in which nothing is taken for roff, in lines that begin with no control character."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("~", "\\(ti")
    return re.sub(r"^(?=[.'])", r"\\&", escaped.replace("^", "\\(ha"), flags=re.MULTILINE)


def outdated(folder: Path) -> Iterator[str]:
    """Names of files that are not as they would be written now, or that no command has."""
    written = pages()
    for name in sorted({*written, *(path.name for path in folder.glob("*"))}):
        path = folder / name
        if not path.is_file() or path.read_text() != written.get(name):
            yield name


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    written = pages()
    for path in FOLDER.glob("*.1"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
