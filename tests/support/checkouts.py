"""Checkouts of git: commands in them, and whether somebody wrote to them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def git(folder: Path, environment: Mapping[str, str], *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def state_of(checkout: Path) -> dict[str, object]:
    """Everything of a checkout that could tell that somebody wrote to it."""
    return {
        str(path.relative_to(checkout)): (path.lstat().st_mtime_ns, path.lstat().st_ino, path.read_bytes())
        for path in sorted(checkout.rglob("*"))
        if path.is_file()
    }
