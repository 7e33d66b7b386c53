"""Helpers of the tests: what more than one of them needs."""
