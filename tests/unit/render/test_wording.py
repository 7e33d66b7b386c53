"""Words of a mail to a list: pipeline.render.wording."""

import pytest

from pipeline.render.wording import spoken
from tests.support import records


@pytest.mark.parametrize(("stage", "noun"), [("kernels", "kernel"), ("objects", "configuration")])
def test_nothing_that_was_not_linked_is_called_a_kernel(stage: str, noun: str) -> None:
    """Seen red: a mail said that code was the same in 1 kernel, and that none had been linked."""
    run = records.run(cells=(records.cell("one", stage=stage),))
    assert spoken(run, "68 functions, in 1 cell") == f"68 functions, in 1 {noun}"
    assert spoken(run, "no cell compiles line 3") == f"no {noun} here compiles line 3"
    assert spoken(run, "no cell was built") == f"no {noun} was built"
    assert spoken(run, "2 cells") == f"2 {noun}s"
