"""Numbers of files that others can have written: no infinity, no NaN, none of thousands of digits.

What computes with them can then rely on arithmetic: a sum, a quotient or a drawing of any of them can be had.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.system.untrusted import LARGEST_NUMBER

Count = Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
"""Thirty years at most."""
