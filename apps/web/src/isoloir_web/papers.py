"""The papers of an election on the server: made, taken back signed, packed; each making has a folder of its own.

They name electors: readable by the server alone, in no folder that is published.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoloir.config.election import ElectionFile
from isoloir.config.secrets import write_private
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.store import acts_store
from isoloir.store.engine import Store
from isoloir_minutes import checking, package
from isoloir_minutes import folder as papers_folder
from isoloir_minutes.checking import Checked
from isoloir_minutes.collect import collect
from isoloir_minutes.folder import Paper
from isoloir_minutes.package.manifest import entry_of
from isoloir_minutes.record import Record

PACKAGE = "archive.tar"
ALL = "papers.zip"
_SIGNATURES = "signatures"
_RECEIVED = "received"
_PDF = b"%PDF-"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Signed:
    """Who signed a paper: the certificate's name and digest, and whether it only vouches for itself."""

    subject: str
    sha256: str
    self_signed: bool


@dataclass(frozen=True)
class Made:
    """The papers made last: their folder, and who signed which."""

    number: int
    folder: Path
    papers: tuple[Paper, ...]
    signatures: Mapping[str, tuple[Signed, ...]]

    @property
    def unsigned(self) -> tuple[str, ...]:
        """The papers that nobody signed yet, by name."""
        return tuple(one.name for one in self.papers if not self.signatures.get(one.name))

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file, sorted by name."""
        return tuple(sorted(path for path in self.folder.iterdir() if path.is_file()))


def place(instance: Instance, election: ElectionFile) -> Path:
    """Return where the papers of an election lie."""
    return instance.folder / "papers" / election.id


async def made(instance: Instance, election: ElectionFile) -> Made | None:
    """Return the papers made last, or `None`."""
    number = max((int(one.name) for one in place(instance, election).glob("[0-9]*")), default=0)
    if not number:
        return None
    folder = place(instance, election) / str(number)
    async with instance.store.read() as session:
        kept = await acts_store.watched(session, election.id, _SIGNATURES) or {}
    told = kept.get("papers", {}) if kept.get("number") == number else {}
    signatures = {name: tuple(Signed(**one) for one in found) for name, found in told.items()}
    return Made(number, folder, papers_folder.papers(papers_folder.open_record(folder)), signatures)


async def make(instance: Instance, election: ElectionFile, progress: Progress) -> None:
    """Make the papers of a tallied election, in a new folder; former ones stay. Raises as `collect` does."""
    root = place(instance, election)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    record, book = await collect(instance, election)
    former = await made(instance, election)
    number = former.number + 1 if former else 1
    with tempfile.TemporaryDirectory(dir=root, prefix=".made-") as beside:
        folder = Path(beside) / "papers"
        await asyncio.to_thread(papers_folder.write, folder, record, book, lambda _, done, of: progress(done, of))
        await asyncio.to_thread(_zip, folder, root / ALL)
        folder.rename(root / str(number))


def receive(instance: Instance, election: ElectionFile, latest: Made, files: Mapping[str, bytes]) -> None:
    """Keep signed papers until they are checked.

    Raises IsoloirError: ``paper_none``, ``paper_unknown`` (none of ours, by its name), ``paper_not_pdf``; none is
    kept then.
    """
    if not files:
        raise IsoloirError("paper_none")
    names = {one.name for one in latest.papers}
    for name, content in files.items():
        if name not in names:
            raise IsoloirError("paper_unknown", files=", ".join(sorted(names)))
        if not content.startswith(_PDF):
            raise IsoloirError("paper_not_pdf", file=name)
    folder = place(instance, election) / _RECEIVED
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        write_private(folder / name, content)


async def take_signed(instance: Instance, election: ElectionFile, progress: Progress) -> None:
    """Check what was received: what holds takes the place of the unsigned paper, what does not is left out.

    Raises IsoloirError ``paper_refused`` (file, fault) for the first that does not hold, once the others are taken.
    """
    latest = await made(instance, election)
    received = place(instance, election) / _RECEIVED
    if latest is None or not received.is_dir():
        return
    record = papers_folder.open_record(latest.folder)
    whole = [one for one in latest.papers if (received / one.name).is_file()]
    signatures = dict(latest.signatures)
    refused: list[Checked] = []
    for number, one in enumerate(whole, 1):
        checked = await asyncio.to_thread(_checked, latest.folder, record, one, received / one.name)
        if checked.faults:
            refused.append(checked)
        else:
            os.replace(received / one.name, latest.folder / one.name)
            signatures[one.name] = tuple(
                Signed(found.subject, found.sha256, found.self_signed) for found in checked.signatures
            )
            await _keep(instance.store, election, latest.number, signatures)
        progress(number, len(whole))
    await asyncio.to_thread(_zip, latest.folder, place(instance, election) / ALL)
    shutil.rmtree(received, ignore_errors=True)
    if refused:
        raise IsoloirError("paper_refused", file=refused[0].name, fault=refused[0].faults[0])


async def pack(instance: Instance, election: ElectionFile, progress: Progress) -> str:
    """Make the package that is kept two years, unless it is there; return its SHA-256. Raises as `package.make`."""
    latest = await made(instance, election)
    if latest is None:
        raise IsoloirError("papers_missing", election=election.id)
    file = place(instance, election) / PACKAGE
    if not file.exists():
        await package.make(instance, election, latest.folder, file, lambda _, done, of: progress(done, of))
    return entry_of(file).sha256


def _checked(folder: Path, record: Record, one: Paper, received: Path) -> Checked:
    with tempfile.TemporaryDirectory(dir=received.parent) as beside:
        if one.csv is not None:
            shutil.copyfile(folder / one.csv, Path(beside) / one.csv)
        shutil.copyfile(received, Path(beside) / one.name)
        return asyncio.run(checking.check_paper(Path(beside), record, one, None))


async def _keep(
    store: Store, election: ElectionFile, number: int, signatures: Mapping[str, tuple[Signed, ...]]
) -> None:
    papers: dict[str, Any] = {name: [vars(one) for one in found] for name, found in signatures.items()}
    async with store.write("box") as session:
        await acts_store.put_watched(session, election.id, _SIGNATURES, {"number": number, "papers": papers})


def _zip(folder: Path, file: Path) -> None:
    beside = file.with_name(f".{file.name}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as opened, zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
    beside.replace(file)
