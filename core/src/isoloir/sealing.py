"""The two digests that seal an election: the system (what runs it) and the roll (who may vote in what).

A change of the system voids the rehearsal. Contact data are in neither: a corrected telephone breaks no seal.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
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
    parts = {"election_file": _sha256(election_file(election))}
    parts |= {f"trustees/{board}": _sha256(raw) for board, raw in trustees.items()}
    parts["distributions"] = _sha256(distributions_file())
    for name, folders in own_sources().items():
        parts[f"code/{name}"] = _code(folders)
    for name, found in plugins.distributions.items():
        parts[f"plugin/{name}"] = _sha256(_canonical([found.name, found.version, _code(_packages(found.name))]))
    return SystemSeal(parts)


def election_file(election: ElectionFile) -> bytes:
    """Return an election's file as the seal reads it: canonical JSON, defaults written out."""
    return _canonical(election.as_written.model_dump(mode="json"))


def distributions_file() -> bytes:
    """Return every installed distribution with its version, as the seal reads them: canonical JSON."""
    return _canonical(_installed())


def own_sources() -> dict[str, Sequence[Path]]:
    """Return the folders of our own distributions' files, by the distribution's name."""
    return {name: _packages(name) for name, _ in _installed() if _is_ours(name)}


def plugin_sources(plugins: PluginSet) -> dict[str, Sequence[Path]]:
    """Return the same of the plugins' distributions, whoever wrote them."""
    names = [found.name for found in plugins.distributions.values()]
    return {name: _packages(name) for name in names}


def source_files(folder: Path) -> list[Path]:
    """Return the files of a package that the seal covers, in its order."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _LEFT_OUT.intersection(path.parts) and path.suffix != ".pyc"
    ]


def code_digest(files: Iterable[tuple[str, bytes]]) -> str:
    """Digest a package from its files: (path inside it, content), in the order of `source_files`."""
    return _sha256(_canonical([[name, _sha256(content)] for name, content in files]))


def roll_digest(entries: Iterable[RollEntry]) -> str:
    """Digest the identity and eligibility columns of a roll, whatever its order (SHA-256, hexadecimal)."""
    return _sha256(roll_file(entries))


def roll_file(entries: Iterable[RollEntry]) -> bytes:
    """Return the roll as its seal reads it: a line of canonical JSON for each entry, sorted."""
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
    return b"\n".join(lines)


def _installed() -> list[tuple[str, str]]:
    """Return name and version of every distribution, sorted by name.

    Each one's metadata are parsed once: `Distribution.name` and `.version` would each parse them anew.
    """
    # The first on the path is the one that is imported; later ones of the same name are shadowed.
    first: dict[str, tuple[str, str]] = {}
    for metadata in (found.metadata for found in distributions()):
        first.setdefault(metadata["Name"].lower().replace("_", "-"), (metadata["Name"], metadata["Version"]))
    return sorted(first.values())


def _is_ours(name: str) -> bool:
    return name.replace("_", "-").startswith(f"{_OURS}-")


def _packages(distribution: str) -> Sequence[Path]:
    name = distribution.replace("-", "_").lower()
    spec = importlib.util.find_spec(_OURS if name == f"{_OURS}_core" else name)
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []


def _code(folders: Iterable[Path]) -> str:
    return code_digest(
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for folder in folders
        for path in source_files(folder)
    )


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
