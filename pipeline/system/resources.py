"""Folders of the files that a maintainer edits: next to the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path

_PACKAGE = Path(__file__).resolve().parents[1]


def folder(name: str) -> Path:
    """The folder `templates`, `kconfigs` or `series`, as a path.

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{name}/ is missing from this installation of pipeline")


def own_templates() -> Path:
    """Folder of the user's templates, which replace shipped ones of the same name. It need not exist."""
    return user_config_path("kernel-series-pipeline") / "templates"
