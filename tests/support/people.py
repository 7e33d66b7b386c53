"""Who takes part: who runs the pipeline, who posts, who reviews."""

from __future__ import annotations

IDENTITY = ("Hugh Page", "hugh@example.org")

AUTHOR = ("Devi Loper", "devi@example.org")

REVIEWER = "Tally Page <tally@example.org>"


def git_identity(person: tuple[str, str]) -> dict[str, str]:
    """Variables that make git take a person, by name and address, for who writes and commits."""
    name, address = person
    return {
        f"GIT_{role}_{kind}": value
        for role in ("AUTHOR", "COMMITTER")
        for kind, value in (("NAME", name), ("EMAIL", address))
    }
