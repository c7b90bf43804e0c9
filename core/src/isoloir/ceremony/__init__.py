"""The key ceremony: each member makes a share of a board's key on their own device; no machine ever holds the key.

`plan` says who takes part, `documents` what they exchange, `progress` what stands and what is still due, `member` is
a member's side, `hosting` the election's, `substitutes` who may sit in whose place.
"""
