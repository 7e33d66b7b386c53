"""What a robot reports of a series is compiled again in the configuration that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.record import RunRecord
from tests.support.developer import UTIL, Developer, answer, mbox
from tests.support.main_job import words
from tests.support.people import AUTHOR, git_identity
from tests.support.runner import Runner

pytestmark = pytest.mark.xdist_group("objects")

ROBOT = "kernel test robot <lkp@example.org>"
UNUSED = "void *page_mapping(const struct page *page)\n{\n"
REPORT = """\
Hi,

kernel test robot noticed the following build warnings:

config: x86_64-defconfig (https://example.org/0day-ci/config)
compiler: gcc-12 (Debian 12.2.0-14) 12.2.0
reproduce (this is a W=1 build): (https://example.org/0day-ci/reproduce)

All warnings (new ones prefixed by >>):

>> mm/util.c:12:6: warning: unused variable 'unused_by_patch' [-Wunused-variable]
>> lib/string.c:8:5: warning: variable 'never_there' set but not used [-Wunused-but-set-variable]
"""


def test_the_configuration_of_a_report_is_compiled(tmp_path: Path, sealed_environment: dict[str, str]) -> None:
    """Of what is reported, touched or not. Seen red without the cell: lib/string.c was not tried."""
    developer = Developer(tmp_path / "linux", {**sealed_environment, **git_identity(AUTHOR)})
    developer.branch("warns", "master", ("mm: prepare", ((UTIL, UNUSED, f"{UNUSED}\tint unused_by_patch;\n\n"),)))
    posted = developer.post(tmp_path / "posted", "master..warns", "mm: a trial")
    thread = tmp_path / "thread.mbox"
    thread.write_bytes(mbox([*posted.mails, answer(posted.mails[1], ROBOT, REPORT)]))
    run = Runner(tmp_path / "workspace", sealed_environment, tmp_path)
    done = run(
        *("apply-and-build", str(thread), f"--tree=path:{developer.folder}#master"),
        *("--until=objects", "--json=run.json"),
    )
    record = RunRecord.model_validate_json((tmp_path / "run.json").read_bytes())
    (cell,) = [cell for cell in record.cells if cell.id == "x86_64-objects-defconfig"]
    assert (cell.base, cell.words) == ("defconfig", ("W=1",)), done.stderr
    assert {file.path: (file.compiled, file.touched) for file in cell.files} == {
        UTIL: (True, True),
        "lib/string.c": (True, False),
    }
    printed = words(done.stderr + done.stdout)
    assert "1 of 1 touched file compiled" in printed
    assert "reproduced with patch 1 on x86_64 in" in printed
    own = "which compiled the file in the configuration that it was reported of, defconfig"
    assert f"not reproduced on x86_64 (gcc 12.2), {own}" in printed
