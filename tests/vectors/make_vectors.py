"""Write every vector beside this file, from fixed streams of numbers: the same bytes at every run.

Run as `make vectors`; `python -m vectors.make_vectors FOLDER` writes elsewhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tampering.judge import GROUPS, THRESHOLD, contests

from .ballots_made import ballots_made
from .hash_inputs import hash_inputs
from .key_generation import key_generation
from .refusals import invalid_archives, invalid_ballots


def _text(value: Any, indent: int | None = 1) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=indent) + "\n").encode()


def _lines(value: dict[str, Any], key: str) -> bytes:
    """JSON with one line for each item of `key`: small to store, and a change shows where it is."""
    rest = json.dumps({name: item for name, item in value.items() if name != key}, ensure_ascii=False)
    items = ",\n".join(json.dumps(item, ensure_ascii=False) for item in value[key])
    return f'{rest[:-1]}, "{key}": [\n{items}\n]}}\n'.encode()


def vectors() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file."""
    for group in GROUPS:
        name = group.lower()
        yield f"{name}.bel", contests(group)[1]
        yield f"{name}-ballots.json", _text(ballots_made(group))
        yield f"{name}-hash-inputs.json", _lines(hash_inputs(group), "items")
        yield f"{name}-invalid-ballots.json", _lines(invalid_ballots(group), "cases")
        yield f"{name}-invalid-archives.json", _lines(invalid_archives(group), "cases")
        yield f"{name}-threshold.bel", contests(group, THRESHOLD)[1]
        if group == "Ed25519":  # the other's would be half a megabyte that says nothing more
            yield f"{name}-invalid-threshold-archives.json", _lines(invalid_archives(group, THRESHOLD), "cases")
        yield f"{name}-key-generation.json", _text(key_generation(group))


def main() -> None:
    """Write them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, data in vectors():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
