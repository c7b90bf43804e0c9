"""Distributed key generation: holders make one threshold key among themselves; no machine ever holds it.

Three rounds, each a document that every holder hands to all others, and that anybody can check (Pedersen's protocol
as in Belenios 2.5.1 and later, sections 4.3 and 4.5 of its specification):

1. a *certificate*: the holder's keys, for signatures and for messages;
2. a *contribution*: g to the coefficients of a polynomial of the holder's own, and its value for each holder, which
   that one alone can read;
3. an *acknowledgement*: the holder's verification key, once every value received agrees with its coefficients.

A value that does not agree is seen by its receiver alone, who hands over a *complaint* instead: anybody can check it,
and it convicts either of the two. What a holder keeps is one seed (22 characters): all else derives from it and from
the documents, so that a holder can stop at any moment and go on from the seed.

The documents' outer signatures (`bound`) cover the ceremony's own text (`Setting.binding`) and all that came before,
so that nothing can be replayed from another ceremony, group or rehearsal; what is inside is Belenios' to the byte,
and goes into the trustees file.
"""

from .entry import entry, private_share
from .identity import Identity, is_seed, new_seed
from .rounds import (
    WrongShare,
    acknowledge,
    certify,
    check_acknowledgement,
    check_certificate,
    check_complaint,
    check_contribution,
    complain,
    contribute,
    digest,
)
from .setting import Setting

__all__ = [
    "Identity",
    "Setting",
    "WrongShare",
    "acknowledge",
    "certify",
    "check_acknowledgement",
    "check_certificate",
    "check_complaint",
    "check_contribution",
    "complain",
    "contribute",
    "digest",
    "entry",
    "is_seed",
    "new_seed",
    "private_share",
]
