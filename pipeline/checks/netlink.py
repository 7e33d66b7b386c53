"""The check `netlink`: code that is generated from YAML specifications is what the base's generator makes of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import last_line
from pipeline.model import CheckFinding, Severity

_SPECS = "Documentation/netlink/specs/"
_MARK = re.compile(
    r"^/\*\s+(?P<spec>Documentation/netlink/specs/[\w.-]+\.yaml)\s+\*/\n(?:.*\n){0,3}?"
    r"/\* YNL-GEN (?P<mode>kernel|uapi) (?P<part>source|header) \*/$",
    re.MULTILINE,
)
_ARGUMENTS = re.compile(r"^/\* YNL-ARG (.*?)\s*\*/$", re.MULTILINE)
_WORD = re.compile(r"--[a-z-]+|[\w./-]+")
_BEGINNING = 2000
"""Bytes of a file in which its marks are."""


@dataclass(frozen=True)
class _Generated:
    """A file that a specification makes, as its own marks say."""

    path: str
    spec: str
    mode: str
    part: str
    arguments: tuple[str, ...]


class NetlinkCheck:
    """Generates each file again, from the specification before and after a patch."""

    name = "netlink"
    about = "generated code is what its specification makes (tools/net/ynl of the base)"
    version = 1
    needs = Needs(
        tools=(Tool("python3", "python3-yaml"),),
        scripts=("tools/net/ynl/pyynl/ynl_gen_c.py", "tools/net/ynl/ynl-gen-c.py"),
        data=(
            *("tools/net/ynl/pyynl", "tools/net/ynl/lib", "Documentation/netlink/genetlink.yaml"),
            *("Documentation/netlink/genetlink-c.yaml", "Documentation/netlink/genetlink-legacy.yaml"),
            "Documentation/netlink/netlink-raw.yaml",
        ),
        whole_tree=True,
    )

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(file.name.startswith(_SPECS) for file in patch.files) or any(
            "YNL-GEN" in text for text in patch.diff.decode("utf-8", "replace").split("\n") if text[:1] in (" ", "+")
        )

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        touched = {file.name for file in patch.files}
        marked = after.grep("^/\\* YNL-GEN (kernel|uapi) (source|header) \\*/", "*.c", "*.h")
        findings, reason, read = list[CheckFinding](), "", dict[str, None]()
        for generated in filter(None, (_generated(after, path) for path, _, _ in marked)):
            if generated.path not in touched and generated.spec not in touched:
                continue
            words, stale = _stale(generated, after)
            if not words and generated.spec in touched:
                read[generated.spec] = None
            if not words and not stale:
                continue
            words_before, stale_before = _stale(generated, before)
            if words and not words_before:
                findings.append(CheckFinding(Severity.ERROR, words, generated.spec, 0, "ynl", "generator-fails"))
            elif stale and not stale_before:
                kind = "not-regenerated" if generated.spec in touched else "edited-by-hand"
                message = f"it is not what the generator makes of {generated.spec}"
                findings.append(CheckFinding(Severity.ERROR, message, generated.path, 0, "ynl", kind))
            elif words:
                reason = words
        return Outcome(tuple(findings), reason, tuple(read))


def _generated(state: State, path: str) -> _Generated | None:
    text = state.read(path)[:_BEGINNING].decode("utf-8", "replace")
    match = _MARK.search(text)
    if match is None:
        return None
    arguments = [word for line in _ARGUMENTS.findall(text) for word in line.split()]
    if not all(map(_WORD.fullmatch, arguments)):
        return None
    return _Generated(path, match["spec"], match["mode"], match["part"], tuple(arguments))


def _stale(generated: _Generated, state: State) -> tuple[str, bool]:
    """Why it cannot be known, and whether the file is other than what its specification makes."""
    spec, content = state.read(generated.spec), state.read(generated.path)
    if not spec or not content:
        return "", False
    # The schema of a specification is looked for beside the folder that it lies in.
    files = {f"doc/{generated.spec}": spec}
    command = (
        "mkdir -p doc/Documentation/netlink && cp {src}/Documentation/netlink/*.yaml doc/Documentation/netlink/ && "
        'exec python3 {script} "$@"'
    )
    words = (
        "--mode",
        generated.mode,
        f"--{generated.part}",
        "--spec",
        f"{{build}}/doc/{generated.spec}",
        *generated.arguments,
    )
    done = state.run("sh", "-c", command, "sh", *words, files=files)
    made = done.stdout
    if not done.ok or not made.strip():
        return f"the generator fails on {generated.spec}: {last_line(done.last_words)}", False
    return "", _plain(made) != _plain(content)


def _plain(content: bytes) -> list[bytes]:
    """Lines without the remark on how to make the file again, and the place of the specification."""
    lines = [line.rstrip() for line in content.splitlines()]
    lines = [re.sub(rb"\S*(?=Documentation/netlink/specs/)", b"", line) for line in lines]
    return [line for line in lines if line and not re.match(rb"/\* (?:YNL-ARG|To regenerate)", line)]
