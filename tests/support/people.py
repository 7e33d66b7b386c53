"""Who takes part: who runs the pipeline, who posts, who reviews."""

from __future__ import annotations

IDENTITY = ("Hugh Page", "hugh@example.org")

AUTHOR = ("Devi Loper", "devi@example.org")

REVIEWER = "Tally Page <tally@example.org>"
