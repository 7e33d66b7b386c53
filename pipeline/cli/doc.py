"""`pipeline doc`: the kernel's document on the vmemmap."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline import runs as running
from pipeline import vmemmap as documenting
from pipeline.cli.command import command
from pipeline.cli.options import (
    RunArgument,
    require_writable,
    user_identity,
    write,
)
from pipeline.cli.session import Session


@command("doc", example="doc last -o /tmp")
def doc(
    current: Session,
    run: RunArgument = "last",
    tree: Annotated[
        str, typer.Option("--tree", metavar="TREE", help="Which tree of the run.", show_default="the first")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Folder for the document and the patch.",
            show_default="the run's folder",
        ),
    ] = None,
) -> None:
    """Write Documentation/mm/vmemmap_dedup.rst from what a run measured, and a patch that updates the tree's copy."""
    repository = current.pipeline().repository
    folder = running.find(current.workspace, run)
    target = output or folder
    file, patch = target / "vmemmap_dedup.rst", target / "vmemmap_dedup.patch"
    require_writable(file)
    document = documenting.document(running.read(folder), tree, repository, user_identity(), datetime.now(UTC))
    if not document.with_source:
        current.console.warn(
            "the run was recorded by an older version: the document describes measurements, not the code"
        )
    write(file, document.text.encode(), named=output is not None)
    print(f"Document: {file}")
    if document.patch:
        write(patch, document.patch.encode(), named=output is not None)
        print(f"Patch:    {patch}\nRead it, then apply it with `git am --signoff`.")
    else:
        print("The tree's copy is up to date: no patch is needed.")
