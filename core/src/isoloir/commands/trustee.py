"""`isoloir trustee`: a member's own share, on the member's own computer; no instance is needed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from isoloir import unsealing
from isoloir.commands.context import console, core_texts, json_option, language, show_json
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare

PARTIAL_FORMAT = "isoloir-partial-decryption/1"


@click.group()
def trustee() -> None:
    """Make a key share, and decrypt with it."""


@trustee.command()
@click.option("--election", required=True, help="The election's id.")
@click.option("--board", required=True, help="The board's name in the election file.")
@click.option("--name", required=True, help="The member's function, as the election file names it.")
@click.option("--group", type=click.Choice(["Ed25519", "BELENIOS-2048"]), default="Ed25519", show_default=True)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@json_option
def new(election: str, board: str, name: str, group: str, folder: Path, as_json: bool) -> None:
    """Make a share in FOLDER: NAME.json, to keep and copy; NAME.public.json, to hand to the election."""
    share = KeyShare.generate(election, board, name, group)
    private, public = folder / f"{name}.json", folder / f"{name}.public.json"
    share.write(private)
    KeyShare.read(private)  # proved readable before anybody relies on it
    public.write_text(json.dumps(share.public.to_json(), indent=1))
    if as_json:
        show_json({"share": str(private), "public": str(public)})
        return
    texts, locale = core_texts(), language()
    console().print(texts.get(locale, "trustee.made", share=private, public=public))


@trustee.command()
@click.option("--share", "share_file", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@click.argument("archives", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@json_option
def decrypt(share_file: Path, out: Path, archives: tuple[Path, ...], as_json: bool) -> None:
    """Check ARCHIVES and decrypt their tallies with one share, without any network."""
    share = KeyShare.read(share_file)
    partials = {}
    for path in archives:
        if not path.is_file():
            raise IsoloirError("archive_missing", file=path.name)
        owner, data = unsealing.decrypt(path, share)
        partials[path.stem] = {"owner": owner, "partial_decryption": data.decode()}
    if out.exists():
        raise IsoloirError("file_exists", file=out.name)
    value = {
        "format": PARTIAL_FORMAT,
        "election": share.public.election,
        "trustee": share.public.trustee,
        "contests": partials,
    }
    out.write_text(json.dumps(value, indent=1))
    if as_json:
        show_json({"partial": str(out), "contests": sorted(partials)})
    else:
        console().print(core_texts().get(language(), "trustee.decrypted", out=out, number=len(partials)))


def read_partial(path: Path, election_id: str) -> dict[str, tuple[int, bytes]]:
    """Read a file of partial decryptions: contest → (holder from 1, bytes). Raises ``partial_unreadable``."""
    try:
        value = json.loads(path.read_bytes())
        if value["format"] != PARTIAL_FORMAT or value["election"] != election_id:
            raise IsoloirError("partial_unreadable", file=path.name)
        return {
            str(contest): (int(one["owner"]), str(one["partial_decryption"]).encode())
            for contest, one in value["contests"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise IsoloirError("partial_unreadable", file=path.name) from None
