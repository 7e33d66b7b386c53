"""Series on a tree that is cut down to their files: the same commits as on the whole tree, or none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from pipeline import apply
from pipeline.apply import Applier
from pipeline.apply.sparse_am import narrowed
from pipeline.mail import message
from pipeline.model import Applied, ApplyStatus, Patch, Tree
from pipeline.system.git import Repository
from pipeline.system.git_seal import NO_ATTRIBUTES
from pipeline.system.store import Store
from pipeline.system.workspace import Workspace
from tests.support import threads
from tests.support.developer import FAKE_HEAD_CHECK, NO_CHECK, PAGE_FLAGS, UTIL, Developer

LINE = "unsigned long page_index("


def changes(developer: Developer) -> None:
    """A commit for every way in which a file can change."""
    folder = developer.folder

    def commit(subject: str) -> None:
        developer.git("add", "--all")
        developer.git("commit", "--quiet", "--author=Jörg Überall <joerg@example.org>", "-m", subject)

    (folder / UTIL).write_text((folder / UTIL).read_text().replace(LINE, f"/* Änderung. */ \n{LINE}"))
    commit("mm: one line more\n\nA body with ümlauts.\n\n    and a blank line, indented")
    (folder / "mm/new file.c").write_text('"quoted"\n')
    (folder / "lib/binary").write_bytes(bytes(range(256)))
    commit("mm: new ones")
    developer.git("mv", "mm/new file.c", 'mm/a "name".c')
    (folder / "scripts/link-vmlinux.sh").chmod(0o755)
    (folder / "lib/link").symlink_to("string.c")
    commit("mm: moved, executable, linked")
    developer.git("rm", "--quiet", "kernel/vmcore_info.c", 'mm/a "name".c')
    (folder / "mm/a").mkdir()
    (folder / "mm/a/b.c").write_text("deep\n")
    commit("mm: removed, and a folder")


def conflicting(developer: Developer) -> None:
    """Found by a 3-way merge only: the tree has a line more beside the one that is changed."""
    folder = developer.folder
    (folder / PAGE_FLAGS).write_text((folder / PAGE_FLAGS).read_text().replace(FAKE_HEAD_CHECK, NO_CHECK))
    developer.git("commit", "--quiet", "--all", "-m", "mm: no fake heads")


def patches_of(developer: Developer, base: str, target: Path) -> tuple[Patch, ...]:
    developer.git("format-patch", "--quiet", "--binary", "-o", str(target), base)
    mails = [path.read_bytes().split(b"\n", 1)[1] for path in sorted(target.glob("*.patch"))]
    parsed = [message.parse(mail) for mail in mails]
    return tuple(threads.patch(at, mail=mail.raw, files=mail.files) for at, mail in enumerate(parsed, 1))


@pytest.fixture
def developer(tmp_path: Path, sealed_environment: dict[str, str]) -> Developer:
    made = Developer(tmp_path / "linux", sealed_environment)
    (made.folder / ".git/info").mkdir(exist_ok=True)
    (made.folder / ".git/info/attributes").write_text(NO_ATTRIBUTES)
    return made


def tree_of(developer: Developer, revision: str) -> Tree:
    commit = developer.git("rev-parse", revision).strip()
    return Tree("it", "1", commit, developer.git("rev-parse", f"{commit}^{{tree}}").strip())


def applied(developer: Developer, tmp_path: Path, patches: tuple[Patch, ...], tree: Tree) -> Applied:
    """Applied with an empty store."""
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    folder = tmp_path / f"store-{len(list(tmp_path.iterdir()))}"
    applier = Applier(Repository(developer.folder), Store(folder, print), workspace)
    return applier.apply(threads.series(patches=patches), tree)


def unexpected(*_: object) -> None:
    raise AssertionError("the whole tree was asked for")


@pytest.mark.parametrize(
    ("edit", "onto", "status", "narrow"),
    [
        (changes, "master", ApplyStatus.CLEAN, True),
        (conflicting, "other", ApplyStatus.THREE_WAY, False),
        (conflicting, "changes", ApplyStatus.ALREADY_MERGED, False),
        (conflicting, "without", ApplyStatus.FAILED, False),
    ],
    ids=["clean", "three-way", "merged", "failed"],
)
def test_what_comes_out_is_what_the_whole_tree_gives(
    developer: Developer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    edit: Callable[[Developer], None],
    onto: str,
    status: ApplyStatus,
    narrow: bool,
) -> None:
    """Commits, states, log. Seen red with deletions left out."""
    developer.branch("other", "master", ("mm: a neighbour", [(PAGE_FLAGS, FAKE_HEAD_CHECK, f"{FAKE_HEAD_CHECK}\n")]))
    developer.git("checkout", "--quiet", "-b", "without", "master")
    developer.git("rm", "--quiet", PAGE_FLAGS)
    developer.git("commit", "--quiet", "-m", "mm: no page flags")
    developer.git("checkout", "--quiet", "-b", "changes", "master")
    edit(developer)
    patches = patches_of(developer, "master", tmp_path / "patches")
    tree = tree_of(developer, onto)
    outcome = applied(developer, tmp_path, patches, tree)
    assert outcome.status is status
    with monkeypatch.context() as patched:
        patched.setattr(apply, "narrowed", lambda *_: None)
        assert outcome == applied(developer, tmp_path, patches, tree)
    monkeypatch.setattr(Applier, "_sparse_checkout", unexpected)
    with nullcontext() if narrow else pytest.raises(AssertionError, match="the whole tree"):
        applied(developer, tmp_path, patches, tree)


@pytest.mark.parametrize(
    ("files", "fits"),
    [
        ((UTIL, "mm/new.c", "new/er.c"), True),
        (("mm",), False),
        (("mm/util.c/below",), False),
        (("a\nb",), False),
        ((UTIL, "d/" * 1500 + "file"), True),
        ((UTIL, *("d/" * 1500 + f"file{number}" for number in range(100))), False),
        ((), False),
    ],
)
def test_folders_in_the_place_of_files_are_left_to_the_whole_tree(
    developer: Developer, tmp_path: Path, files: tuple[str, ...], fits: bool
) -> None:
    developer.git("worktree", "add", "--quiet", "--no-checkout", "--detach", str(tmp_path / "narrow"))
    repository = Repository(tmp_path / "narrow")
    tree = narrowed(repository, tree_of(developer, "master"), files)
    assert (tree is not None) is fits
    if tree:
        assert set(repository.files(tree.commit)) == {UTIL}
