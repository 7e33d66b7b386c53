"""The HTML report in Chromium: it loads without complaint, sorts, filters, fits a phone, and lets no stranger in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pipeline.record import RunRecord
from pipeline.render.html import render_html
from tests.support import records
from tests.support.html_payloads import PAYLOADS
from tests.support.sample_runs import everything, flooded, with_boots

pytestmark = pytest.mark.xdist_group("browser")

WIDTHS = (375, 1280)
SCHEMES = ("light", "dark")

Started = Callable[[str, bool], Chrome]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, sealed_environment: dict[str, str]) -> Iterator[Started]:
    """Starts Chromium without a window, with a profile of its own; with scripts or without."""
    browsers: list[Chrome] = []

    def started(name: str, scripts: bool) -> Chrome:
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium") or "chromium is missing"
        profile = tmp_path_factory.mktemp(name)
        for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # Chromium's own refuses root
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = Service(shutil.which("chromedriver"), env=sealed_environment)
        browsers.append(Chrome(options=options, service=service))
        # axe takes seconds; on a machine that is busy with kernels more than the half minute that is the default.
        browsers[-1].set_script_timeout(180)
        return browsers[-1]

    yield started
    for browser in browsers:
        browser.quit()


@pytest.fixture(scope="module")
def chromium(start: Started) -> Chrome:
    return start("chromium", True)


@pytest.fixture(scope="module")
def scriptless(start: Started) -> Chrome:
    return start("scriptless", False)


@pytest.fixture
def page(tmp_path: Path) -> Callable[[Chrome, RunRecord], None]:
    """Writes a run's report and opens it; the folder's name would break a careless link."""

    def opened(browser: Chrome, record: RunRecord) -> None:
        folder = tmp_path / "run #1 50%"
        folder.mkdir(exist_ok=True)
        (folder / "report.html").write_text(render_html(record), encoding="utf-8")
        (folder / "logs").mkdir(exist_ok=True)
        (folder / "logs" / "cell.0.log").write_text("  LD      vmlinux\n")
        browser.get((folder / "report.html").as_uri())

    return opened


def complaints(browser: Chrome) -> list[str]:
    """What the console says since it was last asked: errors, and violations of the policy."""
    return [str(entry["message"]) for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]


def look(browser: Chrome, width: int, scheme: str = "light") -> None:
    """A screen of this width, and what its user prefers."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    preference = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", preference)


def column(browser: Chrome, number: int) -> list[str]:
    """Texts of a column of the first symbol table, shown rows only."""
    rows = browser.find_elements(By.CSS_SELECTOR, "#size-1-symbols tbody tr")
    return [row.find_elements(By.CSS_SELECTOR, "th, td")[number].text for row in rows if row.is_displayed()]


Open = Callable[[Chrome, RunRecord], None]


def test_the_page_loads_without_an_error(chromium: Chrome, page: Open) -> None:
    page(chromium, everything())
    assert chromium.find_element(By.CSS_SELECTOR, ".badge").text == "✗ PROBLEM"
    assert chromium.title == "PROBLEM: mm/hugetlb: Eliminate fake head pages"
    assert complaints(chromium) == []


def test_the_console_would_tell_of_a_violation(chromium: Chrome, page: Open) -> None:
    page(chromium, everything())
    script = "const s = document.createElement('style'); s.textContent = 'p{}'; document.head.append(s)"
    chromium.execute_script(script)
    assert any("Content Security Policy" in complaint for complaint in complaints(chromium))


def test_a_click_on_a_head_sorts(chromium: Chrome, page: Open) -> None:
    page(chromium, records.run())
    assert column(chromium, 3)[:3] == ["-900", "+120", "-17"]
    heads = chromium.find_elements(By.CSS_SELECTOR, "#size-1-symbols th button")
    heads[3].click()
    assert column(chromium, 3)[:3] == ["+120", "-1", "-2"]
    heads[3].click()
    assert column(chromium, 3)[:2] == ["-900", "-17"]
    assert chromium.find_element(By.CSS_SELECTOR, "th[aria-sort]").get_attribute("aria-sort") == "ascending"
    heads[0].send_keys(Keys.ENTER)
    names = column(chromium, 0)
    assert names == sorted(names)
    # What is gone has no size, and comes last in either direction.
    heads[2].click()
    assert column(chromium, 2)[-1] == "-"
    heads[2].click()
    assert column(chromium, 2)[-1] == "-"
    assert complaints(chromium) == []


def test_a_text_filters(chromium: Chrome, page: Open) -> None:
    page(chromium, records.run())
    field = chromium.find_element(By.CSS_SELECTOR, "input[type=search]")
    assert field.accessible_name == "Filter"
    field.send_keys("FAKE_head")
    assert column(chromium, 0) == ["page_fixed_fake_head"]
    assert chromium.find_element(By.CSS_SELECTOR, "output").text == "1 of 19 rows"
    field.clear()
    field.send_keys("f")
    assert len(column(chromium, 0)) == 18
    assert complaints(chromium) == []


def test_the_page_is_whole_without_scripts(scriptless: Chrome, page: Open) -> None:
    page(scriptless, everything())
    assert scriptless.find_element(By.CSS_SELECTOR, ".badge").text == "✗ PROBLEM"
    assert len(column(scriptless, 0)) == 19
    # Nothing that only a script could answer, and what is folded away unfolds.
    assert scriptless.find_elements(By.CSS_SELECTOR, "button, input, output") == []
    folded = scriptless.find_element(By.CSS_SELECTOR, "#matrix details")
    folded.find_element(By.TAG_NAME, "summary").click()
    assert folded.find_element(By.TAG_NAME, "table").is_displayed()
    assert complaints(scriptless) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_the_screen_and_is_accessible(chromium: Chrome, page: Open, width: int, scheme: str) -> None:
    """Contrast, names, heads and landmarks as axe-core judges them."""
    look(chromium, width, scheme)
    page(chromium, with_boots())
    for folded in chromium.find_elements(By.TAG_NAME, "details"):
        chromium.execute_script("arguments[0].open = true", folded)
    assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
    violations = Axe().run(chromium)["violations"]
    assert [
        (violation["id"], [node["html"][:200] for node in violation["nodes"][:3]]) for violation in violations
    ] == []


def test_a_long_word_does_not_widen_a_phone_s_page(chromium: Chrome, page: Open) -> None:
    look(chromium, 375)
    page(chromium, flooded(with_boots(), "x" * 3000))
    assert chromium.execute_script("return document.documentElement.scrollWidth") <= 375


def test_both_colour_schemes_are_there(chromium: Chrome, page: Open) -> None:
    backgrounds = []
    for scheme in SCHEMES:
        look(chromium, 1280, scheme)
        page(chromium, records.run())
        backgrounds.append(chromium.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert backgrounds == ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]


def test_the_keyboard_reaches_the_report_first(chromium: Chrome, page: Open) -> None:
    look(chromium, 1280)
    page(chromium, records.run())
    chromium.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = chromium.switch_to.active_element
    assert skip.text == "Skip to the report"
    skip.send_keys(Keys.ENTER)
    assert chromium.switch_to.active_element.get_attribute("id") == "main"


def test_a_link_leads_to_the_log_and_one_within_the_page_unfolds(chromium: Chrome, page: Open) -> None:
    look(chromium, 1280)
    page(chromium, records.run(cells=(records.cell("one"), records.cell("two"))))
    second = chromium.find_element(By.ID, "size-2")
    assert second.get_attribute("open") is None
    chromium.find_element(By.CSS_SELECTOR, "#cells a[href='#size-2']").click()
    assert second.get_attribute("open") is not None
    chromium.find_element(By.CSS_SELECTOR, "#matrix svg a").click()
    assert "LD      vmlinux" in chromium.find_element(By.TAG_NAME, "body").text


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_payload_runs(chromium: Chrome, page: Open, payload: str) -> None:
    page(chromium, flooded(with_boots(), payload))
    assert chromium.execute_script("return window.owned === undefined")
    assert chromium.execute_script("return document.scripts.length") == 1
    assert chromium.find_elements(By.CSS_SELECTOR, "img, iframe, object, embed, form, base, link, math") == []
    # Sorting and filtering build the table anew.
    for button in chromium.find_elements(By.CSS_SELECTOR, "#size-1-symbols th button"):
        chromium.execute_script("arguments[0].click()", button)
    assert chromium.execute_script("return window.owned === undefined")
    assert complaints(chromium) == []


def test_a_payload_that_got_past_escaping_would_not_run(chromium: Chrome, tmp_path: Path) -> None:
    """The policy holds where escaping fails."""
    report = tmp_path / "report.html"
    broken = render_html(records.run()).replace("Size, base", f"{PAYLOADS[0]}{PAYLOADS[10]}Size, base", 1)
    report.write_text(broken, encoding="utf-8")
    chromium.get(report.as_uri())
    assert chromium.execute_script("return window.owned === undefined")
    assert any("Content Security Policy" in complaint for complaint in complaints(chromium))
