"""KCIDB's JSON. Source states become checkouts; boots, sizes, code and promises become tests of builds.

The format is described by kcidb-io's schema (https://github.com/kernelci/kcidb-io), which also validates it here. What
is sent to KCIDB is what was measured: a failure of the base is a failure, of the base's checkout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from pipeline.assess.cases import Case, Outcome, cases
from pipeline.assess.checks import all_checks, finding_words
from pipeline.assess.words import location
from pipeline.record import CellRecord, RunRecord, StateRecord, TreeRecord
from pipeline.record.public import for_others
from pipeline.render.code import comparisons
from pipeline.render.words import one_line
from pipeline.system.errors import InfrastructureError, UsageError

ORIGIN = "kernel_series_pipeline"
"""KCIDB's name for a CI system; whoever submits results replaces it by an origin of their own."""

VERSION = (5, 3)
_STATUS = {Outcome.PASS: "PASS", Outcome.FAIL: "FAIL", Outcome.NOT_RUN: "SKIP", Outcome.NOT_UNDERSTOOD: "ERROR"}
"""In KCIDB, `ERROR` means that the test itself failed, not what it tested."""
_CHECKED = {"checked": "PASS", "not checked": "SKIP"}
MOST_FINDINGS = 20
_ADDRESS = re.compile(r"[A-Za-z0-9._%+=~/-]{1,200}@[A-Za-z0-9.-]{1,200}")
_START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def render_kcidb(record: RunRecord) -> str:
    """The whole file, validated.

    Raises:
        UsageError: kcidb-io is not installed.
        InfrastructureError: the file does not fit the schema: a mistake of this module.
    """
    record = for_others(record)
    report = {
        "version": {"major": VERSION[0], "minor": VERSION[1]},
        "checkouts": [*_checkouts(record)],
        "builds": [*_builds(record)],
        "tests": [*_tests(record)],
    }
    _validate(report)
    return json.dumps(report, indent=1) + "\n"


def _validate(report: Mapping[str, Any]) -> None:
    try:
        schema, jsonschema = import_module("kcidb_io.schema"), import_module("jsonschema")
    except ImportError:
        raise UsageError(
            "kcidb-io is not installed, which knows the format",
            hint="Type: pipx inject kernel-series-pipeline kcidb-io (in a virtual environment: pip install kcidb-io).",
        ) from None
    try:
        schema.V5_3.validate(report)
    except jsonschema.ValidationError as error:
        raise InfrastructureError(f"the KCIDB report is not valid: {str(error)[:300]}") from error


def _identity(record: RunRecord, *parts: object) -> str:
    return one_line(f"{ORIGIN}:{'/'.join(map(str, (record.id, *parts)))}")


def _checkout_id(record: RunRecord, tree: str, patch: int) -> str:
    number = next((at for at, candidate in enumerate(record.trees, 1) if candidate.name == tree), 0)
    return _identity(record, f"tree{number}", patch)


def _build_id(record: RunRecord, cell: CellRecord, patch: int) -> str:
    return f"{_checkout_id(record, cell.tree, patch)}/{one_line(cell.id)}"


def _checkouts(record: RunRecord) -> list[dict[str, Any]]:
    """A checkout for each source state that was built, and an invalid one for a series that does not apply."""
    checkouts = []
    for tree in record.trees:
        patches = {state.patch for cell in record.cells if cell.tree == tree.name for state in cell.states}
        patches |= {
            check.patch for check in all_checks(record) if check.tree == tree.name and check.status == "checked"
        }
        checkouts += [_checkout(record, tree, patch, valid=True) for patch in sorted(patches)]
        if tree.applied == "failed":
            excerpt = {"log_excerpt": "\n".join(one_line(line) for line in tree.log[-8000:].split("\n"))[:16000]}
            failed = max(1, tree.failed_patch or 1)
            checkouts.append(_checkout(record, tree, failed, valid=False) | excerpt)
    return checkouts


def _checkout(record: RunRecord, tree: TreeRecord, patch: int, *, valid: bool) -> dict[str, Any]:
    total, title = len(record.series.patches), f'"{record.series.title}" v{record.series.version}'
    applied = f"the first {patch} of {total} patches of {title}" if patch else f"without {title}"
    checkout: dict[str, Any] = {
        "id": _checkout_id(record, tree.name, patch),
        "origin": ORIGIN,
        "tree_name": one_line(tree.name),
        "comment": one_line(f"{tree.version}, {'as it is' if record.is_baseline else applied}"),
        "valid": valid,
        "misc": {"git_tree": one_line(tree.tree_id), "patches": patch, **_checks(record, tree, patch)},
    }
    if patch == 0:
        checkout["patchset_hash"] = ""
    elif _ADDRESS.fullmatch(record.series.message_id):
        checkout["message_id"] = record.series.message_id
    return checkout | _start(record)


def _checks(record: RunRecord, tree: TreeRecord, patch: int) -> dict[str, Any]:
    """Findings of the checks on the last patch of a checkout. They are no tests: a test in KCIDB belongs to a build."""
    statuses = {
        one_line(check.check): {
            "status": "FAIL" if any(finding.problem for finding in check.findings) else _CHECKED[check.status],
            "findings": [one_line(finding_words(finding)) for finding in check.findings[:MOST_FINDINGS]],
            **({"reason": one_line(check.reason)} if check.reason else {}),
        }
        for check in all_checks(record)
        if check.tree == tree.name and check.patch == patch and check.status != "not concerned"
    }
    return {"checks": statuses} if statuses else {}


def _start(record: RunRecord) -> dict[str, str]:
    return {"start_time": record.started} if _START.fullmatch(record.started) else {}


def _builds(record: RunRecord) -> list[dict[str, Any]]:
    return [_build(record, cell, state) for cell in record.cells for state in cell.states]


def _build(record: RunRecord, cell: CellRecord, state: StateRecord) -> dict[str, Any]:
    build: dict[str, Any] = {
        "checkout_id": _checkout_id(record, cell.tree, state.patch),
        "id": _build_id(record, cell, state.patch),
        "origin": ORIGIN,
        "compiler": one_line(cell.toolchain),
        "config_name": one_line(cell.id),
        "duration": state.seconds,
        "status": "PASS" if state.status == "built" else "FAIL",
        "misc": {"cached": state.cached, "cpu_seconds": state.cpu_seconds, "log": one_line(state.log)},
    }
    if re.fullmatch(r"[a-z0-9_]+", cell.arch):
        build["architecture"] = cell.arch
    lines = [location(diagnostic) for diagnostic in (*state.errors, *state.new_warnings)]
    return build | _excerpt(lines)


def _tests(record: RunRecord) -> list[dict[str, Any]]:
    cells = {(cell.tree, cell.id): cell for cell in record.cells}
    wanted = [case for case in cases(record) if case.check not in ("build", "warnings")]
    tests = [_test(record, cells[case.tree, case.cell], case) for case in wanted]
    return [*tests, *(test for cell in record.cells for test in _code(record, cell))]


def _code(record: RunRecord, cell: CellRecord) -> Iterator[dict[str, Any]]:
    """Tests that count functions and data whose code differs: by the series, and by each patch that was built."""
    for comparison in comparisons(cell):
        build = _build_id(record, cell, comparison.patch)
        numbers = {kind: {"number": {"value": number, "unit": kind}} for kind, number in comparison.numbers.items()}
        # Where too many differ to be counted, there is a sentence and no number.
        for kind, value in (numbers or {"all": {}}).items():
            path = f"code.{comparison.of}.{_node(kind)}"
            test = {"build_id": build, "id": f"{build}/{path}", "origin": ORIGIN, "path": path, "status": "DONE"}
            yield test | value | _excerpt(comparison.lines)


def _test(record: RunRecord, cell: CellRecord, case: Case) -> dict[str, Any]:
    if case.number is not None:
        kind = case.check.partition(": ")[2]
        path = f"size.{_node(kind)}" if kind else "size.all"
        result: dict[str, Any] = {"status": "DONE", "number": {"value": case.number, "unit": "B"}}
    elif case.check == "promises":
        path, result = "matrix.promises", {"status": _STATUS[case.outcome]}
    else:
        scenario, _, check = case.check.partition(": ")
        path = ".".join(_node(name) for name in ("boot", scenario, check) if name)
        result = {"status": _STATUS[case.outcome]} | ({"duration": case.seconds} if case.seconds else {})
    build = _build_id(record, cell, case.patch)
    return (
        {"build_id": build, "id": f"{build}/{path}", "origin": ORIGIN, "path": path} | result | _excerpt(case.details)
    )


def _node(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:100] or "_"


def _excerpt(lines: Sequence[str]) -> dict[str, str]:
    return {"log_excerpt": "\n".join(map(one_line, lines[:10]))} if lines else {}
