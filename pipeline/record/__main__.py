"""Writes the JSON Schema of run.json where it ships."""

from pipeline.record import SCHEMA_FILE, json_schema

SCHEMA_FILE.write_text(json_schema())
