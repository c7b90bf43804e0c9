"""Events: the hash chain that orders the data of an archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isoloir_ballots import canonical
from isoloir_ballots.errors import FormatError
from isoloir_ballots.hashing import hex_digest

SETUP = "Setup"
BALLOT = "Ballot"
END_BALLOTS = "EndBallots"
ENCRYPTED_TALLY = "EncryptedTally"
PARTIAL_DECRYPTION = "PartialDecryption"
RESULT = "Result"

FOLLOWS: dict[str | None, tuple[str, ...]] = {
    None: (SETUP,),
    SETUP: (BALLOT, END_BALLOTS),
    BALLOT: (BALLOT, END_BALLOTS),
    END_BALLOTS: (ENCRYPTED_TALLY,),
    ENCRYPTED_TALLY: (PARTIAL_DECRYPTION,),
    PARTIAL_DECRYPTION: (PARTIAL_DECRYPTION, RESULT),
    RESULT: (),
}
"""Which events may follow one another (homomorphic questions only, hence no shuffles)."""


@dataclass(frozen=True)
class Event:
    """One link: the digest of the event before, the height from 0, the type, the digest of the payload."""

    parent: str | None
    height: int
    type: str
    payload: str | None

    def serialise(self) -> bytes:
        """The bytes that are recorded and hashed."""
        value: dict[str, Any] = {} if self.parent is None else {"parent": self.parent}
        value |= {"height": self.height, "type": self.type}
        if self.payload is not None:
            value["payload"] = self.payload
        return canonical.dump(value)

    @property
    def digest(self) -> str:
        """What the next event calls its parent."""
        return hex_digest(self.serialise())


def setup_data(election: bytes, trustees: bytes, credentials: bytes) -> bytes:
    """The payload of the Setup event."""
    return canonical.dump(
        {
            "election": hex_digest(election),
            "trustees": hex_digest(trustees),
            "credentials": hex_digest(credentials),
        }
    )


def sized_encrypted_tally(encrypted_tally: bytes, num_tallied: int, total_weight: int) -> bytes:
    """The payload of the EncryptedTally event."""
    return canonical.dump(
        {
            "num_tallied": num_tallied,
            "total_weight": canonical.count(total_weight),
            "encrypted_tally": hex_digest(encrypted_tally),
        }
    )


def owned(owner: int, payload: bytes) -> bytes:
    """The payload of a PartialDecryption event."""
    return canonical.dump({"owner": owner, "payload": hex_digest(payload)})


def follow(last: str | None, event_type: str) -> None:
    """Refuse an event that may not come after `last`: FormatError `archive.order`."""
    if event_type not in FOLLOWS[last]:
        before = f"after “{last}”" if last else "at the beginning"
        raise FormatError("archive.order", f"No event “{event_type}” may come {before}.")
