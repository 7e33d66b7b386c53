"""`checks.toml`: what holds for every series, and what lists want on top."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.checks.compiled import switched_off, wanted
from pipeline.checks.configuration import SETTING
from pipeline.checks.registry import configured
from pipeline.system.errors import UsageError
from tests.support.checked import patch

OWN = """\
[check.spelling]
on = false

[[customs]]
name = "mm"
lists = ["Linux-MM@kvack.org"]
[customs.check.stable]
options = { with-fixes = "wanted" }
[customs.check.checkpatch]
ignored = ["LONG_LINE*"]
problems = ["CODE_INDENT"]
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file, named by a git configuration of the test's own."""
    file = tmp_path / "checks.toml"
    (tmp_path / "gitconfig").write_text(f"[pipeline]\n\tchecks = {file}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    return file


def test_what_ships_names_checks_that_exist_and_lets_a_missing_sign_off_decide() -> None:
    configuration = configured()
    assert configuration.options("sign-off").problems == {"author-did-not-sign"}
    assert configuration.options("checkpatch").problems == frozenset()
    assert "CAMELCASE" in configuration.options("checkpatch").ignored


def test_a_custom_counts_for_its_list_alone(own: Path) -> None:
    own.write_text(OWN)
    configuration = configured()
    here, elsewhere = (
        configuration.options("checkpatch", [box]) for box in ("linux-mm@kvack.org", "netdev@vger.kernel.org")
    )
    assert (here.problems, "LONG_LINE*" in here.ignored) == (frozenset({"CODE_INDENT"}), True)
    assert (elsewhere.problems, elsewhere.values) == (frozenset(), {"max-line-length": 80})
    assert configuration.options("stable", ["linux-mm@kvack.org"]).values == {"with-fixes": "wanted"}
    assert configuration.options("spelling").reason == "switched off in checks.toml"


def test_a_custom_counts_for_patches_of_its_files_alone(own: Path) -> None:
    own.write_text(OWN.replace('lists = ["Linux-MM@kvack.org"]', 'lists = ["Linux-MM@kvack.org"]\nfiles = ["mm/*"]'))
    configuration, to = configured(), ["linux-mm@kvack.org"]
    here, elsewhere, mixed = (
        configuration.options("checkpatch", to, files)
        for files in (["mm/sub/x.c"], ["lib/mm/x.c"], ["lib/x.c", "mm/x.c"])
    )
    assert [len(options.problems) for options in (here, elsewhere, mixed)] == [1, 0, 1]
    assert configuration.options("checkpatch", to).problems == {"CODE_INDENT"}


def test_files_after_an_exclamation_mark_do_not_count(own: Path) -> None:
    lists = 'lists = ["Linux-MM@kvack.org"]'
    own.write_text(OWN.replace(lists, f'{lists}\nfiles = ["mm/*", "!mm/sub/*"]'))
    configuration, to = configured(), ["linux-mm@kvack.org"]
    files = (["mm/x.c"], ["mm/sub/x.c"], ["mm/sub/x.c", "mm/x.c"], ["mm/sub/x.c", "lib/x.c"])
    assert [len(configuration.options("checkpatch", to, named).problems) for named in files] == [1, 0, 1, 0]
    own.write_text(OWN.replace(lists, f'{lists}\nfiles = ["!mm/sub/*"]'))
    assert [len(configured().options("checkpatch", to, named).problems) for named in files] == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[check.spelin]\non = false\n", "there is no check 'spelin'. Did you mean 'spelling'?"),
        ("[check.spelling]\nof = true\n", "unknown key"),
        ("[check", "not valid TOML"),
        ('[check."W=1"]\non = false\n', "'W=1' comes with the builds, and nothing can be said of it"),
        (
            '[check.sparse]\nproblems = ["*"]\n',
            "comes with the builds, and `on` and no more can be said of it",
        ),
    ],
)
def test_a_mistake_is_named(own: Path, text: str, words: str) -> None:
    own.write_text(text)
    with pytest.raises(UsageError, match=words.replace("?", r"\?")):
        configured()


def test_checks_that_come_with_builds_are_switched_by_list(own: Path) -> None:
    own.write_text("")
    series = patch(to="netdev@vger.kernel.org").series
    assert wanted(series, configured()) == {"W=1", "clang", "sparse", "bisectability"}
    own.write_text(
        '[check.clang]\non = false\n\n[[customs]]\nname = "netdev"\nlists = ["netdev@vger.kernel.org"]\n'
        '[customs.check."W=2"]\non = true\n'
    )
    assert wanted(series, configured()) == {"W=1", "W=2", "sparse", "bisectability"}
    assert [(result.check, result.reason) for result in switched_off(series, configured())] == [
        ("clang", "switched off in checks.toml")
    ]


def test_a_file_that_is_not_there_is_named_with_the_setting(own: Path) -> None:
    with pytest.raises(UsageError) as error:
        configured()
    assert str(own) in error.value.message
    assert SETTING in error.value.hint
