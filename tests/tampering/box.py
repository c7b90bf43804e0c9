"""An archive taken apart, so that any part can be changed and the rest written again around it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from isoloir_ballots import archive, canonical
from isoloir_ballots.archive import events
from isoloir_ballots.archive.records import header_block, opening
from isoloir_ballots.hashing import hex_digest


@dataclass
class Record:
    """One record as it stands in the file: a header of 512 bytes, a body, padding."""

    header: bytes
    body: bytes

    def serialise(self) -> bytes:
        return self.header + self.body + bytes(-len(self.body) % 512)


@dataclass
class Part:
    """One event and its data. `event` overrides fields of the event as it is written (None leaves one out)."""

    type: str
    data: list[bytes]
    numbers: dict[str, Any] = field(default_factory=dict)
    event: dict[str, Any] = field(default_factory=dict)

    def bodies(self) -> list[bytes]:
        """The data records, the payload that names the others last."""
        match self.type:
            case events.SETUP:
                return [*self.data, events.setup_data(*self.data)]
            case events.ENCRYPTED_TALLY:
                digest = hex_digest(self.data[0])
                return [*self.data, canonical.dump({**self.numbers, "encrypted_tally": digest})]
            case events.PARTIAL_DECRYPTION:
                return [*self.data, canonical.dump({**self.numbers, "payload": hex_digest(self.data[0])})]
        return list(self.data)


@dataclass
class Box:
    """A whole archive in parts. `records` writes it: names, parents and heights follow from the parts."""

    timestamp: int
    parts: list[Part]

    @classmethod
    def read(cls, data: bytes) -> Box:
        with archive.opened(data) as steps:
            parts = []
            for step in steps:
                numbers: dict[str, Any] = {}
                if step.event.type == events.ENCRYPTED_TALLY:
                    numbers = dict(zip(("num_tallied", "total_weight"), step.numbers, strict=True))
                if step.event.type == events.PARTIAL_DECRYPTION:
                    numbers = {"owner": step.numbers[0]}
                parts.append(Part(step.event.type, list(step.data), numbers))
            return cls(steps.timestamp, parts)

    def all(self, kind: str) -> list[Part]:
        return [part for part in self.parts if part.type == kind]

    @property
    def ballots(self) -> list[bytes]:
        return [part.data[0] for part in self.all(events.BALLOT)]

    @property
    def setup(self) -> list[bytes]:
        return self.parts[0].data

    def find(self, name: str) -> tuple[Part, int]:
        """The part and the place in its data of `election`, `credentials`, `ballot 2`, `share 1`, `tally`, …"""
        noun, _, number = name.partition(" ")
        setup = ("election", "trustees", "credentials")
        if noun in setup:
            return self.parts[0], setup.index(noun)
        kinds = {
            "setup": events.SETUP,
            "ballot": events.BALLOT,
            "end": events.END_BALLOTS,
            "tally": events.ENCRYPTED_TALLY,
            "share": events.PARTIAL_DECRYPTION,
            "result": events.RESULT,
        }
        return self.all(kinds[noun])[int(number or 1) - 1], 0

    def records(self) -> list[Record]:
        first = opening(self.timestamp)
        found = [Record(first[:512], first[512:].rstrip(b"\0"))]
        parent: str | None = None
        for height, part in enumerate(self.parts):
            bodies = part.bodies()
            found += [self._record(body, "data") for body in bodies]
            value: dict[str, Any] = {"parent": parent, "height": height, "type": part.type}
            value["payload"] = hex_digest(bodies[-1]) if bodies else None
            value |= part.event
            event = canonical.dump({key: item for key, item in value.items() if item is not None})
            found.append(self._record(event, "event"))
            parent = hex_digest(event)
        return found

    def _record(self, body: bytes, kind: str) -> Record:
        return Record(header_block(f"{hex_digest(body)}.{kind}.json", len(body), self.timestamp), body)


def write(records: list[Record]) -> bytes:
    """The file."""
    return b"".join(record.serialise() for record in records)


def at(value: Any, path: str) -> tuple[Any, Any]:
    """The container and key of `answers.0.choices.1.alpha` in a JSON value."""
    keys = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in keys[:-1]:
        value = value[key]
    return value, keys[-1]


def load(data: bytes) -> Any:
    return json.loads(data)
