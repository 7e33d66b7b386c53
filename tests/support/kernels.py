"""The kernels that are supported, and which of them are looked at whole."""

from __future__ import annotations

import os

TREES = {
    "6.1": "debian:linux-source-6.1",
    "6.12": "debian:linux-source-6.12",
    "7.2": "debian:linux-source-7.2@trixie-backports",
    "7.3": "debian:linux-source-7.3@trixie-backports",
}
KERNELS = os.environ.get("PIPELINE_KERNELS", "").split()
"""To be planned, built and booted whole: minutes each. `make test-kernels` names all that are supported."""
