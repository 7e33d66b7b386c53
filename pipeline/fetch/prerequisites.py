"""Finds the prerequisites of a series in the same archive, by message-id, change-id or patch-id.

b4 prep lists everything that is needed, in order, so prerequisites of prerequisites are not followed. It also writes
the patch ids of a series that is named by its change-id; those are recognised and applied once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from pipeline.fetch.archive import Archive
from pipeline.fetch.assembly import from_thread, patch_of, require_whole
from pipeline.fetch.b4 import B4
from pipeline.fetch.server import UnreachableError
from pipeline.mail import mbox, message
from pipeline.mail.diff import diff_of
from pipeline.mail.suspicion import require_allowed
from pipeline.model import Patch, Prerequisite, Series
from pipeline.system.errors import NotObtainedError
from pipeline.system.git import Repository


class PrerequisiteResolver:
    """Finds prerequisites.

    Args:
        archive: where they are looked for.
        b4: puts series together.
        git: any repository, for patch ids.
        say: called with a line for each that is looked for.
    """

    def __init__(self, archive: Archive, b4: B4, git: Repository, say: Callable[[str], None]) -> None:
        self._archive = archive
        self._b4 = b4
        self._git = git
        self._say = say

    def resolved(self, prerequisites: Iterable[Prerequisite]) -> tuple[Prerequisite, ...]:
        """The same, each with its patches or with the reason why there are none."""
        resolved: list[Prerequisite] = []
        seen: dict[str, str] = {}
        silent = ""
        for prerequisite in prerequisites:
            if prerequisite.kind == "patch-id" and prerequisite.value in seen:
                resolved.append(replace(prerequisite, reason=f"it is a patch of {seen[prerequisite.value]!r}"))
                continue
            if silent:
                resolved.append(replace(prerequisite, reason=f"not looked for: {silent}"))
                continue
            self._say(f"Looking for prerequisite-{prerequisite.kind} {prerequisite.value}")
            try:
                this = self._with_patches(prerequisite)
                try:
                    require_allowed(this.patches)
                except NotObtainedError as error:
                    this = replace(prerequisite, title=this.title, reason=f"not taken: {error.message}")
            except NotObtainedError as error:
                this = replace(prerequisite, reason=f"not found: {error.message}")
                silent = error.message if isinstance(error, UnreachableError) else ""
            seen |= dict.fromkeys(map(self._patch_id, this.patches), this.title)
            resolved.append(this)
        return tuple(resolved)

    def _with_patches(self, prerequisite: Prerequisite) -> Prerequisite:
        match prerequisite.kind:
            case "message-id":
                copy = self._archive.thread(prerequisite.value)
                return self._obtained(
                    prerequisite,
                    from_thread(list(mbox.split_mbox(copy.mbox)), prerequisite.value, None, self._b4, online=False),
                )
            case "change-id":
                copy = self._archive.search(
                    f'nq:"change-id: {prerequisite.value}"', f"message of change-id {prerequisite.value}"
                )
                series = from_thread(list(mbox.split_mbox(copy.mbox)), "", prerequisite.version, self._b4, online=False)
                if series.change_id != prerequisite.value:
                    raise NotObtainedError(f"{self._archive.host} has no series of change-id {prerequisite.value}")
                return self._obtained(prerequisite, series)
            case _:
                copy = self._archive.search(f"patchid:{prerequisite.value}", f"patch of id {prerequisite.value}")
                return self._patch(prerequisite, list(mbox.split_mbox(copy.mbox)))

    def _obtained(self, prerequisite: Prerequisite, series: Series) -> Prerequisite:
        require_whole(series.patches, self._git)
        where = f"v{series.version} in {self._archive.host}, {series.message_id}"
        return replace(prerequisite, title=series.title, patches=series.patches, reason=where)

    def _patch(self, prerequisite: Prerequisite, raw: Sequence[bytes]) -> Prerequisite:
        for mail in message.parse_all(raw)[0]:
            if mail.number and self._patch_id(patch := patch_of(1, mail)) == prerequisite.value:
                where = f"in {self._archive.host}, {mail.message_id}"
                return replace(prerequisite, title=mail.title, patches=(patch,), reason=where)
        raise NotObtainedError(f"{self._archive.host} has no patch of id {prerequisite.value}")

    def _patch_id(self, patch: Patch) -> str:
        """git-patch-id(1), the stable one, which is what git format-patch --base writes."""
        text = diff_of(message.parse(patch.mail).letter.body)
        return self._git.out("patch-id", "--stable", stdin=text.encode()).partition(" ")[0]
