"""What each round's documents mean: a key of one's own where all are needed, a threshold key among the others."""

from __future__ import annotations

import json
from typing import Any

from isoloir.ceremony.documents import Document, Round, Transcript
from isoloir.ceremony.plan import Plan, Seat
from isoloir_ballots import canonical, dkg
from isoloir_ballots.errors import FormatError, Place, VerificationError
from isoloir_ballots.proofs import Proof
from isoloir_ballots.signing import is_signed, sign
from isoloir_ballots.trustees import Entry, KeyPair, Single


def setting(plan: Plan, seat: Seat) -> dkg.Setting:
    """Return the threshold key that a seat's group makes, bound to this ceremony, board and group of members."""
    size, at_least = len(seat.group.members), seat.group.at_least
    return dkg.Setting(plan.parsed_group, _binding(plan, seat.board, seat.place), size, at_least)


def first(plan: Plan, seat: Seat, member: str, seed: str) -> Document:
    """Make a member's first document."""
    if seat.group.shared:
        body = dkg.certify(setting(plan, seat), seat.index, seed)
        return Document(plan.uuid, seat.board, member, Round.CERTIFICATE, body)
    pair = key_pair(plan, seat, member, seed)
    text = _key_text(plan, seat, pair.entry)
    signature = sign(plan.parsed_group, pair.secret, text)
    entry = pair.entry.to_json(plan.parsed_group)[1]
    return Document(plan.uuid, seat.board, member, Round.KEY, {"entry": entry, "bound": signature.to_json()})


def key_pair(plan: Plan, seat: Seat, member: str, seed: str) -> KeyPair:
    """Return the key of a member who stands alone: the seed's opening key."""
    secret = dkg.Identity.of(plan.parsed_group, seed).opening
    return KeyPair.from_secret(plan.parsed_group, secret, name=member)


def public_part(document: Document) -> Any:
    """Return what of a first document follows from the seed alone: its keys, without signatures, drawn anew."""
    if document.round is Round.KEY:
        return document.body["entry"]["public_key"]
    return document.body["certificate"]["message"]


def check(transcript: Transcript, document: Document) -> None:
    """Check a document whose turn it is; raises BallotsError, whose clause says what does not hold."""
    seat = transcript.plan.seat(document.board, document.member)
    made = setting(transcript.plan, seat)
    certificates = transcript.of(seat.board, seat.place, Round.CERTIFICATE)
    contributions = transcript.of(seat.board, seat.place, Round.CONTRIBUTION)
    match document.round:
        case Round.KEY:
            _check_key(transcript.plan, seat, document)
            _check_new(transcript, document, seat)
        case Round.CERTIFICATE:
            dkg.check_certificate(made, seat.index, document.body)
            _check_new(transcript, document, seat)
        case Round.CONTRIBUTION:
            dkg.check_contribution(made, seat.index, certificates, document.body)
        case Round.ACKNOWLEDGEMENT:
            dkg.check_acknowledgement(made, seat.index, certificates, contributions, document.body)
        case Round.COMPLAINT:
            dkg.check_complaint(made, seat.index, certificates, contributions, document.body)


def convicted(transcript: Transcript, board: str, place: int) -> tuple[str, str]:
    """Return whom the complaint in a group convicts, and the clause."""
    members = transcript.plan.boards[board][place].members
    (complaint,) = transcript.of(board, place, Round.COMPLAINT)[:1]
    return members[int(complaint["against"]) - 1], "dkg.share"


def entries(transcript: Transcript, board: str) -> tuple[Entry, ...]:
    """Return a board's entries of the trustees file, checked once more, from a complete transcript."""
    made: list[Entry] = []
    for place, group in enumerate(transcript.plan.boards[board]):
        if not group.shared:
            keys = transcript.of(board, place, Round.KEY)
            made += [Single.from_json(transcript.plan.parsed_group, key["entry"]) for key in keys]
            continue
        seat = transcript.plan.seat(board, group.members[0])
        rounds = [
            transcript.of(board, place, one) for one in (Round.CERTIFICATE, Round.CONTRIBUTION, Round.ACKNOWLEDGEMENT)
        ]
        made.append(dkg.entry(setting(transcript.plan, seat), rounds[0], rounds[1], rounds[2], group.members))
    return tuple(made)


def _check_new(transcript: Transcript, document: Document, seat: Seat) -> None:
    """Refuse keys that somebody else of this ceremony has, in any group: one person would count as two."""
    mine = _keys(document)
    whose = (document.board, document.member)
    others = [one for one in transcript.documents if one.round is document.round and (one.board, one.member) != whose]
    if any(mine & _keys(other) for other in others):
        raise VerificationError("dkg.repeated", "Another member has the same keys.", Place(trustee=seat.number))


def _keys(document: Document) -> set[str]:
    if document.round is Round.KEY:
        return {document.body["entry"]["public_key"]}
    told = json.loads(document.body["certificate"]["message"])
    return {told["verification"], told["encryption"]}


def _check_key(plan: Plan, seat: Seat, document: Document) -> None:
    value: dict[str, Any] = canonical.fields(document.body, ("entry", "bound"), what="A key")
    entry = Single.from_json(plan.parsed_group, value["entry"])
    entry.check(plan.parsed_group)
    if entry.name != document.member:
        raise FormatError("name", "A key bears another name than its holder's.")
    # Beside the proof of possession, which the format fixes: a key of another ceremony is of no use here.
    bound = Proof.from_json(plan.parsed_group, value["bound"])
    if not is_signed(plan.parsed_group, entry.key, _key_text(plan, seat, entry), bound):
        raise VerificationError("dkg.bound", "A key was made for another ceremony.", Place(trustee=seat.number))


def _key_text(plan: Plan, seat: Seat, entry: Single) -> str:
    key = plan.parsed_group.serialise(entry.key)
    return f"isoloir-key/1|{_binding(plan, seat.board, seat.place)}|{seat.index}|{key}"


def _binding(plan: Plan, board: str, place: int) -> str:
    return f"{plan.election}|{plan.uuid}|{board}|{place}"


__all__ = ["check", "convicted", "entries", "first", "key_pair", "public_part", "setting"]
