"""Numbers of files that others can have written: no infinity, no NaN, none of thousands of digits.

What computes with them can then rely on arithmetic: a sum, a quotient or a drawing of any of them can be had.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=-(1 << 63), le=(1 << 63) - 1)]
"""Of 64 bits."""
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
"""Thirty years at most."""
