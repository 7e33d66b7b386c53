"""Jobs and their results as JSON. A job is one cell on one tree, at every source state that a run needs.

A job has all that determines its result, so that two machines get the same. A result has entries of the worker's store.
Bytes are written as base64url (RFC 4648, section 5).
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from pipeline.definitions import Identifier, Probes, ScenarioDefinition
from pipeline.model import Cell, Fragment, Patch, PlannedCell, Prerequisite, Toolchain, Tree
from pipeline.system import untrusted, untrusted_dir
from pipeline.system.errors import UsageError
from pipeline.system.mistakes import first_mistake, mistake_apart, mistake_in
from pipeline.system.store import Key
from pipeline.system.untrusted import TooMuchError

GitName = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$", description="a git object name")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256")]
Line = Annotated[str, Field(pattern=r"^[^\r\n\x00]*$", max_length=1000)]
_COPIES = 5
"""How often a process that reads a message holds its files: packed in JSON, unpacked, compared with their digests."""
Stage = Literal[
    "build",
    "image",
    "symbol-origins",
    "code",
    "neutral-code",
    "dependencies",
    "struct-layout",
    "coverage",
    "boot",
]
"""The stages of the store that a job's results belong to."""


def own_version() -> str:
    """The version of this package. Jobs are done by the same version only: another one may get other results."""
    return version("kernel-series-pipeline")


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


Message = TypeVar("Message", bound=_Message)


class StoredResult(_Message):
    """An entry of a store.

    Args:
        made: whether this job made it; otherwise the worker had it in its store.
        digest: SHA-256 of all other fields except `made`; see `digest_of`.
    """

    stage: Stage
    inputs: dict[str, JsonValue]
    value: JsonValue
    files: dict[Identifier, bytes]
    made: bool
    digest: Digest

    @classmethod
    def of(cls, key: Key, value: Any, files: dict[str, bytes], *, made: bool) -> Self:
        return cls.model_validate(
            {
                "stage": key.stage,
                # In JSON's form: tuples become lists.
                "inputs": json.loads(json.dumps(key.inputs)),
                "value": value,
                "files": files,
                "made": made,
                "digest": digest_of(key, value, files),
            }
        )

    @property
    def key(self) -> Key:
        return Key(self.stage, self.inputs)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.digest != digest_of(self.key, self.value, self.files):
            raise ValueError(f"the digest of the {self.stage} result does not match")
        return self


def digest_of(key: Key, value: Any, files: dict[str, bytes]) -> str:
    """SHA-256 of canonical JSON: the digest of a key, a value, and the digests of files."""
    named = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    text = json.dumps([key.digest, value, named], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class JobPatch(_Message):
    """A patch in the form that `git am` reads."""

    number: Annotated[int, Field(ge=1)]
    subject: str
    mail: bytes
    files: tuple[str, ...]

    @classmethod
    def of(cls, patch: Patch) -> Self:
        return cls(number=patch.number, subject=patch.subject, mail=patch.mail, files=patch.files)

    def patch(self) -> Patch:
        return Patch(self.number, self.subject, "", "", self.mail, self.files)


class JobPrerequisite(_Message):
    """Patches that a series needs. Patches that do not apply are left out."""

    title: str
    patches: tuple[JobPatch, ...]

    @classmethod
    def of(cls, prerequisite: Prerequisite) -> Self:
        return cls(
            title=prerequisite.title or prerequisite.value, patches=tuple(map(JobPatch.of, prerequisite.patches))
        )

    def prerequisite(self) -> Prerequisite:
        return Prerequisite("", self.title, title=self.title, patches=tuple(patch.patch() for patch in self.patches))


class JobToolchain(_Message):
    """The compiler that the worker must have."""

    name: Line
    version: str
    digest: Digest


class JobFragment(_Message):
    name: Identifier
    text: str
    options: dict[str, str]
    power_of_two: bool | None
    wishes: dict[str, str] = Field(default_factory=dict)


class JobCell(_Message):
    """A planned cell; `config` is its `.config` at the base."""

    id: Identifier
    arch: Identifier
    toolchain: JobToolchain
    base: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+/-]*$", max_length=200)]
    fragments: tuple[JobFragment, ...]
    boot: tuple[Identifier, ...]
    config: str

    @classmethod
    def of(cls, planned: PlannedCell) -> Self:
        cell = planned.cell
        fragments = [
            JobFragment(
                name=part.name,
                text=part.text,
                options=dict(part.options),
                power_of_two=part.power_of_two,
                wishes=dict(part.wishes),
            )
            for part in cell.fragments
        ]
        compiler = cell.toolchain
        return cls(
            id=cell.id,
            arch=cell.arch,
            toolchain=JobToolchain(name=compiler.name, version=compiler.version, digest=compiler.digest),
            base=cell.base,
            fragments=tuple(fragments),
            boot=cell.boot,
            config=planned.config,
        )

    def planned(self, tree: Tree) -> PlannedCell:
        """The cell on the worker's copy of the tree."""
        fragments = [
            Fragment(fragment.name, fragment.text, fragment.options, fragment.power_of_two, fragment.wishes)
            for fragment in self.fragments
        ]
        toolchain = Toolchain(self.toolchain.name, self.toolchain.version, self.toolchain.digest)
        cell = Cell(self.id, self.arch, toolchain, self.base, tuple(fragments), boot=self.boot)
        return PlannedCell(cell, tree, config=self.config)


class BuildJob(_Message):
    """Everything that determines the results of one cell on one tree.

    Args:
        pipeline: version of the package that made the job.
        tree: name of the tree; its git reference is a commit.
        tree_id: id of its git tree; the worker's copy must have the same.
        states: ids of the git trees of the base (with prerequisites), and after each patch.
        probes: questions of the matrix to every kernel.
        scenarios: boot scenarios of the cell by name.
        known: results that the run has already; the worker does not build them again.
    """

    version: Literal[1] = 1
    pipeline: Line
    tree: Line
    tree_id: GitName
    prerequisites: tuple[JobPrerequisite, ...]
    patches: tuple[JobPatch, ...]
    states: tuple[GitName, ...]
    cell: JobCell
    per_patch: bool
    probes: Probes = ()
    sandbox: Annotated[str, Field(pattern=r"^(bwrap|none)$")]
    scenarios: dict[Identifier, ScenarioDefinition]
    known: tuple[StoredResult, ...] = ()

    @property
    def id(self) -> str:
        """The id of the cell with a digest of the job; usable as a file name."""
        asked = self.model_dump_json(exclude={"known"})
        return f"{self.cell.id}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"


class JobResult(_Message):
    """Results that a worker stored for a job; `worker` is its name, for messages."""

    version: Literal[1] = 1
    job: Line
    worker: Line
    results: tuple[StoredResult, ...]


def content(path: Path) -> bytes:
    """Read a file that came from another machine.

    Raises:
        UsageError: it is a link, a FIFO or a device, is too large, or cannot be read.
    """
    try:
        return untrusted_dir.read(path.parent, path.name, untrusted.MESSAGE.most)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", hint="A job or a result is a file; links are not followed."
        ) from error


def read(kind: type[Message], text: str | bytes, where: str) -> Message:
    """Parse a job or a result from JSON.

    Args:
        where: the source of the text, as an error names it.

    Raises:
        UsageError: the text is no such message, or is damaged.
    """
    try:
        untrusted.MESSAGE.check(len(text))
    except TooMuchError as error:
        raise UsageError(f"{where} has {error.message}", hint=error.hint) from error
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    try:
        mistake = mistake_apart(find_mistake, content, kind.__name__, texts=_COPIES)
        if not mistake:
            return kind.model_validate_json(content)
    except TooMuchError as error:
        raise UsageError(f"{where} cannot be read: {error.message}", hint="Was it made by others?") from error
    except ValidationError as error:
        mistake = first_mistake(error)
    raise UsageError(
        f"{where} is no {kind.__name__} of this version of pipeline: {mistake}",
        hint="Jobs and results are written by `pipeline`, and read by the same version.",
    )


def find_mistake(kind: str, text: bytes) -> str:
    """The first mistake in a job or a result; called in a process of its own."""
    messages = {message.__name__: message for message in (BuildJob, JobResult)}
    return mistake_in(lambda: messages[kind].model_validate_json(text))


def write(message: _Message, place: Path) -> None:
    """Write a message to a file in one step, so that no reader sees half of it."""
    unfinished = place.with_name(f"{place.name}.part")
    unfinished.write_text(message.model_dump_json())
    unfinished.replace(place)
