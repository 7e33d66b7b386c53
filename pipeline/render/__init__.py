"""render: reports of a run from `run.json` alone. Templates lay out; what they show is judged in `pipeline.assess`."""
