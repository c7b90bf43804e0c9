"""Belenios ballots in Python: groups, proofs, credentials, tally, archive and an independent verifier.

Pure: no database, no clock; times and randomness are arguments. The format is that of the Belenios
specification (Cortier, Gaudry, Glondu), crypto "version 1", in its 3.x dialect.
"""
