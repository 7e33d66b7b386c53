"""sparse, which reads sources beside the compiler (Documentation/dev-tools/sparse.rst): its version, its variables."""

from __future__ import annotations

from pipeline.kernel import toolchain
from pipeline.model import Toolchain
from pipeline.system.errors import InfrastructureError
from pipeline.system.process import Processes

PROGRAM = PACKAGE = "sparse"

_FLAGS = (
    "-fmax-warnings=unlimited",
    # Lock contexts: noise where a function locks on one path, and gone from the tree since Linux 7.0, which leaves them
    # to clang.
    "-Wno-context",
)
VARIABLES = {
    # Beside every object that is compiled.
    "C": "1",
    "CF": " ".join(_FLAGS),
    # An error of sparse is no error of the compiler: the object is made all the same.
    "CHECK": "sh -c 'sparse \"$$@\" || :' sparse",
}
"""For make."""


def identify(processes: Processes) -> Toolchain | None:
    """Which sparse it is; None where there is none that runs."""
    try:
        return toolchain.identify_program(PROGRAM, processes)
    except InfrastructureError:
        return None
