"""The HTML report: what stands in it, where its links lead, and how large it gets."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import tinyhtml5

from pipeline.record import BootRecord, CheckRecord, RunRecord, SymbolRecord
from pipeline.render.formats import FORMATS, Source
from pipeline.render.html import MOST_BYTES, render_html
from pipeline.render.html.links import evidence, message
from pipeline.render.html.matrix import matrix
from pipeline.render.html.page import policy
from pipeline.render.html.symbols import totals
from tests.support import records
from tests.support.sample_reviews import whole
from tests.support.sample_runs import everything, flooded, warning_cell

SVG = "{http://www.w3.org/2000/svg}"
HTML = "{http://www.w3.org/1999/xhtml}"


def parsed(page: str) -> ElementTree.Element:
    """The page as a browser's parser reads it."""
    root = tinyhtml5.parse(page)
    assert isinstance(root, ElementTree.Element)
    return root


def text_of(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def links(page: str) -> dict[str, str]:
    """Words to where they lead."""
    return {text_of(element): element.get("href", "") for element in parsed(page).iter(f"{HTML}a")}


def boot(patch: int, status: str, scenario: str = "hvo", **changes: object) -> BootRecord:
    values = {"patch": patch, "scenario": scenario, "status": status, "console": f"logs/{scenario}-{patch}.console"}
    return BootRecord.model_validate(values | changes)


def booted(*boots: BootRecord) -> RunRecord:
    return records.run(cells=(records.cell(boots=boots),))


def test_the_page_opens_with_the_verdict_and_the_problems() -> None:
    page = render_html(everything())
    body = parsed(page).find(f"{HTML}body")
    assert body is not None
    words = text_of(body)
    places = [
        words.index(passage)
        for passage in (
            "PROBLEM",
            "May I apply this? No. The series does not apply everywhere",
            "mm/hugetlb: Eliminate fake head pages",
            "Patch 2 does not apply to debian:linux-source-6.1",
            "more that are wrong",
            "What is wrong",
            "Claim refuted",
            "Trees and cells",
            "claimverdictclaimed",
            "add/remove: 1/2 grow/shrink: 3/14 up/down: 120/-1530 (-1410)",
            "1 of 2 files compiled",
            "struct page, 64 → 72 bytes",
            "To reproduce",
        )
    ]
    assert places == sorted(places)


def test_what_stands_on_top_is_not_said_again() -> None:
    """A promise that is broken has no words of a compiler, so that nothing is left to say of it."""
    words = text_of(parsed(render_html(records.run(cells=(records.grown(lost=(records.LOST,)),), claims=()))))
    assert words.count("Promise broken with patch 3") == 1
    assert "What is wrong" not in words
    assert "What to know" in words


def test_a_toolchain_is_named_once() -> None:
    cells = (records.cell(), records.cell("i386-gcc", arch="i386"))
    words = text_of(parsed(render_html(records.run(cells=cells))))
    assert words.count(cells[0].toolchain) == 1
    assert f"Cells, built with {cells[0].toolchain}" in words
    other = records.cell("i386-clang", arch="i386", toolchain="clang version 19.1.4")
    words = text_of(parsed(render_html(records.run(cells=(*cells, other)))))
    assert words.count(cells[0].toolchain) == 2, "in a column"


def test_evidence_is_one_click_away() -> None:
    cell = records.cell(config="configs/tree1-x.config", states=records.states("built", "failed", "failed", "failed"))
    page = render_html(records.run(cells=(cell, warning_cell())))
    targets = links(page)
    assert targets["x86_64-gcc-small"] == "configs/tree1-x.config"
    assert targets["log of x86_64-gcc-small"] == "logs/cell.1.log"
    assert targets["log of arm64-gcc"] == "logs/cell.2.log"
    assert targets["run.json"] == "run.json"
    assert targets[records.SUBJECTS[0]] == "https://lore.kernel.org/all/1@x/"
    assert targets["-1410"] == "#size-1"


def test_a_page_that_lies_elsewhere_names_the_evidence() -> None:
    """Others do not have the run's folder, and need not know where it lies."""
    cell = records.cell(states=records.states("built", "failed", "failed", "failed"), boots=(boot(0, "fail"),))
    page = render_html(records.run(cells=(cell, warning_cell())), linked=False)
    assert not [url for url in links(page).values() if not url.startswith(("#", "https://"))]
    words = text_of(parsed(page))
    assert "log of x86_64-gcc-small: logs/cell.1.log" in words
    assert "run.json holds everything" in words
    assert not re.search(r'href="(?!#|https://)', page)


def test_numbers_of_boots_lead_to_consoles() -> None:
    check = [CheckRecord(name="memmap", status="pass", values={"fake-heads": heads}) for heads in (448, 0)]
    page = render_html(booted(boot(0, "pass", checks=(check[0],)), boot(3, "pass", checks=(check[1],))))
    assert links(page)["448"] == "logs/hvo-0.console"
    assert links(page)["0"] == "logs/hvo-3.console"


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./x"])
def test_a_name_that_leads_out_of_the_run_is_no_link(name: str) -> None:
    assert evidence(name) == ""


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("logs/tree1-x.log", "logs/tree1-x.log"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("logs/a b#c?d", "logs/a%20b%23c%3Fd"),
        ("\\\\host\\x", "%5C%5Chost%5Cx"),
    ],
)
def test_a_name_cannot_become_anything_but_a_file(name: str, url: str) -> None:
    assert evidence(name) == url


@pytest.mark.parametrize(
    ("message_id", "url"),
    [
        ("20251205.1-kas@kernel.org", "https://lore.kernel.org/all/20251205.1-kas@kernel.org/"),
        ('a"b/../c@x.org', "https://lore.kernel.org/all/a%22b%2F..%2Fc@x.org/"),
        ("cover.1.git.me@example.org", ""),
        ("1@host.invalid", ""),
        ("", ""),
    ],
)
def test_a_message_that_was_sent_is_linked_to(message_id: str, url: str) -> None:
    assert message(message_id) == url


def test_marks_tell_the_series_from_the_tree() -> None:
    cells = (
        records.cell("a", states=records.states("built", "failed", "built", "built")),
        records.broken("b", "failed", "failed"),
        warning_cell(),
    )
    drawn = matrix(records.run(cells=cells), False, 1000)
    assert drawn is not None
    signs = ["".join(item.text[0] for item in row[1:] if item.text) for row in drawn.table.rows]
    assert signs == ["✓✗✓✓", "✗✗", "✓✓!!"]
    tones = [[item.tone for item in row[1:] if item.text] for row in drawn.table.rows]
    assert tones[0][1] == "failed"
    assert tones[1] == ["known", "known"]


def test_marks_of_boots_tell_what_is_new() -> None:
    boots = [
        *(boot(0, "pass", "a"), boot(3, "fail", "a", reason="failed: pool")),
        *(boot(0, "fail", "b"), boot(3, "fail", "b")),
        *(boot(0, "pass", "c"), boot(3, "flaky", "c")),
        boot(3, "not run", "d", console=""),
    ]
    drawn = matrix(booted(*boots), False, 1000)
    assert drawn is not None
    assert [(row[0].text, row[-1].text, row[-1].tone) for row in drawn.table.rows[1:]] == [
        ("booted: a", "✗ fails: failed: pool", "failed"),
        ("booted: b", "✗ fails", "known"),
        ("booted: c", "! is flaky", "warn"),
        ("booted: d", "– not run", "neutral"),
    ]


def test_a_large_matrix_shows_where_something_changes() -> None:
    states = tuple(records.state(at, "failed" if at == 57 else "built") for at in range(101))
    cells = tuple(records.cell(f"cell-{at}", states=states) for at in range(40))
    drawn = matrix(records.run(cells=cells), False, 200)
    assert drawn is not None
    assert [label.text for label in drawn.picture.columns] == ["base", "p57", "p58", "p100"]
    assert drawn.left_out == 0
    assert len(drawn.picture.squares) == 160
    fewer = matrix(records.run(cells=cells), False, 20)
    assert fewer is not None
    assert fewer.left_out == 35


def test_bytes_are_added_up_by_source() -> None:
    symbols = (
        SymbolRecord(name="a", path="mm/hugetlb.c", old=1, new=11, delta=10),
        SymbolRecord(name="b", path="mm/hugetlb.c", old=50, new=20, delta=-30),
        SymbolRecord(name="c", path="mm/gup.c", old=None, new=5, delta=5),
        SymbolRecord(name="d", old=9, new=None, delta=-9),
    )
    sums = totals(records.text(symbols=symbols))
    assert dict(sums.files) == {"mm/hugetlb.c": -20, "mm/gup.c": 5}
    assert dict(sums.folders) == {"mm": (15, -30)}
    assert (sums.symbols, sums.elsewhere, sums.unplaced) == (4, 0, (1, -9))
    page = render_html(records.run(cells=(records.cell(text=records.text(symbols=symbols)),)))
    assert "Change by source file" in page
    assert "No one source file is known of 1 symbol (-9 bytes)." in page
    assert "Change by source file" not in render_html(records.run())


def test_what_was_promised_needs_no_claim() -> None:
    series = records.series(follow_ups=("Remove the static key",))
    assert "Remove the static key" in render_html(records.run(series=series, claims=()))


def test_a_waterfall_needs_every_patch() -> None:
    changes = (None, 5, -10, 3)
    whole = tuple(records.state(at, text_change=change) for at, change in enumerate(changes))
    assert "Change by patch" in render_html(records.run(cells=(records.cell(states=whole),)))
    assert "Change by patch" not in render_html(records.run(cells=(records.cell(states=(*whole[:2], whole[3])),)))
    assert "Change by patch" not in render_html(records.run())


def test_the_policy_lets_nothing_in_but_what_was_hashed() -> None:
    # SHA-256 of "a" and "b", in base 64.
    assert policy("a", "b") == (
        "default-src 'none'; style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='; "
        "script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'"
    )
    page = render_html(everything())
    style, script = (re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("style", "script"))
    assert style is not None
    assert script is not None
    metas = [element.get("content") for element in parsed(page).iter(f"{HTML}meta") if element.get("http-equiv")]
    assert metas == [policy(style[1], script[1])]


def test_tables_and_pictures_say_what_they_are() -> None:
    page = parsed(render_html(everything()))
    heads = list(page.iter(f"{HTML}th"))
    assert heads
    assert {head.get("scope") for head in heads} == {"col", "row"}
    assert all(element.find(f"{HTML}caption") is not None for element in page.iter(f"{HTML}table"))
    identifiers = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers))
    pictures = [element for element in page.iter(f"{SVG}svg") if element.get("role") in ("img", "group")]
    assert len(pictures) >= 3
    for picture in pictures:
        assert all(name in identifiers for name in (picture.get("aria-labelledby") or "").split())
        title, description = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
        assert title is not None
        assert title.text
        assert description is not None
        assert description.text


def test_every_section_of_the_list_is_there() -> None:
    page = parsed(render_html(everything()))
    identifiers = {element.get("id") for element in page.iter()}
    inner = [element.get("href", "") for element in page.iter(f"{HTML}a") if element.get("href", "").startswith("#")]
    assert len(inner) > 8
    assert all(href[1:] in identifiers for href in inner)


@pytest.mark.parametrize("cells", [(), (records.unreachable(),), (records.broken("a", "failed", "failed"),)])
def test_a_run_that_proves_nothing_is_rendered(cells: tuple[object, ...]) -> None:
    page = render_html(records.run(cells=cells, claims=(), tools=()))
    assert "NO VERDICT" in page


def test_html_is_a_format_of_its_own() -> None:
    form = FORMATS["html"]
    assert form.file == "report.html"
    assert form.render(Source(records.run(), linked=False)) == render_html(records.run(), linked=False)


def test_a_run_of_defconfig_s_size_stays_small() -> None:
    page = render_html(records.large())
    assert len(page.encode()) <= MOST_BYTES
    assert len(re.findall(r"<th scope=\"row\" class=\"long\">a_function|<th scope=\"row\">a_function", page)) >= 4000
    assert "Symbols: 2" in page
    assert f'And {60_000 - 2000} more, in <a href="run.json">run.json</a>.' in page


def test_symbols_go_first_where_a_page_grows_too_large() -> None:
    page = render_html(records.large(3000, 2, '"' * 500))
    assert len(page.encode()) <= MOST_BYTES
    assert "add/remove: 1/2" in page


def test_what_is_left_out_is_said() -> None:
    """Seventy cells, each with a failure of its own and a boot: sixty of either are shown."""
    cells = [
        records.broken(
            f"cell-{at:03}",
            states=(records.state(0), records.state(1, "failed", errors=(records.diagnostic(message=f"error {at}"),))),
            boots=(boot(0, "pass"),),
        )
        for at in range(70)
    ]
    page = render_html(records.run(cells=tuple(cells)))
    assert page.count("And 10 more, in run.json") == 2
    assert "cell-069" in page


def test_a_flood_of_words_in_a_large_matrix_stays_small() -> None:
    boots = tuple(boot(patch, "fail", f"scenario{at}", reason="x") for at in range(8) for patch in (0, 3))
    cells = tuple(records.measured(boots=boots) for _ in range(100))
    record = records.run(cells=cells, claims=(records.claim(),) * 500)
    assert len(render_html(flooded(record, "<&\"'>" * 200)).encode()) <= MOST_BYTES


def test_where_the_review_stands() -> None:
    assert 'id="review"' not in render_html(records.run())
    page = render_html(records.run(review=whole()))
    assert '<a href="#review">Review</a>' in page
    assert "2 replies read, 3 points (1 undecided, 1 promised, 1 volunteered)" in page
    assert re.search(r"<td[^>]*>\? promised</td>", page)
    assert re.search(r"Ada Author: &#34;Good catch. Will fix.&#34;", page)
    assert "v2 against v1, by range-diff" in page
    assert re.search(r"<td[^>]*>\? not collected</td>", page)
