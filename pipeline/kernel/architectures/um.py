"""User-mode Linux: a kernel that is a program of the host."""

from pipeline.kernel.architectures.architecture import Architecture

UM = Architecture(name="um", folder="um", cross="", bits=64, page_sizes=(4096,), letters=("um", "uml"))
