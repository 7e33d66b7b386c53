"""JUnit XML: a suite for each cell, a case for each of its source states and checks.

The format: https://github.com/testmoapp/junitxml, which collects what producers write and consumers read. What is not
the series' own doing (a failure of the base) is `skipped`, so that red means the same as in the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pipeline.record import RunRecord, TreeRecord
from pipeline.render.cases import Case, Outcome, cases
from pipeline.render.words import one_line

MOST_DETAILS = 20


def render_junit(record: RunRecord) -> str:
    """The whole file."""
    root = Element("testsuites", name=one_line(record.series.title), time=f"{record.seconds:.3f}")
    _suite(root, record, "apply", [_tree(tree) for tree in record.trees])
    for (_, name), found in groupby(cases(record), key=lambda case: (case.tree, case.label)):
        _suite(root, record, name, [_case(case) for case in found])
    if record.claims:
        _suite(root, record, "claims", [_claim(record, at) for at in range(len(record.claims))])
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(root: Element, record: RunRecord, name: str, found: Sequence[Element]) -> None:
    numbers = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite = SubElement(
        root, "testsuite", name=one_line(name), timestamp=one_line(record.started), tests=str(len(found))
    )
    for attribute, element in numbers.items():
        suite.set(attribute, str(sum(case.find(element) is not None for case in found)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in found):.3f}")
    suite.extend(found)


def _element(suite: str, name: str, seconds: float = 0.0) -> Element:
    return Element("testcase", classname=one_line(suite), name=one_line(name), time=f"{seconds:.3f}")


def _case(case: Case) -> Element:
    element = _element(case.label, f"{case.state}: {case.check}", case.seconds)
    message = case.details[0] if case.details else case.outcome.value
    if case.outcome is Outcome.NOT_RUN:
        _result(element, "skipped", message, ())
    elif case.known:
        _result(element, "skipped", f"fails on the base, too: {message}" if case.patch else f"the base: {message}", ())
    elif case.outcome is Outcome.FAIL:
        _result(element, "failure", message, [*case.details, *([f"log: {case.log}"] if case.log else [])], case.check)
    elif case.number is not None:
        SubElement(element, "system-out").text = one_line(f"{case.number:+d} {case.unit}")
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
        _result(element, "failure", f"claimed {claim.claimed}, measured {claim.measured} {claim.unit}", (), "claim")
    elif claim.verdict == "not measured":
        _result(element, "skipped", "not measured", ())
    return element


def _result(element: Element, tag: str, message: str, lines: Iterable[str], kind: str = "") -> None:
    result = SubElement(element, tag, message=one_line(message))
    if kind:
        result.set("type", one_line(kind))
    result.text = "\n".join(one_line(line) for line in [*lines][:MOST_DETAILS]) or None
