"""Diffstats that git wrote, of repositories that chance makes, beside what is counted of the same commits."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.claims.diffstat import compared
from pipeline.mail.diffstat import diffstats as shown_in
from pipeline.measure import diffstats
from pipeline.model import Diffstat
from pipeline.system.git import Repository
from tests.support.developer import Developer
from tests.support.runner import Runner

NAMES = (
    *("a.c", "b.h", "Makefile", "größe.c", "two words.c", "an => arrow.c", "{brace}.c", 'quo"ted.c', "a | 3 +.c"),
    "a_name_that_is_longer_than_a_line_of_a_mail_has_room_for_in_any_diffstat_that_git_writes_to_it.c",
)
FOLDERS = ("", "mm/", "mm/slab/", "drivers/net/ethernet/vendor/family/", "Documentation/räume/")
WRITERS = (
    (),
    ("-c", "core.quotePath=false"),
    ("-c", "diff.renames=false"),
    ("-c", "diff.renames=copies"),
    ("-c", "diff.algorithm=histogram"),
    ("-c", "diff.algorithm=patience"),
    ("-c", "diff.statGraphWidth=20"),
)
PAIRINGS = (
    *(
        ("-M10%",),
        ("-M70%",),
        ("-M90%",),
        ("-M100%",),
        ("-C",),
        ("-C30%",),
        ("-C95%",),
        ("-B", "-M"),
        ("--no-renames",),
    ),
    *(("--no-renames", "--histogram"), ("-M80%", "--patience")),
)
LAYOUTS = ((), ("--compact-summary",), ("--stat=60",), ("--stat=200",))


class Checkout:
    """A repository with two commits between which everything that chance thinks of happens."""

    def __init__(self, folder: Path, environment: Mapping[str, str], chance: random.Random) -> None:
        self.folder = folder
        self._environment, self._chance = environment, chance
        folder.mkdir()
        self.git("init", "--quiet")
        self._paths = [folder_name + name for folder_name in FOLDERS for name in NAMES]
        chance.shuffle(self._paths)
        for path in self._paths[:12]:
            self._write(path, self._content())
        self.commit("base")
        for path in self._paths[:12]:
            self._change(path)
        for path in self._paths[12:16]:
            self._write(path, self._content())
        self._write("always.c", b"one line\n")
        self.commit("change")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self._environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def commit(self, subject: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", subject)

    def _write(self, path: str, content: bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def _content(self) -> bytes:
        kind = self._chance.randrange(6)
        if kind == 0:
            return b""
        if kind == 1:
            return b"\0" + self._chance.randbytes(self._chance.randrange(1, 60))
        # Few different lines, so that algorithms match them in different ways.
        return b"".join(b"%d\n" % self._chance.randrange(7) for _ in range(self._chance.randrange(1, 90)))

    def _change(self, path: str) -> None:
        file = self.folder / path
        what = self._chance.choice(("edit", "edit", "delete", "move", "move and edit", "copy", "mode", "nothing"))
        if "edit" in what and b"\0" not in file.read_bytes():
            lines = file.read_bytes().splitlines(keepends=True)
            for _ in range(self._chance.randrange(1, 4)):
                lines.insert(self._chance.randrange(len(lines) + 1), b"%d\n" % self._chance.randrange(7))
            file.write_bytes(b"".join(lines))
        if what == "delete":
            file.unlink()
        if what == "mode":
            file.chmod(0o755)
        if "move" in what:
            target = self.folder / f"{self._chance.choice(FOLDERS)}moved-{self._chance.choice(NAMES)}"
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                file.rename(target)
        if what == "copy":
            self._write(f"copies/{path}", file.read_bytes())


@pytest.mark.parametrize("seed", range(12))
def test_what_git_writes_is_confirmed_and_nothing_else(
    seed: int, tmp_path: Path, sealed_environment: dict[str, str]
) -> None:
    checkout = Checkout(tmp_path / "linux", sealed_environment, random.Random(seed))
    counted = diffstats(Repository(checkout.folder / ".git"), "HEAD~1", "HEAD")
    for writer, layout in [*((writer, ()) for writer in WRITERS), *(((), layout) for layout in (*LAYOUTS, *PAIRINGS))]:
        letter = checkout.git(*writer, "format-patch", "--cover-letter", "--stdout", "-1", *layout)
        (_, shown), *_ = shown_in(letter)
        assert len(shown.lines) == shown.files
        comparison = compared(shown, counted, ())
        assert comparison.verdict == "confirmed", f"{writer}{layout}: {comparison}\n{letter[:3000]}"
        for other in altered(shown):
            assert compared(other, counted, ()).verdict == "not confirmed", other


def altered(shown: Diffstat) -> list[Diffstat]:
    """The same diffstat with a mistake in it."""
    first, *rest = shown.lines
    return [
        replace(shown, insertions=shown.insertions + 1),
        replace(shown, files=shown.files + 1, lines=(*shown.lines, replace(first, name="mm/untouched.c"))),
        replace(shown, lines=(replace(first, name=f"{first.name[:-1]}?"), *rest)),
        replace(shown, lines=(replace(first, change="98765"), *rest)),
    ]


MOVES = (
    "mm/{util.c => page_util.c} | 0",
    "rename mm/{util.c => page_util.c} (100%)",
)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, fake_developer: Developer) -> Path:
    """A series that only moves a file, and what it needs for that."""
    fake_developer.git("checkout", "--quiet", "-B", "moves", "master")
    fake_developer.git("mv", "mm/util.c", "mm/page_util.c")
    fake_developer.git("checkout", "--quiet", "moves")
    makefile = fake_developer.folder / "mm/Makefile"
    makefile.write_text(makefile.read_text().replace(" util.o", " page_util.o"))
    fake_developer.git("commit", "--quiet", "--all", "--signoff", "-m", "mm: util.c is about pages")
    fake_developer.git("checkout", "--quiet", "master")
    folder = tmp_path_factory.mktemp("posted") / "moves"
    fake_developer.post(folder, "master..moves", "mm: another name")
    return folder


def test_a_series_that_moves_a_file_has_its_diffstat_confirmed(
    run_pipeline: Runner, moved: Path, fake_tree: Path, matrix: Path
) -> None:
    """Beside the diffstat of what the series builds on, which the letter shows, too."""
    cover = next(moved.glob("0000-*"))
    text = cover.read_text()
    assert all(line in text for line in MOVES)
    needed = "Builds on:\n\n mm/slab.c | 7 ++++---\n 1 file changed, 4 insertions(+), 3 deletions(-)\n\n"
    cover.write_text(text.replace("Fake heads cost", f"{needed}Fake heads cost"))
    done = run_pipeline(
        *("apply-and-build", str(moved), f"--tree=path:{fake_tree}#master", f"--matrix={matrix}", "--cell=x86_64-hvo")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (claim,) = run_pipeline.record().claims
    assert (claim.kind, claim.verdict, claim.details) == ("diffstat", "confirmed", ())
    assert claim.text == "2 files changed, 1 insertion(+), 1 deletion(-)"
