"""A job and its result, as JSON: one cell of one tree, at every source state that a run wants of it.

A job carries all that determines its result, so that doing it twice, or on two machines, gives the same. A result
carries entries of the worker's store. Bytes are base64url (RFC 4648, section 5).
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
from pipeline.system.mistakes import first_mistake
from pipeline.system.store import Key
from pipeline.system.untrusted import TooMuchError

GitName = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$", description="a git object name")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256")]
Line = Annotated[str, Field(pattern=r"^[^\r\n\x00]*$", max_length=1000)]
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
    """Of this package: a worker of another version might come to other results."""
    return version("kernel-series-pipeline")


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


Message = TypeVar("Message", bound=_Message)


class StoredResult(_Message):
    """An entry of a store.

    Args:
        made: by this job; otherwise the worker found it in its store.
        digest: over everything else but `made`, see `digest_of`.
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
                # As JSON has it: tuples are lists there.
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
    """SHA-256 over canonical JSON of a key's digest, a value, and the digests of files."""
    named = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    text = json.dumps([key.digest, value, named], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class JobPatch(_Message):
    """A patch as `git am` takes it."""

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
    """Patches that the series needs; where they do not apply they are left out."""

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
    """What the compiler must turn out to be."""

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
    """A cell as it was planned; `config` is its `.config` at the base."""

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
    """Everything that one cell's results on one tree depend on.

    Args:
        pipeline: version of the package that made the job.
        tree: its name; a git reference is a commit.
        tree_id: the git tree of that, which the worker's copy must have.
        states: git trees of the base, prerequisites included, and after each patch.
        probes: what the matrix asks of every kernel.
        scenarios: of the cell's boots, by name.
        known: what the run has already, so that it is not built again.
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
        """The cell's id with a digest of what is asked of it; a file name."""
        asked = self.model_dump_json(exclude={"known"})
        return f"{self.cell.id}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"


class JobResult(_Message):
    """What a worker stored for a job; `worker` says where, for people."""

    version: Literal[1] = 1
    job: Line
    worker: Line
    results: tuple[StoredResult, ...]


def content(path: Path) -> bytes:
    """Bytes of a file that came from another machine.

    Raises:
        UsageError: it is a link, a FIFO or a device, too large, or cannot be read.
    """
    try:
        return untrusted_dir.read(path.parent, path.name, untrusted.MESSAGE.most)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", hint="A job or a result is a file; links are not followed."
        ) from error


def read(kind: type[Message], text: str | bytes, where: str) -> Message:
    """A message from JSON.

    Args:
        where: it comes from, for the message.

    Raises:
        UsageError: it is none, or damaged.
    """
    try:
        untrusted.MESSAGE.check(len(text))
        return kind.model_validate_json(text)
    except TooMuchError as error:
        raise UsageError(f"{where} has {error.message}", hint=error.hint) from error
    except ValidationError as error:
        raise UsageError(
            f"{where} is no {kind.__name__} of this version of pipeline: {first_mistake(error)}",
            hint="Jobs and results are written by `pipeline`, and read by the same version.",
        ) from error


def write(message: _Message, place: Path) -> None:
    """Writes a file whole or not at all: whoever waits for it may read it at once."""
    aside = place.with_name(f"{place.name}.part")
    aside.write_text(message.model_dump_json())
    aside.replace(place)
