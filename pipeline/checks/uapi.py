"""The check `uapi`: headers for programs still install and compile alone after a patch, and keep their layout.

The tree's `scripts/check-uapi.sh` installs all headers of two commits, for minutes. Here the touched ones and those
that they include are installed, by the same `headers_install.sh`, and compared by the same abidiff.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.checks.compare import compared
from pipeline.checks.protocol import CheckedPatch, Needs, Outcome, State, Tool
from pipeline.model import CheckFinding, Severity

MOST_HEADERS = 200
"""That a touched header leads to."""

_HEADER = re.compile(r"^(?P<top>(?:arch/(?P<arch>\w+)/)?include/uapi/)(?P<name>(?!asm-generic/)[\w./-]+\.h)$")
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+[<"](?P<name>[\w./-]+\.h)[>"]', re.MULTILINE)
_ERROR = re.compile(
    r"^(?:\./)?(?P<where>before|after)/(?P<name>[\w./-]+\.h):(?P<line>\d+):\d+: (?:fatal )?error: (?P<words>.*)$"
)
_REFUSED = re.compile(r"^(?:error|Error): (?P<where>before|after)\.in/(?P<name>[\w./-]+\.h): (?P<words>.*)$")
_LEAKED = re.compile(r"^(?P<where>before|after)\.in/(?P<name>[\w./-]+\.h): (?P<words>leak .*)$")
_CHANGED = re.compile(r"^ABI (?P<name>[\w./-]+\.h): (?P<words>.*)$")
_NO_LAYOUT = "no abidiff"
_SCRIPT = """
mkdir -p scripts before after
cp {src}/.built/unifdef scripts || exit 9
for state in before after; do
	(cd $state.in && find . -name '*.h') | while read -r header; do
		header=${header#./}
		mkdir -p "$(dirname "$state/$header")"
		sh {script} "$state.in/$header" "$state/$header" || cp "$state.in/$header" "$state/$header"
	done
done
for header; do
	for state in before after; do
		test ! -e "$state/$header" || cc -std=c90 -Werror=implicit-function-declaration -fsyntax-only -nostdinc \\
			-isystem "$(cc -print-file-name=include)" -I "$state" -isystem /usr/include \\
			-isystem "/usr/include/$(cc -print-multiarch)" -x c /dev/null -include "$state/$header"
	done
	test -e "before/$header" && test -e "after/$header" || continue
	command -v abidiff > /dev/null || { echo 'no abidiff'; continue; }
	for state in before after; do
		cc -std=gnu11 -g3 -O0 -fno-eliminate-unused-debug-types -fno-eliminate-unused-debug-symbols -c -o $state.o \\
			-I "$state" -x c /dev/null -include "$state/$header" 2> /dev/null || continue 2
	done
	abidiff --non-reachable-types --drop-private-types --no-added-syms --headers-dir1 before --headers-dir2 after \\
		before.o after.o > abi.txt 2> /dev/null
	test $(($? & 8)) -eq 0 || sed -nE "s|^ *type size changed|ABI $header: &|p; \\
		s|^ *('?(enum\\|struct\\|union)[^']*) changed:|ABI $header: \\1 changed|p; \\
		s|^ *(.*) (changed:$)|ABI $header: \\1 changed|p; s|^ *(.*deleted.*)|ABI $header: \\1|p" abi.txt
done
"""


class UapiCheck:
    """Installs and compiles headers as they were and as they are."""

    name = "uapi"
    about = (
        "headers for programs install, compile alone and keep their layout (headers_install.sh of the base, abidiff)"
    )
    version = 1
    needs = Needs(
        tools=(Tool("cc", "gcc"),),
        scripts=("scripts/headers_install.sh",),
        data=("scripts/unifdef.c",),
        whole_tree=True,
        build="cc -O1 -o unifdef {src}/scripts/unifdef.c",
    )

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(_HEADER.match(file.name) for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        touched = {match["name"]: file.name for file in patch.files if (match := _HEADER.match(file.name))}
        arch = next(
            (match["arch"] for file in patch.files if (match := _HEADER.match(file.name)) and match["arch"]), "x86"
        )
        files = {
            f"{where}.in/{name}": content
            for where, state in (("before", before), ("after", after))
            for name, content in _closure(state, [*touched], arch).items()
        }
        done = after.run("sh", "-c", _SCRIPT, "sh", *touched, files=files)
        if done.status == 9:
            return Outcome(not_checked="scripts/unifdef.c of the tree does not compile")
        findings: dict[str, list[CheckFinding]] = {"before": [], "after": []}
        for where, finding in _findings(done.text, touched):
            findings[where].append(finding)
        reason = "layouts were not compared: abidiff is not installed" if _NO_LAYOUT in done.text else ""
        return Outcome(compared(findings["after"], findings["before"], patch.files), reason)


def _closure(state: State, names: list[str], arch: str) -> Mapping[str, bytes]:
    """Headers by the names that programs include them by, and what they include, as far as the tree has them."""
    headers, left = dict[str, bytes](), [*names]
    while left and len(headers) < MOST_HEADERS:
        name = left.pop()
        if name in headers:
            continue
        places = (f"include/uapi/{name}", f"arch/{arch}/include/uapi/{name}")
        content = next(filter(None, map(state.read, places)), b"")
        if not content and name.startswith("asm/"):
            # Where an architecture has none of its own, kbuild makes it include the generic one.
            generic = f"asm-generic/{name.removeprefix('asm/')}"
            content = f"#include <{generic}>\n".encode() if state.blob(f"include/uapi/{generic}") else b""
        if content:
            headers[name] = content
            left += [match["name"].decode() for match in _INCLUDE.finditer(content)]
    return headers


def _findings(text: str, touched: Mapping[str, str]) -> Iterator[tuple[str, CheckFinding]]:
    for line in dict.fromkeys(text.splitlines()):
        if (match := _ERROR.match(line)) and match["name"] in touched:
            path, number = touched[match["name"]], int(match["line"])
            yield match["where"], CheckFinding(Severity.ERROR, match["words"], path, number, "uapi", "does-not-compile")
        elif (match := _REFUSED.match(line) or _LEAKED.match(line)) and match["name"] in touched:
            path = touched[match["name"]]
            yield match["where"], CheckFinding(Severity.ERROR, match["words"], path, 0, "uapi", "does-not-install")
        elif (match := _CHANGED.match(line)) and match["name"] in touched:
            path, words = touched[match["name"]], " ".join(match["words"].split())
            yield "after", CheckFinding(Severity.WARNING, words, path, 0, "abidiff", "layout")
