"""Limits on the cost of strangers' bytes outside the sandbox: limits as data, and how they are counted.

Every parser of such bytes is linear in what it reads, and stops at a limit of this table; mail has a table of its own
(`pipeline.mail.limits`). A limit is several times what the largest kernels need (in brackets), and what is just within
it takes at most five seconds of a processor and 256 MiB.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.system.errors import UsageError


class TooMuchError(UsageError, ValueError):
    """Bytes from outside reached a limit. A ValueError, as all that parsers raise of what they cannot read."""


@dataclass(frozen=True)
class Limit:
    """How much there may be of something.

    Args:
        most: of it.
        what: it is, in the plural, for people.
    """

    most: int
    what: str

    def check(self, amount: int) -> None:
        """Raises TooMuchError when there is more."""
        if amount > self.most:
            raise TooMuchError(f"more than {self.most} {self.what}", hint="No kernel does that: look at the series.")


# What a build left, read in a process of its own.
CONFINED_SECONDS = 5
"""Of a processor, for one reading of it."""
CONFINED_MEMORY = 256 << 20
"""Bytes of address space, the interpreter's own included."""
CONFINED_ANSWER = 24 << 20
"""Bytes that come back."""
RECORD = Limit(2 << 20, "bytes of one .cmd file")
"""(800 KB)"""
RECORDS = Limit(320 << 20, "bytes of .cmd files")
"""(180 MB: 3,000 objects of a defconfig)"""
RECORD_FILES = Limit(100_000, "files in kbuild's form")
"""(50,000: an allmodconfig)"""
RECORD_FOLDERS = Limit(100_000, "folders in a build folder")
"""(6,000)"""
RECORD_NAMES = Limit(6_000_000, "dependencies in .cmd files")
"""(3,500,000)"""
RECORD_WORDS = Limit(2_000_000, "words in recorded commands")
"""(400,000)"""
CACHE_NOTE = Limit(16 << 20, "bytes that ccache notes of a build")
"""(4.5 MB: an allmodconfig)"""
SECTIONS = Limit(10_000, "sections of a kernel")
"""(100)"""
ASSEMBLER = Limit(16 << 20, "bytes of compiled assembler")
"""(2 MB)"""
SELFTEST = Limit(32 << 20, "bytes of a self-test")
"""(1 MB)"""
DEBUG_OBJECT = Limit(32 << 20, "bytes of an object with debug information")
"""(3 MB)"""
DEBUG_UNITS = Limit(1000, "units of debug information")
"""(1)"""
DEBUG_ENTRIES = Limit(100_000, "types in debug information")
"""(30,000)"""
TOOL_OUTPUT = Limit(32 << 20, "bytes printed by a tool")
"""(12 MB: nm of an allyesconfig)"""
SYMBOLS = Limit(600_000, "symbols of objects")
"""(200,000)"""

# Makefiles and Kconfig files of a tree, read to suggest and to explain.
MAKEFILE = Limit(1 << 20, "characters of a makefile")
"""(72,000)"""
MAKE_STEPS = Limit(1_500_000, "parts of conditions in makefiles")
"""(570,000, for every file of 6.12; a series takes some thousand)"""
EXPRESSION = Limit(5_000, "parts of one condition")
"""(260)"""
EXPRESSION_DEPTH = Limit(150, "levels of one condition")
"""(10)"""
KCONFIG_STEPS = Limit(2_500_000, "parts of Kconfig files, and of conditions around them")
"""(950,000)"""
SOURCE_FILES = Limit(20_000, "makefiles or Kconfig files")
"""(3,200)"""
SOURCE_BYTES = Limit(16 << 20, "bytes of makefiles or of Kconfig files")
"""(6.7 MB)"""
SOLVE_STEPS = Limit(3_000_000, "parts of conditions looked at for what could bring the files of a series in")
"""(500 for a file in a cell)"""

# Archives of trees, which may have been packed to be larger than any disk.
ARCHIVE_BYTES = Limit(6 << 30, "bytes of files in an archive")
"""(1.6 GB)"""
ARCHIVE_MEMBERS = Limit(500_000, "members of an archive")
"""(95,000)"""
ARCHIVE_HEADER = Limit(1 << 20, "bytes of a header in an archive")

# Replies of a thread, read for what they say of a series.
REPLY_WORDS = Limit(40_000, "characters in one reply")
"""(unquoted)"""
REVIEW_WORDS = Limit(600_000, "characters in replies")
"""(unquoted)"""
REVIEW_COMPARISONS = Limit(2_000_000, "lines of replies held against those that they quote")

# What a program of the user's own says of points.
OPINION_SECONDS, OPINIONS_SECONDS = 30, 300
"""Of wall time, for one point and for all of a review"""
OPINIONS = Limit(200, "points that a program is asked about")
OPINION_ANSWER = Limit(64 << 10, "bytes of an answer about one point")
OPINION_ACTS = Limit(100, "acts in an answer about one point")

# What git makes of patches.
PACKED_IN_PATCHES = Limit(16 << 20, "bytes of files that its patches bring packed")
"""(100 KB: pictures of documents)"""
COPIED_BY_PATCHES = Limit(16 << 20, "bytes of files that it copies")
RENAMED_BY_PATCHES = Limit(64 << 20, "bytes of files that it renames")
"""(3 MB: a driver that leaves staging; 20 MB: folders of a subsystem); what is renamed does not become more"""
GIT_SECONDS = 5
"""Of a processor, for one command of git that reads patches (0.6: `git am` in a whole tree)"""
GIT_PATCH_SECONDS, GIT_MOST_SECONDS = 1, 60
"""Of a processor, for applying: what each patch adds to the above, and all at most"""

GIT_MEMORY, GIT_STACK = 256 << 20, 4 << 20
"""Bytes that a command of git may take for data, and for the stack of each of its threads, of which there are twenty in
a large tree; files that it maps are not counted (between 32 and 64 MiB: a checkout of Linux 6.12)"""

B4_MEMORY = 256 << 20
"""Bytes that b4 may take for data (125 MiB: patches of 15 MiB; 50 MiB: a thread of 1,000 mails)"""

# Results of other machines, and records of runs.
MESSAGE = Limit(256 << 20, "bytes of a job or a result")
STORED_FILE = Limit(128 << 20, "bytes of a stored file, unpacked")
"""(60 MB: an uncompressed image)"""
STORED_TEXT = Limit(64 << 20, "bytes of a stored text, unpacked")
"""(64 MiB: as much as a command may print)"""
CODE_TABLE = Limit(48 << 20, "bytes of a table of code")
"""(12 MB: the 160,000 functions and data objects of a defconfig)"""
STORED_CONFIG = Limit(4 << 20, "bytes of a configuration")
"""(300,000)"""
STORED_DEPTH = Limit(32, "levels of a stored value")
"""(6)"""
LARGEST_NUMBER = 10**20
"""Above every size of 64 bits, far below what a float holds."""
RUN = Limit(20 << 20, "bytes of a run.json")
"""(18 MB for 100,000 symbols; a run that has more leaves some out)"""
RUN_FILE = Limit(64 << 20, "bytes of a log, console or configuration")
"""(64 MiB: as much as a command may print)"""
RUN_VALUES = Limit(2_000_000, "values in a run.json")
"""(1,000,000 for 100,000 symbols)"""
RUN_RECORDS = Limit(40_000, "records in a run.json")
"""(7,500: checks of a hundred patches on three trees; symbols are none)"""
RUN_CELLS = Limit(600, "cells in a run.json")
"""(180; a report looks at each several times)"""
RUN_ITEMS = Limit(100_000, "entries of one list in a run.json")
"""(1,000)"""
RUN_WORDS = Limit(100_000, "characters of a name or a sentence in a run.json")
"""(64 KiB: a line of a mail)"""
RUN_TEXT = Limit(4 << 20, "characters of a mail, a diff or a table in a run.json")
"""(1 MB)"""
RUN_LINES = Limit(3_000_000, "changed lines in a run.json, cell by cell")
"""(60,000)"""
DEFINITION = Limit(1 << 20, "bytes of a TOML file")
"""(20,000)"""
DEFINITION_SECONDS = 2.0
"""Of a processor, for one TOML file, or a matrix with all that it extends (0.1)"""
MATRICES = Limit(50, "matrices that extend each other")
"""(5)"""
CELLS = Limit(2000, "cells of the axes of a matrix")
"""(60)"""
AXES = Limit(32, "axes of a matrix")
"""(4)"""
CELL_NAMES = Limit(200_000, "fragments and boots of the cells of a matrix")
"""(300)"""
FRAGMENT = Limit(1 << 20, "bytes of a fragment")
"""(3,000)"""


_PIECE = 1 << 20


class Budget:
    """The rest of a limit that several parsers share; `spent` can be compared between two inputs."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.spent = 0

    def holds(self, amount: int) -> bool:
        """Whether so much is left."""
        return self.spent + amount <= self.limit.most

    def spend(self, amount: int = 1) -> None:
        """Raises TooMuchError when the limit is reached."""
        self.spent += amount
        if self.spent > self.limit.most:
            self.limit.check(self.spent)


def inflated(packed: bytes, limit: Limit) -> bytes:
    """The content of zlib data, never more than the limit.

    Raises:
        ValueError: it is damaged, or there is more.
    """
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(packed, limit.most + 1)
    except zlib.error as error:
        raise ValueError(f"it cannot be unpacked ({error})") from error
    limit.check(len(content))
    if not inflater.eof or inflater.unused_data:
        raise ValueError("it is cut short, or followed by something else")
    return content


def check_packed(packed: bytes, limit: Limit, *, text: bool) -> None:
    """Sees to it that `inflated` will succeed, without having it all in memory.

    Args:
        text: it must be UTF-8.

    Raises:
        ValueError: it is damaged, or there is more than may be.
    """
    inflater, decoder, size = zlib.decompressobj(), codecs.getincrementaldecoder("utf-8")(), 0
    rest = packed
    try:
        while not inflater.eof:
            piece = inflater.decompress(rest, _PIECE)
            rest = inflater.unconsumed_tail
            size += len(piece)
            limit.check(size)
            if text:
                decoder.decode(piece)
            if not piece and not rest and not inflater.eof:
                break
    except zlib.error as error:
        raise ValueError(f"it cannot be unpacked ({error})") from error
    if not inflater.eof or inflater.unused_data:
        raise ValueError("it is cut short, or followed by something else")
    if text:
        decoder.decode(b"", final=True)


def check_value(value: Any) -> None:
    """Sees to it that what computes with the numbers of a JSON value can.

    Raises:
        ValueError: a number is not finite or too large, or values are nested too deeply.
    """
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        STORED_DEPTH.check(depth)
        if isinstance(part, dict | list):
            waiting += [(inner, depth + 1) for inner in (part.values() if isinstance(part, dict) else part)]
        elif isinstance(part, int | float) and not -LARGEST_NUMBER <= part <= LARGEST_NUMBER:
            raise ValueError(f"a number that is not finite, or beyond {LARGEST_NUMBER}")


def lines(text: str) -> Iterator[str]:
    """Lines one by one, without their ends: a list of millions of short ones takes many times their memory."""
    at = 0
    while (end := text.find("\n", at)) >= 0:
        yield text[at:end]
        at = end + 1
    if at < len(text):
        yield text[at:]
