"""Programs of the kernel's tree that look at what was compiled, and depmod."""

from __future__ import annotations

import re

from pipeline.kernel.diagnostics.log import Kind, Line, Log, Report, kind_of
from pipeline.model import Diagnostic

_MODPOST = re.compile(r"(?P<kind>WARNING|ERROR|FATAL): modpost: (?P<text>.+)$")
# Before modpost said its name.
_MISMATCH = re.compile(r"WARNING: (?P<text>\S+: [Ss]ection mismatch in reference.*)$")
_OBJTOOL = re.compile(r"objtool(?: \[[^\]]*\])?: (?P<text>\S.*)$")
_IN_FUNCTION = re.compile(r"(?P<name>[\w.$]{1,200})(?:\(\))?(?:\+0x[0-9a-f]+)?(?:: | )")
_BTFIDS = re.compile(r"WARN: (?:resolve_btfids: )?(?P<text>(?:unresolved symbol |multiple IDs found for ).+)$")
_BTFIDS_FAILED = re.compile(
    r"(?:FAILED|ERROR):? (?:resolve_btfids: )?(?P<text>(?:load|(?:to )?(?:get|parse)|cannot|unresolved|"
    r"unsupported|symbol|malformed|patching|elf_update).*)$"
)
_DEPMOD = re.compile(r"(?P<kind>WARNING|ERROR|FATAL): (?P<text>.+)$")
_KERNEL_DOC = re.compile(r"(?P<kind>Warning|Error|WARNING|ERROR): (?P<path>[^\s:]+):(?P<line>\d{1,9}) (?P<text>\S.*)$")
_DOCUMENTED = re.compile(r".*\.(?:c|h|rst)$")
# What it says right after a compiler said in which function it is.
_OF_COMMENTS = re.compile(
    r"(?:Function parameter|Function '|Excess |No description|Enum value|Member |Incorrect use|[Cc]annot understand|"
    r"Cannot (?:parse|find)|expecting prototype|This comment starts|[Dd]uplicate |[Cc]ontents before|"
    r"[Mm]issing initial|[Bb]ad line|[Nn]o structured|Unexpected|wrong kernel-doc|"
    r"struct |union |enum |typedef |function )"
)
_OPTION = re.compile(r".*\[-W[\w#=+-]+\]$")


def of_modpost(line: Line, _log: Log) -> Report | None:
    """`WARNING: modpost: text`, section mismatches among them."""
    if not (match := _MODPOST.match(line.text) or _MISMATCH.match(line.text)):
        return None
    kind = Kind.WARNING if line.text.startswith("WARNING") else Kind.ERROR
    return Report(kind, Diagnostic("modpost", 0, match["text"], "modpost"))


def of_objtool(line: Line, log: Log) -> Report | None:
    """`mm/util.o: warning: objtool: text`; some versions name a line, and without a file there is no name before it."""
    place, words = (line.path, line.rest) if line.path else (line.head, line.words)
    if line.text.startswith(("warning: objtool", "error: objtool")):
        place, words = log.target or "objtool", line.text
    parsed = kind_of(words)
    if not place or parsed is None or not (match := _OBJTOOL.match(parsed[2])):
        return None
    function = _IN_FUNCTION.match(match["text"])
    diagnostic = Diagnostic(
        log.relative(place), line.number, match["text"].strip(), "objtool", function["name"] if function else ""
    )
    return Report(parsed[0], diagnostic, line.column)


def of_resolve_btfids(line: Line, _log: Log) -> Report | None:
    """`WARN: resolve_btfids: unresolved symbol name`, `FAILED: load BTF from vmlinux: …`."""
    if match := _BTFIDS.match(line.text):
        return Report(Kind.WARNING, Diagnostic("resolve_btfids", 0, match["text"], "resolve_btfids"))
    if match := _BTFIDS_FAILED.match(line.text):
        return Report(Kind.ERROR, Diagnostic("resolve_btfids", 0, match["text"], "resolve_btfids"))
    return None


def of_depmod(line: Line, _log: Log) -> Report | None:
    """`depmod: WARNING: text`."""
    if line.program != "depmod" or not (match := _DEPMOD.match(line.words)):
        return None
    kind = Kind.WARNING if match["kind"] == "WARNING" else Kind.ERROR
    return Report(kind, Diagnostic("depmod", 0, match["text"], "depmod"))


def of_kernel_doc(line: Line, log: Log) -> Report | None:
    """`path:line: warning: text` by the script in Perl, `Warning: path:line text` by that in Python."""
    if match := _KERNEL_DOC.match(line.text):
        kind = Kind.WARNING if match["kind"].upper() == "WARNING" else Kind.ERROR
        place = log.relative(match["path"])
        return Report(kind, Diagnostic(place, int(match["line"]), match["text"].strip(), "kernel-doc"))
    # Compilers name a column, and the option that a warning can be turned off with.
    if not _DOCUMENTED.match(line.path) or line.column or not line.rest.startswith(("warning: ", "error: ")):
        return None
    kind, _, text = kind_of(line.rest) or (Kind.WARNING, "", "")
    if not text or _OPTION.match(text) or (log.function and not _OF_COMMENTS.match(text)):
        return None
    return Report(kind, Diagnostic(log.relative(line.path), line.number, text, "kernel-doc"))


FORMS = (of_modpost, of_objtool, of_resolve_btfids, of_depmod, of_kernel_doc)
