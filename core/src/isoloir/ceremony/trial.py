"""A whole ceremony on one machine, for demonstrations and tests: whoever holds this machine holds the key."""

from __future__ import annotations

from dataclasses import replace

from isoloir.ceremony import member as members
from isoloir.ceremony import progress
from isoloir.ceremony.documents import Document, Transcript
from isoloir.ceremony.plan import Plan
from isoloir.key_share import KeyShare


def hold(plan: Plan) -> tuple[tuple[Document, ...], list[KeyShare]]:
    """Play every member of every board; return what they handed over, in order, and their complete shares."""
    shares: dict[tuple[str, str], KeyShare] = {}
    transcript = Transcript(plan)
    while waiting := progress.due(transcript):
        documents = []
        for board, one in waiting:
            share = shares.get((board, one))
            if share is None:
                shares[board, one], document = members.begin(plan, board, one)
            else:
                shares[board, one], made = members.act(transcript, share)
                assert made is not None
                document = made
            documents.append(document)
        transcript = replace(transcript, documents=(*transcript.documents, *documents))
    return transcript.documents, [members.act(transcript, share)[0] for share in shares.values()]
