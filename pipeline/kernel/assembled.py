"""Files that an assembler opened: kbuild's records name what the compiler read, not what `.incbin` or `.include` did.

GNU as tells (as(1), --MD). gcc calls a program of ours in its place, which has it write a rule of make beside each
object, `.NAME.assembled`. clang assembles in its own process and tells nobody.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile

from pipeline.kernel.commands import Recorded, in_tree
from pipeline.kernel.toolchain import ToolchainName, place
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.command import Command
from pipeline.system.errors import InfrastructureError
from pipeline.system.policy import TOOL_ENVIRONMENT
from pipeline.system.process import Processes
from pipeline.system.untrusted import Budget

SUFFIX = ".assembled"
_OF_THE_MACHINE = ("/tmp/", "/usr/")
"""How files begin, without detours, that are the compiler's temporary ones or the machine's."""

_OURS = ".pipeline-"
"""How names of what we compile ourselves begin, to look at it once."""

_WRAPPER = """\
#!/bin/sh
# An object that is not below the current folder is none of the kernel's.
object=/ previous=
for word; do
	case $previous in -o) object=$word ;; esac
	previous=$word
done
case $object in
/* | -*) exec {assembler} "$@" ;;
*/*) exec {assembler} --MD "${{object%/*}}/.${{object##*/}}{suffix}" "$@" ;;
*) exec {assembler} --MD ".$object{suffix}" "$@" ;;
esac
"""


def is_recorded(toolchain: str) -> bool:
    """Whether a toolchain's compiler calls an assembler that tells what it opened."""
    return ToolchainName.parse(toolchain).family == "gcc"


class Assemblers:
    """The programs that gcc calls as its assembler, made once; several cells may ask at the same time."""

    def __init__(self) -> None:
        # No lock: a task gives the run's lock back while it waits for a compiler, and two may make the same file.
        self._answers: dict[str, tuple[str, str]] = {}
        self._made: set[tuple[Path, str]] = set()

    def prepare(self, folder: Path, toolchain: str, processes: Processes) -> None:
        """Makes the program that gcc calls as its assembler when `folder` is its COMPILER_PATH (gcc(1)).

        It lies where the compiler of this machine type and version alone looks, so that a cross compiler's is not the
        host's; below the machine type alone, `gcc -m32` does not look there.

        Raises:
            InfrastructureError: the compiler does not tell what it calls.
        """
        if (folder, toolchain) in self._made:
            return
        place_of_compiler, text = self._wrapper(toolchain, processes)
        wrapper = folder / place_of_compiler / "as"
        wrapper.parent.mkdir(parents=True, exist_ok=True)
        if not (wrapper.exists() and wrapper.read_text() == text):
            # Replace it atomically: another cell's compiler may call it at this moment.
            with NamedTemporaryFile("w", dir=wrapper.parent, delete=False) as temporary:
                temporary.write(text)
            Path(temporary.name).chmod(0o755)
            Path(temporary.name).replace(wrapper)
        self._made.add((folder, toolchain))

    def _wrapper(self, toolchain: str, processes: Processes) -> tuple[str, str]:
        """The machine that a compiler makes code for and its version, as a path, and the text of its wrapper."""
        if toolchain not in self._answers:
            driver = ToolchainName.parse(toolchain).driver
            questions = ("-dumpmachine", "-dumpversion", "-print-prog-name=as")
            machine, version, named = (_ask(processes, driver, question) for question in questions)
            assembler = place(named)
            if assembler is None:
                words = f"{named}, which {driver} calls, is not installed"
                raise InfrastructureError(words, hint="apt-get install binutils")
            self._answers[toolchain] = (f"{machine}/{version}", _WRAPPER.format(assembler=assembler, suffix=SUFFIX))
        return self._answers[toolchain]


def unrecorded(
    build: Path, paths: Iterator[str], recorded: Mapping[str, Recorded], prefixes: tuple[str, ...]
) -> dict[str, set[str]]:
    """Files that assemblers opened and kbuild's records do not name, by target.

    Args:
        build: the build folder.
        paths: of the `.assembled` files in it.
        recorded: by kbuild.
        prefixes: how paths of the source tree begin.

    Raises:
        TooMuchError: there is more than any kernel leaves.
    """
    opened: dict[str, set[str]] = {}
    size = Budget(untrusted.RECORDS)
    for path in paths:
        try:
            content = untrusted_dir.read(build, path, untrusted.RECORD.most)
        except OSError:
            # The assembler did not write a record there.
            opened[path] = {path}
            continue
        size.spend(len(content))
        folder, _, name = path.rpartition("/")
        target = posixpath.join(folder, name[1:].removesuffix(SUFFIX))
        if target.startswith(_OURS):
            continue
        words = _unnamed(content.decode("utf-8", "replace"), target, recorded.get(target), prefixes)
        # Names are of the compiler, or of line markers; where a file has such a name, it may have been opened.
        if more := {word for word, is_name in words.items() if not is_name or untrusted_dir.is_file(build, word)}:
            opened[target] = more
    return opened


def _unnamed(rule: str, target: str, record: Recorded | None, prefixes: tuple[str, ...]) -> dict[str, bool]:
    """Words of a rule that kbuild does not name; whether each can be a name without a file."""
    words = {
        word
        for word in rule.replace("\\\n", " ").split()[1:]
        if not posixpath.normpath(word).startswith(_OF_THE_MACHINE)
    }
    # `.file` gives the source a name without its folder.
    names = {f"{PurePosixPath(target).stem}{suffix}" for suffix in (".c", ".S")}
    named: set[str] = set()
    generated: set[str] = set()
    if record is not None:
        names.add(posixpath.basename(record.source))
        named = {record.source, *record.dependencies}
        generated = {posixpath.normpath(path) for path in record.generated}
    return {
        word: word.startswith("<") or word in names
        for word in words
        if in_tree(word, prefixes) not in named and posixpath.normpath(word) not in generated
    }


def _ask(processes: Processes, driver: str, question: str) -> str:
    done = processes.run(Command((driver, question), environment=TOOL_ENVIRONMENT, timeout=30))
    if not done.ok:
        raise InfrastructureError(f"{driver} {question} failed: {done.text.strip()}")
    return done.stdout.decode("utf-8", "replace").strip()
