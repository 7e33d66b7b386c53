"""Files that dt-schema needs of a state: touched bindings and device trees, what they include and refer to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from pipeline.checks.protocol import CheckedPatch, State
from pipeline.kernel.device_trees import includes

MOST_TREES = 2
"""Device trees that include what a patch touches, and are looked at for it."""
MOST_FILES = 400
"""That are laid out for a state."""

BINDINGS = "Documentation/devicetree/bindings/"
BINDING = re.compile(rf"{BINDINGS}(?P<name>[\w.+,@/-]+\.yaml)")
TREE = re.compile(r"arch/(?P<arch>\w+)/boot/dts/(?P<name>[\w.+,@/-]+\.dtsi?)")
_REFERENCE = re.compile(rb"\$ref:\s*['\"]?(?P<name>[\w.+,@/-]+\.yaml)")
_COMPATIBLE = re.compile(r"\bcompatible\s*=\s*(?P<strings>\"[^;]+);")
# Looked ahead, so that a node is found which is the first in another one; of bounded length, so that time is linear.
_NODE = re.compile(r"\b(?P<label>\w+):(?=[^{};]{0,400}\{(?P<properties>[^{}]{0,20000}))")
_LABEL = re.compile(r"&(\w+)\s*\{")
_STRING = re.compile(r'"([\w.,+/-]+)"')


class Layout:
    """Files of one state that are laid out for dt-schema.

    Args:
        touched: files that the patch touches, as they are called in this state.
        stand_ins: device trees that are looked at in the place of others, by their names.
    """

    def __init__(self, state: State, touched: Iterable[str], stand_ins: Mapping[str, str] | None = None) -> None:
        self.state = state
        self.files: dict[str, bytes] = {}
        self.absent: list[str] = []
        self.names = [*touched]
        self.bindings = [match["name"] for match in map(BINDING.fullmatch, self.names) if match]
        self.trees: dict[str, str] = {**(stand_ins or {})}
        for name in filter(TREE.fullmatch, self.names):
            self.trees |= {tree: name for tree in _compiled(state, name) if tree not in self.trees}
        self.lay(self.trees, _includes)

    def read(self, broken: Collection[str]) -> list[str]:
        """Touched bindings and device trees that tools read, where those of `broken` do not compile."""
        parts = [name for name in self.names if TREE.fullmatch(name) and laid_at(name) in self.files]
        trees = [name for name in self.trees.values() if name not in broken] if broken else parts
        return [*dict.fromkeys([*(f"{BINDINGS}{name}" for name in self.bindings), *trees])]

    def defined_elsewhere(self, properties: Collection[str]) -> set[str]:
        """Those of some properties that bindings name which are not laid out."""
        if not properties:
            return set()
        names = "|".join(re.escape(name) for name in sorted(properties))
        hits = self.state.grep(rf"^[[:space:]]+['\"]?({names})['\"]?:", f"{BINDINGS}*.yaml")
        return {
            text.partition(":")[0].strip().strip("'\"") for path, _, text in hits if laid_at(path) not in self.files
        }

    def lay_bindings(self, strings: set[str]) -> None:
        """Lays out the touched bindings with what their examples include, and those of compatible strings."""
        self.lay((f"{BINDINGS}{name}" for name in self.bindings), _references)
        for name in self.bindings:
            self.lay(_includes(f"{BINDINGS}{name}", self.files[f"bindings/{name}"]), _includes)
        if strings and self.trees:
            names = "|".join(re.escape(string) for string in sorted(strings))
            hits = self.state.grep(rf"(^|[[:space:]'\"])({names})['\"]?[[:space:]]*$", f"{BINDINGS}*.yaml")
            self.lay(dict.fromkeys(path for path, _, _ in hits), _references)

    def lay(self, names: Iterable[str], more: Callable[[str, bytes], Iterable[str]]) -> None:
        """Lays files out, and what they lead to."""
        left = [*names]
        while left and len(self.files) < MOST_FILES:
            name = left.pop()
            laid = laid_at(name)
            if laid in self.files or name.startswith(("/", "../")):
                continue
            content = self.state.read(self.state.target(name) or name)
            if content:
                self.files[laid] = content
                left += more(name, content)
            else:
                self.absent.append(name)


def laid_at(name: str) -> str:
    """Where a file is laid: bindings below a folder of theirs, what device trees include below another."""
    if name.startswith(BINDINGS):
        return f"bindings/{name.removeprefix(BINDINGS)}"
    match = re.match(r"arch/(\w+)/boot/dts/(.*)", name)
    return f"include/{match[1]}/{match[2]}" if match else f"include/{name.removeprefix('include/')}"


def _references(name: str, content: bytes) -> Iterator[str]:
    """Bindings that a binding refers to; those of dt-schema itself are not in the tree."""
    for match in _REFERENCE.finditer(content):
        referred = match["name"].decode()
        if referred.startswith("/schemas/"):
            yield f"{BINDINGS}{referred.removeprefix('/schemas/')}"
        elif not referred.startswith("/"):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(name), referred))


def _includes(name: str, content: bytes) -> Iterator[str]:
    return includes(name, content.decode("utf-8", "replace"))


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


def stand_ins(layout: Layout, before: State) -> dict[str, str]:
    """Device trees of the state before that include what a new one includes, and the touched file of the new one.

    A board that is new has no findings before the patch; those of the SoC's files that it includes are not its own.
    """
    trees = dict[str, str]()
    for tree, touched in layout.trees.items():
        left, seen = [] if before.blob(tree) else [tree], set[str]()
        while left and len(seen) < MOST_FILES:
            name = left.pop(0)
            if name in seen:
                continue
            seen.add(name)
            if TREE.fullmatch(name) and before.blob(name):
                trees |= {other: touched for other in _compiled(before, name)[:1] if other not in trees}
                break
            left += _includes(name, layout.files.get(laid_at(name), b""))
    return trees


def compatible_strings(patch: CheckedPatch, layout: Layout) -> set[str]:
    """Of nodes that added lines lie in, or name by their labels."""
    added = {laid_at(file.name): file.added for file in patch.files}
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
