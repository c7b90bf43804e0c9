"""Making the package of a tallied election from its instance and its signed papers."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tarfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from isoloir import audit_log, publication, roll, sealing, unsealing
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import ELECTIONS, FILE, Instance
from isoloir.store.audit_store import AuditLine
from isoloir_minutes import checking
from isoloir_minutes import folder as papers_folder
from isoloir_minutes.package import manifest as at
from isoloir_minutes.package.manifest import Manifest, entry_of, is_name
from isoloir_minutes.package.verifying import verify
from isoloir_minutes.record import Record

Source = Path | bytes
Progress = Callable[[str, int, int], None]
"""Told the file that is packed, how many are done, and of how many."""

_MODE = 0o600
_READ_ME = """\
Élection {title}

Ce fichier est conservé deux ans (code général de la fonction publique, art. R. 211-580). Il contient des données
personnelles : la liste électorale et les listes d’émargement. Gardez-le sous clé, et détruisez-le au terme.

manifest.json   empreinte SHA-256 de chaque fichier
papers/         procès-verbal et listes d’émargement, signés ; registre dont ils sont tirés
boxes/          urnes : clés publiques, bulletins chiffrés, preuves mathématiques et résultats de chaque scrutin
rehearsals/     archives et procès-verbal du scrutin à blanc
publications/   publications de l’urne pendant le vote, signées
election/       fichier de l’élection : candidatures, bureaux, règles
roll/           liste électorale telle que scellée
log/            journal des actes, chaque ligne liée à la précédente
system/         programmes scellés, et version de toute autre distribution installée

Vérifier le tout : isoloir archive verify FICHIER
Vérifier une urne sans Isoloir : isoloir-verify boxes/SCRUTIN.bel, ou un outil Belenios.
"""


async def make(
    instance: Instance, election: ElectionFile, papers: Path, file: Path, progress: Progress | None = None
) -> Manifest:
    """Write the package into a new `file` that its owner alone may read, and verify it (but for the boxes' proofs).

    `papers` is a folder that `minutes check` accepts, signatures included.
    Raises IsoloirError: ``file_exists``, ``package_papers`` (file, fault), ``package_not_sealed`` (path, fault): what
    is installed, the roll or the election's file is not what was sealed.
    """
    if file.exists():
        raise IsoloirError("file_exists", file=file.name)
    record = papers_folder.open_record(papers)
    if record.election != election.id:
        raise IsoloirError("package_papers", file=papers.name, fault="election")
    archives = unsealing.archive_path(instance.archives_folder, election, "-").parent
    # In a thread with a loop of its own: whoever serves pages goes on meanwhile.
    for one in await asyncio.to_thread(asyncio.run, checking.check(papers, archives=archives)):
        if one.faults:
            raise IsoloirError("package_papers", file=one.name, fault=one.faults[0])
    sources = {name: source async for name, source in _sources(instance, election, papers, record, archives)}
    entries = await asyncio.to_thread(lambda: {name: entry_of(source) for name, source in sources.items()})
    made = Manifest(election.id, entries)
    beside = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        await asyncio.to_thread(_write, beside, made, sources, int(record.ended.timestamp()), progress)
        verified = await asyncio.to_thread(asyncio.run, verify(beside, boxes=False))
        wrong = [one for one in verified if one.faults]
        if wrong:
            raise IsoloirError("package_not_sealed", path=wrong[0].name, fault=wrong[0].faults[0])
        os.link(beside, file)
    except FileExistsError:
        raise IsoloirError("file_exists", file=file.name) from None
    finally:
        beside.unlink(missing_ok=True)
    return made


async def _sources(
    instance: Instance, election: ElectionFile, papers: Path, record: Record, archives: Path
) -> AsyncIterator[tuple[str, Source]]:
    yield at.READ_ME, _READ_ME.format(title=record.title).encode()
    yield at.ELECTION, sealing.election_file(election)
    yield at.ELECTION_SOURCE, instance.folder / ELECTIONS / election.id / FILE
    yield at.ROLL, sealing.roll_file(await roll.entries(instance.store, election.id))
    yield at.LOG, _log(await audit_log.every_line(instance.store), election.id)
    for contest in record.contests:
        yield f"{at.BOXES}/{contest.archive.file}", archives / contest.archive.file
        published = await publication.publications(instance.store, election.id, contest.id)
        told = [{**asdict(one), "published_at": one.published_at.isoformat()} for one in published]
        yield f"{at.PUBLICATIONS}/{contest.id}.json", json.dumps(told, indent=1).encode()
    if record.rehearsal is not None:
        held = record.rehearsal
        for name in (*(one.archive for one in held.contests), *filter(None, [held.minutes])):
            yield f"{at.REHEARSALS}/{name}", archives / "rehearsals" / name
    for path in sorted(papers.iterdir()):
        yield f"{at.PAPERS}/{path.name}", path
    yield at.DISTRIBUTIONS, sealing.distributions_file()
    for name, source in _code(instance):
        yield name, source


def _code(instance: Instance) -> Iterator[tuple[str, Source]]:
    for distribution, folders in {**sealing.plugin_sources(instance.plugins), **sealing.own_sources()}.items():
        for folder in folders:
            for path in sealing.source_files(folder):
                yield f"{at.CODE}/{distribution}/{path.relative_to(folder).as_posix()}", path


def _log(lines: list[AuditLine], election_id: str) -> bytes:
    """Return the log as lines of JSON, up to the archiving: a package made again has the same bytes."""
    kept = []
    for line in lines:
        if line.act == "archived" and line.election == election_id:
            break
        kept.append(json.dumps(asdict(line), ensure_ascii=False))
    return "\n".join(kept).encode()


def _write(file: Path, made: Manifest, sources: dict[str, Source], moment: int, progress: Progress | None) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    whole: list[tuple[str, Source]] = [(at.MANIFEST, made.to_bytes()), *sorted(sources.items())]
    with os.fdopen(descriptor, "wb") as opened:
        with tarfile.open(fileobj=opened, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for number, (name, source) in enumerate(whole, 1):
                assert is_name(name), name
                member = tarfile.TarInfo(name)
                member.mode, member.mtime = _MODE, moment
                member.size = len(source) if isinstance(source, bytes) else made.files[name].size
                with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as content:
                    tar.addfile(member, content)
                if progress:
                    progress(name, number, len(whole))
        opened.flush()
        os.fsync(descriptor)
