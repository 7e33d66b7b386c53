"""Kconfig: fragments and their promises, and what happened to them in a final `.config`.

Kconfig drops requests silently, so every line of a fragment is checked. `CONFIG_X=y` is a requirement: a cell means
nothing without it, and is out of reach where kconfig does not keep it. `#? CONFIG_X=y` is a wish: kconfig is asked for
it, and where it refuses, or the tree has no such option, that is told. A fragment can promise one thing more, in a line
of its own: `#: sizeof(struct page) is a power of two`, or `is not a power of two`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.model import Fragment, StructPage
from pipeline.system import untrusted
from pipeline.system.errors import UsageError
from pipeline.system.untrusted import TooMuchError

_SET = re.compile(r"CONFIG_(\w+)=(.*)")
_UNSET = re.compile(r"# CONFIG_(\w+) is not set")
_WISH = re.compile(r"#\?\s*(.*)")
_PROMISE = re.compile(r"#:\s*sizeof\(struct page\) is (not )?a power of two\s*")


@dataclass(frozen=True)
class Request:
    """A request of a fragment to kconfig, and the answer.

    Args:
        option: without the prefix `CONFIG_`.
        asked, got: values (`y`, `m`, `n`, a string).
        fragment: its name.
    """

    option: str
    asked: str
    got: str
    fragment: str


def parse_config(text: str) -> dict[str, str]:
    """Options and values of a `.config`, without the prefix; unset ones are `n`, the last line of an option wins."""
    options: dict[str, str] = {}
    for line in text.splitlines():
        if match := _SET.fullmatch(line.strip()):
            options[match[1]] = match[2]
        elif match := _UNSET.fullmatch(line.strip()):
            options[match[1]] = "n"
    return options


def parse_fragment(name: str, text: str) -> Fragment:
    """Raises UsageError for a line that is neither an option, a promise nor a comment."""
    power_of_two: bool | None = None
    wishes: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if match := _PROMISE.fullmatch(line):
            power_of_two = match[1] is None
        elif match := _WISH.fullmatch(line):
            if not (wish := parse_config(match[1])):
                raise UsageError(
                    f"{name}.config:{number}: no such wish: {line!r}",
                    hint="A wish reads `#? CONFIG_X=y` or `#? # CONFIG_X is not set`.",
                )
            wishes |= wish
        elif line.startswith("#:"):
            raise UsageError(
                f"{name}.config:{number}: no such promise: {line!r}",
                hint="A promise reads `#: sizeof(struct page) is a power of two` or `… is not a power of two`.",
            )
        elif line and not line.startswith("#") and not _SET.fullmatch(line):
            raise UsageError(f"{name}.config:{number}: neither an option nor a comment: {line!r}")
    options = parse_config(text)
    if both := sorted(options.keys() & wishes.keys()):
        raise UsageError(
            f"{name}.config: CONFIG_{both[0]} is both a requirement and a wish", hint="Keep one of the two."
        )
    return Fragment(name, text, options, power_of_two, wishes)


def request_text(fragment: Fragment) -> str:
    """The text of a fragment that kconfig is given: wishes are options like all others."""
    lines = (match[1] if (match := _WISH.fullmatch(line.strip())) else line for line in fragment.text.splitlines())
    return "".join(f"{line}\n" for line in lines)


def load_fragment(folder: Path, name: str, *others: Path) -> Fragment:
    """Reads `name.config` from the first folder that has it.

    Raises:
        UsageError: none has it, or it holds a mistake.
    """
    folders = dict.fromkeys((folder, *others))
    for place in folders:
        path = place / f"{name}.config"
        if path.is_file():
            try:
                with path.open("rb") as file:
                    content = file.read(untrusted.FRAGMENT.most + 1)
                untrusted.FRAGMENT.check(len(content))
                return parse_fragment(name, content.decode())
            except TooMuchError as error:
                raise UsageError(f"{path} has {error.message}") from error
            except UnicodeDecodeError as error:
                raise UsageError(f"{path} is not UTF-8: {error.reason}") from error
    known = sorted({path.stem for folder in folders for path in folder.glob("*.config")})
    close = difflib.get_close_matches(name, known, n=1)
    raise UsageError(
        f"there is no fragment {folder / name}.config",
        hint=f"Known fragments: {', '.join(known) or 'none'}." + (f" Did you mean {close[0]!r}?" if close else ""),
    )


def contradictions(fragments: Iterable[Fragment]) -> list[str]:
    """Options of which two fragments promise different things, as lines for people."""
    first: dict[str, Fragment] = {}
    differences = []
    for fragment in fragments:
        for option, asked in fragment.asked.items():
            other = first.setdefault(option, fragment)
            if other.asked[option] != asked:
                differences.append(
                    f"CONFIG_{option}: {other.name}.config asks {other.asked[option]}, "
                    f"{fragment.name}.config asks {asked}"
                )
    return differences


def promises(fragments: Iterable[Fragment]) -> int:
    """How many promises fragments make: every requirement of each, and the size of struct page."""
    return sum(len(fragment.options) + (fragment.power_of_two is not None) for fragment in fragments)


def broken_requests(fragments: Sequence[Fragment], config: str) -> list[Request]:
    """Requirements that did not survive, in the order of the fragments.

    An option that the final configuration does not mention does not exist or is out of reach: it is `n`.
    """
    final = parse_config(config)
    return [
        Request(option, asked, final.get(option, "n"), fragment.name)
        for fragment in fragments
        for option, asked in fragment.options.items()
        if final.get(option, "n") != asked
    ]


def refused_wishes(
    fragments: Sequence[Fragment], config: str, explain: Callable[[str, str], str] = lambda _option, _asked: ""
) -> list[str]:
    """Wishes that kconfig did not grant, as lines for people: `CONFIG_X=y (a.config): no such option in this tree`.

    What another fragment requires is that one's affair.

    Args:
        explain: says why, given an option and the value that was asked; empty when it does not know.
    """
    final = parse_config(config)
    required = {option for fragment in fragments for option in fragment.options}
    refused: dict[str, str] = {}
    for fragment in fragments:
        for option, asked in fragment.wishes.items():
            if final.get(option, "n") != asked and option not in required:
                reason = explain(option, asked) or f"{final.get(option, 'n')} got"
                refused.setdefault(option, f"CONFIG_{option}={asked} ({fragment.name}.config): {reason}")
    return list(refused.values())


def broken_options(
    fragments: Sequence[Fragment], config: str, explain: Callable[[str, str], str] = lambda _option, _asked: ""
) -> list[str]:
    """Requirements that did not survive, in words: `CONFIG_X=n asked (hvo.config), y got: selected by X86_64`.

    Args:
        explain: says why, given an option and the value that was asked; empty when it does not know.
    """
    last = {option: fragment for fragment in fragments for option in fragment.options}
    broken = []
    for request in broken_requests(fragments, config):
        words = f"CONFIG_{request.option}={request.asked} asked ({request.fragment}.config), {request.got} got"
        other = last[request.option]
        if other.options[request.option] != request.asked:
            reason = f"{other.name}.config asks for {other.options[request.option]}"
        else:
            reason = explain(request.option, request.asked)
        broken.append(f"{words}: {reason}" if reason else words)
    return broken


def broken_struct_page(fragments: Iterable[Fragment], struct_page: StructPage) -> list[str]:
    """Promises about `sizeof(struct page)` that the compiled size breaks, as lines for people."""
    return [
        f"sizeof(struct page) is {struct_page.size}; {fragment.name}.config promises "
        f"{'a power of two' if fragment.power_of_two else 'that it is no power of two'}"
        for fragment in fragments
        if fragment.power_of_two not in (None, struct_page.power_of_two)
    ]
