"""The check `documentation`: what docutils says of touched documents and not before, and what they name that is gone.

Sphinx reads a whole tree and the code besides, minutes for a patch. docutils reads one document; what only Sphinx knows
(its directives and roles, labels of other documents) is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from pipeline.checks.compare import compared
from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import last_line
from pipeline.mail.diff import FileDiff
from pipeline.model import CheckFinding, Severity
from pipeline.system.command import Completed

MOST_NAMES = 40
"""Functions that a patch takes away and that documents are searched for."""
MOST_PLACES = 3
"""Of one name in documents, that are shown."""

_FOLDER = "Documentation"
_DOCUMENT = ".rst"
_CODE = (".c", ".h", ".S", ".rs")
_OPTIONS = (
    *("--report=2", "--halt=5", "--writer=null", "--input-encoding=utf-8"),
    *("--no-file-insertion", "--no-raw", "--syntax-highlight=none"),
)
_EACH = 'for file; do docutils $OPTIONS "$file"; done'
_LINE = re.compile(r"^(?P<path>\w+/\d+\.rst):(?P<line>\d+): \((?P<level>[A-Z]+)/\d\) (?P<words>.*)$", re.MULTILINE)
_OF_SPHINX = re.compile(
    r"Unknown directive type|Unknown interpreted text role|directive disabled|No (?:directive entry|role entry)|"
    r"Undefined substitution referenced|Error in \"(?:code-block|highlight|figure|math|toctree|include)\" directive"
)
_LEVELS = {"WARNING": Severity.WARNING, "ERROR": Severity.ERROR, "SEVERE": Severity.ERROR}
# The endings keep out globs in braces, folders, and files of ABI/, whose names are often cut short.
_REFERENCE = re.compile(r"(?<![\w./-])Documentation/[\w.,~/*?+-]{1,200}\.(?:rst|txt|yaml)\b(?![/*-])")
_DEFINITION = re.compile(r"^(?!#|\s|static_assert|typedef)[\w\s*]*?\b(?P<name>[a-z_]\w{5,})\((?![^;]*\*\))")


class DocumentationCheck:
    """Reads each document as it was and as it is, and searches all of them for what a patch takes away."""

    name = "documentation"
    about = "touched documents (docutils), documents that name what a patch takes away, and references to no document"
    version = 4
    needs = Needs(tools=(Tool("docutils", "python3-docutils"),), whole_tree=True)

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return bool(_documents(patch) or _may_go(patch) or _functions(patch) or any(_references(patch)))

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        gone = [*_gone_files(patch, before, after), *_gone_functions(patch, after), *_alone(patch, before, after)]
        gone += _dangling(patch, after)
        files, names = dict[str, bytes](), dict[str, str]()
        for at, file in enumerate(_documents(patch)):
            for where, state, name in (("before", before, file.names[0]), ("after", after, file.name)):
                if content := state.read(name):
                    laid = f"{where}/{at}{_DOCUMENT}"
                    files[laid], names[laid] = content, name
        read = _gone_documents(patch, before, after)
        if not any(laid.startswith("after/") for laid in files):
            return Outcome(tuple(gone), read=tuple(read))
        command = ("sh", "-c", _EACH.replace("$OPTIONS", " ".join(_OPTIONS)), "sh")
        done = after.run(*command, *files, files=files)
        if done.status and not _LINE.search(done.text):
            return Outcome(tuple(gone), f"docutils fails: {last_line(done.last_words)}", tuple(read))
        told = _findings(done, names)
        read += [name for laid, name in names.items() if laid.startswith("after/")]
        return Outcome((*compared(told["after"], told["before"], patch.files), *gone), read=tuple(read))


def _documents(patch: CheckedPatch) -> list[FileDiff]:
    return [file for file in patch.files if file.name.endswith(_DOCUMENT) and file.names]


def _gone_documents(patch: CheckedPatch, before: State, after: State) -> list[str]:
    """Documents that the patch takes away: what names them was searched for, and there is nothing else to read."""
    names = [name for file in _may_go(patch) for name in file.names if name.startswith(f"{_FOLDER}/")]
    return [name for name in dict.fromkeys(names) if before.blob(name) and not after.blob(name)]


def _findings(done: Completed, names: Mapping[str, str]) -> dict[str, list[CheckFinding]]:
    """Findings of docutils on the documents before and after, by the names that they have in the tree."""
    findings: dict[str, dict[CheckFinding, None]] = {"before": {}, "after": {}}
    for match in _LINE.finditer(done.text):
        if match["path"] in names and match["level"] in _LEVELS and not _OF_SPHINX.search(match["words"]):
            words = re.sub(r"\bline \d+", "line", match["words"])
            finding = CheckFinding(
                _LEVELS[match["level"]], words, names[match["path"]], int(match["line"]), "docutils", _kind(words)
            )
            # A title with a short underline is said twice, as a section and as text.
            findings[match["path"].partition("/")[0]][finding] = None
    return {where: [*told] for where, told in findings.items()}


def _kind(words: str) -> str:
    plain = re.sub(r"\"[^\"]*\"|\W+", " ", words)
    return "-".join(plain.casefold().split()[:4])


def _may_go(patch: CheckedPatch) -> list[FileDiff]:
    """Files of which no line is added: those that are deleted are among them, and those that get another name."""
    return [file for file in patch.files if not file.added or len(file.names) > 1]


def _gone_files(patch: CheckedPatch, before: State, after: State) -> Iterator[CheckFinding]:
    names = [name for file in _may_go(patch) for name in file.names]
    gone = [name for name in dict.fromkeys(names) if before.blob(name) and not after.blob(name)][:MOST_NAMES]
    if not gone:
        return
    pattern = f"(^|[^A-Za-z0-9_./-])({'|'.join(map(_escaped, gone))})($|[^A-Za-z0-9_/-])"
    for path, line, text in _places(after.grep(pattern, _FOLDER), gone):
        name = next(name for name in gone if name in text)
        yield CheckFinding(
            Severity.WARNING, f"it names {name}, which is gone", path, line, "documentation", "gone-file"
        )


def _functions(patch: CheckedPatch) -> list[str]:
    """Functions whose definitions or declarations are taken away and that no added line names."""
    if not any(file.name.endswith(_CODE) for file in patch.files):
        return []
    lines = patch.diff.decode("utf-8", "replace").split("\n")
    removed = [line[1:] for line in lines if line.startswith("-") and not line.startswith("--- ")]
    names = dict.fromkeys(match["name"] for match in map(_DEFINITION.match, removed) if match)
    added = set(re.findall(r"\w+", "\n".join(text for file in patch.files for text in file.added.values())))
    return [name for name in names if name not in added][:MOST_NAMES]


def _gone_functions(patch: CheckedPatch, after: State) -> Iterator[CheckFinding]:
    names = _functions(patch)
    if not names:
        return
    told = after.grep(rf"\<({'|'.join(names)})(\(\)|\>)", f"{_FOLDER}/*{_DOCUMENT}")
    spoken = [name for name in names if any(re.search(rf"\b{name}\b", text) for _, _, text in told)]
    # A function that is still called or declared somewhere is not gone.
    used = after.grep(rf"\<({'|'.join(spoken)})[[:space:]]*\(", *(f"*{suffix}" for suffix in _CODE)) if spoken else ()
    here = set(re.findall(r"\w+", "\n".join(text for _, _, text in used)))
    gone = [name for name in spoken if name not in here]
    for path, line, text in _places(told, gone):
        name = next(name for name in gone if re.search(rf"\b{name}\b", text))
        words = f"it names {name}(), which is gone"
        yield CheckFinding(Severity.WARNING, words, path, line, "documentation", "gone-function")


def _references(patch: CheckedPatch) -> Iterator[tuple[str, int, str]]:
    """Documents that added lines name, with file and line; those of MAINTAINERS are the check's of that name."""
    for file in patch.files:
        for number, text in file.added.items() if file.name != "MAINTAINERS" else ():
            for match in _REFERENCE.finditer(text):
                yield file.name, number, match[0]


def _dangling(patch: CheckedPatch, after: State) -> Iterator[CheckFinding]:
    """References to documents that are not there, and that no other patch of the series touches."""
    of_series = {path for other in patch.series.patches for path in other.files}
    told = dict[tuple[str, str], CheckFinding]()
    for path, number, name in _references(patch):
        if (path, name) in told or len(told) == MOST_NAMES or name in of_series or after.exists(name):
            continue
        words = f"it refers to {name}, which is not there"
        told[path, name] = CheckFinding(Severity.WARNING, words, path, number, "documentation", "no-file")
    yield from told.values()


def _places(hits: Sequence[tuple[str, int, str]], names: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    """The first places of each name; translations follow when somebody has the time."""
    for name in names:
        of_name = [hit for hit in hits if re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w/-])", hit[2])]
        yield from [hit for hit in of_name if "/translations/" not in hit[0]][:MOST_PLACES]


def _escaped(name: str) -> str:
    """A path as an extended regular expression."""
    return re.sub(r"([^\w/-])", r"\\\1", name)


def _alone(patch: CheckedPatch, before: State, after: State) -> Iterator[CheckFinding]:
    """New documents that no toctree beside or above them names."""
    for file in _documents(patch):
        new = after.blob(file.name) and not before.blob(file.name)
        if not new or not file.name.startswith(f"{_FOLDER}/") or b":orphan:" in after.read(file.name)[:200]:
            continue
        if not any(_lists(after, index, file.name) for index in _indexes(file.name)):
            words = "the document is in no toctree of an index beside or above it"
            yield CheckFinding(Severity.WARNING, words, file.name, 0, "documentation", "no-toctree")


def _indexes(path: str) -> Iterator[tuple[str, str]]:
    """Folders from the document's own upwards, and the document as an index there names it."""
    below, parts = path.removesuffix(_DOCUMENT), path.split("/")[:-1]
    for depth in range(len(parts), 0, -1):
        folder = "/".join(parts[:depth])
        yield folder, below.removeprefix(f"{folder}/")


def _lists(state: State, index: tuple[str, str], path: str) -> bool:
    """Whether some document of a folder has a line that names another one, or a pattern that may match it."""
    folder, name = index
    plain, absolute = _escaped(name), _escaped(path.removesuffix(_DOCUMENT).removeprefix(_FOLDER))
    pattern = (
        rf"^[[:space:]]+(.*<)?({plain}|{absolute})(\.rst)?>?[[:space:]]*$|^[[:space:]]+[^ ]*\*[^ ]*[[:space:]]*$|:glob:"
    )
    hits = [hit for hit in state.grep(pattern, f"{folder}/*{_DOCUMENT}") if hit[0].rpartition("/")[0] == folder]
    with_patterns = {where for where, _, text in hits if ":glob:" in text}
    return any(
        fnmatchcase(name, text.strip()) if "*" in text else ":glob:" not in text
        for where, _, text in hits
        if where != path and ("*" not in text or where in with_patterns)
    )
