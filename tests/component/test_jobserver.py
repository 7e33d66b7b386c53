"""The jobserver that all makes share, with real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.build import read_log
from pipeline.model import BuildStatus
from pipeline.system.jobserver import Jobserver
from tests.component.containment import CELL, OTHER, Host


def test_a_make_that_has_no_jobserver_builds_as_well(
    tmp_path: Path, sealed_environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets none of the pipe's ends, and does what one does that was built with `--disable-job-server`: it says so
    and goes on with one compiler. Seen red with the form of make 4.4, `fifo:PATH`, which make 4.3 refuses."""
    host = Host.made(tmp_path, sealed_environment)
    with_it = host.build("innocent", cells=(CELL, OTHER), workspace=tmp_path / "with it")
    monkeypatch.setattr(Jobserver, "descriptors", property(lambda _: ()))
    without = host.build("innocent", cells=(CELL, OTHER))
    assert all("jobserver unavailable: using -j1" in read_log(build) for build in without.values())
    assert not any("jobserver" in read_log(build) for build in with_it.values())
    assert {build.status for build in without.values()} == {BuildStatus.BUILT}
    assert not any(build.warnings for build in without.values())
    assert {name: (one.symbols, one.sections) for name, one in without.items()} == {
        name: (one.symbols, one.sections) for name, one in with_it.items()
    }
