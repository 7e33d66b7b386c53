"""How Sphinx builds the documentation: `tox -e docs`."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pipeline"
author = "the contributors"
release = version = installed_version("kernel-series-pipeline")
extensions = ["myst_parser", "generated"]
exclude_patterns = ["_ext"]
html_theme = "furo"
html_title = "pipeline: from a patch series to a verdict"
html_show_copyright = False
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
# A reference that leads nowhere is an error, internal links included.
nitpicky = True
