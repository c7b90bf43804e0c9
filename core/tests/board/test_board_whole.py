"""The board's whole way, without web or login: keys, seal, rehearsal, opening, ballots, close, unsealing."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from isoloir import board, key_ceremony, lifecycle, publication, registrar, rehearsal, unsealing
from isoloir.casting import Verifier, Voter, cast
from isoloir.clock import ShiftedClock, SystemClock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.counting import answer
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare, read_public_share
from isoloir.lifecycle import State
from isoloir.plugin_set import PluginSet
from isoloir.roll import NewEntry, add_entries, entries
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election
from isoloir_ballots.verify import check_archive


def both(text):
    return {"fr": text, "en": text}


def election_of(**changes):
    return ElectionFile.model_validate(
        {
            "id": "trial",
            "title": both("Essai"),
            "window": {"opens": SystemClock().now(), "closes": SystemClock().now() + timedelta(days=2)},
            "help_line": {"phone": "01 02 03 04 05", "hours": both("9-17")},
            "sender": {"name": "Bureau", "address": "bureau@vote.example", "subject": both("Vote")},
            "colleges": {"ph": both("PH")},
            "boards": {
                "national": {
                    "members": {
                        "president": {"role": "president", "name": "Alix Martin"},
                        "delegate": {"role": "delegate", "name": "Camille Petit"},
                    }
                }
            },
            "contests": [
                {
                    "id": "cspm", "title": both("CSPM"), "colleges": ["ph"], "board": "national", "seats": 2,
                    "lists": [
                        {"id": "a", "name": "Liste A", "candidates": ["A1", "A2"]},
                        {"id": "b", "name": "Liste B", "candidates": ["B1", "B2"]},
                    ],
                }
            ],
            "factors": {"x": {"plugin": "x"}},
            "policy": {"any": [{"id": "x", "label": both("X"), "all": ["x"]}]},
            **changes,
        }
    )  # fmt: skip


@pytest.fixture
async def place(tmp_path, store):
    clock = ShiftedClock(SystemClock())
    election = election_of()
    shares = [KeyShare.generate("trial", "national", name, "Ed25519") for name in ("president", "delegate")]
    await add_entries(
        store,
        election,
        [NewEntry("Dr", f"NOM{n}", "Alix", f"a{n}@ch.example", "", "ph", (), {}, {}) for n in range(5)],
    )
    return SimpleNamespace(
        folder=tmp_path, secrets=tmp_path / "secrets", archives=tmp_path / "archives", clock=clock, store=store,
        election=election, shares=shares, plugins=PluginSet.of(), keys=Keys.open(tmp_path), verifier=Verifier(),
    )  # fmt: skip


async def keyed(place):
    public = [share.public for share in place.shares]
    await board.make_keys(place.store, place.election, public, place.secrets, place.clock)


async def sealed(place):
    await keyed(place)
    await board.seal(place.store, place.election, place.plugins, place.clock)


async def rehearse(place, shares=None):
    return await rehearsal.rehearse(
        place.store, place.election, place.plugins, shares or place.shares, place.archives / "rehearsals", place.clock
    )


async def vote(place, number, choice):
    voter = (await entries(place.store, "trial"))[number]
    credential = await registrar.draw_credential(place.store, place.election, "cspm", keys_folder=place.secrets)
    setup = Election.parse((await publication.setup_bytes(place.store, "trial", "cspm"))[0])
    ballot = make(setup, credential, answer(place.election.contest("cspm"), choice))
    who = Voter(voter.id, "trial", place.clock.now())
    return await cast(place.store, place.election, who, "cspm", ballot, place.clock, place.verifier)


async def close(place):
    place.clock.move_to(place.election.window.grace_ends + timedelta(seconds=1))
    return await board.close_vote(place.store, place.election, place.clock, place.keys, place.secrets, place.archives)


async def unseal(place, shares=None, **options):
    boards = await key_ceremony.boards(place.store, place.election)
    partials = unsealing.partials_of(boards, place.election, place.archives, shares or place.shares)
    return await unsealing.unseal(place.store, place.election, place.archives, partials, place.clock, **options)


@pytest.mark.parametrize("choices", [[], ["a"], ["a", "a", "b", "blank"], ["blank"] * 5])
async def test_what_was_cast_comes_out(place, choices):
    """Zero ballots, one, several and only blanks: poll book, ballots and votes agree, the archive verifies."""
    await sealed(place)
    assert (await rehearse(place)).passed
    await board.open_vote(place.store, place.election, place.plugins, place.clock)
    for number, choice in enumerate(choices):
        await vote(place, number, choice)
    paths = await close(place)
    found = (await unseal(place)).contest("cspm")
    assert (found.entitled, found.poll_book, found.ballots) == (5, len(choices), len(choices))
    assert found.counts.blank == choices.count("blank")
    assert dict(found.counts.votes) == {"a": choices.count("a"), "b": choices.count("b")}
    assert check_archive(paths["cspm"]).ballots == len(choices)
    again = await unsealing.results(place.store, place.election)
    assert again.contest("cspm") == found
    assert await lifecycle.state(place.store, "trial") is State.TALLIED


async def test_no_opening_without_a_rehearsal(place):
    """`open` refuses a sealed election that was not rehearsed (rehearsal_missing), and passes once it was."""
    await sealed(place)
    with pytest.raises(IsoloirError, match="rehearsal_missing"):
        await board.open_vote(place.store, place.election, place.plugins, place.clock)
    await rehearse(place)
    await board.open_vote(place.store, place.election, place.plugins, place.clock)


async def test_a_change_of_the_system_voids_the_rehearsal(place):
    """After a change of the election file `open` refuses (rehearsal_outdated)."""
    await sealed(place)
    await rehearse(place)
    changed = place.election.model_copy(update={"title": place.election.title.model_copy(update={"fr": "Autre"})})
    with pytest.raises(IsoloirError, match="rehearsal_outdated"):
        await board.open_vote(place.store, changed, place.plugins, place.clock)


async def test_a_rehearsal_needs_the_real_shares(place):
    """A missing share and a share of another key are refused by name, and the election does not open."""
    await sealed(place)
    with pytest.raises(IsoloirError, match=r"share_not_given .*delegate"):
        await rehearse(place, place.shares[:1])
    other = KeyShare.generate("trial", "national", "delegate", "Ed25519")
    with pytest.raises(IsoloirError, match=r"share_foreign .*delegate"):
        await rehearse(place, [place.shares[0], other])
    with pytest.raises(IsoloirError, match="rehearsal_missing"):
        await board.open_vote(place.store, place.election, place.plugins, place.clock)


async def test_once_open_real_shares_are_refused_for_a_rehearsal(place):
    """An open election is not rehearsed any more."""
    await sealed(place)
    await rehearse(place)
    await board.open_vote(place.store, place.election, place.plugins, place.clock)
    with pytest.raises(IsoloirError, match="already_open"):
        await rehearse(place)


async def test_rehearsal_before_the_seal_is_refused(place):
    """There is nothing to rehearse before the election is sealed."""
    await keyed(place)
    with pytest.raises(IsoloirError, match="not_sealed"):
        await rehearse(place)


async def test_no_close_before_the_grace_is_over(place):
    """The freeze waits for the voters who were logged in at the close."""
    await sealed(place)
    await rehearse(place)
    await board.open_vote(place.store, place.election, place.plugins, place.clock)
    place.clock.move_to(place.election.window.closes + timedelta(minutes=29))
    with pytest.raises(IsoloirError, match="grace_not_over"):
        await board.close_vote(place.store, place.election, place.clock, place.keys, place.secrets, place.archives)


async def test_a_tie_waits_for_the_boards_lot(place):
    """Equal lists for the last seat: no result until the board's lot is given; then as drawn, and recorded."""
    place.election = election_of(contests=[{**election_of().contests[0].model_dump(), "seats": 1}])
    await sealed(place)
    await rehearse(place)
    await board.open_vote(place.store, place.election, place.plugins, place.clock)
    await vote(place, 0, "a")
    await vote(place, 1, "b")
    await close(place)
    with pytest.raises(IsoloirError, match="tie_needs_lot"):
        await unseal(place)
    assert await lifecycle.state(place.store, "trial") is State.CLOSED
    found = (await unseal(place, lots={"cspm": ["b"]})).contest("cspm")
    assert dict(found.allocation.seats) == {"a": 0, "b": 1}
    assert found.elected == {"a": (), "b": ("B1",)}


async def test_a_wrong_partial_decryption_changes_nothing(place):
    """A share that decrypts wrongly is refused with its clause and changes nothing; the right ones pass."""
    await sealed(place)
    await rehearse(place)
    await board.open_vote(place.store, place.election, place.plugins, place.clock)
    await vote(place, 0, "a")
    paths = await close(place)
    before = paths["cspm"].read_bytes()
    partials = [unsealing.decrypt(paths["cspm"], share) for share in place.shares]
    swapped = {"cspm": [(1, partials[1][1]), (2, partials[0][1])]}
    with pytest.raises(IsoloirError, match=r"partial_invalid .*tally.decryption_proof"):
        await unsealing.unseal(place.store, place.election, place.archives, swapped, place.clock)
    assert paths["cspm"].read_bytes() == before
    assert (await unseal(place)).contest("cspm").counts.votes["a"] == 1


async def test_closing_twice_is_harmless(place):
    """A close that was cut off is finished by running it again; the archive keeps its bytes."""
    await sealed(place)
    await rehearse(place)
    await board.open_vote(place.store, place.election, place.plugins, place.clock)
    await vote(place, 0, "a")
    first = (await close(place))["cspm"].read_bytes()
    assert (await close(place))["cspm"].read_bytes() == first
    with pytest.raises(IsoloirError, match="box_frozen"):
        await vote(place, 1, "a")


async def test_a_share_is_read_back_as_written_and_its_file_is_private(place):
    """A share survives its file, mode 0600; a changed one, a missing one and a public one are told apart."""
    path = place.folder / "president.json"
    place.shares[0].write(path)
    assert KeyShare.read(path) == place.shares[0]
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(IsoloirError, match="file_exists"):
        place.shares[0].write(path)
    with pytest.raises(IsoloirError, match="share_missing"):
        KeyShare.read(place.folder / "nobody.json")
    path.write_text(path.read_text().replace(str(place.shares[0].secret), "12"))
    with pytest.raises(IsoloirError, match="share_unreadable"):
        KeyShare.read(path)
    path.chmod(0o644)
    with pytest.raises(IsoloirError, match="secret_file_readable"):
        KeyShare.read(path)
    with pytest.raises(IsoloirError, match="share_unreadable"):
        read_public_share(path)


async def test_a_share_never_shows_its_private_key(place):
    """Neither repr nor the public part holds the private key."""
    secret = str(place.shares[0].secret)
    assert secret not in repr(place.shares[0])
    assert secret not in str(place.shares[0].public.to_json())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda shares: shares[:1], "share_not_given"),
        (lambda shares: [*shares, shares[0]], "share_twice"),
        (lambda shares: [*shares, KeyShare.generate("trial", "national", "x", "Ed25519")], "share_unexpected"),
        (lambda shares: [shares[0], KeyShare.generate("other", "national", "delegate", "Ed25519")], "share_foreign"),
        (
            lambda shares: [shares[0], KeyShare.generate("trial", "national", "delegate", "BELENIOS-2048")],
            "share_foreign",
        ),
    ],
)  # fmt: skip
async def test_keys_are_made_from_exactly_the_boards_shares(place, change, code):
    """Missing, doubled, unknown and foreign shares are refused, and the election stays configured."""
    place.shares = change(place.shares)
    with pytest.raises(IsoloirError, match=code):
        await keyed(place)
    assert await lifecycle.state(place.store, "trial") is State.CONFIGURED
