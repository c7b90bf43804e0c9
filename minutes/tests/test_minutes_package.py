"""The package: whole, the same bytes each time, and no change to any of it unnoticed."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir_minutes import package
from isoloir_minutes.package.manifest import MANIFEST, entry_of

pytestmark = pytest.mark.xdist_group("minutes")


async def _made(instance_folder, papers, file):
    async with Instance.open(instance_folder) as instance:
        return await package.make(instance, instance.election("essai"), papers, file)


@pytest.fixture(scope="session")
def packed(tallied, signed_once, tmp_path_factory) -> Path:
    """The package of the election of the run; nobody writes into it."""
    file = tmp_path_factory.mktemp("package") / "essai.tar"
    asyncio.run(_made(tallied, signed_once, file))
    return file


def members(file):
    with tarfile.open(file) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}


def repacked(file, contents, *, honest=True, strange=()):
    """Write a package of these contents; an honest manifest agrees with them, whatever they are."""
    if honest:
        told = json.loads(contents[MANIFEST])
        told["files"] = {name: vars(entry_of(raw)) for name, raw in contents.items() if name != MANIFEST}
        contents = {**contents, MANIFEST: json.dumps(told).encode()}
    with tarfile.open(file, "w") as tar:
        for name in sorted(contents, key=lambda one: (one != MANIFEST, one)):
            member = tarfile.TarInfo(name)
            member.size = len(contents[name])
            tar.addfile(member, io.BytesIO(contents[name]))
        for member in strange:
            tar.addfile(member)
    return file


def wrong(file, **options):
    return {one.name: one.faults for one in asyncio.run(package.verify(file, **options)) if one.faults}


def test_the_package_holds_everything_and_verifies(packed, record):
    """Each thing that R.211-580 lists is in it, its owner's alone, and all of it verifies, proofs included."""
    assert packed.stat().st_mode & 0o777 == 0o600
    found = members(packed)
    for name in (
        "LISEZMOI.txt", "papers/proces-verbal.pdf", "papers/emargement.csv", "papers/minutes-record.json",
        "election/election.toml", "roll/roll.jsonl", "log/audit-log.jsonl", "system/distributions.json",
        "system/code/isoloir-core/lifecycle.py", "system/code/isoloir-ballots/verify/archives.py",
        "system/code/isoloir-minutes/paper.py", "system/code/isoloir-web/static/booth/index.html",
    ):  # fmt: skip
        assert name in found
    for contest in record.contests:
        assert f"boxes/{contest.id}.bel" in found
        assert f"publications/{contest.id}.json" in found
    assert len([name for name in found if name.startswith("rehearsals/")]) == 5
    assert wrong(packed) == {}


def test_the_package_has_no_contact_and_no_secret(packed):
    """No e-mail of an elector, no key, no seed: what the law does not ask for is not kept."""
    found = members(packed)
    assert not [name for name in found if "secret" in name.split("/")[0] or name.endswith(".sqlite3")]
    assert b"x@ch.example" not in b"".join(raw for name, raw in found.items() if not name.startswith("system/"))


def test_the_same_election_gives_the_same_package(packed, tallied, signed_once, tmp_path):
    """Made again, the package has the same bytes; a name that is taken is refused, and nothing half is left."""
    again = tmp_path / "again.tar"
    asyncio.run(_made(tallied, signed_once, again))
    assert again.read_bytes() == packed.read_bytes()
    with pytest.raises(IsoloirError, match="file_exists"):
        asyncio.run(_made(tallied, signed_once, again))
    assert list(tmp_path.iterdir()) == [again]


def test_papers_that_do_not_hold_are_not_packed(tallied, papers, signed, tmp_path):
    """Unsigned papers and changed ones are refused by name (package_papers)."""
    with pytest.raises(IsoloirError, match=r"package_papers .*not_signed"):
        asyncio.run(_made(tallied, papers, tmp_path / "x.tar"))
    (signed / "emargement.pdf").write_bytes(b"%PDF-1.7")
    with pytest.raises(IsoloirError, match=r"package_papers .*emargement.pdf"):
        asyncio.run(_made(tallied, signed, tmp_path / "x.tar"))
    assert not (tmp_path / "x.tar").exists()


def test_what_was_not_sealed_is_not_packed(tallied, signed, tmp_path):
    """An election file that was changed after the seal is refused (package_not_sealed)."""
    folder = Path(shutil.copytree(tallied, tmp_path / "instance"))
    file = folder / "elections" / "essai" / "election.toml"
    file.write_text(file.read_text().replace("01 99 00 12 34", "01 99 00 12 35"))
    with pytest.raises(IsoloirError, match=r"package_not_sealed .*election/election.json"):
        asyncio.run(_made(folder, signed, tmp_path / "x.tar"))


def test_a_file_that_is_not_the_manifests_is_found(packed, tmp_path):
    """Changed, longer, missing and extra files, each by its name."""
    whole = members(packed)
    file = tmp_path / "x.tar"
    roll = whole["roll/roll.jsonl"]
    for changed, found in (
        ({"roll/roll.jsonl": roll.replace(b"Essai00", b"Essai99")}, ("digest_differs",)),
        ({"roll/roll.jsonl": roll + b"\n"}, ("digest_differs",)),
    ):
        assert wrong(repacked(file, {**whole, **changed}, honest=False)) == {"roll/roll.jsonl": found}
    less = {name: raw for name, raw in whole.items() if name != "roll/roll.jsonl"}
    assert wrong(repacked(file, less, honest=False)) == {"roll/roll.jsonl": ("file_missing",)}
    more = {**whole, "notes.txt": b"x"}
    assert wrong(repacked(file, more, honest=False)) == {"notes.txt": ("file_extra",)}


def cut_log(raw):
    return b"\n".join(raw.split(b"\n")[:-2])


def moved_log(raw):
    lines = raw.split(b"\n")
    return b"\n".join([lines[1], lines[0], *lines[2:]])


@pytest.mark.parametrize(
    ("name", "spoil", "found"),
    [
        ("roll/roll.jsonl", lambda raw: raw.replace(b"Essai00", b"Essai99"), {"roll/roll.jsonl": ("not_as_sealed",)}),
        (
            "election/election.json",
            lambda raw: raw.replace(b"Verne", b"Berne"),
            {"election/election.json": ("not_as_sealed",)},
        ),
        (
            "system/code/isoloir-core/lifecycle.py",
            lambda raw: raw + b"\n",
            {"system/code/isoloir-core": ("not_as_sealed",)},
        ),
        ("system/distributions.json", lambda raw: raw + b" ", {"system/distributions.json": ("not_as_sealed",)}),
        ("log/audit-log.jsonl", cut_log, {"log/audit-log.jsonl": ("log_broken",)}),
        ("log/audit-log.jsonl", moved_log, {"log/audit-log.jsonl": ("log_broken",)}),
        ("publications/cspm.json", lambda raw: b"[]", {"publications/cspm.json": ("publication_broken",)}),
        (
            "publications/cspm.json",
            lambda raw: raw.replace(b'"count": 19', b'"count": 18'),
            {"publications/cspm.json": ("publication_broken",)},
        ),
        (
            "papers/emargement-cspm.csv",
            lambda raw: raw.replace(b"Essai00", b"Essai99"),
            {"emargement-cspm.pdf": ("poll_book_changed",)},
        ),
        ("boxes/cspm.bel", lambda raw: raw[:-512], {"cspm.bel": ("archive_invalid",)}),
    ],
)
def test_a_manifest_that_was_made_to_agree_hides_nothing(packed, tmp_path, name, spoil, found):
    """Whoever changes a file and its line of the manifest is found by what the record binds."""
    whole = members(packed)
    spoilt = spoil(whole[name])
    assert spoilt != whole[name]
    assert wrong(repacked(tmp_path / "x.tar", {**whole, name: spoilt})) == found


def test_a_spoilt_rehearsal_is_found(packed, tmp_path):
    """The rehearsals' archives are verified too."""
    whole = members(packed)
    name = next(one for one in whole if one.startswith("rehearsals/") and one.endswith(".bel"))
    assert wrong(repacked(tmp_path / "x.tar", {**whole, name: whole[name][:-512]})) == {name: ("archive_invalid",)}


def test_other_minutes_of_the_rehearsal_are_found(packed, record, tmp_path):
    """Its own minutes are those whose digest the record has: changed, or left out, they are named."""
    whole, name = members(packed), f"rehearsals/{record.rehearsal.minutes}"
    assert wrong(repacked(tmp_path / "x.tar", {**whole, name: b"%PDF-1.7 of another"})) == {name: ("not_as_sealed",)}
    less = {one: raw for one, raw in whole.items() if one != name}
    assert wrong(repacked(tmp_path / "y.tar", less)) == {name: ("not_as_sealed",)}


def strange(name, kind, link=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(
    "member",
    [
        strange("../outside", tarfile.REGTYPE),
        strange("/etc/passwd", tarfile.REGTYPE),
        strange("papers/../../x", tarfile.REGTYPE),
        strange("papers/link", tarfile.SYMTYPE, "/etc/passwd"),
        strange("papers/hard", tarfile.LNKTYPE, "papers/emargement.csv"),
        strange("papers/fifo", tarfile.FIFOTYPE),
        strange("papers", tarfile.DIRTYPE),
        strange("roll/roll.jsonl", tarfile.REGTYPE),
        strange(MANIFEST, tarfile.REGTYPE),
    ],
)
def test_a_hostile_member_is_refused(packed, tmp_path, member):
    """Paths upwards, links, pipes, folders and doubles: no package (package_unreadable), and nothing is written."""
    file = repacked(tmp_path / "x.tar", members(packed), strange=[member])
    if member.name == MANIFEST:
        assert wrong(file) == {MANIFEST: ("file_extra",)}
        return
    with pytest.raises(IsoloirError, match="package_unreadable"):
        wrong(file)
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize("raw", [b"", b"hello", b"\0" * 10_240])
def test_what_is_no_package_is_refused(tmp_path, raw):
    """Nothing, a text and an empty archive are package_unreadable; so is a missing file."""
    file = tmp_path / "x.tar"
    file.write_bytes(raw)
    for path in (file, tmp_path / "none.tar"):
        with pytest.raises(IsoloirError, match="package_unreadable"):
            wrong(path)


def test_a_manifest_must_come_first_and_be_one(packed, tmp_path):
    """Without it, with a foreign format or with a path upwards in it there is no package."""
    whole = members(packed)
    told = json.loads(whole[MANIFEST])
    file = tmp_path / "x.tar"
    less = {name: raw for name, raw in whole.items() if name != MANIFEST}
    for contents in (
        less,
        {**whole, MANIFEST: b"{"},
        {**whole, MANIFEST: json.dumps({**told, "format": "other/1"}).encode()},
        {**whole, MANIFEST: json.dumps({**told, "files": {"../x": {"sha256": "0" * 64, "size": 0}}}).encode()},
    ):
        with pytest.raises(IsoloirError, match="package_unreadable"):
            wrong(repacked(file, contents, honest=False))
