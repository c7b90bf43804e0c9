"""What must be refused, one failure each: `…-invalid-ballots.json` and `ed25519-invalid-archives.json`.

Both come from the tampering cases, so that what is said of a case holds for its vector.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from ballot_kit.elections import TIMESTAMP
from tampering import judge
from tampering.box import Box

from isoloir_ballots.archive.records import header_block

Patch = tuple[int, int, str]
Piece = list[int] | dict[str, str] | str


def patches(before: str, after: str) -> list[Patch]:
    """What turns one text into the other: (offset, characters to leave out, text to put), the last place first.

    One patch before the signature and one in it, for a ballot that was signed again.
    """
    mark = ',"signature":'
    if before.count(mark) == after.count(mark) == 1 and before != after:
        a, b = before.index(mark), after.index(mark)
        tail = [(a + offset, length, put) for offset, length, put in _patch(before[a:], after[b:])]
        return [*tail, *_patch(before[:a], after[:b])]
    return _patch(before, after)


def _patch(before: str, after: str) -> list[Patch]:
    if before == after:
        return []
    start = _common(before, after)
    end = min(_common(before[::-1], after[::-1]), len(before) - start, len(after) - start)
    return [(start, len(before) - end - start, after[start : len(after) - end])]


def _common(a: str, b: str) -> int:
    """How many characters two texts begin with alike."""
    return next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def invalid_ballots(group: str) -> dict[str, Any]:
    """Ballots that a verifier refuses, as patches of a valid one each, and the setup they are checked against."""
    _, archive, _, _ = judge.contests(group)
    before = Box.read(archive)
    cases = []
    for case in judge.CASES:
        if not case.clause.startswith("ballot.") or group not in case.groups or case.acts[-1]["do"] == "tally again":
            continue
        box = Box.read(judge.tampered(case, group))
        changed = [i for i, (a, b) in enumerate(zip(before.ballots, box.ballots, strict=False)) if a != b]
        if box.setup != before.setup or len(box.ballots) != len(before.ballots) or len(changed) != 1:
            continue
        old, new = before.ballots[changed[0]].decode(), box.ballots[changed[0]].decode()
        cases.append(
            {
                "name": case.id,
                "did": case.did,
                "ballot": changed[0],
                "patches": patches(old, new),
                "sha256": hashlib.sha256(new.encode()).hexdigest(),
                "clause": case.clause,
                "place": {name: where for name, where in case.place.items() if name != "ballot"},
            }
        )
    election, trustees, listed = (data.decode() for data in before.setup)
    return {
        "group": group,
        "election": election,
        "trustees": trustees,
        "public_credentials": listed,
        "ballots": [ballot.decode() for ballot in before.ballots],
        "cases": cases,
    }


def invalid_archives(group: str, kind: str = judge.ALONE) -> dict[str, Any]:
    """Archives that a verifier refuses: pieces of the valid one beside, and new pieces between them.

    Cases that change a ballot alone are among the ballots.
    """
    archive = judge.contests(group, kind)[1]
    cases = []
    for case in judge.CASES:
        if (
            group not in case.groups
            or case.archive != kind
            or case.demand
            or case.clause.startswith("ballot.")
            or case.clause == "archive.size"
        ):
            continue
        data = judge.tampered(case, group)
        cases.append(
            {
                "name": case.id,
                "did": case.did,
                "pieces": pieces(archive, data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "clause": case.clause,
                "place": case.place,
            }
        )
    name = group.lower() if kind == judge.ALONE else f"{group.lower()}-{kind}"
    return {"group": group, "archive": f"{name}.bel", "cases": cases}


def pieces(before: bytes, after: bytes) -> list[Piece]:
    """`after` as runs of bytes of `before`, whole records that are new, and whatever else, as the README says."""
    known = {data: at for at, data, _ in _records(before)}
    found: list[Piece] = []
    end = 0
    for at, data, kind in _records(after):
        end = at + len(data)
        last = found[-1] if found else None
        if data in known and isinstance(last, list) and sum(last) == known[data]:
            last[1] += len(data)
        elif data in known:
            found.append([known[data], len(data)])
        elif kind:
            body = data[512 : 512 + int(data[124:135], 8)]
            found.append({kind: body.decode()})
        else:
            found.append(data.hex())
    if after[end:]:
        found.append(after[end:].hex())
    return found


def _records(data: bytes) -> Iterator[tuple[int, bytes, str]]:
    """Offset and bytes of each whole record, and its kind if its header is the one that its body asks for."""
    at = 0
    while at + 512 <= len(data):
        head = data[at : at + 512]
        size = int(head[124:135], 8) if head[124:135].isdigit() else 0
        end = at + 512 + (size + 511) // 512 * 512
        if end > len(data):
            return
        body = data[at + 512 : at + 512 + size]
        right = (
            kind
            for kind in ("data", "event")
            if head == header_block(f"{hashlib.sha256(body).hexdigest()}.{kind}.json", size, TIMESTAMP)
        )
        yield at, data[at:end], next(right, "") if not any(data[at + 512 + size : end]) else ""
        at = end
