"""The C files that include the headers a series touches, the most telling first."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.model import ChangedFile
from pipeline.objects.choose import is_name
from pipeline.system.git import Repository

MOST_CANDIDATES = 400
"""Files that are looked into for the names that a header changes."""
MOST_NAMES = 40
_MOST_HEADERS = 100
MOST_LOST = 200
"""Names that a header no longer declares, itself or by what it included."""
ENOUGH = 5
"""C files that include a header by its name; with fewer, those count that include it by another one."""
_DEPTH = 3

_INCLUDE = re.compile(r"(?:arch/[\w-]+/)?include/(?:uapi/)?(?P<name>.+)")
_INCLUDED = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^<>\"\n]{1,200})[>\"]", re.MULTILINE)
_NAME = re.compile(r"\b[A-Za-z_]\w{3,}\b")
_KEYWORDS = re.compile(
    r"static|inline|const|struct|union|enum|unsigned|long|return|void|extern|typedef|define|ifdef|ifndef|endif|elif|"
    r"else|include|pragma|sizeof|bool|char|short|while|switch|case|break|continue|default|volatile|__always_inline|"
    r"defined|true|false|NULL|likely|unlikely|size_t"
)


@dataclass(frozen=True)
class Lost:
    """Names and includes that a header has no more after a series.

    Args:
        names: that it declared or used.
        includes: what it included, as `#include` names it.
    """

    names: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Language:
    """Files that include, and files that are included: suffixes of those that are compiled, and of the others.

    Args:
        compiled: endings of the former.
        included: of the latter.
    """

    compiled: tuple[str, ...]
    included: tuple[str, ...]


C = Language((".c",), (".h",))
DEVICE_TREE = Language((".dts", ".dtso"), (".dtsi", ".h"))


class Includers:
    """Asks git which files of a checkout include others.

    Args:
        checkout: where the files of one state lie.
        language: that they are written in.
    """

    def __init__(self, checkout: Repository, language: Language = C) -> None:
        self._checkout = checkout
        self._language = language

    def of(
        self, headers: Sequence[str], changed: Sequence[ChangedFile], lost: Mapping[str, Lost]
    ) -> dict[str, tuple[str, ...]]:
        """C files that include each of `headers`: those first that use most of what is lost, then of what was changed.

        Args:
            changed: the code that the series changes.
            lost: what headers have no more.
        """
        asked = [header for header in headers if is_name(header)][:_MOST_HEADERS]
        within = self._including(asked)
        names = {file.path: changed_names(file) for file in changed}
        return {
            header: self._ranked(within.get(header, ()), names.get(header, ()), lost.get(header, Lost()))
            for header in asked
        }

    def left_behind(self, headers: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """C files of the checkout that include headers which are not there any more."""
        found = self._direct([header for header in headers if is_name(header)][:_MOST_HEADERS])
        return {
            header: tuple(sorted({path for path in paths if path.endswith(self._language.compiled)}))
            for header, paths in found.items()
        }

    def _including(self, headers: Sequence[str]) -> dict[str, list[str]]:
        """C files by header; where only other headers include it, those that include these."""
        by_header: dict[str, dict[str, None]] = {header: {} for header in headers}
        # Whom a header stands for, on its way to the first C file.
        waiting = {header: {header} for header in headers}
        for _ in range(_DEPTH):
            later: dict[str, set[str]] = defaultdict(set)
            for header, files in self._direct(waiting).items():
                for original in waiting[header]:
                    sources = [path for path in files if path.endswith(self._language.compiled)]
                    by_header[original].update(dict.fromkeys(sources))
                    for path in files:
                        if path.endswith(self._language.included) and path not in headers:
                            later[path].add(original)
            waiting = {
                path: kept
                for path, originals in [*later.items()][:_MOST_HEADERS]
                if (kept := {original for original in originals if len(by_header[original]) < ENOUGH})
            }
            if not waiting:
                break
        return {header: [*paths] for header, paths in by_header.items()}

    def _direct(self, headers: Iterable[str]) -> dict[str, list[str]]:
        """Files that include each header by its name."""
        by_name: dict[str, list[str]] = defaultdict(list)
        for header in headers:
            by_name[include_name(header)].append(header)
        if not by_name:
            return {}
        words = "|".join(name.replace(".", "[.]").replace("+", "[+]") for name in by_name)
        pattern = rf'^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^<>"]*/)?({words})[">]'
        _, printed, _ = self._checkout.run(
            *("-c", "submodule.recurse=false", "grep", "-I", "-z", "--full-name", "-o", "-E", "-e", pattern),
            *("--", *(f"*{suffix}" for suffix in (*self._language.compiled, *self._language.included))),
        )
        by_header: dict[str, list[str]] = defaultdict(list)
        for line in printed.split("\n"):
            path, _, match = line.partition("\0")
            named = re.search(r'[<"]([^<>"]+)[">]$', match)
            if not named or not is_name(path):
                continue
            for name, candidates in by_name.items():
                if named[1] == name or named[1].endswith(f"/{name}"):
                    for header in candidates:
                        if path != header and _reaches(path, named[1], header):
                            by_header[header].append(path)
        return by_header

    def _ranked(self, files: Sequence[str], names: Sequence[str], lost: Lost) -> tuple[str, ...]:
        """Files by how many of the names they use, alike ones by their paths.

        Who uses what a header included, and does not include that itself, is broken by a header that no longer does.
        """
        files = sorted(dict.fromkeys(files))
        if len(files) < 2:
            return tuple(files)
        declared, direct = self._declared(lost.includes), self._including_any(files, lost.includes)
        used = {name_set: self._using(files, name_set) for name_set in (declared, lost.names, tuple(names))}

        def uses(path: str) -> tuple[int, int, int]:
            indirect = 0 if path in direct else used[declared][path]
            return (-indirect, -used[lost.names][path], -used[tuple(names)][path])

        return tuple(sorted(files, key=lambda path: (uses(path), path)))

    def _using(self, files: Sequence[str], names: Sequence[str]) -> Counter[str]:
        """How many of the names each file uses."""
        if not names:
            return Counter()
        words = [word for name in names for word in ("-e", name)]
        _, printed, _ = self._checkout.run(
            *("-c", "submodule.recurse=false", "grep", "-I", "-z", "--full-name", "-o", "-w", "-F", *words),
            *("--", *files[:MOST_CANDIDATES]),
        )
        used = {tuple(line.split("\0", 1)) for line in printed.split("\n") if "\0" in line}
        return Counter(path for path, _ in used)

    def _declared(self, includes: Sequence[str]) -> tuple[str, ...]:
        """Names of functions and macros with arguments in headers, as `#include` names these."""
        paths = [path for name in includes for path in (f"include/{name}", f"include/uapi/{name}") if is_name(path)]
        if not paths:
            return ()
        _, printed, _ = self._checkout.run(
            *(
                "-c",
                "submodule.recurse=false",
                "grep",
                "-I",
                "-h",
                "-o",
                "-E",
                "-e",
                r"\b[A-Za-z_]\w{3,}[[:space:]]*\(",
            ),
            *("--", *paths),
        )
        found = dict.fromkeys(line.rstrip("( \t") for line in printed.splitlines())
        return tuple(name for name in found if not _KEYWORDS.fullmatch(name))[:MOST_LOST]

    def _including_any(self, files: Sequence[str], includes: Sequence[str]) -> frozenset[str]:
        """Those of the files that include any of the headers by its name."""
        if not includes:
            return frozenset()
        words = [word for name in includes for word in ("-e", f"<{name}>", "-e", f'"{name}"')]
        _, printed, _ = self._checkout.run(
            *("-c", "submodule.recurse=false", "grep", "-I", "-z", "--full-name", "-l", "-F", *words),
            *("--", *files[:MOST_CANDIDATES]),
        )
        return frozenset(printed.split("\0")) - {""}


def lost_of(before: str, after: str) -> Lost:
    """Names and includes that a header has no more.

    Args:
        before, after: its texts.
    """
    names = set(_NAME.findall(_INCLUDED.sub("", before))).difference(_NAME.findall(after))
    words = [name for name in names if not _KEYWORDS.fullmatch(name)]
    includes = dict.fromkeys(_INCLUDED.findall(before))
    kept = set(_INCLUDED.findall(after))
    return Lost(
        tuple(sorted(words, key=lambda word: (-len(word), word))[:MOST_LOST]),
        tuple(name for name in includes if name not in kept)[:_MOST_HEADERS],
    )


def include_name(header: str) -> str:
    """The name of a header in `#include`, or its end."""
    match = _INCLUDE.fullmatch(header)
    return match["name"] if match else PurePosixPath(header).name


def changed_names(changed: ChangedFile) -> tuple[str, ...]:
    """Names in the lines that a series changes in a file, the longest first: they say the most."""
    lines = changed.source.split("\n")
    identifiers = {
        word for number in changed.lines if number <= len(lines) for word in _NAME.findall(lines[number - 1])
    }
    words = [word for word in identifiers if not _KEYWORDS.fullmatch(word)]
    return tuple(sorted(words, key=lambda word: (-len(word), word))[:MOST_NAMES])


def _reaches(path: str, named: str, header: str) -> bool:
    """Whether a file means this header by that name: the header lies near its folder, or on the search path."""
    if _INCLUDE.fullmatch(header):
        return include_name(header) == named or named.endswith(f"include/{include_name(header)}")
    folder, place = PurePosixPath(header).parent, PurePosixPath(path).parent
    # Makefiles can add any folder above to the search path.
    return place == folder or folder in place.parents or place in folder.parents or place.parent == folder.parent
