"""Places in a patch that are refused, and those that a reader must be told of: a diff on a screen does not show them.

A patch may name any file. git refuses some names and writes nothing outside its tree; the pipeline looks before git is
asked, so that the words are clear and all of it is known before anything is applied.

Symbolic links are part of kernel trees (scripts/dtc/include-prefixes), so a patch may make one. It may only lead down
from where it lies or from a folder above it, and not out of the tree: `..` behind a folder's name is refused, because
that folder can be a link itself, and several links together would leave the tree. Programs that follow links run in
the sandbox, and git does not write through them.

Sources: git-update-index(1) and git's verify_path (names), CVE-2021-42574 and Unicode UTS #39 (what deceives the eye).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from pipeline.mail.diff import FileDiff, file_diffs
from pipeline.mail.message import parse
from pipeline.model import Patch, Series, Suspicion
from pipeline.system.errors import NotObtainedError

SHOWN_LIMIT = 200
"""Suspicions that are kept of one series."""

SYMLINK, SUBMODULE = "120000", "160000"
"""Modes of git."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_LINK_TARGET = re.compile(
    r"(?P<up>(?:\.\./)*)(?!\.\.?(?:/|$))[^/\x00-\x1f\x7f]+(?:/(?!\.\.?(?:/|$))[^/\x00-\x1f\x7f]+)*"
)
_OBEYED = (".b4-config", ".gitattributes", ".gitconfig", ".gitmodules", ".lfsconfig")
"""Files by which a tree tells programs what to do; the pipeline obeys none of them, its reader's programs may."""
_HOOKS = ("hooks", ".githooks", ".husky")

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f"  # control characters but tab, form feed and CR
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\xad\u115f\u1160\u180e\u200b-\u200d\u2028\u2029\u2060-\u2064\u3164\ufeff\uffa0\U000e0000-\U000e007f]"  # no width
    "|\r(?!$)"
)
_WORD = re.compile(r"\w+")


def examined(series: Series) -> Series:
    """The series, with what in its patches, and in those that it needs, a reader must be told of.

    Raises:
        NotObtainedError: a patch writes to a place that no patch may write to.
    """
    noted = _in_patches(series.patches)
    for prerequisite in series.prerequisites:
        # Prerequisites that write to such a place were refused already.
        noted += [
            replace(this, prerequisite=prerequisite.title or prerequisite.value)
            for this in _in_patches(prerequisite.patches)
        ]
    if not noted:
        return series
    left_out = f"; the first {SHOWN_LIMIT} are named" if len(noted) > SHOWN_LIMIT else ""
    note = f"places in the patches that need a look: {len(noted)}{left_out}"
    return replace(series, suspicions=tuple(noted[:SHOWN_LIMIT]), notes=(*series.notes, note))


def require_allowed(patches: Sequence[Patch]) -> None:
    """Refuses patches of which one writes to a place that no patch may write to.

    Raises:
        NotObtainedError: says which.
    """
    _in_patches(patches)


def _in_patches(patches: Sequence[Patch]) -> list[Suspicion]:
    noted: list[Suspicion] = []
    for patch in patches:
        for file in file_diffs(parse(patch.mail).letter.body):
            if reason := forbidden(file):
                raise refused(f"{patch.number}/{len(patches)}", reason)
            noted += suspicions(patch.number, file)
    return noted


def refused(number: int | str, reason: str) -> NotObtainedError:
    """The error of a patch that no series may hold."""
    return NotObtainedError(
        f"patch {number} is refused: {reason}", hint="No kernel patch needs that. Who sent it, and what for?"
    )


def forbidden(file: FileDiff) -> str:
    """Why a file may not be patched, in words; empty where it may."""
    if file.unusual:
        return f"it has a header that git does not write: {_shown(file.unusual)}"
    for name in file.names:
        shown = _shown(name)
        parts = name.split("/")
        if name.startswith("/"):
            return f"it names {shown}, which is no path in a tree"
        if _CONTROL.search(name):
            return f"it names {shown}, which holds a control character"
        if any(part in ("", ".", "..") for part in parts):
            return f"it names {shown}, which leads out of the tree"
        if any(_as_git_folder(part) for part in parts):
            return f"it names {shown}, which is git's own"
    if SUBMODULE in file.modes:
        return f"it makes {_shown(file.name)} a submodule"
    if SYMLINK in file.modes and not stays_inside(file.name, _target(file)):
        return f"it makes {_shown(file.name)} a symbolic link that leads out of the tree, or cannot be seen not to"
    return ""


def suspicions(number: int, file: FileDiff) -> Iterator[Suspicion]:
    """Places in a file's diff that a reader must be told of.

    Args:
        number: of the patch.
    """
    for name in file.names:
        parts = name.split("/")
        if parts[-1] in _OBEYED or any(part in _HOOKS for part in parts[:-1]):
            yield Suspicion(number, name, 0, "programs other than the kernel's build obey this file", deceptive=False)
    if SYMLINK in file.modes and file.added:
        yield Suspicion(number, file.name, 0, f"a symbolic link to {_shown(_target(file))}", deceptive=False)
    for line, text in file.added.items():
        unseen = dict.fromkeys(_UNSEEN.findall(text))
        if unseen:
            yield Suspicion(number, file.name, line, f"not shown: {', '.join(map(_named, unseen))}", deceptive=True)
        if not text.isascii():
            for word in dict.fromkeys(_WORD.findall(text)):
                if foreign := _alike(word):
                    what = f'"{word}" is not what it looks like: {", ".join(map(_named, foreign))}'
                    yield Suspicion(number, file.name, line, what, deceptive=True)


def _alike(word: str) -> tuple[str, ...]:
    """Letters of a word that look like ASCII ones, where the whole word can be taken for one of ASCII letters."""
    if word.isascii():
        return ()
    letters: dict[str, None] = {}
    for letter in word:
        if letter.isascii():
            continue
        if not _like_ascii(letter):
            return ()
        letters[letter] = None
    return tuple(letters) if len(word) > 1 else ()


@lru_cache(maxsize=10_000)
def _like_ascii(letter: str) -> bool:
    # Reading the table takes 0.1 s; most series never need it.
    from confusable_homoglyphs import confusables

    others = confusables.is_confusable(letter, preferred_aliases=["latin"]) or []
    return any(other["c"].isascii() and other["c"].isalnum() for likeness in others for other in likeness["homoglyphs"])


def _as_git_folder(part: str) -> bool:
    """Whether some file system takes a name for `.git` (git's is_hfs_dotgit and is_ntfs_dotgit)."""
    return _IGNORED_BY_HFS.sub("", part).rstrip(" .").casefold() in (".git", "git~1")


def _target(file: FileDiff) -> str:
    return "\n".join(file.added.values())


def stays_inside(name: str, target: str) -> bool:
    """Whether a symbolic link of this name, on its own, leads to something within the tree."""
    match = _LINK_TARGET.fullmatch(target)
    return match is not None and match["up"].count("/") <= name.count("/")


def _named(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}"


def _shown(name: str) -> str:
    """A name from a patch on one line, not too long."""
    return repr(name if len(name) <= 80 else f"{name[:77]}...")
