"""Objects that show the code a series touches, and the result of each."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.model.diagnostic import Diagnostic


@dataclass(frozen=True)
class TouchedFile:
    """A file of code that a series touches, in one configuration.

    Args:
        path: in the tree.
        targets: of make, that show it: its own object, or those of files that include it.
        compiled: whether one of them was, at the state that is spoken of.
        reason: why none was; empty where one was, and where the series is to blame.
        touched: by the series; others are named by reports of its thread.
    """

    path: str
    targets: tuple[str, ...] = ()
    compiled: bool = False
    reason: str = ""
    touched: bool = True

    @property
    def broken(self) -> bool:
        """Whether the series is to blame that it was not compiled."""
        return bool(self.targets) and not self.compiled and not self.reason


@dataclass(frozen=True)
class CompiledObject:
    """One object at one source state.

    Args:
        target: of make; a path in the build folder.
        source: that it is compiled from.
        good: whether it was compiled.
        symbols: `nm --size-sort` of it; nothing where it was not compiled.
        read: paths of the source tree that the compiler read.
        unread: whether the cell's checker could not read what the compiler could.
    """

    target: str
    source: str
    good: bool
    warnings: tuple[Diagnostic, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    symbols: bytes = b""
    read: frozenset[str] = field(default=frozenset(), repr=False)
    unread: bool = False
