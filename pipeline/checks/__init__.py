"""check: looks at a series patch by patch, as a reviewer does first, and reports what each patch adds.

A check is a file here with a `PatchCheck` (`protocol.py`) and its place in `registry.py`.
"""
