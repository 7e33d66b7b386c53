"""How programs that run on a kernel are compiled: static ones, with compilers and C libraries that Debian has."""

from __future__ import annotations

FLAGS = ("-O2", "-static", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64")
