"""Fuzzes a parser of strangers' bytes, led by coverage (atheris): `make fuzz`, or

    python -m tests.fuzz {mail,bloat} FOLDER [OPTION...]

FOLDER keeps inputs that reached something new; inputs that crash are written beside it. Options are libFuzzer's:
https://llvm.org/docs/LibFuzzer.html#options
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris

HOOKS = {"mail": ("str",), "bloat": ("str", "RegEx")}
"""What is followed inside of C code: comparisons of strings, and how regular expressions match. By target; atheris 3.0
cannot follow regular expressions over bytes, which mail is read by."""
LONGEST = 4096
"""Bytes of an input."""


def main(arguments: list[str]) -> None:
    """Runs the fuzzer; it ends the process."""
    if len(arguments) < 2 or arguments[0] not in HOOKS:
        sys.exit(__doc__)
    name, folder = arguments[0], Path(arguments[1])
    # Its expressions over bytes are compiled before the hook is there that cannot follow them.
    importlib.import_module("git")
    for hook in HOOKS[name]:
        atheris.enabled_hooks.add(hook)
    with atheris.instrument_imports(include=["pipeline", "email", "tests.fuzz"]):
        target = importlib.import_module(f"tests.fuzz.{name}")
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(target.SEEDS):
        (folder / f"seed-{number}").write_bytes(content)
    words = folder.parent / f"{name}.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.WORDS))
    options = [f"-dict={words}", f"-max_len={LONGEST}", f"-artifact_prefix={folder.parent}/{name}-", *arguments[2:]]
    atheris.Setup([sys.argv[0], *options, str(folder)], target.check)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    """A word as libFuzzer's dictionaries spell it: printable ASCII, everything else as \\xNN."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02X}" for byte in word)


if __name__ == "__main__":
    main(sys.argv[1:])
