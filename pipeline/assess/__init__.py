"""What the record of a run means: findings, coverage, verdict, exit status. Faces lay out what is judged here."""
