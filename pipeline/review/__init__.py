"""**review**: what a thread says of a series: open points, promises, trailers; pure."""
