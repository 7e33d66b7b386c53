"""Claims found in the words of a cover letter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.claims import found_claims
from pipeline.claims.letter import own_words
from pipeline.model import Cell, Claim, ClaimKind, Diffstat, Letter, Patch, Series, Toolchain

GCC = Toolchain("gcc", "gcc (Debian) 12", "d" * 64)
CELLS = (
    Cell("arm64-defconfig", "arm64", GCC, "defconfig", ()),
    Cell("x86_64-defconfig", "x86_64", GCC, "defconfig", ()),
    Cell("x86_64-hvo", "x86_64", GCC, "tinyconfig", ()),
)
BLOAT = "add/remove: 6/33 grow/shrink: 54/262 up/down: 6130/-21922 (-15792)"
STAT = """\
A U Thor (2):
  mm: one
  mm: two

 .../mm/vmemmap_dedup.rst | 62 ++---
 mm/util.c                |  4 +-
 2 files changed, 32 insertions(+), 34 deletions(-)

"""


def series(body: str, patches: int = 9, *, cover: bool = True) -> Series:
    """A series with such a letter; without a cover letter it is patch 1's mail."""
    letter = Letter("c@x" if cover else "1@x", "[PATCH 0/9] t", "A <a@x>", (), (), (), "", body)
    listed = tuple(Patch(at, f"mm: {at}", "A", f"{at}@x", b"", ("mm/util.c",)) for at in range(1, patches + 1))
    return Series("t", 1, letter.message_id, letter, listed)


def claims_of_kind(body: str, kind: ClaimKind, cells: tuple[Cell, ...] = CELLS, **options: bool) -> list[Claim]:
    return [claim for claim in found_claims(series(body, **options), cells) if claim.kind is kind]


@pytest.mark.parametrize(
    ("body", "cell"),
    [
        (f"On defconfig, I see ~15K less:\n\n{BLOAT}\n", "x86_64-defconfig"),
        (f"Smaller code on arm64 defconfig:\n\n    {BLOAT}\n", "arm64-defconfig"),
        (f"aarch64: {BLOAT}", "arm64-defconfig"),
        (f"defconfig, gcc 12:\n  x86_64-hvo  {BLOAT}\n", "x86_64-hvo"),
        (f"The size of vmlinux:\n\n  defconfig   {BLOAT}\n", "x86_64-defconfig"),
        (f"Smaller:\n\n{BLOAT}\n", "x86_64-defconfig"),
        (f"allmodconfig:\n\n{BLOAT}\n", ""),
        (f"On s390 it is smaller:\n{BLOAT}\n", ""),
        (f"On arm64 something else.\n\nNow the size.\n\n{BLOAT}\n", "x86_64-defconfig"),
    ],
)
def test_bloat_o_meter_lines_are_found_with_the_cell_that_the_letter_names(body: str, cell: str) -> None:
    (claim,) = claims_of_kind(body, ClaimKind.TEXT_DELTA)
    assert (claim.claimed, claim.cell, claim.relation, claim.found) == (-15792, cell, "near", True)
    assert bool(claim.obstacle) == (not cell)


def test_why_no_cell_is_meant_is_said() -> None:
    assert claims_of_kind(f"allmodconfig: {BLOAT}", ClaimKind.TEXT_DELTA)[0].obstacle == "no cell is allmodconfig"
    (claim,) = claims_of_kind(BLOAT, ClaimKind.TEXT_DELTA, CELLS[2:])
    assert "does not say of which configuration" in claim.obstacle


def test_a_line_that_was_wrapped_is_found_in_its_own_words() -> None:
    (claim,) = claims_of_kind(f"On defconfig\n{BLOAT.replace(' up', chr(10) + '  up')}\n", ClaimKind.TEXT_DELTA)
    assert claim.text == BLOAT


def test_the_diffstat_is_found_with_its_files() -> None:
    (claim,) = claims_of_kind(f"Hello.\n\n{STAT}-- \n2.39.5\n", ClaimKind.DIFFSTAT)
    assert claim.diffstat is not None
    assert claim.diffstat == Diffstat(2, 32, 34, claim.diffstat.lines)
    assert [file_stat.name for file_stat in claim.diffstat.lines] == [".../mm/vmemmap_dedup.rst", "mm/util.c"]
    assert claim.text == "2 files changed, 32 insertions(+), 34 deletions(-)"


def test_every_diffstat_is_found_once() -> None:
    """Which of them is the series' own, only the patches tell."""
    claims = claims_of_kind(f"1 file changed, 1 insertion(+)\n\n{STAT}\nAgain:\n\n{STAT}", ClaimKind.DIFFSTAT)
    assert [(claim.diffstat.files, claim.diffstat.insertions) for claim in claims if claim.diffstat] == [
        (1, 1),
        (2, 32),
    ]
    assert claims_of_kind("1 file changed, 1 deletion(-)\n", ClaimKind.DIFFSTAT)[0].diffstat == Diffstat(1, 0, 1)


@pytest.mark.parametrize(
    ("words", "patches"),
    [
        ("No functional change intended.", ()),
        ("This is a cleanup with no functional changes.", ()),
        ("There is no intended\nfunctional change.", ()),
        ("No behavioural change.", ()),
        ("Patch 7 flattens the loops without functional change.", (7,)),
        ("Patches 1-3 are cleanups, no functional change.", (1, 2, 3)),
        ("Patch 7 is large. Patch 2: no functional change.", (2,)),
        ("The last patch moves a function, without functional change.", (9,)),
        ("There is no functional change in the final two patches.", (8, 9)),
        ("The second and the fourth patch: no functional change.", (2, 4)),
        ("Patch three is a rename with no functional change.", (3,)),
        ("6/9: no functional changes", (6,)),
        ("6/8 of it was written on a train, no functional change.", ()),
        ("No functional change intended, only patch 5 is more than a rename.", ()),
        ("No functional change to any patch; the locks of patches 2-3 stay.", ()),
    ],
)
def test_no_functional_change_is_found(words: str, patches: tuple[int, ...]) -> None:
    (claim,) = claims_of_kind(f"Hello.\n\n{words}\n", ClaimKind.NO_FUNCTIONAL_CHANGE)
    assert claim.patches == patches
    assert claim.text in " ".join(words.split())


@pytest.mark.parametrize(
    ("words", "patches"),
    [
        ("Patches 1-3: Preparatory refactoring\n- Change an interface\n- Rename a field", (1, 2, 3)),
        ("Patches 1 to 3 prepare:", (1, 2, 3)),
        ("Patches 1–2 are preparatory.", (1, 2)),
        ("Patch 1/9 through 4/9: preparation", (1, 2, 3, 4)),
        ("Preparatory work is in patches 2, 4 and 5.", (2, 4, 5)),
        ("Patches 4-6 need what patches 1 and 2 prepare.", (1, 2)),
        ("The first three patches prepare the ground.", (1, 2, 3)),
        ("The first patch is groundwork.", (1,)),
        ("* patch 2 prepares\n* patch 3 is the thing", (2,)),
        ("Patches 8 to 12 prepare.", (8,)),
    ],
)
def test_preparatory_patches_are_found(words: str, patches: tuple[int, ...]) -> None:
    (claim,) = claims_of_kind(f"Hello.\n\n{words}\n", ClaimKind.PREPARATORY)
    assert claim.patches == patches


@pytest.mark.parametrize(
    "words", ["Preparatory work was merged before.", "Patch 40 prepares.", "Patch 1 adds a thing.", "be prepared"]
)
def test_what_names_no_patch_or_prepares_nothing_is_no_claim(words: str) -> None:
    assert not claims_of_kind(words, ClaimKind.PREPARATORY)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("It is 12.5% faster on my machine. More later.", "It is 12.5% faster on my machine."),
        ("fio shows a latency of 250 us\ninstead of 310 us.", "fio shows a latency of 250 us instead of 310 us."),
        ("Boot time goes down by 3 seconds.", "Boot time goes down by 3 seconds."),
        ("Throughput:\n\n  before   1200 MB/s", "before 1200 MB/s"),
    ],
)
def test_benchmark_figures_are_quoted(words: str, text: str) -> None:
    assert [claim.text for claim in claims_of_kind(f"Hello.\n\n{words}\n", ClaimKind.BENCHMARK)] == [text]


def test_of_a_table_the_lines_with_figures_are_quoted() -> None:
    table = (
        "netperf:\n" + "".join(f"  run{at}  {at}000 MB/s  +{at}.1%\n" for at in range(1, 4)) + "  (three machines)\n"
    )
    assert [claim.text for claim in claims_of_kind(table, ClaimKind.BENCHMARK)] == [
        f"run{at} {at}000 MB/s +{at}.1%" for at in range(1, 4)
    ]


@pytest.mark.parametrize(
    "words",
    [
        "It keeps 28 pages of 32.",
        "Linux 6.12 is needed, with 2 CPUs.",
        "Faster than v1.",
        f"Smaller and faster: {BLOAT}",
        "100% of it is documented.",
        "Benchmarks ran 100 times each, with a stock of 64 pages, at 25% usage.",
    ],
)
def test_other_figures_are_no_benchmarks(words: str) -> None:
    assert not claims_of_kind(words, ClaimKind.BENCHMARK)


def test_what_a_series_toml_has_is_not_found_again() -> None:
    letter = series(f"defconfig   {BLOAT}\n\nNo functional change.\n")
    tracked = [Claim(f"defconfig  {BLOAT}", "x86_64-defconfig", -15792)]
    assert [claim.kind for claim in found_claims(letter, CELLS, tracked)] == [ClaimKind.NO_FUNCTIONAL_CHANGE]
    assert [claim.kind for claim in found_claims(letter, CELLS)] == [
        ClaimKind.TEXT_DELTA,
        ClaimKind.NO_FUNCTIONAL_CHANGE,
    ]
    narrower = [Claim(BLOAT, "x86_64-defconfig", -15792)]
    assert len(found_claims(letter, CELLS, narrower)) == 1


@pytest.mark.parametrize(
    "changelog",
    [
        "Changes since v1:\n - Patch 2 split, no functional change.\n - Patch 1 prepares patch 3.",
        "Changes in v3:\n\n - no functional change\n\nv1 -> v2:\n - patch 1 prepares",
        "Changelog:\nv2:\n- patch 1: no functional change",
        "There is no functional change since v9.",
    ],
)
def test_what_is_new_in_a_revision_says_nothing_of_the_series(changelog: str) -> None:
    assert not claims_of_kind(f"Hello.\n\n{changelog}\n", ClaimKind.NO_FUNCTIONAL_CHANGE)
    assert not claims_of_kind(f"Hello.\n\n{changelog}\n", ClaimKind.PREPARATORY)
    after = f"{changelog}\n\nNo functional change intended.\n"
    assert [claim.patches for claim in claims_of_kind(after, ClaimKind.NO_FUNCTIONAL_CHANGE)] == [()]


def test_a_sentence_is_about_the_patch_that_its_list_item_begins_with() -> None:
    body = (
        "Patch 3: constify alloc_context.\n  Preparatory cleanup. No functional change.\nPatch 4: the thing itself.\n"
    )
    assert claims_of_kind(body, ClaimKind.NO_FUNCTIONAL_CHANGE)[0].patches == (3,)
    assert claims_of_kind(body, ClaimKind.PREPARATORY)[0].patches == (3,)


def test_a_range_diff_and_a_signature_claim_nothing() -> None:
    quoted = (
        "Range-diff against v1:\n1:  abc ! 1:  def mm: one\n    @@ Commit message\n     +    No functional change.\n"
    )
    assert not claims_of_kind(f"Hello.\n\n{quoted}", ClaimKind.NO_FUNCTIONAL_CHANGE)
    assert not claims_of_kind("Hello.\n\n-- \nNo functional change.\n", ClaimKind.NO_FUNCTIONAL_CHANGE)
    assert own_words(f"Hello.\n\n{quoted}\nA U Thor (1):\n") == "Hello.\n\n\nA U Thor (1):\n"
    (claim,) = claims_of_kind(f"{quoted}\n{STAT}", ClaimKind.DIFFSTAT)
    assert claim.text == "2 files changed, 32 insertions(+), 34 deletions(-)"


def test_without_a_cover_letter_patch_1_speaks_for_itself() -> None:
    body = f"No functional change.\n\n{BLOAT}\n---\n 1 file changed, 1 insertion(+)\n\nIt is 9% faster.\n"
    claims = found_claims(series(body, cover=False), CELLS)
    assert [(claim.kind.value, claim.patches) for claim in claims] == [
        ("no-functional-change", (1,)),
        ("text-delta", (1,)),
    ]


def test_the_one_patch_of_a_series_speaks_for_the_series() -> None:
    body = "No functional change.\n---\n mm/util.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n"
    claims = found_claims(series(body, patches=1, cover=False), CELLS)
    assert [(claim.kind.value, claim.patches) for claim in claims] == [("no-functional-change", ()), ("diffstat", ())]


def test_a_flood_of_claims_is_cut() -> None:
    assert len(claims_of_kind("It is 5% faster.\n\n" * 500, ClaimKind.BENCHMARK)) == 10
    assert claims_of_kind(f"patch 1 prepares {'word ' * 500}", ClaimKind.PREPARATORY)[0].text == "prepares"


@pytest.mark.parametrize(
    "flood",
    [
        "patch 1, " * 30000,
        "9" * 100000,
        " \n" * 50000,
        "add/remove: 1/1 " * 9000,
        "(" * 99999,
        "1/9 " * 50000,
        "second, " * 25000,
    ],
)
def test_a_hostile_letter_takes_no_time(flood: str) -> None:
    assert len(found_claims(series(flood), CELLS)) <= 10


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("No functional change, except that three pages are kept.", "except that three pages are kept."),
        ("Apart from a new message there is no functional change.", "Apart from a new message there is"),
        ("No functional change intended, but the order of frees differs.", "but the order of frees differs."),
        (
            "No functional change. The only functional change is in patch 4.",
            "The only functional change is in patch 4.",
        ),
        ("No functional changes other than the message.", "other than the message."),
        ("Mostly no functional change.", "Mostly"),
        ("There is no functional change. However, callers must now lock.", "However, callers must now lock."),
        ("No functional change in patches 2-4, only renames.", ""),
        ("No functional changes, save for one message.", "save for one message."),
        ("No functional change, bar a slower path.", "bar a slower path."),
        ("Largely no functional change.", "Largely"),
        ("No functional change so far.", "so far."),
        ("No functional change. Patch 4 is an exception.", "Patch 4 is an exception."),
        (
            "No functional change.\n\nThe exception is the last one, which frees pages.",
            "The exception is the last one,",
        ),
        ("No functional change is intended for drivers that are loaded.", "for drivers that are loaded."),
        ("No functional change when CONFIG_SMP=n.", "when CONFIG_SMP=n."),
        ("No behavioural change by default.", "by default."),
        ("On sparc there is no functional change.", "On sparc"),
        ("Without a swap file, no functional change.", "Without a swap file"),
        ("Most patches move code, with no functional change.", "Most patches move code, with"),
        ("In the remaining patches there is no functional change.", "remaining patches"),
        ("It shortens the lock but otherwise has no functional change.", "but otherwise has"),
        ("No functional change while no device is bound.", "while no device is bound."),
        ("No functional change is intended by this whole series.", ""),
        ("With this patch there is no functional change.", ""),
        ("The patch is long, however no functional change is intended.", ""),
        ("No functional change: a name is at most 15 bytes.", ""),
        ("No functional change. While at it, sort the headers.", ""),
        ("This prepares for a later patch, no functional change.", ""),
        ("No functional change. Patch 4 is large but simple.", ""),
    ],
)
def test_an_exception_to_no_functional_change_is_kept_with_it(words: str, limit: str) -> None:
    (claim,) = claims_of_kind(words, ClaimKind.NO_FUNCTIONAL_CHANGE)
    assert claim.limit.startswith(limit) if limit else not claim.limit


SHORT = [
    "NFC.",
    "NFCI.",
    "Rename a helper; NFC.",
    "Rename a helper. NFC",
    "- rename a helper (NFC)",
    "This is NFC.",
    "The whole series should be NFC, and makes room for more.",
    "NFC intended.",
    "It is an NFC series.",
    "A pure NFC patch, as the one before.",
    "Both patches are purely NFC.",
    "All of it is NFCI",
    "No changes in behaviour.",
    "There is no change to functionality here.",
    "No intentional functional change.",
]
OTHER_NFC = [
    "NFC is what phones pay with.",
    "The NFC is reset twice.",
    "This adds NFC.\n\nThe NFC controller needs it.",
    "Near-field communication (NFC) gets a socket.",
    "The NAND flash controller (NFC) of it is slow.",
    "Names are in normalization form C (NFC).",
    "An NFC tag is read, as NFC tags are.",
    "This driver supports Bluetooth, NFC, and more.",
    "Support cards for payment over NFC",
    "See drivers/nfc/NFC.txt",
    "It is not NFC.",
    "Is this NFC?",
    "NFCI2C is a bus.",
    "Still to be done:\n - sound\n - NFC\n",
    "Rules of a network flow classification (NFC) are kept. NFC.",
    "The default stays as it was, with no change in behaviour of it.",
]


@pytest.mark.parametrize("words", SHORT)
def test_no_functional_change_is_found_in_short_words(words: str) -> None:
    (claim,) = claims_of_kind(f"Hello.\n\n{words}\n", ClaimKind.NO_FUNCTIONAL_CHANGE)
    assert (claim.patches, claim.limit) == ((), "")


@pytest.mark.parametrize("words", OTHER_NFC)
def test_what_else_is_called_nfc_is_no_claim(words: str) -> None:
    assert claims_of_kind(f"Hello.\n\n{words}\n", ClaimKind.NO_FUNCTIONAL_CHANGE) == []


def test_in_a_series_about_another_nfc_the_long_word_is_the_claim() -> None:
    words = "The NFC device sleeps.\n\nRename a helper (NFC).\n"
    assert claims_of_kind(words, ClaimKind.NO_FUNCTIONAL_CHANGE) == []
    assert len(claims_of_kind(f"{words}\nNFCI.\n", ClaimKind.NO_FUNCTIONAL_CHANGE)) == 1
    of_files = replace(series("NFC.\n"), patches=(Patch(1, "x", "A", "1@x", b"", ("net/nfc/core.c",)),))
    assert found_claims(of_files, CELLS) == ()


def test_an_exception_to_nfc_is_heard() -> None:
    (claim,) = claims_of_kind("NFC, except that three pages are kept.", ClaimKind.NO_FUNCTIONAL_CHANGE)
    assert claim.limit == "except that three pages are kept."


SUBJECTS = [
    ("[PATCH 0/2] mm: rename things (NFC)", True),
    ("[PATCH 0/2] mm: rename things, NFC", True),
    ("[PATCH 0/2] mm: rename things. NFCI", True),
    ("[PATCH 0/2] mm: rename things [NFC]", True),
    ("[PATCH NFC 0/2] mm: rename things", True),
    ("[NFC][PATCH 0/2] mm: rename things", True),
    ("[PATCH 0/2] mm: rename things, no functional changes intended", True),
    ("[PATCH 0/2] NFC: rename things", False),
    ("[PATCH 0/2] nfc: rename things", False),
    ("[PATCH 0/2] mm: pay with NFC", False),
    ("[PATCH 0/2] mm: rename things, not NFC", False),
]


@pytest.mark.parametrize(("subject", "heard"), SUBJECTS)
def test_a_subject_claims_as_a_letter_does(subject: str, heard: bool) -> None:
    title = subject.rpartition("2] ")[2]
    of_series = series("Hello.\n", 2)
    of_series = replace(of_series, title=title, cover=replace(of_series.cover, subject=subject))
    claims = found_claims(of_series, CELLS)
    assert [(claim.kind, claim.patches, claim.text) for claim in claims] == (
        [(ClaimKind.NO_FUNCTIONAL_CHANGE, (), subject)] if heard else []
    )


@pytest.mark.parametrize("cover", [True, False])
def test_a_patch_s_subject_claims_for_the_patch(cover: bool) -> None:
    of_series = series("Hello.\n", 2, cover=cover)
    body = "Only names.\n\nNo functional change, except that three pages are kept.\n---\n"
    first, second = of_series.patches
    letter = replace(of_series.cover, subject="[PATCH 2/2] mm: y (NFC)", body=body)
    patches = (replace(first, subject="mm: x (NFC)"), replace(second, subject="mm: y (NFC)", letter=letter))
    claims = found_claims(replace(of_series, patches=patches), CELLS)
    assert [(claim.patches, claim.limit) for claim in claims] == [
        ((1,), ""),
        ((2,), "except that three pages are kept."),
    ]


def test_a_subject_says_nothing_that_the_letter_takes_back() -> None:
    of_series = replace(series("NFC, but for patch 2 of it.\n", 2), title="mm: x (NFC)")
    (claim,) = found_claims(of_series, CELLS)
    assert claim.text == "NFC, but for patch 2 of it."


@pytest.mark.parametrize(
    "words",
    [
        "This is not a no functional change series.",
        "I cannot claim that there is no functional change.",
        "It isn't meant to be a no functional change cleanup.",
        'The subject of v1 said "no functional change" and was wrong.',
        "> No functional change.\n\nSays who?",
        "We cannot guarantee that there is no functional change.",
        "It is hard to call this a no functional change series.",
        "This is anything but no functional change.",
        "Instead of no functional change, you get a faster path.",
        "Is there really no functional change?",
        "Without patch 3 there would be no functional change.",
        "The reviewer wrote: 'fine, there is no functional change'.",
        "The previous version claimed no functional change.",
        'Commit 123456789abc ("mm: move it, no functional change") broke the boot.',
        "Commit 123456789abc was meant to be no functional change.",
        "No functional change was the goal once.",
    ],
)
def test_what_a_letter_denies_or_quotes_is_no_claim_of_its_own(words: str) -> None:
    assert claims_of_kind(words, ClaimKind.NO_FUNCTIONAL_CHANGE) == []
