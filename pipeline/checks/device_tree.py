"""The check `device-tree`: what dt-schema says of bindings and device trees after a patch, and did not say before it.

`dt_binding_check` and `dtbs_check` process every binding first, for minutes. Here those are laid out that are touched
or whose compatible strings a touched device tree has, and what they refer to: what `DT_SCHEMA_FILES` would name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.checks.compare import compared
from pipeline.checks.device_tree_files import BINDING, BINDINGS, TREE, Layout, compatible_strings, laid_at, stand_ins
from pipeline.checks.protocol import NOTHING, CheckedPatch, Needs, Outcome, State, Tool
from pipeline.checks.words import last_line
from pipeline.model import CheckFinding, Severity

_BUILD = r"""
source={src}/scripts/dtc
flex -o lexer.c $source/dtc-lexer.l && bison -d -o dtc-parser.tab.c $source/dtc-parser.y || exit
for name in dtc flattree fstree data livetree treesource srcpos checks util; do
	set -- "$@" $source/$name.c
done
cc -w -DNO_YAML -I $source -I $source/libfdt -I . -o dtc "$@" lexer.c dtc-parser.tab.c
"""
_SCRIPT = r"""
dtc={src}/.built/dtc
test -x $dtc || { cat {src}/.built/log; exit 9; }
compiled() {
	cc -E -nostdinc -I include -undef -D__DTS__ -x assembler-with-cpp -o "$1.pre" "$2" &&
		$dtc -q -b 0 -i "$(dirname "$2")" -i include -o "$1.dtb" "$1.pre"
}
while read -r number path; do
	dt-doc-validate -n -u bindings "bindings/$path"
	grep -q '^examples:' "bindings/$path" || continue
	dt-extract-example "bindings/$path" > "example-$number.dts" || continue
	compiled "example-$number" "example-$number.dts" > errors 2>&1 && continue
	cat errors
	line=$(sed -nE 's/.*example-[0-9]+\.dts:([0-9]+).*/\1/p' errors | head -n 1)
	echo "example-$number does not compile: $(sed -n "${line:-1}p" "example-$number.dts")"
done < bindings.txt
while read -r number path; do
	compiled "tree-$number" "include/$path" || echo "tree-$number does not compile"
done < trees.txt
set -- example-*.dtb
test ! -e "$1" || dt-validate -s bindings -l "$(cut -d' ' -f2 bindings.txt | paste -s -d:)" "$@"
set -- tree-*.dtb
test ! -e "$1" || dt-validate -s bindings "$@"
"""
_OF_BINDING = re.compile(r"^(?:\S*/)?bindings/(?P<name>\S+?\.yaml):(?:(?P<line>\d+):\d+:)? ?(?P<words>\S.*)$")
_OF_BLOB = re.compile(r"^(?:\S*/)?(?P<kind>example|tree)-(?P<number>\d+)\.dtb: (?P<words>\S.*)$")
_UNTYPED = re.compile(r": b(?:'[^']*'|\"[^\"]*\") is not of type ")
_NO_TYPE = re.compile(r"([\w,.+#-]+): missing type definition")
_ERROR = re.compile(r"\berror\b:?", re.IGNORECASE)
_BROKEN = re.compile(r"^(?P<kind>example|tree)-(?P<number>\d+) does not compile(?:: +(?P<text>\S.*))?$")
_SCHEMA = re.compile(r"from schema \$id: \S*/schemas/(?P<name>\S+?)#?$")


class DeviceTreeCheck:
    """Validates bindings and their examples, and device trees, in one state; where that says something, in both."""

    name = "device-tree"
    about = "touched bindings, their examples, and touched device trees (dt-schema, dtc of the base), what is new"
    version = 4
    needs = Needs(
        tools=(
            Tool("dt-validate", "dtschema", pypi=True),
            Tool("dt-doc-validate", "dtschema", pypi=True),
            Tool("cc", "gcc"),
            Tool("flex", "flex"),
            Tool("bison", "bison"),
        ),
        scripts=("scripts/dtc/dtc.c",),
        data=("scripts/dtc",),
        whole_tree=True,
        build=_BUILD,
    )

    def concerns(self, patch: CheckedPatch, /) -> bool:
        return any(BINDING.fullmatch(file.name) or TREE.fullmatch(file.name) for file in patch.files)

    def run(self, patch: CheckedPatch, before: State, after: State, /) -> Outcome:
        layout = Layout(after, [file.name for file in patch.files if after.blob(file.name)])
        strings = compatible_strings(patch, layout)
        layout.lay_bindings(strings)
        if not layout.bindings and not layout.trees:
            return NOTHING
        findings, reason, read = _validated(layout)
        if not findings:
            return Outcome(not_checked=reason, read=read)
        # What was said before is asked for only where it matters.
        touched = [file.names[0] for file in patch.files if before.blob(file.names[0])]
        layout = Layout(before, touched, stand_ins(layout, before))
        layout.lay_bindings(strings)
        return Outcome(compared(findings, _validated(layout)[0], patch.files), reason, read)


def _validated(layout: Layout) -> tuple[list[CheckFinding], str, tuple[str, ...]]:
    """Findings of dt-schema on a state, a reason where not all was looked at, and the touched files that were."""
    trees = [*layout.trees]
    listed = {
        "bindings.txt": "".join(f"{at} {name}\n" for at, name in enumerate(layout.bindings)),
        "trees.txt": "".join(f"{at} {laid_at(name).removeprefix('include/')}\n" for at, name in enumerate(trees)),
    }
    files = {**layout.files, "bindings/.keep": b"", **{name: text.encode() for name, text in listed.items()}}
    done = layout.state.run("sh", "-c", f"exec 2>&1\n{_SCRIPT}", "sh", files=files)
    if done.status == 9:
        return [], f"scripts/dtc of the tree does not compile: {last_line(done.last_words)}", ()
    places = {f"example-{at}": f"{BINDINGS}{name}" for at, name in enumerate(layout.bindings)}
    places |= {f"tree-{at}": layout.trees[name] for at, name in enumerate(trees)}
    findings, broken = list[CheckFinding](), list[str]()
    why = ""
    for line, more in _with_what_follows(done.text):
        if match := _BROKEN.match(line):
            place = places[f"{match['kind']}-{match['number']}"]
            if match["kind"] == "example" and not layout.absent:
                words = ": ".join(filter(None, ("its example fails", why, match["text"])))
                findings.append(CheckFinding(Severity.ERROR, words, place, 0, "dtc", "example"))
            else:
                broken.append(place)
            why = ""
        elif match := _OF_BINDING.match(line):
            words = " ".join([match["words"], *more[:1]])
            place, number = f"{BINDINGS}{match['name']}", int(match["line"] or 0)
            findings.append(CheckFinding(Severity.WARNING, words, place, number, "dt-doc-validate", "binding"))
        elif match := _OF_BLOB.match(line):
            if is_untyped(match["words"]):
                continue
            place = places[f"{match['kind']}-{match['number']}"]
            schema = next((found["name"] for found in map(_SCHEMA.search, more) if found), "")
            words = f"{match['words']} ({schema})" if schema else match["words"]
            findings.append(CheckFinding(Severity.WARNING, words, place, 0, "dt-validate", match["kind"]))
        elif _ERROR.search(line):
            why = why or line
        elif line.startswith("Traceback"):
            return [], f"dt-schema fails: {last_line(done.last_words)}", ()
    reason = f"not compiled, so not validated: {', '.join(dict.fromkeys(broken))}" if broken else ""
    # Its type may be in a binding that is not laid out.
    typeless = {at: match[1] for at, found in enumerate(findings) if (match := _NO_TYPE.match(found.message))}
    known = layout.defined_elsewhere({*typeless.values()})
    findings = [found for at, found in enumerate(findings) if typeless.get(at) not in known]
    return [*dict.fromkeys(findings)], reason, tuple(layout.read(broken))


def is_untyped(words: str) -> bool:
    """Whether dt-validate speaks of the bytes of a property of which no laid-out binding gives the type.

    With every binding of the tree it would know the type; what it says of the bytes themselves (dt-core.yaml: they are
    "not of type 'object', 'integer', …") is no fault of the device tree.
    """
    return bool(_UNTYPED.search(words))


def _with_what_follows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Lines of a tool, each with the indented ones below it."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if not line.startswith(("\t", " ")):
            more = []
            for following in lines[at + 1 :]:
                if not following.startswith(("\t", " ")):
                    break
                more.append(following.strip())
            yield line, more
