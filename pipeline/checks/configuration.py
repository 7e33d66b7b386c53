"""`checks.toml`: the checks that a list wants, the findings that they leave out, and those that change the verdict.

The file that ships holds the defaults. A file of the user's own, `git config pipeline.checks FILE`, is read after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.checks.protocol import Options
from pipeline.definitions.files import Definition, load, nearest
from pipeline.model import Series
from pipeline.system.errors import UsageError
from pipeline.system.git import user_setting

SETTING = "pipeline.checks"
_Kind = Annotated[str, Field(min_length=1, max_length=64)]


class CheckCustom(Definition):
    """Options of one check.

    Args:
        on: whether it is run at all.
        ignored: kinds of findings that are left out; `fnmatch` patterns.
        problems: kinds of findings that change the verdict on the series; `fnmatch` patterns.
        left_to: kinds of findings that another check says better, with its name.
        options: of the check itself, by name.
    """

    on: bool | None = None
    ignored: tuple[_Kind, ...] = ()
    problems: tuple[_Kind, ...] = ()
    left_to: dict[_Kind, str] = Field(default_factory=dict)
    options: dict[str, bool | int | str] = Field(default_factory=dict)


class Custom(Definition):
    """Options of checks on some lists.

    Args:
        lists: addresses; a series that was sent to one of them is meant.
        files: patterns of paths; patches that touch none of them are not meant; without any, all patches are. Files
            that a pattern after `!` has do not count.
        about: why, for `pipeline checks`.
        check: by the check's name.
    """

    name: str
    lists: tuple[str, ...]
    files: tuple[str, ...] = ()
    about: str = ""
    check: dict[str, CheckCustom] = Field(default_factory=dict)


class ChecksFile(Definition):
    """A whole `checks.toml`.

    Args:
        check: for every series, by the check's name.
        customs: for series that were sent to some lists, on top.
    """

    check: dict[str, CheckCustom] = Field(default_factory=dict)
    customs: tuple[Custom, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """Files of checks, the later ones on top."""

    files: tuple[ChecksFile, ...] = ()

    def options(self, check: str, addresses: Iterable[str] = (), files: Sequence[str] | None = None) -> Options:
        """Options of a check for a series that was sent to these addresses.

        Args:
            files: that the patch touches; None for any patch.
        """
        customs = self._wanted(addresses, files)
        wanted = [(where, custom) for where, of_checks in customs if (custom := of_checks.get(check))]
        reason = ""
        values = dict[str, bool | int | str]()
        for where, custom in wanted:
            if custom.on is not None:
                reason = "" if custom.on else f"switched off {where}"
            values |= custom.options
        return Options(
            reason,
            frozenset(kind for _, custom in wanted for kind in custom.ignored),
            frozenset(kind for _, custom in wanted for kind in custom.problems),
            {kind: other for _, custom in wanted for kind, other in custom.left_to.items()},
            values,
        )

    def _wanted(
        self, addresses: Iterable[str], files: Sequence[str] | None
    ) -> Iterable[tuple[str, Mapping[str, CheckCustom]]]:
        known = {address.casefold() for address in addresses}
        for file in self.files:
            yield "in checks.toml", file.check
            for custom in file.customs:
                if known.intersection(map(str.casefold, custom.lists)) and _touches(files, custom.files):
                    yield f"for {custom.name}", custom.check


def _touches(files: Sequence[str] | None, patterns: Sequence[str]) -> bool:
    if files is None or not patterns:
        return True
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    others = [pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")]
    return any(_matches(name, wanted or ["*"]) and not _matches(name, others) for name in files)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def load_configuration(known: Iterable[str], compiled: Mapping[str, bool] | None = None) -> Configuration:
    """The defaults, and the user's own file on top.

    Args:
        known: names of all checks.
        compiled: names of those that come with builds, and whether they can be switched; more cannot be said of them.

    Raises:
        UsageError: a file is wrong, or names a check that is none.
    """
    of_builds = compiled or {}
    paths = [Path(__file__).with_name("checks.toml")]
    if own := user_setting(SETTING):
        paths.append(Path(own).expanduser())
    names = [*known, *of_builds]
    return Configuration(tuple(_loaded(path, names, of_builds) for path in paths))


def _loaded(path: Path, known: Sequence[str], compiled: Mapping[str, bool]) -> ChecksFile:
    if not path.is_file():
        raise UsageError(f"{path} is no file", hint=f"git config {SETTING} names it.")
    file = load(path, ChecksFile)
    of_lists = (item for listed in file.customs for item in listed.check.items())
    for name, custom in [*file.check.items(), *of_lists]:
        if name not in known:
            raise UsageError(f"{path}: there is no check {name!r}.{nearest(name, known)}")
        if name in compiled and not (compiled[name] and custom == CheckCustom(on=custom.on)):
            said = "`on` and no more" if compiled[name] else "nothing"
            raise UsageError(f"{path}: {name!r} comes with the builds, and {said} can be said of it")
    return file


def addresses(series: Series) -> tuple[str, ...]:
    """Where a series was sent to, the cover letter and the patches."""
    letters = [series.cover, *(patch.letter for patch in series.patches if patch.letter)]
    boxes = (box for letter in letters for box in (*letter.to, *letter.cc))
    return tuple(dict.fromkeys(parseaddr(box)[1].casefold() for box in boxes))
