"""The two digests that seal an election: the system (what runs it) and the roll (who may vote in what).

A change of the system voids the rehearsal. Contact data are in neither: a corrected telephone breaks no seal.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from isoloir.config.election import ElectionFile
from isoloir.plugin_set import PluginSet
from isoloir.roll import RollEntry

_OURS = "isoloir"
_LEFT_OUT = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache"})


@dataclass(frozen=True)
class SystemSeal:
    """What the system digest covers, part by part (SHA-256, hexadecimal), so that drift can be named."""

    parts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The one digest of all parts."""
        return _sha256(_canonical(dict(sorted(self.parts.items()))))

    def drift(self, now: SystemSeal) -> tuple[str, ...]:
        """Return the parts that differ from `now`, by name; those that came or went too."""
        names = sorted({*self.parts, *now.parts})
        return tuple(name for name in names if self.parts.get(name) != now.parts.get(name))


def system_seal(election: ElectionFile, trustees: Mapping[str, bytes], plugins: PluginSet) -> SystemSeal:
    """Digest what runs this election: its file, its trustees by board, the plugins, every line of our code.

    Other distributions count by name and version. Secrets are covered by their references, never by their values.
    """
    parts = {"election_file": _sha256(_canonical(election.model_dump(mode="json")))}
    parts |= {f"trustees/{board}": _sha256(raw) for board, raw in trustees.items()}
    installed = sorted(_unique(distributions()), key=lambda found: found.name)
    parts["distributions"] = _sha256(_canonical([[found.name, found.version] for found in installed]))
    for found in installed:
        if found.name.replace("_", "-").startswith(f"{_OURS}-"):
            parts[f"code/{found.name}"] = _code(_packages(found))
    for name, found in plugins.distributions.items():
        parts[f"plugin/{name}"] = _sha256(_canonical([found.name, found.version, _code(_packages(found))]))
    return SystemSeal(parts)


def roll_digest(entries: Iterable[RollEntry]) -> str:
    """Digest the identity and eligibility columns of a roll, whatever its order (SHA-256, hexadecimal)."""
    lines = sorted(
        _canonical(
            [
                entry.id,
                entry.identifier,
                entry.civility,
                entry.last_name,
                entry.first_name,
                entry.college,
                list(entry.contests),
                dict(sorted(entry.fields.items())),
                dict(sorted(entry.kinds.items())),
            ]
        )
        for entry in entries
    )
    return _sha256(b"\n".join(lines))


def _unique(found: Iterable[Distribution]) -> list[Distribution]:
    # The first on the path is the one that is imported; later ones of the same name are shadowed.
    first: dict[str, Distribution] = {}
    for distribution in found:
        first.setdefault(distribution.name.lower().replace("_", "-"), distribution)
    return list(first.values())


def _packages(found: Distribution) -> Sequence[Path]:
    name = found.name.replace("-", "_").lower()
    spec = importlib.util.find_spec(_OURS if name == f"{_OURS}_core" else name)
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []


def _code(folders: Iterable[Path]) -> str:
    hashes: list[list[str]] = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not _LEFT_OUT.intersection(path.parts) and path.suffix != ".pyc":
                hashes.append([path.relative_to(folder).as_posix(), _sha256(path.read_bytes())])
    return _sha256(_canonical(hashes))


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
