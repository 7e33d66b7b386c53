"""The command lines that install packages on a machine with Debian's tools; pure."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from pipeline.system.shell import pasted

PIPX = ("env", "PIPX_HOME=/usr/local/lib/pipx", "PIPX_BIN_DIR=/usr/local/bin", "pipx", "install")
"""Installs a program of PyPI where the sandbox sees it, below /usr.

`pip install` is refused there: Python belongs to Debian's packages (PEP 668). What pipx installs for one user lies in
that user's home, which no sandbox sees.
"""


def commands(debian: Sequence[str], pypi: Sequence[str], beside: Sequence[str], *, as_root: bool) -> tuple[str, ...]:
    """Command lines to be typed one after the other; none where there is nothing to install.

    Args:
        debian: packages of Debian.
        pypi: programs of PyPI.
        beside: packages of PyPI that this program imports or runs from its own environment.
        as_root: the user is root, and needs no sudo.
    """
    return tuple(_commands(debian, pypi, beside, () if as_root else ("sudo",)))


def _commands(debian: Sequence[str], pypi: Sequence[str], beside: Sequence[str], sudo: Sequence[str]) -> Iterator[str]:
    # dtschema needs pylibfdt, which pip compiles.
    packages = [*debian, *(["pipx", "python3-dev"] if pypi else [])]
    if packages:
        yield pasted((*sudo, "apt-get", "install"), packages)
    # The pipx of Debian 12 takes one package at a time.
    for package in pypi:
        yield pasted((*sudo, *PIPX), (package,))
    if beside:
        yield pasted((sys.executable, "-m", "pip", "install"), beside)
