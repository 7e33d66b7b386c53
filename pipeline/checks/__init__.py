"""check: what reviewers look at first, patch by patch, as the difference that a patch makes.

A check is a file here with a `PatchCheck` (`protocol.py`) and its place in `registry.py`.
"""
