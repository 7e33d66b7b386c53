"""ccache for builds that begin with an empty folder: on a new machine, after a cleaning, for another series.

It runs in depend mode, without the preprocessor, which costs more than it saves (ccache(1), "The depend mode"). Only
the tree itself, as the user named it, fills the cache; with patches on top, builds read it and leave nothing in it, so
that no series ever feeds another.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile

from pipeline.kernel.toolchain import ToolchainName, place
from pipeline.model import CompilerCalls, Toolchain
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.policy import Cache

_STATISTICS = ".pipeline-ccache"
_TEMPORARY = ".pipeline-ccache-temporary"
_BYPASSED = "assembler_or_incbin"
_NOTED = re.compile(
    rb"^(?:(?P<call># )|(?P<hit>(?:direct|preprocessed)_cache_hit$)|(?P<miss>cache_miss$))", re.MULTILINE
)

_WRAPPER = """\
#!/bin/sh
# In depend mode ccache sees no file that .incbin reads, and would return an object with an old one in it: a vdso, say.
for word; do
	case $word in
	*.S | *.s) bypassed=$word ;;
	*.c) if grep -qs incbin "$word"; then bypassed=$word; fi ;;
	esac
done
if [ "$bypassed" ]; then
	printf '# %s\\n{bypassed}\\n' "$bypassed" >>"$CCACHE_STATSLOG"
	exec {compiler} "$@"
fi
exec ccache {compiler} "$@"
"""


class Use(StrEnum):
    """How builds use the cache."""

    NONE = "every file is compiled"
    READ = "what is there is taken"
    FILL = "what is compiled is kept, too; for the tree alone, without a stranger's patch"


@dataclass(frozen=True)
class CompilerCache:
    """A folder with what compilers made.

    Args:
        folder: its own, also for the programs that stand before compilers.
        size: most that ccache keeps in it, bytes.
    """

    folder: Path
    size: int

    def prepare(self, toolchain: Toolchain) -> Path:
        """Makes the folders, and a program with the compiler's name that asks ccache first; returns its folder."""
        self.cache(writable=True).folder.mkdir(parents=True, exist_ok=True)
        driver = ToolchainName.parse(toolchain.name).driver
        tools = self.folder / "tools" / driver
        tools.mkdir(parents=True, exist_ok=True)
        text = _WRAPPER.format(compiler=place(driver), bypassed=_BYPASSED)
        wrapper = tools / driver
        if not (wrapper.exists() and wrapper.read_text() == text):
            # Replace it atomically: another cell's make may call it at this moment.
            with NamedTemporaryFile("w", dir=tools, delete=False) as temporary:
                temporary.write(text)
            Path(temporary.name).chmod(0o755)
            Path(temporary.name).replace(wrapper)
        return tools

    def cache(self, *, writable: bool) -> Cache:
        """The part that a sandbox shows to compilers."""
        return Cache(self.folder / "objects", writable)

    def environment(self, toolchain: Toolchain, *, writable: bool) -> dict[str, str]:
        """Settings, see ccache(1). What names a folder but its own is below `{build}`."""
        return {
            "CCACHE_DEPEND": "1",
            # Compiler, assembler and linker, all of them looked at when the run began.
            "CCACHE_COMPILERCHECK": f"string:{toolchain.digest}",
            # 0 would be no limit.
            "CCACHE_MAXSIZE": f"{max(1, self.size // 1000)}k",
            "CCACHE_STATSLOG": f"{{build}}/{_STATISTICS}",
            "CCACHE_TEMPDIR": f"{{build}}/{_TEMPORARY}",
        } | ({} if writable else {"CCACHE_READONLY": "1"})


def take_calls(build: Path) -> CompilerCalls:
    """Count what ccache noted of a build in its folder, and remove the note."""
    try:
        note = untrusted_dir.read(build, _STATISTICS, untrusted.CACHE_NOTE.most)
    except OSError:
        # Nothing was compiled; or a makefile put something else there.
        note = b""
    untrusted_dir.discard(build, _STATISTICS)
    return counted(note)


def counted(note: bytes) -> CompilerCalls:
    """Calls in ccache's statistics log: for each a line `# FILE`, and one for each counter that it raised."""
    # Not line by line: a makefile can write millions of empty ones.
    lines = Counter(match.lastgroup for match in _NOTED.finditer(note))
    hits, misses = lines["hit"], lines["miss"]
    return CompilerCalls(hits, misses, max(0, lines["call"] - hits - misses))
