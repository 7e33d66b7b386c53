"""The options on which kbuild compiles a file (Documentation/kbuild/makefiles.rst in the tree), over all makefiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from pipeline.kernel.kconfig.expression import NO, YES, Expression
from pipeline.kernel.makeconditions import Conditions
from pipeline.kernel.makefile import MAX_DEPTH, Makefile, parse
from pipeline.system.errors import UsageError

# What the top makefile sets for itself, as it is in the pass that compiles.
_PASS = {"need-sub-make": "", "mixed-build": "", "config-build": "", "KBUILD_EXTMOD": ""}


class Makefiles:
    """All makefiles of a tree, for one architecture.

    Args:
        files: text by path, those named Makefile and Kbuild.
        variables: of make, such as ARCH and SRCARCH.
    """

    def __init__(self, files: Mapping[str, str], variables: Mapping[str, str]) -> None:
        self._files = files
        self._variables = {**_PASS, **variables}
        self._conditions = Conditions()
        self._parsed: dict[str, Makefile] = {}
        self._folders: dict[str, Expression] = {"": YES}

    def condition(self, path: str) -> Expression | None:
        """The condition under which a source file is compiled into vmlinux. None when no makefile names its object.

        Raises:
            UsageError: a makefile cannot be read.
        """
        condition = self._named(str(PurePosixPath(path).with_suffix(".o")))
        return None if condition == NO else condition

    def _named(self, target: str) -> Expression:
        """The condition of a target (`mm/util.o`, `mm/kasan/`), from the makefiles of all folders above it."""
        parents = [str(parent) for parent in PurePosixPath(target).parents]
        if len(parents) > MAX_DEPTH:
            raise UsageError(f"{target[:60]!r} is more than {MAX_DEPTH} folders deep", hint="No kernel does that.")
        return self._conditions.any_of(
            *(
                self._conditions.all_of(self._folder("" if folder == "." else folder), condition)
                for folder in parents
                for base, makefile in self._of_folder("" if folder == "." else folder)
                for condition in makefile.named(target, base)
            )
        )

    @property
    def steps(self) -> int:
        """Steps that conditions have used of their limit."""
        return self._conditions.budget.spent

    def _folder(self, folder: str) -> Expression:
        """The condition under which kbuild descends into a folder."""
        if folder not in self._folders:
            self._folders[folder] = self._named(f"{folder}/")
        return self._folders[folder]

    def _of_folder(self, folder: str) -> Iterator[tuple[str, Makefile]]:
        """A folder's makefiles, each with the folder that its words are relative to."""
        if not folder:
            # The top makefile includes that of the architecture.
            for path in ("Kbuild", "Makefile", f"arch/{self._variables['SRCARCH']}/Makefile"):
                yield "", self._makefile(path)
        elif f"{folder}/Kbuild" in self._files:
            yield folder, self._makefile(f"{folder}/Kbuild")
        else:
            yield folder, self._makefile(f"{folder}/Makefile")

    def _makefile(self, path: str) -> Makefile:
        if path not in self._parsed:
            try:
                self._parsed[path] = parse(self._files.get(path, ""), self._variables, self._conditions)
            except UsageError as error:
                raise UsageError(f"{path}: {error.message}", hint=error.hint) from error
        return self._parsed[path]
