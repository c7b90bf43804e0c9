"""RPPS, ordinal and substitute numbers, for Isoloir."""
