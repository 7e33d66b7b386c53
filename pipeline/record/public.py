"""A record as others may see it: no path of the machine that made it, and a command that works elsewhere; pure.

A report is attached to mails and published. What it names must be there for its readers: a series by its message-id, a
tree by its address and commit or by its package. A tree that only one machine has is named by what it is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from itertools import cycle
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from pipeline.record import RunRecord, SymbolRecord, TreeRecord
from pipeline.system.resources import folder

_MESSAGE_ID = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")
_NAME = re.compile(r"[\w-]+")
_ADDRESS = re.compile(r"https?://\S+")
_CREDENTIALS = re.compile(r"(?<=https://)[^/@\s]*@|(?<=http://)[^/@\s]*@|(?<=://)[^/@:\s]*:[^/@\s]*@", re.IGNORECASE)
_REMOTE = re.compile(r"(?!file:)[a-z][a-z+]*://\S+|[\w.@-]+:(?!//)\S+", re.IGNORECASE)
_WITH_VALUE = ("--tree", "--matrix", "--cell", "--revision", "--rethread")
_LOCAL_DOMAINS = ("localhost", "local", "internal", "home.arpa")
"""RFC 6761, RFC 6762, RFC 8375; `internal` is set aside by ICANN."""
_NOT_PRIVATE = ("/", "/src", "/build", "/tmp", "/usr")
"""Folders of every machine, or of the sandbox."""


@dataclass(frozen=True)
class Names:
    """Public names for everything in a record that only this machine knows.

    Args:
        trees: by the name in the record.
        texts: what is replaced wherever it stands as a whole path or the start of one.
    """

    trees: Mapping[str, str]
    texts: Mapping[str, str]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # The longest path first: a workspace may lie in a home folder.
        longest = sorted(self.texts, key=len, reverse=True)
        return re.compile(rf"(?<![\w/.~-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])")

    def text(self, text: str) -> str:
        return self._pattern.sub(lambda match: self.texts[match[0]], text) if self.texts and "/" in text else text


def for_others(record: RunRecord) -> RunRecord:
    """The record without names that mean something on one machine only."""
    names = _names(record)
    known = {"command": _command(record, names), "places": ()}
    series = record.series.model_copy(update={"source": _source(record)})
    public_record = record.model_copy(update={**known, "series": series})
    replaced: RunRecord = _replaced(public_record, names) if names.texts else public_record
    return replaced


def words_for_others(record: RunRecord, words: str) -> str:
    """Words that are kept beside the record, as others may see them."""
    return _names(record).text(words)


def tested_on(record: RunRecord) -> list[str]:
    """The trees in words, for where no command can be given."""
    return [
        f"{tree.name}, commit {tree.commit}" if tree.commit else f"{tree.name}, {tree.version}" for tree in record.trees
    ]


def _names(record: RunRecord) -> Names:
    trees: dict[str, str] = {}
    texts: dict[str, str] = {}
    for tree in record.trees:
        public = _tree(tree)
        again = sum(known.partition(" no. ")[0] == public for known in trees.values())
        public += f" no. {again + 1}" if again and public != tree.name else ""
        trees[tree.name] = public
        if public != tree.name:
            texts[tree.name] = public
            place = tree.name.partition(":")[2].partition("#")[0]
            if place.startswith("/") and place not in _NOT_PRIVATE:
                texts[place] = public
    for place, word in zip(record.places, cycle(("workspace", ".", "~")), strict=False):
        if place.startswith("/") and place not in _NOT_PRIVATE:
            texts.setdefault(place, word)
    return Names(trees, texts)


def _tree(tree: TreeRecord) -> str:
    """A tree's name for others: its address or package, else what it is."""
    kind, _, rest = tree.name.partition(":")
    place = rest.partition("#")[0]
    if kind not in ("git", "path", "tar"):
        return tree.name
    if kind != "path" and _is_reachable(place):
        return _CREDENTIALS.sub("", tree.name)
    version = tree.version if not tree.version.startswith("/") else PurePosixPath(tree.version).name
    return f"Linux {tree.kernel} ({version})" if tree.kernel else f"tree {version}"


def _command(record: RunRecord, names: Names) -> str:
    """The command with public names only; nothing where it cannot be had with them."""
    try:
        words = shlex.split(record.command)
    except ValueError:
        return ""
    # A record of others can name any program.
    is_a_run = words[:2] == ["pipeline", "apply-and-build"]
    series = _series(record, words[2]) if is_a_run and len(words) > 2 else ""
    if not series:
        return ""
    by_name = {tree.name: tree for tree in record.trees}
    public_words, rest = [*words[:2], series], iter(words[3:])
    for option in rest:
        if option not in _WITH_VALUE:
            public_words.append(option)
            continue
        value = next(rest, "")
        if option == "--tree":
            value = _at_commit(by_name[value]) if value in by_name else value
        if option == "--rethread" or not value:
            value = _CREDENTIALS.sub("", value)
        if option in ("--tree", "--matrix") and not _is_public(option, value):
            return ""
        public_words += [option, value]
    return names.text(shlex.join(public_words))


def _is_public(option: str, value: str) -> bool:
    if option == "--matrix":
        return bool(_NAME.fullmatch(value))
    kind, _, rest = value.partition(":")
    return kind == "debian" or (kind in ("git", "tar") and _is_reachable(rest.partition("#")[0]))


def _is_reachable(place: str) -> bool:
    """Whether an address of a tree may mean the same elsewhere: not a path, nor a host of this machine or network."""
    if not _REMOTE.fullmatch(place):
        return False
    try:
        host = urlsplit(place if "://" in place else f"ssh://{place.partition(':')[0]}").hostname or ""
    except ValueError:
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not f".{host.rstrip('.')}".endswith(tuple(f".{name}" for name in _LOCAL_DOMAINS))


def _at_commit(tree: TreeRecord) -> str:
    """A tree as a command names it for others: a branch moves on, a commit stays."""
    name = _CREDENTIALS.sub("", tree.name)
    if tree.name.startswith("git:") and tree.commit:
        return f"{name.partition('#')[0]}#{tree.commit}"
    return name


def _series(record: RunRecord, named: str) -> str:
    """How others name the series; nothing where they cannot."""
    if _MESSAGE_ID.fullmatch(record.series.message_id):
        return record.series.message_id
    entry = PurePosixPath(named).name
    if _NAME.fullmatch(entry) and (folder("series") / entry).is_dir():
        return entry
    return _CREDENTIALS.sub("", named) if _ADDRESS.fullmatch(named) or _MESSAGE_ID.fullmatch(named) else ""


def _source(record: RunRecord) -> str:
    """Where the series came from, if that is anywhere for others."""
    source = record.series.source
    if _ADDRESS.fullmatch(source) and urlsplit(source).netloc:
        return _CREDENTIALS.sub("", source)
    return source if _MESSAGE_ID.fullmatch(source.strip("<>")) else record.series.message_id


def _replaced(value: Any, names: Names) -> Any:
    """A value with every private name in it replaced; the same object where there is none."""
    if isinstance(value, str):
        return names.trees.get(value) or names.text(value)
    if isinstance(value, SymbolRecord):
        return value
    if isinstance(value, tuple):
        items = tuple(_replaced(item, names) for item in value)
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if isinstance(value, BaseModel):
        fields = {name: (old, _replaced(old, names)) for name, old in value}
        changed = {name: new for name, (old, new) in fields.items() if new is not old}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, dict):
        return {name: _replaced(inner, names) for name, inner in value.items()}
    return value
