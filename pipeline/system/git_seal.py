"""Seals git from the configuration of the user and of trees: its environment, its options, its attributes."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
    "HOME": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "GIT_AUTHOR_NAME": "pipeline",
    "GIT_AUTHOR_EMAIL": "pipeline@localhost",
    "GIT_COMMITTER_NAME": "pipeline",
    "GIT_COMMITTER_EMAIL": "pipeline@localhost",
    # A fixed date: applying the same series to the same tree twice gives the same commits.
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z",
}

# Hooks and fsmonitor run programs; the rest is speed (an imported tree can be imported again, so no fsync) and
# determinism.
OPTIONS = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.fsync=none"),
    *("-c", "core.autocrlf=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "safe.directory=*"),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "advice.detachedHead=false"),
    # As many as processors: a kernel's first checkout takes 9.5 s with one, 6.4 s with two (git-config(1)).
    *("-c", "checkout.workers=0"),
)

_ATTRIBUTES = (
    *("text", "eol", "crlf", "working-tree-encoding", "ident", "filter"),
    *("diff", "merge", "conflict-marker-size", "whitespace"),
    *("export-ignore", "export-subst", "delta", "encoding"),
)
"""All that gitattributes(5) knows; `crlf` is the old name of `text`."""
NO_ATTRIBUTES = f"* {' '.join(f'!{name}' for name in _ATTRIBUTES)}\n"
"""Content of `info/attributes`, which comes before what trees say: a file is checked out as its bytes are, and two
changes of one line are a conflict, whatever merge driver or line ends a `.gitattributes` asks for.
"""


def ignore_attributes(file: Path) -> None:
    """Makes git deaf to the attributes of every tree; worktrees share the file."""
    with suppress(OSError):
        if file.read_text() == NO_ATTRIBUTES:
            return
    file.parent.mkdir(exist_ok=True)
    # Others may read it now: never half of it.
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as aside:
        aside.write(NO_ATTRIBUTES)
    Path(aside.name).replace(file)
