"""The command line: arguments in, the verbs called, exit statuses out."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

from pipeline import clean as cleaning
from pipeline import doctor as doctoring
from pipeline import reply as replying
from pipeline import runs as running
from pipeline.definitions import load_matrix
from pipeline.fetch import LORE, Request
from pipeline.kernel.trees import TreeName
from pipeline.mail.message import join_mbox
from pipeline.model import ApplyStatus, PlannedCell
from pipeline.plan import select_cells
from pipeline.render import exit_status, render_text
from pipeline.run import REPORT, Order, Pipeline
from pipeline.system.console import Console
from pipeline.system.errors import ExitStatus, PipelineError, UsageError
from pipeline.system.git import user_setting
from pipeline.system.process import Processes, StoppedError
from pipeline.system.workspace import Workspace

INTERRUPTED = 130
"""Exit status after a signal, as shells have it for SIGINT (128 + 2)."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

app = typer.Typer(
    name="pipeline",
    help="Applies a kernel patch series to your trees, builds kernels, measures them, and says what it saw.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"pipeline {version('kernel-series-pipeline')}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace", envvar="PIPELINE_WORKSPACE", metavar="DIR", help="Where trees, builds and results are kept."
    ),
]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors and the result.")]
SeriesArgument = Annotated[
    str,
    typer.Argument(
        metavar="SERIES",
        help="Message-id, lore URL, mbox, maildir, - (stdin), folder of git format-patch files, or entry of series/.",
    ),
]
TreeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tree", metavar="TREE", help="git:URL#REF, path:DIR#REF, debian:PACKAGE or tar:FILE-or-URL; repeatable."
    ),
]
MatrixOption = Annotated[
    str, typer.Option("--matrix", metavar="NAME|FILE", help="A matrix of kconfigs/, or a TOML file.")
]
CellOption = Annotated[list[str] | None, typer.Option("--cell", metavar="GLOB", help="Only these cells; repeatable.")]
RevisionOption = Annotated[
    int | None, typer.Option("--revision", metavar="N", min=1, help="Which revision of the series.")
]
MidmaskOption = Annotated[
    str,
    typer.Option(
        "--midmask",
        envvar="PIPELINE_MIDMASK",
        metavar="URL",
        help="Archive to ask, %s is the message-id. [default: git config b4.midmask, or lore]",
    ),
]
JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=0, help="Compilers at once. [default: the CPUs]")
]
SandboxOption = Annotated[
    str, typer.Option("--sandbox", metavar="bwrap|none", help="Where makefiles of the series run.")
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, a part of it, its folder, or `last`.")]


@dataclass(frozen=True)
class Session:
    """One command's collaborators; the workspace is prepared when it is first needed."""

    workspace: Workspace
    processes: Processes
    console: Console

    def pipeline(self) -> Pipeline:
        self.workspace.prepare()
        return Pipeline(self.workspace, self.processes, self.console)


@contextmanager
def session(workspace: Path | None, verbose: bool, quiet: bool) -> Iterator[Session]:
    """Turns errors and signals into one clear line and an exit status; no child outlives it."""
    console = Console(quiet=quiet, verbose=verbose)
    processes = Processes()
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    folder = Workspace((workspace or Workspace.default()).expanduser().resolve())
    try:
        yield Session(folder, processes, console)
    except PipelineError as error:
        details = [error.hint] if error.hint else []
        details += [f"Log: {error.log}"] if error.log else []
        console.error(error.message, *details)
        raise typer.Exit(error.status) from error
    except (KeyboardInterrupt, StoppedError) as error:
        console.error("stopped", "Finished cells are kept: the same command goes on from there.")
        raise typer.Exit(INTERRUPTED) from error
    except BrokenPipeError as error:
        # The reader of our output went away (`| head`): nothing more to say, and nothing to complain of at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitStatus.CLEAN) from error
    except OSError as error:
        console.error(
            f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}",
            "Nothing half-written is kept. Free space or mend the disk, then run the same command again.",
        )
        raise typer.Exit(ExitStatus.INFRASTRUCTURE) from error
    finally:
        processes.stop()


def _interrupt(*_: object) -> None:
    # Impatience must not cut the clean-up short.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@app.callback()
def main_options(_version: VersionOption = False) -> None:
    pass


@app.command(
    "apply-and-build",
    epilog="Example: pipeline apply-and-build series/hvo-shared-tails --tree debian:linux-source-6.12",
)
def apply_and_build(
    series: SeriesArgument,
    tree: TreeOption = None,
    matrix: MatrixOption = "",
    cell: CellOption = None,
    per_patch: Annotated[
        bool, typer.Option("--per-patch", help="Build after every patch, not only base and last.")
    ] = False,
    revision: RevisionOption = None,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = "bwrap",
    json: Annotated[
        str, typer.Option("--json", metavar="FILE|-", help="Write run.json there, too (- for standard output).")
    ] = "",
    midmask: MidmaskOption = "",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """The main job: fetch a series, apply it, build the matrix before and after, measure, report.

    Exit status: 0 clean, 1 the series has a problem, 2 usage, 3 not obtained or applied nowhere, 4 infrastructure.
    """
    with session(workspace, verbose, quiet) as current:
        if json and json != "-":
            _require_writable(Path(json))
        order = Order(
            _request(series, revision, midmask),
            tuple(tree or ()),
            matrix,
            tuple(cell or ()),
            per_patch,
            _sandbox(sandbox),
            _jobs(jobs),
        )
        record, folder = current.pipeline().apply_and_build(order)
        if json and json != "-":
            Path(json).write_text(record.to_json())
        if json == "-":
            print(record.to_json())
        else:
            print(render_text(record, colour=sys.stdout.isatty()), end="")
            print(f"\nReport: {folder / REPORT}\nRecord: {folder / running.RECORD}\nLogs:   {folder / 'logs'}")
            print(f"Reply:  pipeline reply {record.id}")
        raise typer.Exit(exit_status(record))


@app.command(epilog="Example: pipeline fetch 20251205194351.1646318-1-kas@kernel.org -o series.mbx")
def fetch(
    series: SeriesArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write an mbox for git am.")
    ] = None,
    revision: RevisionOption = None,
    midmask: MidmaskOption = "",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Obtain a series and show what is in it: patches, trailers, base, replies."""
    with session(workspace, verbose, quiet) as current:
        found = current.pipeline().fetch(_request(series, revision, midmask))
        out = RichConsole(highlight=False, soft_wrap=True)
        out.print(Text(f"{found.title}\n  v{found.version}, {len(found.patches)} patches, from {found.cover.sender}"))
        if found.message_id:
            out.print(Text(f"  Message-ID: {found.message_id}"))
        if found.base_commit:
            out.print(Text(f"  base-commit: {found.base_commit}"))
        for patch_id in found.prerequisites:
            out.print(Text(f"  prerequisite-patch-id: {patch_id}"))
        if found.other_versions:
            out.print(Text(f"  also in the thread: {', '.join(f'v{other}' for other in found.other_versions)}"))
        out.print(Text(f"  {len(found.replies)} other messages in the thread"))
        for patch in found.patches:
            out.print(Text(f"{patch.number:4}  {patch.subject}"))
            for trailer in patch.collected_trailers:
                out.print(Text(f"      + {trailer}", style="green"))
        if output:
            output.write_bytes(join_mbox([patch.mail for patch in found.patches]))
            out.print(Text(f"Written: {output}"))


@app.command(epilog="Example: pipeline apply series.mbox --tree path:~/linux#master")
def apply(
    series: SeriesArgument,
    tree: TreeOption = None,
    revision: RevisionOption = None,
    midmask: MidmaskOption = "",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Apply a series to trees, in the pipeline's own worktrees, and say what fits where."""
    with session(workspace, verbose, quiet) as current:
        pipeline = current.pipeline()
        order = Order(_request(series, revision, midmask), tuple(tree or ()))
        names = pipeline.resolve(order)[3]
        found = pipeline.fetch(order.request)
        results = [pipeline.apply(found, pipeline.tree(name)) for name in names]
        for one in results:
            print(f"{one.tree.name}: {one.status}")
            if one.failed_patch:
                print(f"  patch {one.failed_patch}/{len(found.patches)} does not apply")
                for hunk in one.failed_hunks:
                    print(f"  {hunk.path}:{hunk.line} {hunk.header}")
            if one.status is ApplyStatus.FAILED or verbose:
                print("\n".join(f"  | {line}" for line in one.log.splitlines()))
        good = any(one.usable or one.status is ApplyStatus.ALREADY_MERGED for one in results)
        clean = good and all(one.status is not ApplyStatus.FAILED for one in results)
        raise typer.Exit(
            ExitStatus.CLEAN if clean else ExitStatus.SERIES_HAS_A_PROBLEM if good else ExitStatus.NOT_OBTAINED
        )


@app.command(epilog="Example: pipeline plan --tree debian:linux-source-6.12 --matrix quick")
def plan(
    series: Annotated[str, typer.Argument(metavar="[SERIES]", help="A tracked series, for its trees and matrix.")] = "",
    tree: TreeOption = None,
    matrix: MatrixOption = "",
    cell: CellOption = None,
    jobs: JobsOption = 0,
    sandbox: SandboxOption = "bwrap",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Configure the cells of a matrix and check what they promise; builds no kernel."""
    with session(workspace, verbose, quiet) as current:
        pipeline = current.pipeline()
        order = Order(
            Request(series or "-"),
            tuple(tree or ()),
            matrix,
            tuple(cell or ()),
            sandbox=_sandbox(sandbox),
            jobs=_jobs(jobs),
        )
        _, definition, fragments, names = pipeline.resolve(order)
        doctoring.require(doctoring.needs(definition, names, order.sandbox))
        host = pipeline.host(order)
        cells = select_cells(definition, fragments, order.cells, current.processes)
        table = Table("cell", "tree", "toolchain", "vmemmap", "struct page", "last build", box=None, pad_edge=False)
        reasons: list[str] = []
        for name in names:
            imported = pipeline.tree(name)
            for one in pipeline.plan(host, imported, cells):
                table.add_row(*_plan_row(one, imported.version))
                reasons += [f"{one.cell.id}: unreachable: {one.reason}"] if one.reason else []
        RichConsole(highlight=False, width=None if sys.stdout.isatty() else 120).print(table)
        print("\n".join(reasons), end="\n" if reasons else "")


@app.command(epilog="Example: pipeline report last")
def report(
    run: RunArgument = "last",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Render a run's report again, from its run.json alone."""
    with session(workspace, verbose, quiet) as current:
        current.workspace.prepare()
        record = running.read(running.find(current.workspace, run))
        print(render_text(record, colour=sys.stdout.isatty()), end="")


@app.command(epilog="Example: pipeline reply last -o reply.eml")
def reply(
    run: RunArgument = "last",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="[default: reply.eml in the run]")
    ] = None,
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Draft the review reply as an .eml and print the git send-email line. Nothing is ever sent."""
    with session(workspace, verbose, quiet) as current:
        current.workspace.prepare()
        folder = running.find(current.workspace, run)
        record = running.read(folder)
        name, address = user_setting("user.name"), user_setting("user.email")
        if not address:
            raise UsageError(
                "git does not know who you are",
                hint='git config --global user.email "you@example.org" (and user.name).',
            )
        draft = replying.draft(record, identity=f"{name} <{address}>", date=datetime.now(UTC))
        path = output or folder / "reply.eml"
        path.write_bytes(replying.to_bytes(draft))
        print(f"Draft: {path}\nLook it over, then send it yourself:\n\n  {replying.send_command(record, path, draft)}")


@app.command("runs", epilog="Example: pipeline runs")
def list_runs(
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """List finished, running and broken runs."""
    with session(workspace, verbose, quiet) as current:
        current.workspace.prepare()
        known = running.known_runs(current.workspace)
        table = Table("run", "state", "cells", "result", box=None, pad_edge=False)
        words = {
            ExitStatus.CLEAN: "clean",
            ExitStatus.SERIES_HAS_A_PROBLEM: "problem",
            ExitStatus.NOT_OBTAINED: "not applied",
        }
        for run in known:
            cells = str(len(run.record.cells)) if run.record else ""
            table.add_row(run.id, run.state, cells, words.get(exit_status(run.record), "") if run.record else "")
        if known:
            RichConsole(highlight=False, width=None if sys.stdout.isatty() else 120).print(table)
        else:
            print(f"No run in {current.workspace.folder} yet. Start with: pipeline apply-and-build --help")


@app.command(epilog="Example: pipeline doctor --matrix quick")
def doctor(
    matrix: MatrixOption = "quick",
    tree: TreeOption = None,
    sandbox: SandboxOption = "bwrap",
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """List every tool that a matrix needs, and how to install what is missing."""
    with session(workspace, verbose, quiet) as current:
        definition, _ = load_matrix(matrix)
        names = tuple(TreeName.parse(name) for name in tree or ("debian:linux-source-6.12",))
        findings = doctoring.examine(doctoring.needs(definition, names, _sandbox(sandbox)), current.processes)
        table = Table("tool", "", "version", "package", box=None, pad_edge=False)
        for one in findings:
            mark = Text("found", style="green") if one.found else Text("MISSING", style="bold red")
            table.add_row(one.need.program, mark, one.version, one.need.package)
        RichConsole(highlight=False).print(table)
        command = doctoring.install_command(findings)
        if command:
            print(f"\nInstall what is missing:\n\n  {command}")
            raise typer.Exit(ExitStatus.INFRASTRUCTURE)


@app.command(epilog="Example: pipeline clean --all")
def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="Trees, results and downloads, too: all but the runs.")
    ] = False,
    workspace: WorkspaceOption = None,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    _version: VersionOption = False,
) -> None:
    """Free space: build folders, worktrees and broken runs; finished results and runs are kept."""
    with session(workspace, verbose, quiet) as current:
        current.workspace.prepare()
        freed, broken = cleaning.clean(current.workspace, everything=everything)
        print(f"Freed {freed / (1 << 20):.0f} MiB in {current.workspace.folder}; {broken} broken run(s) removed.")


def _request(series: str, revision: int | None, midmask: str) -> Request:
    return Request(series, revision, midmask or user_setting("b4.midmask") or LORE)


def _require_writable(target: Path) -> None:
    """Said before the work, not after it."""
    if target.is_dir() or not os.access(target if target.exists() else target.parent, os.W_OK):
        raise UsageError(f"{target} cannot be written", hint="Name a file in a folder that is there.")


def _sandbox(name: str) -> str:
    if name not in ("bwrap", "none"):
        raise UsageError(f"there is no sandbox {name!r}", hint="Say --sandbox=bwrap or --sandbox=none.")
    return name


def _jobs(jobs: int) -> int:
    return jobs or len(os.sched_getaffinity(0))


def _plan_row(one: PlannedCell, version_of_tree: str) -> tuple[str, ...]:
    if not one.reachable:
        return one.cell.id, version_of_tree, one.cell.toolchain.name, "", "unreachable", ""
    size = f"{one.struct_page.size}, {'' if one.struct_page.power_of_two else 'not '}2^n" if one.struct_page else "?"
    past = f"{one.seconds:.0f} s" if one.seconds else ""
    return one.cell.id, version_of_tree, one.cell.toolchain.name, "on" if one.vmemmap else "off", size, past


def main() -> None:
    """Entry point of the console script."""
    app()
