"""Records without what differs from run to run."""

from __future__ import annotations

from typing import Any

from pipeline.record import CellRecord, RunRecord, StateRecord
from pipeline.render.html import render_html
from pipeline.render.text_report import render_text


def without_times(record: RunRecord) -> tuple[str, ...]:
    """A record as JSON, text and HTML, without when and where it was made, how long it took, what was there already."""

    def state(state_record: StateRecord) -> StateRecord:
        return state_record.model_copy(update={"seconds": 0.0, "cpu_seconds": 0.0, "steps": 0, "cached": False})

    def cell(cell_record: CellRecord) -> CellRecord:
        return cell_record.model_copy(update={"states": tuple(map(state, cell_record.states))})

    same = {"id": "run", "started": "2026-01-01T00:00:00+00:00", "seconds": 0.0}
    checks = tuple(check.model_copy(update={"seconds": 0.0, "cached": False}) for check in record.checks)
    record = record.model_copy(update={**same, "cells": tuple(map(cell, record.cells)), "checks": checks})
    own_places = record.model_copy(update={"places": ()})
    return (own_places.to_json(), render_text(record), render_html(record))


_TIMES = {"id": "", "started": "", "seconds": 0.0}


def timeless(record: RunRecord) -> dict[str, Any]:
    """A record without what differs from run to run, and from workspace to workspace."""
    cells = [
        cell.model_copy(
            update={
                "states": tuple(state.model_copy(update={"seconds": 0, "cpu_seconds": 0}) for state in cell.states),
                "boots": tuple(boot.model_copy(update={"seconds": 0}) for boot in cell.boots),
            }
        )
        for cell in record.cells
    ]
    checks = tuple(check.model_copy(update={"seconds": 0, "cached": False}) for check in record.checks)
    same = {**_TIMES, "places": (), "cells": tuple(cells), "checks": checks}
    return record.model_copy(update=same).model_dump(mode="json")
