"""The check `device-tree`: what dt-schema says of bindings and device trees after a patch, and did not say before it.

`dt_binding_check` and `dtbs_check` process every binding first, for minutes. Here those are laid out that are touched
or whose compatible strings a touched device tree has, and what they refer to: what `DT_SCHEMA_FILES` would name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from pipeline.checks.compare import compared
from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import last_line
from pipeline.model import CheckFinding, Severity

MOST_TREES = 2
"""Device trees that include what a patch touches, and are looked at for it."""
MOST_FILES = 400
"""That are laid out for a state."""

_BINDINGS = "Documentation/devicetree/bindings/"
_BINDING = re.compile(rf"{_BINDINGS}(?P<name>[\w.+,@/-]+\.yaml)")
_TREE = re.compile(r"arch/(?P<arch>\w+)/boot/dts/(?P<name>[\w.+,@/-]+\.dtsi?)")
_REFERENCE = re.compile(rb"\$ref:\s*['\"]?(?P<name>[\w.+,@/-]+\.yaml)")
_INCLUDE = re.compile(
    rb'^[ \t]*(?:#[ \t]*include|/include/)[ \t]+(?:"(?P<beside>[^"\n]+)"|<(?P<name>[^>\n]+)>)', re.MULTILINE
)
_COMPATIBLE = re.compile(r"\bcompatible\s*=\s*(?P<strings>\"[^;]+);")
_NODE = re.compile(r"\b(?P<label>\w+):[^{};]*\{(?P<properties>[^{}]*)")
_LABEL = re.compile(r"&(\w+)\s*\{")
_STRING = re.compile(r'"([\w.,+/-]+)"')

_SCRIPT = r"""
source={src}/scripts/dtc
flex -o lexer.c $source/dtc-lexer.l && bison -d -o dtc-parser.tab.c $source/dtc-parser.y || exit 9
for name in dtc flattree fstree data livetree treesource srcpos checks util; do
	set -- "$@" $source/$name.c
done
cc -w -DNO_YAML -I $source -I $source/libfdt -I . -o dtc "$@" lexer.c dtc-parser.tab.c || exit 9
compiled() {
	cc -E -nostdinc -I include -undef -D__DTS__ -x assembler-with-cpp -o "$1.pre" "$2" &&
		./dtc -q -b 0 -i "$(dirname "$2")" -i include -o "$1.dtb" "$1.pre"
}
while read -r number path; do
	dt-doc-validate -n -u bindings "bindings/$path"
	grep -q '^examples:' "bindings/$path" || continue
	dt-extract-example "bindings/$path" > "example-$number.dts" || continue
	compiled "example-$number" "example-$number.dts" > errors 2>&1 && continue
	cat errors
	line=$(sed -nE 's/.*example-[0-9]+\.dts:([0-9]+).*/\1/p' errors | head -n 1)
	echo "example-$number does not compile: $(sed -n "${line:-1}p" "example-$number.dts")"
done < bindings.txt
while read -r number path; do
	compiled "tree-$number" "include/$path" || echo "tree-$number does not compile"
done < trees.txt
set -- example-*.dtb
test ! -e "$1" || dt-validate -s bindings -l "$(cut -d' ' -f2 bindings.txt | paste -s -d:)" "$@"
set -- tree-*.dtb
test ! -e "$1" || dt-validate -s bindings "$@"
"""
_OF_BINDING = re.compile(r"^(?:\S*/)?bindings/(?P<name>\S+?\.yaml):(?:(?P<line>\d+):\d+:)? ?(?P<words>\S.*)$")
_OF_BLOB = re.compile(r"^(?:\S*/)?(?P<kind>example|tree)-(?P<number>\d+)\.dtb: (?P<words>\S.*)$")
_UNTYPED = re.compile(r": b(?:'[^']*'|\"[^\"]*\") is not of type ")
_ERROR = re.compile(r"\berror\b:?", re.IGNORECASE)
_BROKEN = re.compile(r"^(?P<kind>example|tree)-(?P<number>\d+) does not compile(?:: +(?P<text>\S.*))?$")
_SCHEMA = re.compile(r"from schema \$id: \S*/schemas/(?P<name>\S+?)#?$")


class _Layout:
    """Files of one state that are laid out for dt-schema.

    Args:
        touched: files that the patch touches, as they are called in this state.
    """

    def __init__(self, state: State, touched: Iterable[str]) -> None:
        self.state = state
        self.files: dict[str, bytes] = {}
        self.absent: list[str] = []
        names = [*touched]
        self.bindings = [match["name"] for match in map(_BINDING.fullmatch, names) if match]
        self.trees: dict[str, str] = {}
        for name in filter(_TREE.fullmatch, names):
            self.trees |= {tree: name for tree in _compiled(state, name) if tree not in self.trees}
        self.lay(self.trees, _includes)

    def lay_bindings(self, strings: set[str]) -> None:
        """Lays out the touched bindings with what their examples include, and those of compatible strings."""
        self.lay((f"{_BINDINGS}{name}" for name in self.bindings), _references)
        for name in self.bindings:
            self.lay(_includes(f"{_BINDINGS}{name}", self.files[f"bindings/{name}"]), _includes)
        if strings and self.trees:
            names = "|".join(re.escape(string) for string in sorted(strings))
            hits = self.state.grep(rf"(^|[[:space:]'\"])({names})['\"]?[[:space:]]*$", f"{_BINDINGS}*.yaml")
            self.lay(dict.fromkeys(path for path, _, _ in hits), _references)

    def lay(self, names: Iterable[str], more: Callable[[str, bytes], Iterable[str]]) -> None:
        """Lays files out, and what they lead to."""
        left = [*names]
        while left and len(self.files) < MOST_FILES:
            name = left.pop()
            laid = _place(name)
            if laid in self.files or name.startswith(("/", "../")):
                continue
            content = self.state.read(self.state.target(name) or name)
            if content:
                self.files[laid] = content
                left += more(name, content)
            else:
                self.absent.append(name)


class DeviceTreeCheck:
    """Validates bindings and their examples, and device trees, in one state; where that says something, in both."""

    name = "device-tree"
    about = "touched bindings, their examples, and touched device trees (dt-schema, dtc of the base), what is new"
    version = 2
    needs = Needs(
        tools=(
            Tool("dt-validate", "dtschema", pypi=True),
            Tool("dt-doc-validate", "dtschema", pypi=True),
            Tool("cc", "gcc"),
            Tool("flex", "flex"),
            Tool("bison", "bison"),
        ),
        scripts=("scripts/dtc/dtc.c",),
        data=("scripts/dtc",),
        whole_tree=True,
    )

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(_BINDING.fullmatch(file.name) or _TREE.fullmatch(file.name) for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        layout = _Layout(after, [file.name for file in patch.files if after.blob(file.name)])
        strings = _compatible_strings(patch, layout)
        layout.lay_bindings(strings)
        if not layout.bindings and not layout.trees:
            return Outcome()
        findings, reason = _validated(layout)
        read = [f"{_BINDINGS}{name}" for name in layout.bindings]
        if not findings:
            return Outcome(not_checked=reason, read=tuple(read))
        # What was said before is asked for only where it matters.
        layout = _Layout(before, [file.names[0] for file in patch.files if before.blob(file.names[0])])
        layout.lay_bindings(strings)
        return Outcome(compared(findings, _validated(layout)[0], patch.files), reason, tuple(read))


def _place(name: str) -> str:
    """Where a file is laid: bindings below a folder of theirs, what device trees include below another."""
    if name.startswith(_BINDINGS):
        return f"bindings/{name.removeprefix(_BINDINGS)}"
    match = re.match(r"arch/(\w+)/boot/dts/(.*)", name)
    return f"include/{match[1]}/{match[2]}" if match else f"include/{name.removeprefix('include/')}"


def _references(name: str, content: bytes) -> Iterator[str]:
    """Bindings that a binding refers to; those of dt-schema itself are not in the tree."""
    for match in _REFERENCE.finditer(content):
        referred = match["name"].decode()
        if referred.startswith("/schemas/"):
            yield f"{_BINDINGS}{referred.removeprefix('/schemas/')}"
        elif not referred.startswith("/"):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(name), referred))


def _includes(name: str, content: bytes) -> Iterator[str]:
    for match in _INCLUDE.finditer(content):
        if match["beside"]:
            beside = match["beside"].decode("utf-8", "replace")
            yield posixpath.normpath(posixpath.join(posixpath.dirname(name), beside))
            continue
        included = match["name"].decode("utf-8", "replace")
        folder, _, rest = included.partition("/")
        yield f"include/{included}" if folder == "dt-bindings" else f"arch/{folder}/boot/dts/{rest}"


def _compiled(state: State, name: str) -> list[str]:
    """Device trees that a file is part of: itself, or the first that include it."""
    left, trees, seen = [name], list[str](), set[str]()
    while left and len(trees) < MOST_TREES and len(seen) < MOST_FILES:
        current = left.pop(0)
        if current in seen:
            continue
        seen.add(current)
        if current.endswith(".dts"):
            trees.append(current)
            continue
        included = re.escape(posixpath.basename(current))
        hits = state.grep(rf'include.*["</]{included}[">]', f"{name.partition('/boot/dts/')[0]}/boot/dts")
        left += dict.fromkeys(path for path, _, _ in hits)
    return trees


def _compatible_strings(patch: CheckedPatch, layout: _Layout) -> set[str]:
    """Of nodes that added lines lie in, or name by their labels."""
    added = {_place(file.name): file.added for file in patch.files}
    labels = set(_LABEL.findall("\n".join(text for lines in added.values() for text in lines.values())))
    strings = set[str]()
    for laid, content in layout.files.items():
        text = content.decode("utf-8", "replace")
        parts = [node["properties"] for node in _NODE.finditer(text) if node["label"] in labels]
        parts += _touched_nodes(text, added.get(laid, {}))
        for part in parts:
            for match in _COMPATIBLE.finditer(part):
                strings |= set(_STRING.findall(match["strings"]))
    return strings


def _touched_nodes(text: str, added: Mapping[int, str]) -> Iterator[str]:
    """Properties of nodes in which lines are added, or in nodes below them."""
    open_nodes: list[tuple[list[str], bool]] = []
    for number, line in enumerate(text.split("\n") if added else (), 1):
        if line.rstrip().endswith("{"):
            open_nodes.append(([], number in added))
        elif open_nodes:
            lines, touched = open_nodes[-1]
            open_nodes[-1] = ([*lines, line], touched or number in added)
        if line.strip().startswith("};") and open_nodes:
            lines, touched = open_nodes.pop()
            if touched:
                yield "\n".join(lines)
                if open_nodes:
                    open_nodes[-1] = (open_nodes[-1][0], True)


def _validated(layout: _Layout) -> tuple[list[CheckFinding], str]:
    """Findings of dt-schema on a state, and a reason where not all was looked at."""
    trees = [*layout.trees]
    listed = {
        "bindings.txt": "".join(f"{at} {name}\n" for at, name in enumerate(layout.bindings)),
        "trees.txt": "".join(f"{at} {_place(name).removeprefix('include/')}\n" for at, name in enumerate(trees)),
    }
    files = {**layout.files, "bindings/.keep": b"", **{name: text.encode() for name, text in listed.items()}}
    done = layout.state.run("sh", "-c", f"exec 2>&1\n{_SCRIPT}", "sh", files=files)
    if done.status == 9:
        return [], f"scripts/dtc of the tree does not compile: {last_line(done.last_words)}"
    places = {f"example-{at}": f"{_BINDINGS}{name}" for at, name in enumerate(layout.bindings)}
    places |= {f"tree-{at}": layout.trees[name] for at, name in enumerate(trees)}
    findings, broken = list[CheckFinding](), list[str]()
    why = ""
    for line, more in _with_what_follows(done.text):
        if match := _BROKEN.match(line):
            place = places[f"{match['kind']}-{match['number']}"]
            if match["kind"] == "example" and not layout.absent:
                words = ": ".join(filter(None, ("its example fails", why, match["text"])))
                findings.append(CheckFinding(Severity.ERROR, words, place, 0, "dtc", "example"))
            else:
                broken.append(place)
            why = ""
        elif match := _OF_BINDING.match(line):
            words = " ".join([match["words"], *more[:1]])
            place, number = f"{_BINDINGS}{match['name']}", int(match["line"] or 0)
            findings.append(CheckFinding(Severity.WARNING, words, place, number, "dt-doc-validate", "binding"))
        elif match := _OF_BLOB.match(line):
            if is_untyped(match["words"]):
                continue
            place = places[f"{match['kind']}-{match['number']}"]
            schema = next((found["name"] for found in map(_SCHEMA.search, more) if found), "")
            words = f"{match['words']} ({schema})" if schema else match["words"]
            findings.append(CheckFinding(Severity.WARNING, words, place, 0, "dt-validate", match["kind"]))
        elif _ERROR.search(line):
            why = why or line
        elif line.startswith("Traceback"):
            return [], f"dt-schema fails: {last_line(done.last_words)}"
    reason = f"not compiled, so not validated: {', '.join(dict.fromkeys(broken))}" if broken else ""
    return [*dict.fromkeys(findings)], reason


def is_untyped(words: str) -> bool:
    """Whether dt-validate speaks of the bytes of a property of which no laid-out binding gives the type.

    With every binding of the tree it would know the type; what it says of the bytes themselves (dt-core.yaml: they are
    "not of type 'object', 'integer', …") is no fault of the device tree.
    """
    return bool(_UNTYPED.search(words))


def _with_what_follows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Lines of a tool, each with the indented ones below it."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if not line.startswith(("\t", " ")):
            more = []
            for following in lines[at + 1 :]:
                if not following.startswith(("\t", " ")):
                    break
                more.append(following.strip())
            yield line, more
