"""A member's side of the ceremony: nothing but the transcript comes in, nothing but documents and a share go out."""

from __future__ import annotations

from dataclasses import replace

from isoloir.ceremony import progress, rounds
from isoloir.ceremony.documents import Document, Round, Transcript
from isoloir.ceremony.plan import Plan
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir_ballots import dkg


def begin(plan: Plan, board: str, member: str) -> tuple[KeyShare, Document]:
    """Draw a member's seed, and make the first document from it; raises ``share_unexpected``."""
    seat = plan.seat(board, member)
    seed = dkg.new_seed()
    share = KeyShare(plan.election, plan.uuid, board, member, plan.group, seed)
    return share, rounds.first(plan, seat, member, seed)


def continue_(transcript: Transcript, share: KeyShare) -> tuple[KeyShare, Document | None]:
    """Check all that the others handed over, and make what is due of this member; complete the share at the end.

    A wrong share received becomes a complaint. `None`: nothing is due, others are awaited or all is done.
    Raises IsoloirError: ``share_foreign`` (another ceremony, or a seed that is not of its documents),
    ``ceremony_refused`` (trustee: whose document does not hold), ``ceremony_cheated``.
    """
    plan = transcript.plan
    if (share.ceremony, share.election, share.group) != (plan.uuid, plan.election, plan.group):
        raise IsoloirError("share_foreign", trustee=share.member, board=share.board)
    checked(transcript, share.board)
    _own(transcript, share)
    return act(transcript, share)


def act(transcript: Transcript, share: KeyShare) -> tuple[KeyShare, Document | None]:
    """Do as `continue_` does, on a transcript whose documents are checked."""
    progress.not_stopped(transcript, share.board)
    due = progress.due(transcript)
    awaited = due.get((share.board, share.member))
    if awaited is not None:
        return share, _made(transcript, share, awaited)
    if any(board == share.board for board, _ in due) or not transcript.documents:
        return share, None
    return _complete(transcript, share), None


def restore(transcript: Transcript, board: str, member: str, seed: str) -> KeyShare:
    """Make a share again from its seed and the ceremony; complete if that is complete.

    Raises IsoloirError: ``seed_form``, ``share_unexpected``, ``share_foreign`` (the seed is not this member's), and
    as `continue_` does.
    """
    plan = transcript.plan
    plan.seat(board, member)
    spelt = "".join(seed.split())
    if not dkg.is_seed(spelt):
        raise IsoloirError("seed_form", trustee=member, board=board)
    return continue_(transcript, KeyShare(plan.election, plan.uuid, board, member, plan.group, spelt))[0]


def checked(transcript: Transcript, board: str) -> None:
    """Check every document of a board as its server should have; a member trusts no server.

    Raises IsoloirError as `progress.check` does.
    """
    before = Transcript(transcript.plan)
    for document in transcript.documents:
        if document.board == board:
            progress.check(before, document)
            before = before.and_([document])


def _own(transcript: Transcript, share: KeyShare) -> None:
    """Refuse a transcript whose documents of this member are not of this seed."""
    seat = transcript.plan.seat(share.board, share.member)
    made = rounds.first(transcript.plan, seat, share.member, share.seed)
    for document in transcript.documents:
        if (document.board, document.member, document.round) == (share.board, share.member, made.round):
            if rounds.public_part(document) != rounds.public_part(made):
                raise IsoloirError("share_foreign", trustee=share.member, board=share.board)
            return


def _made(transcript: Transcript, share: KeyShare, awaited: Round) -> Document:
    plan, seat = transcript.plan, transcript.plan.seat(share.board, share.member)
    if awaited in (Round.KEY, Round.CERTIFICATE):
        return rounds.first(plan, seat, share.member, share.seed)
    setting = rounds.setting(plan, seat)
    certificates = transcript.of(seat.board, seat.place, Round.CERTIFICATE)
    here = Document(plan.uuid, seat.board, share.member, awaited, None)
    if awaited is Round.CONTRIBUTION:
        return replace(here, body=dkg.contribute(setting, seat.index, share.seed, certificates))
    contributions = transcript.of(seat.board, seat.place, Round.CONTRIBUTION)
    everything = (setting, seat.index, share.seed, certificates, contributions)
    try:
        return replace(here, body=dkg.acknowledge(*everything))
    except dkg.WrongShare as wrong:
        return replace(here, round=Round.COMPLAINT, body=dkg.complain(*everything, wrong.sender))


def _complete(transcript: Transcript, share: KeyShare) -> KeyShare:
    plan, seat = transcript.plan, transcript.plan.seat(share.board, share.member)
    if seat.group.shared:
        certificates = transcript.of(seat.board, seat.place, Round.CERTIFICATE)
        contributions = transcript.of(seat.board, seat.place, Round.CONTRIBUTION)
        setting = rounds.setting(plan, seat)
        exponent = dkg.private_share(setting, seat.index, share.seed, certificates, contributions)
    else:
        exponent = rounds.key_pair(plan, seat, share.member, share.seed).secret
    return replace(share, number=seat.number, exponent=exponent)
