"""Belenios ballots in Python: groups, proofs, credentials, tally, archive and an independent verifier."""
