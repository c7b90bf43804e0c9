"""`isoloir trustee`: a member's own share, on the member's own computer; no instance and no network is needed."""

from __future__ import annotations

from pathlib import Path

import click

from isoloir import substitute_copy
from isoloir.ceremony import member as members
from isoloir.ceremony import progress
from isoloir.ceremony.documents import Document, Transcript
from isoloir.commands.context import console, core_texts, json_option, language, show_json
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials

_file = click.Path(path_type=Path, dir_okay=False)
_folder = click.Path(path_type=Path, file_okay=False)
share_option = click.option("--share", "share_file", type=_file, required=True, help="Your share's file.")
code_option = click.option(
    "--code-file", type=_file, help="A file with the code that locks your share; asked for when left out."
)
transcript_argument = click.argument("transcript_file", metavar="TRANSCRIPT", type=_file)


def read_code(code_file: Path | None, share: Path, *, confirm: bool = False) -> str:
    """Return a share's code from a file, or ask for it without showing it; raises ``share_code_file``."""
    if code_file is None:
        asked = core_texts().get(language(), "trustee.code", file=share.name)
        return str(click.prompt(asked, hide_input=True, confirmation_prompt=confirm))
    try:
        return code_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise IsoloirError("share_code_file", file=code_file.name) from None


@click.group()
def trustee() -> None:
    """Make a key share, and decrypt with it."""


@trustee.command()
@transcript_argument
@click.option("--board", required=True, help="The board's id in the election file.")
@click.option("--member", required=True, help="Your id on that board, as the election file has it.")
@click.argument("folder", type=_folder)
@code_option
@json_option
def new(transcript_file: Path, board: str, member: str, folder: Path, code_file: Path | None, as_json: bool) -> None:
    """Make your share in FOLDER, locked by your code, and the first document to hand over."""
    share, document = members.begin(Transcript.read(transcript_file).plan, board, member)
    path = folder / f"{board}-{member}.json"
    share.write(path, read_code(code_file, path, confirm=True))
    _handed(path, document, folder, as_json, made=True)


@trustee.command(name="continue")
@transcript_argument
@share_option
@code_option
@json_option
def continue_(transcript_file: Path, share_file: Path, code_file: Path | None, as_json: bool) -> None:
    """Check what the others handed over, and make your next document, beside your share."""
    code = read_code(code_file, share_file)
    share, transcript = KeyShare.read(share_file, code), Transcript.read(transcript_file)
    after, document = members.continue_(transcript, share)
    if after != share:
        after.rewrite(share_file, code)
    _handed(share_file, document, share_file.parent, as_json, made=False)
    digest = progress.certificates(transcript, share.board)
    if digest and not as_json:
        console().print(core_texts().get(language(), "trustee.compare", digest=digest), soft_wrap=True)


@trustee.command()
@transcript_argument
@click.option("--board", required=True, help="The board's id in the election file.")
@click.option("--member", required=True, help="Your id on that board, as the election file has it.")
@click.option("--seed-file", type=_file, help="A file with what your paper sheet says; asked for when left out.")
@click.argument("folder", type=_folder)
@code_option
@json_option
def restore(
    transcript_file: Path,
    board: str,
    member: str,
    seed_file: Path | None,
    folder: Path,
    code_file: Path | None,
    as_json: bool,
) -> None:
    """Make your share's file again from your paper sheet, when file or code is lost."""
    asked = core_texts().get(language(), "trustee.seed")
    seed = read_code(seed_file, seed_file) if seed_file else str(click.prompt(asked))
    share = members.restore(Transcript.read(transcript_file), board, member, seed)
    path = folder / f"{board}-{member}.json"
    share.write(path, read_code(code_file, path, confirm=True))
    _handed(path, None, folder, as_json, made=True)


@trustee.command()
@share_option
@code_option
def sheet(share_file: Path, code_file: Path | None) -> None:
    """Show what to write on your paper sheet: with it alone, and the transcript, your share can be made again."""
    share = KeyShare.read(share_file, read_code(code_file, share_file))
    texts = core_texts()
    told = {"election": share.election, "board": share.board, "trustee": share.member, "seed": share.seed}
    console().print(texts.get(language(), "trustee.sheet", **told), markup=False)


@trustee.command()
@share_option
@click.option("--out", type=_file, required=True, help="The file to write.")
@click.option(
    "--total",
    "confirmed",
    multiple=True,
    help="The digest of a total, as `isoloir verify` computed it on the board's machine; asked when left out.",
)
@click.argument("archives", nargs=-1, required=True, type=_file)
@code_option
@json_option
def decrypt(
    share_file: Path,
    out: Path,
    confirmed: tuple[str, ...],
    archives: tuple[Path, ...],
    code_file: Path | None,
    as_json: bool,
) -> None:
    """Check ARCHIVES, and decrypt their totals with your share, without any network."""
    share = KeyShare.read(share_file, read_code(code_file, share_file))
    boxes = [Box.verified(path) for path in archives]
    texts, locale = core_texts(), language()
    for path, box in zip(archives, boxes, strict=True):
        told = {"file": path.name, "name": box.setup.election.name, "ballots": box.total.num_tallied}
        if not confirmed and not as_json:
            click.confirm(texts.get(locale, "trustee.confirm", digest=box.digest, **told), abort=True)
        elif box.digest not in confirmed:
            raise IsoloirError("total_unconfirmed", file=path.name, digest=box.digest)
    Partials.make(share, boxes).write(out)
    if as_json:
        show_json({"partials": str(out), "boxes": [box.uuid for box in boxes]})
    else:
        console().print(texts.get(locale, "trustee.decrypted", out=out, number=len(boxes)))


@trustee.command()
@share_option
@code_option
@click.option("--out", "copy_file", type=_file, required=True, help="The copy to write: the substitute keeps it.")
@click.option("--release", "release_file", type=_file, required=True, help="The key to write: the election keeps it.")
@click.option("--copy-code-file", type=_file, help="A file with the substitute's own code; asked for when left out.")
@json_option
def copy(
    share_file: Path,
    code_file: Path | None,
    copy_file: Path,
    release_file: Path,
    copy_code_file: Path | None,
    as_json: bool,
) -> None:
    """Make your substitute's copy of your share: it opens with their code, once their replacing you is on record."""
    share = KeyShare.read(share_file, read_code(code_file, share_file))
    release = substitute_copy.make(share, copy_file, read_code(copy_code_file, copy_file, confirm=True))
    release.write(release_file)
    if as_json:
        show_json({"copy": str(copy_file), "release": str(release_file)})
        return
    told = {"copy": copy_file, "release": release_file}
    console().print(core_texts().get(language(), "trustee.copied", **told), soft_wrap=True)


@trustee.command()
@click.argument("copy_file", metavar="COPY", type=_file)
@click.option("--release", "release_file", type=_file, required=True, help="The key that the election freed.")
@click.argument("folder", type=_folder)
@click.option("--copy-code-file", type=_file, help="A file with your code; asked for when left out.")
@json_option
def take(copy_file: Path, release_file: Path, folder: Path, copy_code_file: Path | None, as_json: bool) -> None:
    """Make a share in FOLDER from your COPY, as the substitute who now sits in the member's place."""
    code = read_code(copy_code_file, copy_file)
    share = substitute_copy.take(copy_file, substitute_copy.Release.read(release_file), code)
    path = folder / f"{share.board}-{share.member}.json"
    share.write(path, code)
    _handed(path, None, folder, as_json, made=False)


def _handed(share: Path, document: Document | None, folder: Path, as_json: bool, *, made: bool) -> None:
    path = None
    if document is not None:
        path = folder / f"{document.board}-{document.member}.{document.round.value}.json"
        document.write(path)
    if as_json:
        show_json({"share": str(share), "document": None if path is None else str(path)})
        return
    texts, locale = core_texts(), language()
    if made:
        console().print(texts.get(locale, "trustee.made", share=share))
    if path is not None:
        console().print(texts.get(locale, "trustee.hand_over", document=path))
    elif not made:
        console().print(texts.get(locale, "trustee.complete", share=share))
