"""Verifying a package: every digest, nothing missing nor extra; then what the files say of one another.

The papers' record is the hub: it binds boxes, poll books, roll, election, programs and log by their digests.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from isoloir import publication, sealing
from isoloir.audit_log import Chain, Head
from isoloir.errors import IsoloirError
from isoloir.sealing import SystemSeal
from isoloir.store.acts_store import Publication
from isoloir.store.audit_store import AuditLine
from isoloir_ballots.errors import BallotsError
from isoloir_ballots.verify import check_archive, jobs_for
from isoloir_minutes import checking
from isoloir_minutes import folder as papers_folder
from isoloir_minutes.package import manifest as at
from isoloir_minutes.package.manifest import Entry, Manifest, entry_of, is_name, read_manifest
from isoloir_minutes.record import Contest, Record

_MOST_MANIFEST = 64 * 2**20
_CHUNK = 2**20


@dataclass(frozen=True)
class Verified:
    """A file of the package, or a statement of the record about several, and what does not hold, by code."""

    name: str
    faults: tuple[str, ...]


async def verify(file: Path, *, boxes: bool = True) -> list[Verified]:
    """Verify a package; `boxes` checks every proof of every archive too, which is most of the time.

    Faults: ``digest_differs``, ``file_missing``, ``file_extra``; ``not_as_sealed``; ``log_broken``;
    ``publication_broken``; and those of `checking.check`, of the papers and archives inside.
    Raises IsoloirError ``package_unreadable`` where it is no package, or has not even a record.
    """
    # Roll and poll books are unpacked where their owner alone can read them, and are gone afterwards.
    with TemporaryDirectory(prefix="isoloir-package-") as name:
        folder = Path(name)
        found = _unpack(file, folder)
        if any(one.faults for one in found):
            return found
        try:
            record = papers_folder.open_record(folder / at.PAPERS)
            found += _sealed(folder, record)
            found.append(Verified(at.LOG, tuple(_log(folder, record))))
            found += [
                Verified(f"{at.PUBLICATIONS}/{one.id}.json", tuple(_publications(folder, record.election, one)))
                for one in record.contests
            ]
            archives = folder / at.BOXES if boxes else None
            found += [
                Verified(one.name, one.faults) for one in await checking.check(folder / at.PAPERS, archives=archives)
            ]
        except (OSError, ValueError, TypeError, KeyError):
            raise IsoloirError("package_unreadable") from None
        if boxes:
            found += [_rehearsal(path) for path in sorted((folder / at.REHEARSALS).glob("*.bel"))]
        found += _rehearsal_minutes(folder, record)
        return found


def _unpack(file: Path, folder: Path) -> list[Verified]:
    """Write the files out, each as far as it is what the manifest says; return every one with its faults."""
    try:
        with tarfile.open(file, mode="r:") as tar:
            members = iter(tar)
            made = _manifest(tar, next(members, None))
            found = {}
            for member in members:
                if not member.isfile() or not is_name(member.name) or member.name in found:
                    raise IsoloirError("package_unreadable")
                found[member.name] = _one(tar, member, made, folder)
    except (tarfile.TarError, OSError):
        raise IsoloirError("package_unreadable") from None
    missing = [Verified(name, ("file_missing",)) for name in made.files if name not in found]
    return [*found.values(), *missing]


def _manifest(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> Manifest:
    content = tar.extractfile(member) if member is not None and member.name == at.MANIFEST else None
    if member is None or content is None or member.size > _MOST_MANIFEST:
        raise IsoloirError("package_unreadable")
    return read_manifest(content.read())


def _one(tar: tarfile.TarFile, member: tarfile.TarInfo, made: Manifest, folder: Path) -> Verified:
    wanted = made.files.get(member.name)
    if wanted is None:
        return Verified(member.name, ("file_extra",))
    if member.size != wanted.size:
        return Verified(member.name, ("digest_differs",))
    path = folder / member.name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content, digest = tar.extractfile(member), hashlib.sha256()
    assert content is not None  # it is a file
    with path.open("xb") as out:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    same = Entry(digest.hexdigest(), member.size) == wanted
    return Verified(member.name, () if same else ("digest_differs",))


# --- what the record binds -------------------------------------------------------------------------------


def _sealed(folder: Path, record: Record) -> Iterator[Verified]:
    """Yield whether election, roll and programs are those that were sealed."""
    parts = record.seal.parts
    yield _same("seal", SystemSeal(parts).digest, record.seal.system)
    yield _same(at.ROLL, entry_of(folder / at.ROLL).sha256, record.seal.rolls[-1])
    yield _same(at.ELECTION, entry_of(folder / at.ELECTION).sha256, parts.get("election_file"))
    yield _same(at.DISTRIBUTIONS, entry_of(folder / at.DISTRIBUTIONS).sha256, parts.get("distributions"))
    for part, digest in parts.items():
        kind, _, distribution = part.partition("/")
        if kind == "code" and is_name(distribution):
            root = folder / at.CODE / distribution
            files = ((path.relative_to(root).as_posix(), path.read_bytes()) for path in sealing.source_files(root))
            yield _same(f"{at.CODE}/{distribution}", sealing.code_digest(files), digest)


def _same(name: str, found: str, sealed: str | None) -> Verified:
    return Verified(name, () if found == sealed else ("not_as_sealed",))


def _log(folder: Path, record: Record) -> Iterator[str]:
    chain = Chain(Head(record.audit_log.serial, record.audit_log.hash))
    for line in (folder / at.LOG).read_text(encoding="utf-8").split("\n"):
        chain.take(AuditLine(**json.loads(line)))
    if not chain.check().holds:
        yield "log_broken"


def _publications(folder: Path, election_id: str, contest: Contest) -> Iterator[str]:
    """Each is signed and names the one before; the last is the box as it was frozen."""
    told = json.loads((folder / at.PUBLICATIONS / f"{contest.id}.json").read_bytes())
    found = [Publication(**{**one, "published_at": datetime.fromisoformat(one["published_at"])}) for one in told]
    chained = all(later.previous_hash == former.hash for former, later in pairwise(found))
    signed = all(publication.is_signed(election_id, one, contest.box.public_key) for one in found)
    frozen = bool(found) and (found[-1].hash, found[-1].count) == (contest.box.hash, contest.ballots)
    if not (chained and signed and frozen and len(found) == contest.box.publications):
        yield "publication_broken"


def _rehearsal_minutes(folder: Path, record: Record) -> Iterator[Verified]:
    if record.rehearsal is not None and record.rehearsal.minutes:
        name = f"{at.REHEARSALS}/{record.rehearsal.minutes}"
        found = entry_of(folder / name).sha256 if is_name(name) and (folder / name).is_file() else ""
        yield _same(name, found, record.rehearsal.minutes_sha256)


def _rehearsal(path: Path) -> Verified:
    try:
        check_archive(path, jobs=jobs_for(os.path.getsize(path)))
    except BallotsError:
        return Verified(f"{at.REHEARSALS}/{path.name}", ("archive_invalid",))
    return Verified(f"{at.REHEARSALS}/{path.name}", ())
