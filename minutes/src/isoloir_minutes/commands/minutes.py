"""``isoloir minutes``: make the papers of a tallied election, sign them, check them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
from asn1crypto import pem, x509
from rich.text import Text

from isoloir.clock import SystemClock
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import election_argument, progress_bar
from isoloir.errors import IsoloirError
from isoloir_minutes import checking, signing
from isoloir_minutes import folder as papers_folder
from isoloir_minutes.certificate import demonstration_signer, read_signer
from isoloir_minutes.checking import Checked
from isoloir_minutes.collect import collect

_file = click.Path(path_type=Path, dir_okay=False)
_folder = click.Path(path_type=Path, file_okay=False)
folder_argument = click.argument("folder", type=_folder)


@click.group()
def minutes() -> None:
    """The minutes and the poll books of an election: made, signed, checked."""


@minutes.command()
@election_argument
@folder_argument
@json_option
@click.pass_context
@run
async def make(ctx: click.Context, election_id: str, folder: Path, as_json: bool) -> None:
    """Write minutes and poll books into a new FOLDER: PDF/A-3, the record beside them and in them.

    From a tallied election. The same election gives the same bytes, whenever and wherever it is asked.
    """
    async with open_instance(ctx) as instance:
        record, book = await collect(instance, instance.election(election_id))
    with progress_bar() as bar:
        task = bar.add_task(record.election, total=None)
        written = await asyncio.to_thread(
            papers_folder.write, folder, record, book, lambda _, done, of: bar.update(task, completed=done, total=of)
        )
    if as_json:
        show_json({"election": record.election, "folder": str(folder), "files": [path.name for path in written]})
        return
    texts, locale = core_texts(), language(ctx)
    console().print(texts.get(locale, "minutes.made", files=len(written), folder=str(folder)), soft_wrap=True)
    for path in written:
        console().print(f"  {path}", soft_wrap=True)
    console().print(texts.get(locale, "minutes.personal"), style="yellow", soft_wrap=True)


@minutes.command()
@folder_argument
@click.option("--certificate", type=_file, default=None, help="The organiser's certificate and key, PKCS#12.")
@click.option("--passphrase-file", type=_file, default=None, help="A private file (0600) with its passphrase alone.")
@click.option("--demonstration", is_flag=True, help="Under a certificate of a moment that says so; trials only.")
@click.option(
    "--timestamp-url",
    envvar="ISOLOIR_TIMESTAMP_URL",
    default=None,
    help="A timestamp authority (RFC 3161); nobody is asked without.",
)
@json_option
@click.pass_context
@run
async def sign(
    ctx: click.Context,
    folder: Path,
    certificate: Path | None,
    passphrase_file: Path | None,
    demonstration: bool,
    timestamp_url: str | None,
    as_json: bool,
) -> None:
    """Sign every paper of FOLDER that is not signed yet (PAdES); a paper that was changed is refused."""
    if demonstration == (certificate is not None):
        raise click.UsageError("Give --certificate, or --demonstration.")
    record = papers_folder.open_record(folder)
    at = signing.moment(record, SystemClock().now())
    if demonstration and not record.test:
        raise IsoloirError("certificate_self_signed")
    signer = demonstration_signer(at) if certificate is None else read_signer(certificate, passphrase_file)
    authority = signing.Authority(timestamp_url) if timestamp_url else None
    with progress_bar() as bar:
        task = bar.add_task(record.election, total=None)
        signed = await signing.sign(
            folder,
            signer,
            at,
            authority=authority,
            progress=lambda _, done, of: bar.update(task, completed=done, total=of),
        )
    if as_json:
        show_json({"election": record.election, "signed": [path.name for path in signed]})
        return
    told = core_texts().get(language(ctx), "minutes.signed", files=len(signed))
    console().print(told, soft_wrap=True)


@minutes.command()
@folder_argument
@click.option("--archives", type=_folder, default=None, help="A folder of the boxes' .bel; else the instance's.")
@click.option("--trust", type=_file, multiple=True, help="A certificate to trust (PEM or DER); once for each.")
@json_option
@click.pass_context
@run
async def check(
    ctx: click.Context, folder: Path, archives: Path | None, trust: tuple[Path, ...], as_json: bool
) -> None:
    """Check the papers of FOLDER: signatures, every byte against the record, seats, and the boxes' archives.

    Needs no instance. Without --trust a signature is checked, and who made it is only told: compare the digest of the
    certificate with the one that the organiser gives out.
    """
    instance = ctx.find_root().obj
    if archives is None and isinstance(instance, Path):
        archives = instance / "archives" / papers_folder.open_record(folder).election
    roots = [one for path in trust for one in read_certificates(path)] if trust else None
    found = await checking.check(folder, archives=archives, trust=roots)
    if as_json:
        show_json({"holds": not any(one.faults for one in found), "checked": [_as_json(one) for one in found]})
    else:
        for one in found:
            _show(one, language(ctx))
        if archives is None:
            console().print(
                core_texts().get(language(ctx), "minutes.without_archives"), style="yellow", soft_wrap=True
            )
    if any(one.faults for one in found):
        ctx.exit(1)


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Read the certificates of a PEM or DER file; raises IsoloirError ``certificate_unreadable``."""
    try:
        raw = path.read_bytes()
        found = [der for _, _, der in pem.unarmor(raw, multiple=True)] if pem.detect(raw) else [raw]
        return [x509.Certificate.load(der, strict=True) for der in found]
    except (OSError, ValueError):
        raise IsoloirError("certificate_unreadable", file=path.name) from None


def _as_json(one: Checked) -> dict[str, Any]:
    return {
        "name": one.name,
        "faults": list(one.faults),
        "signatures": [
            {**vars(signature), "at": signature.at and signature.at.isoformat()} for signature in one.signatures
        ],
    }


def _show(one: Checked, locale: str) -> None:
    texts, out = core_texts(), console()
    out.print(Text(f"{'✗' if one.faults else '✓'} {one.name}", style="red" if one.faults else "green"))
    for code in one.faults:
        out.print(Text(f"    {code}: {texts.get(locale, f'minutes.fault.{code}')}"), soft_wrap=True)
    for signature in one.signatures:
        told = {
            "who": signature.subject,
            "at": signature.at.isoformat(timespec="seconds") if signature.at else "–",
            "sha256": signature.sha256,
        }
        out.print(Text(f"    {texts.get(locale, 'minutes.signature', **told)}"), soft_wrap=True)
        notes = {
            "self_signed": signature.self_signed,
            "timestamped": signature.timestamped,
            "trusted": signature.trusted is True,
            "not_asked": signature.trusted is None,
        }
        for note in (name for name, holds in notes.items() if holds):
            out.print(Text(f"    {texts.get(locale, f'minutes.signature.{note}')}"), soft_wrap=True)
