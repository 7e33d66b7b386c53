"""What SERIES can be, and a folder of patch files read without b4."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.fetch import LORE, Request, fetch, message_id_in
from pipeline.fetch.assembly import prerequisites_in
from pipeline.fetch.forms import Named, named
from pipeline.mail.mbox import split_mbox
from pipeline.model import Prerequisite, Series
from pipeline.system.command import Command, Completed
from pipeline.system.errors import NotObtainedError, UsageError
from pipeline.system.process import Processes
from pipeline.system.workspace import Workspace
from tests.support.mails import DIFF, raw

ID = "20251205194351.1646318-1-kas@kernel.org"


@pytest.mark.parametrize(
    ("text", "message_id"),
    [
        (ID, ID),
        (f"<{ID}>", ID),
        (f"  {ID}\n", ID),
        (f"https://lore.kernel.org/all/{ID}", ID),
        (f"https://lore.kernel.org/all/{ID}/", ID),
        (f"https://lore.kernel.org/linux-mm/{ID}/T/#u", ID),
        (f"https://lore.kernel.org/all/{ID}/t.mbox.gz", ID),
        (f"https://lore.kernel.org/all/{ID.replace('@', '%40')}/", ID),
        (f"http://127.0.0.1:8080/list/{ID}/raw", ID),
        (f"https://lore.kernel.org/all/%3C{ID}%3E/", ID),
        ("https://lore.kernel.org/all/CAHk-=wi%2BX@mail.gmail.com/", "CAHk-=wi+X@mail.gmail.com"),
        ("https://lore.kernel.org/all/Y%2FfGkrzfz@hirez.example.org/", "Y/fGkrzfz@hirez.example.org"),
        ("Y/fGkrzfz@hirez.example.org", "Y/fGkrzfz@hirez.example.org"),
    ],
)
def test_a_message_id_is_found_in_an_argument(text: str, message_id: str) -> None:
    assert message_id_in(text) == message_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no-such-series",
        "two words@example.org",
        f"{ID} {ID}",
        "a@b@c",
        "<>",
        "@",
        "https://lore.kernel.org/linux-mm/",
        "https://user@lore.kernel.org/all/",
        "/no/such/file.mbox",
    ],
)
def test_what_holds_no_message_id_is_refused_with_the_forms_that_would(text: str) -> None:
    with pytest.raises(UsageError, match="is no series") as caught:
        message_id_in(text)
    assert "message-id" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "https://patchwork.example.org/patch/1234567/",
        "https://patchwork.example.org/cover/1234567",
        "https://patchwork.example.org/series/123456/mbox/",
        "https://patchwork.example.org/project/any/list/?series=123456",
        "https://patchwork.example.org/project/any/list/?archive=both&series=123456&state=*",
        "https://patchwork.example.org/api/series/12/",
        "https://patchwork.example.org/api/1.3/patches/1234567/",
        "https://patchwork.example.org/project/any/cover/1234567/",
    ],
)
def test_a_number_of_a_patchwork_is_told_from_nonsense(text: str) -> None:
    with pytest.raises(UsageError, match="is no series that an archive knows") as caught:
        message_id_in(text)
    assert "message-id that it shows" in caught.value.hint


class NoProcesses(Processes):
    """Fails the test when a command is started."""

    def run(self, command: Command, on_output: object = None) -> Completed:
        raise AssertionError(f"{command.argv} was started, {on_output}")


def read(folder: Path, version: int | None = None) -> Series:
    workspace = Workspace(folder.parent / "workspace")
    return fetch(Request(str(folder), version), workspace, NoProcesses(), print)


def written(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


COVER = raw("[PATCH v2 0/2] mm: about it", "Hello.\n\nbase-commit: 0123456789abcdef0123\n", "c", to="L <l@x>")
FILES = {
    "v2-0000-cover-letter.patch": COVER,
    "v2-0001-one.patch": raw("[PATCH v2 1/2] mm: one", f"Text.\n\nSigned-off-by: A <a@x>\n{DIFF}", "1"),
    "v2-0002-two.patch": raw("[PATCH v2 2/2] mm: two", f"Text.\n{DIFF}", "2"),
    "notes.txt": b"not a patch",
}


def test_a_folder_of_patches_is_a_series(tmp_path: Path) -> None:
    folder = written(tmp_path / "v2", FILES)
    series = read(folder)
    assert (series.title, series.version, series.message_id) == ("mm: about it", 2, "c@example.org")
    assert series.source == str(folder)
    assert series.base_commit == "0123456789abcdef0123"
    assert series.cover.to == ("L <l@x>",)
    assert series.notes == ()
    assert [(patch.number, patch.subject, patch.files) for patch in series.patches] == [
        (1, "mm: one", ("mm/util.c",)),
        (2, "mm: two", ("mm/util.c",)),
    ]
    assert series.patches[0].mail.endswith(b"\n\n" + FILES["v2-0001-one.patch"].partition(b"\n\n")[2])
    assert series.patches[0].author == "A U Thor <author@example.org>"
    assert series.patches[0].collected_trailers == ()
    assert series.files == {"mm/util.c"}


def test_files_of_git_format_patch_lose_their_separator(tmp_path: Path) -> None:
    separator = b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
    body = raw("[PATCH] alone")
    series = read(written(tmp_path / "v1", {"0001.patch": separator + body}))
    assert list(split_mbox(separator + body)) == [body]
    assert not series.patches[0].mail.startswith(b"From 0")


def test_without_a_cover_letter_a_note_says_what_a_reply_answers(tmp_path: Path) -> None:
    series = read(written(tmp_path / "v1", {"a.patch": raw("[PATCH] alone", message_id="a")}))
    assert series.message_id == "a@example.org"
    assert "patch 1" in series.notes[0]


PREREQUISITES = f"""\
prerequisite-patch-id: {"a" * 40}
prerequisite-change-id: 20240320-topic-one-29d9d4a4b2d8:v5
prerequisite-change-id: 20240320-topic-two-29d9d4a4b2d8
prerequisite-message-id: <one@example.org>
prerequisite-patch-id: {"a" * 40}
Depends-on: https://lore.kernel.org/all/two@example.org/
Depends-on: the weather
"""


def test_prerequisites_are_read_in_order_and_once() -> None:
    assert prerequisites_in(f"Text.\n{DIFF}{PREREQUISITES}") == (
        Prerequisite("patch-id", "a" * 40),
        Prerequisite("change-id", "20240320-topic-one-29d9d4a4b2d8", 5),
        Prerequisite("change-id", "20240320-topic-two-29d9d4a4b2d8"),
        Prerequisite("message-id", "one@example.org"),
        Prerequisite("message-id", "two@example.org"),
    )


CHANGE_ID = "20240320-topic-one-29d9d4a4b2d8"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (ID, Named(ID)),
        (CHANGE_ID, Named(change_id=CHANGE_ID)),
        (f"change-id: {CHANGE_ID}", Named(change_id=CHANGE_ID)),
        (f"id:{ID}", Named(ID)),
        (f"https://lore.kernel.org/linux-mm/{ID}/T/", Named(ID)),
        (f"https://inbox.example.org/some/list/{ID}/", Named(ID, midmask="https://inbox.example.org/some/list/%s")),
        (f"https://lkml.kernel.org/r/{ID}", Named(ID)),
        (f"https://patch.msgid.link/{ID}", Named(ID)),
        (f"https://patchwork.kernel.org/project/linux-mm/patch/{ID}/", Named(ID)),
        (f"https://patchwork.kernel.org/project/linux-mm/cover/{ID}/", Named(ID)),
        (f"https://patchwork.example.org/patch/msgid/{ID}/", Named(ID)),
        (f"<https://lore.kernel.org/all/{ID}/>", Named(ID)),
        (f"lore.kernel.org/r/{ID}", Named(ID)),
        (f"mid:{ID}", Named(ID)),
        (f"Message-ID: <{ID}>", Named(ID)),
        (f"Link: https://lore.kernel.org/r/{ID}", Named(ID)),
        (f"https://archive.example.org/?i={ID}", Named(ID)),
        (f"https://patchwork.example.org/project/any/cover/{ID}/mbox/", Named(ID)),
        (f"https://patchwork.example.org/series/{ID}/", Named(ID)),
        (f"https://example.org/patchwork/project/any/patch/{ID}/?x=y", Named(ID)),
    ],
)
def test_what_is_asked_of_which_archive(text: str, asked: Named) -> None:
    assert named(text, LORE) == asked


def test_the_author_of_a_relayed_patch_is_the_one_in_its_body(tmp_path: Path) -> None:
    body = f"From: Real Author <real@example.org>\n\nText.\n{DIFF}"
    series = read(written(tmp_path / "v1", {"a.patch": raw("[PATCH] x", body)}))
    assert series.patches[0].author == "Real Author <real@example.org>"


def test_a_series_without_a_message_id_is_fine_in_a_folder(tmp_path: Path) -> None:
    bodies = {
        f"{at}.patch": raw(f"[PATCH {at}/2] x").split(b"\n", 1)[1].replace(b"\n\n", b"\n\n%d\n" % at, 1)
        for at in (1, 2)
    }
    assert len(read(written(tmp_path / "v1", bodies)).patches) == 2


def test_mails_are_read_where_there_are_no_patch_files(tmp_path: Path) -> None:
    assert read(written(tmp_path / "v1", {"a.eml": raw("[PATCH] alone")})).title == "alone"


def test_an_empty_folder_is_refused_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(NotObtainedError, match=r"no \.patch file") as caught:
        read(written(tmp_path / "v1", {"notes.txt": b"x"}))
    assert "git format-patch" in caught.value.hint


def test_a_folder_with_a_patch_missing_is_refused(tmp_path: Path) -> None:
    files = {name: content for name, content in FILES.items() if "0001" not in name}
    with pytest.raises(NotObtainedError, match="missing 1/2"):
        read(written(tmp_path / "v2", files))


def test_the_revision_asked_for_counts_in_a_folder_too(tmp_path: Path) -> None:
    older = {f"v1-{name}": content.replace(b" v2 ", b" ") for name, content in FILES.items()}
    folder = written(tmp_path / "both", FILES | older)
    assert read(folder).version == 2
    assert read(folder, 1).version == 1


def test_garbage_is_no_series_and_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no series"):
        read(tmp_path / "missing")
