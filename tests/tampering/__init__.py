"""Manipulations of an archive, as data (`cases.toml`): what the verifier says of each, and what the oracles say."""
