"""run.json and its schema."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from pipeline.record import SCHEMA_FILE, RunRecord, UncollectedTrailerRecord, json_schema
from pipeline.review.record import ActRecord
from tests.support import records, sample_reviews


def test_the_shipped_schema_is_up_to_date() -> None:
    assert SCHEMA_FILE.read_text() == json_schema(), "run: python -m pipeline.record"


@pytest.mark.parametrize(
    "record",
    [
        records.run(),
        records.run(cells=(records.measured(), records.measured(coverage=(), layouts=()))),
        records.run(cells=(records.unreachable(), records.broken("x", "built", "failed")), claims=(), tools=()),
        records.run(claims=(records.claim("not measured", None),)),
    ],
)
def test_a_record_fits_the_schema_and_comes_back_as_it_was(record: RunRecord) -> None:
    jsonschema.validate(json.loads(record.to_json()), json.loads(SCHEMA_FILE.read_text()))
    assert RunRecord.model_validate_json(record.to_json()) == record


def test_a_record_names_its_schema() -> None:
    assert json.loads(records.run().to_json())["schema"] == "pipeline-run/1"


@pytest.mark.parametrize(
    ("field", "value"),
    [("schema", "pipeline-run/2"), ("unknown", 1), ("cells", None), ("seconds", "soon"), ("started", 5)],
)
def test_a_record_that_is_none_is_refused_by_model_and_schema_alike(field: str, value: Any) -> None:
    changed = {**json.loads(records.run().to_json()), field: value}
    with pytest.raises(ValidationError, match=field):
        RunRecord.model_validate_json(json.dumps(changed))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed, json.loads(SCHEMA_FILE.read_text()))


def test_an_opinion_of_an_older_version_is_read() -> None:
    act = ActRecord(comment=2, act="promise", message_id="a@x")
    older = act.model_dump_json().replace('"comment":', '"turn":')
    assert older != act.model_dump_json()
    assert ActRecord.model_validate_json(older) == act


def test_a_record_under_the_names_of_older_versions_is_read() -> None:
    """Reports are made of runs that are a year old, and runs of several machines are merged."""
    left_out = (UncollectedTrailerRecord(trailer="Fixes: ?", message_id="a@x", reason="no person gives it"),)
    record = records.run(
        series=records.series(uncollected_trailers=left_out),
        cells=(records.cell("riscv64-gcc", states=(records.state(0), records.state(1, reused=True))),),
        review=sample_reviews.whole(),
    )
    older = {"uncollected_trailers": "uncarried_trailers", "collected": "carried", "reused": "carried"}
    text = record.to_json()
    for name, before in older.items():
        assert f'"{name}": ' in text
        text = text.replace(f'"{name}": ', f'"{before}": ')
    assert RunRecord.model_validate_json(text) == record
