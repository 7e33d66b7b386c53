"""What a device tree includes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

# Of bounded length, so that time is linear in the text.
_INCLUDE = re.compile(
    r'^[ \t]*(?:#[ \t]*include|/include/)[ \t]+(?:"(?P<beside>[^"\n]{1,200})"|<(?P<name>[^>\n]{1,200})>)',
    re.MULTILINE,
)


def includes(path: str, text: str) -> Iterator[str]:
    """Device trees and headers that a device tree, or the example of a binding, includes itself.

    scripts/Makefile.lib of the kernel has the preprocessor look in scripts/dtc/include-prefixes, whose folders are
    links: `dt-bindings` to that of include/, each other one to the device trees of the architecture of that name.

    Args:
        path: of the file, from the root of the tree.
        text: of the file.

    Yields:
        Paths from the root of the tree, whether they are there or not.
    """
    for match in _INCLUDE.finditer(text):
        if match["beside"]:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), match["beside"]))
            continue
        folder, _, rest = match["name"].partition("/")
        yield f"include/{match['name']}" if folder == "dt-bindings" else f"arch/{folder}/boot/dts/{rest}"
