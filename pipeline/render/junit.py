"""JUnit XML: a suite for each cell, a case for each of its source states and checks.

What is measured and cannot fail (sizes, code that differs) is a property of the suite; its output names the code.

The format: https://github.com/windyroad/JUnit-Schema (Ant's) and the schema of Jenkins' xunit plugin; what is written
here is valid by both. What is not the series' own doing (a failure of the base) is `skipped`, so that red means the
same as in the report. A check that does not understand the kernel is an `error`, a fault of the pipeline's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pipeline.assess.cases import Case, Outcome, cases
from pipeline.assess.checks import CheckRow, check_rows, finding_words
from pipeline.record import CellRecord, RunRecord, TreeRecord
from pipeline.record.public import for_others
from pipeline.render.code import comparisons
from pipeline.render.text_report import measured
from pipeline.render.words import one_line

MOST_DETAILS = 20
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_UNKNOWN_TIME = "1970-01-01T00:00:00"


def render_junit(record: RunRecord) -> str:
    """The whole file."""
    record = for_others(record)
    root = Element("testsuites")
    _suite(root, record, "apply", [_tree(tree) for tree in record.trees], {})
    cells = {(cell.tree, cell.id): cell for cell in record.cells}
    for patch, rows in groupby(check_rows(record), key=lambda row: row.patch):
        own_rows = [*rows]
        _suite(root, record, f"checks of patch {patch}", [_check(row) for row in own_rows], {})
        lines = [finding_words(finding) for row in own_rows for finding in row.findings]
        root[-1][-2].text = "\n".join(one_line(line) for line in lines) or None
    for (_, name), group in groupby(cases(record), key=lambda case: (case.tree, case.label)):
        own = [*group]
        numbers = {f"{case.check}, {case.unit}": f"{case.number:+d}" for case in own if case.number is not None}
        differing_code, output = _code(cells[own[0].tree, own[0].cell])
        _suite(root, record, name, [_case(case) for case in own], numbers | differing_code, output)
    if record.claims:
        _suite(root, record, "claims", [_claim(record, at) for at in range(len(record.claims))], {})
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _code(cell: CellRecord) -> tuple[dict[str, str], list[str]]:
    """The differences in a cell's code: numbers as properties of its suite, and lines."""
    numbers: dict[str, str] = {}
    lines = []
    for comparison in comparisons(cell):
        which = "code" if comparison.whole else f"patch {comparison.patch}, code"
        words = {kind: str(number) for kind, number in comparison.numbers.items()}
        counted = words or {"functions and data objects": f"more than {comparison.code.more_than}"}
        numbers |= {f"{which}: {kind} that differ": number for kind, number in counted.items()}
        lines.append(f"{which}: {'; '.join(comparison.lines)}")
    return numbers, lines


def _suite(
    root: Element,
    record: RunRecord,
    name: str,
    elements: Sequence[Element],
    numbers: Mapping[str, str],
    output: Sequence[str] = (),
) -> None:
    """A suite with all that the strictest schema asks for, which is that of Ant's JUnit task.

    Args:
        numbers: what was measured, its properties.
        output: its lines, which are no check.
    """
    started = _TIME.match(record.started)
    suite = SubElement(root, "testsuite", name=one_line(name).strip() or "-", package=one_line(name), id=str(len(root)))
    suite.set("timestamp", started[0] if started else _UNKNOWN_TIME)
    suite.set("hostname", "localhost")
    suite.set("tests", str(len(elements)))
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(element) is not None for case in elements)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in elements):.3f}")
    properties = SubElement(suite, "properties")
    for key, value in numbers.items():
        SubElement(properties, "property", name=one_line(key), value=one_line(value))
    suite.extend(elements)
    SubElement(suite, "system-out").text = "\n".join(map(one_line, output)) or None
    SubElement(suite, "system-err")


def _element(suite: str, name: str, seconds: float = 0.0) -> Element:
    return Element("testcase", classname=one_line(suite), name=one_line(name), time=f"{seconds:.3f}")


def _case(case: Case) -> Element:
    element = _element(case.label, f"{case.state}: {case.check}", case.seconds)
    message = case.details[0] if case.details else case.outcome.value
    if case.outcome is Outcome.NOT_RUN:
        _result(element, "skipped", message, ())
    elif case.known:
        _result(element, "skipped", f"fails on the base, too: {message}" if case.patch else f"the base: {message}", ())
    elif case.outcome is Outcome.NOT_UNDERSTOOD:
        _result(element, "error", f"the check does not understand this kernel: {message}", case.details, case.check)
    elif case.outcome is Outcome.FAIL:
        _result(element, "failure", message, [*case.details, *([f"log: {case.log}"] if case.log else [])], case.check)
    return element


def _check(row: CheckRow) -> Element:
    """A check of a patch; findings that change no verdict are in the suite's output."""
    element = _element(f"patch {row.patch}", f"{row.check} ({row.tree})" if row.tree else row.check)
    if row.word == "PROBLEM":
        lines = [finding_words(finding) for finding in row.findings]
        _result(
            element,
            "failure",
            next(finding_words(finding) for finding in row.findings if finding.problem),
            lines,
            row.check,
        )
    elif row.unproven:
        _result(element, "skipped", f"not checked: {row.reason}", ())
    elif row.word == "-":
        _result(element, "skipped", "nothing to look at", ())
    return element


def _tree(tree: TreeRecord) -> Element:
    element = _element("apply", tree.name)
    if tree.applied == "failed":
        hunks = [f"{hunk.path}:{hunk.line} {hunk.header}" for hunk in tree.failed_hunks]
        _result(element, "failure", f"patch {tree.failed_patch} does not apply", hunks, "apply")
    elif tree.applied == "already-merged":
        _result(element, "skipped", "already merged", ())
    return element


def _claim(record: RunRecord, at: int) -> Element:
    claim = record.claims[at]
    element = _element("claims", f"{at + 1}: {claim.text}")
    if claim.verdict == "refuted":
        _result(element, "failure", measured(claim), claim.details, "claim")
    elif claim.verdict != "confirmed":
        _result(element, "skipped", claim.verdict, claim.details)
    return element


def _result(element: Element, tag: str, message: str, lines: Iterable[str], kind: str = "") -> None:
    result = SubElement(element, tag, message=one_line(message))
    if kind:
        result.set("type", one_line(kind))
    result.text = "\n".join(one_line(line) for line in [*lines][:MOST_DETAILS]) or None
