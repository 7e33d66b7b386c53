"""Device trees: the blobs that show what a series touches of them, and what make is asked for to get these."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from pipeline.kernel.architectures import architecture
from pipeline.kernel.device_trees import includes
from pipeline.model import TouchedFile

_SOURCE = re.compile(r"arch/(?P<folder>[\w-]+)/boot/dts/[\w.+,~@/-]+\.(?P<kind>dts|dtso|dtsi)")
_BLOB = re.compile(r"arch/[\w-]+/boot/dts/(?P<goal>.+\.dtbo?)")
_BLOBS = {".dts": ".dtb", ".dtso": ".dtbo"}
_SOURCES = {blob: source for source, blob in _BLOBS.items()}


def is_device_tree(path: str) -> bool:
    return bool(_SOURCE.fullmatch(path))


def is_blob(target: str) -> bool:
    return bool(_BLOB.fullmatch(target))


def blob(path: str) -> str:
    """The blob that is made of a device tree or an overlay; empty where a file is only included by them."""
    place = PurePosixPath(path)
    return str(place.with_suffix(_BLOBS[place.suffix])) if place.suffix in _BLOBS and is_device_tree(path) else ""


def source(target: str) -> str:
    """The source of a blob."""
    place = PurePosixPath(target)
    return str(place.with_suffix(_SOURCES[place.suffix]))


def goal(target: str) -> str:
    """The argument of make for a target: blobs are named from the folder of device trees on."""
    match = _BLOB.fullmatch(target)
    return match["goal"] if match else target


def goals(targets: Sequence[str]) -> list[list[str]]:
    """The arguments of make for targets, call by call.

    The kernel's makefile calls another make for each goal where some are files of kernels and others are not
    (`mixed-build`), and each of these takes seconds.
    """
    kinds = [[goal(target) for target in targets if is_blob(target) == blobs] for blobs in (False, True)]
    return [kind for kind in kinds if kind]


def included(path: str, texts: Mapping[str, str]) -> list[str]:
    """Device trees that one includes, itself or by others of `texts`, in the order in which they are met.

    Args:
        path: one of `texts`.
        texts: of device trees, by path.
    """
    left, names = [path], dict[str, None]()
    while left:
        current = left.pop(0)
        for name in filter(is_device_tree, includes(current, texts.get(current, ""))):
            if name not in names and name != path:
                names[name] = None
                left.append(name)
    return [*names]


def touched_trees(
    arch: str, paths: Sequence[str], includers: Mapping[str, Sequence[str]], most: int
) -> list[TouchedFile]:
    """The touched device trees of a configuration's architecture, each with the blobs that show it.

    Args:
        arch: of the configuration.
        paths: that are touched and there.
        includers: device trees that include the other files among them.
        most: blobs, for all files that are included.
    """
    files, taken = list[TouchedFile](), dict[str, None]()
    trees = [path for path in paths if is_device_tree(path)]
    included = [path for path in trees if not blob(path)]
    for path in trees:
        folder = path.split("/")[1]
        if folder != architecture(arch).folder:
            files.append(TouchedFile(path, reason=f"needs arch/{folder}"))
        elif own := blob(path):
            files.append(TouchedFile(path, (own,)))
        else:
            share = max(1, (most - len(taken)) // max(1, len(included)))
            there = [blob(other) for other in includers.get(path, ()) if other.startswith(f"arch/{folder}/")]
            targets = tuple(filter(None, there))[:share]
            taken |= dict.fromkeys(targets)
            files.append(TouchedFile(path, targets, reason="" if targets else "no device tree was found to include it"))
    return files
