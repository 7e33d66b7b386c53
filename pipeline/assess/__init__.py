"""Judges the record of a run: findings, coverage, verdict, exit status. Reports and replies lay out its judgements."""
