"""Applies the acts of a case to an archive: small, and the same for every case.

Acts on parts come first; names, parents and heights are then written anew around what they changed ("re-chained").
Acts on records and bytes follow and change the file as it stands ("raw").
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ballot_kit.elections import VOTES, Contest, Replay

from isoloir_ballots import ballot, canonical, credentials, tally
from isoloir_ballots.archive import events
from isoloir_ballots.encrypted import CheckedBallot, Ciphertext

from .box import Box, Part, Record, at, load, write
from .values import VALUES

Act = dict[str, Any]
STUFFER = credentials.from_seed(b"a seed of the stuffer", 0)
"""A credential that the registrar never made."""


class Tamperer:
    """One archive of `contest` being changed; `other` is a second contest whose things may be put in."""

    def __init__(self, contest: Contest, archive: bytes, other: Contest, other_archive: bytes) -> None:
        self.contest = contest
        self.other = other
        self.box = Box.read(archive)
        self.other_box = Box.read(other_archive)
        self.records: list[Record] | None = None
        self.bytes: bytes | None = None

    def apply(self, acts: list[Act]) -> bytes:
        """Apply all acts, in order; the bytes of the file."""
        for act in acts:
            act = dict(act)
            name = act.pop("do").replace(" ", "_")
            if hasattr(self, f"part_{name}"):
                assert self.records is None, f"{name}: acts on parts come before raw ones"
                getattr(self, f"part_{name}")(**act)
            elif hasattr(self, f"record_{name}"):
                assert self.bytes is None, f"{name}: acts on records come before those on bytes"
                self.records = self.box.records() if self.records is None else self.records
                getattr(self, f"record_{name}")(**act)
            else:
                self.bytes = self._file()
                getattr(self, f"bytes_{name}")(**act)
        return self._file()

    def _file(self) -> bytes:
        if self.bytes is not None:
            return self.bytes
        return write(self.box.records() if self.records is None else self.records)

    def _edit(self, thing: str, change: Callable[[Any], Any]) -> None:
        part, index = self.box.find(thing)
        value = load(part.data[index])
        changed = change(value)
        part.data[index] = canonical.dump(value if changed is None else changed)

    def _value(self, to: Any, former: Any) -> Any:
        if isinstance(to, dict) and len(to) == 1 and next(iter(to)) in VALUES:
            return VALUES[next(iter(to))](self.contest.group, former)
        if isinstance(to, dict) and to.keys() == {"of", "at"}:
            container, key = at(self._object(to["of"]), to["at"])
            return container[key]
        return to

    def _object(self, thing: str) -> Any:
        box = self.box
        if thing.startswith("other "):
            box, thing = self.other_box, thing.removeprefix("other ")
        part, index = box.find(thing)
        return load(part.data[index])

    # Acts on parts.

    def part_set(self, thing: str, path: str, to: Any) -> None:
        """Give the value at `path` in `thing` another value."""

        def change(value: Any) -> None:
            container, key = at(value, path)
            former = container.get(key) if isinstance(container, dict) else container[key]
            container[key] = self._value(to, former)

        self._edit(thing, change)

    def part_exchange(self, thing: str, path: str, other: str) -> None:
        """Exchange the values at two paths."""

        def change(value: Any) -> None:
            (a, i), (b, j) = at(value, path), at(value, other)
            a[i], b[j] = b[j], a[i]

        self._edit(thing, change)

    def part_remove(self, thing: str, path: str) -> None:
        """Leave out the value at `path`."""

        def change(value: Any) -> None:
            container, key = at(value, path)
            del container[key]

        self._edit(thing, change)

    def part_append(self, thing: str, path: str, to: Any) -> None:
        """Add a value to the list at `path` (the whole, if empty)."""

        def change(value: Any) -> None:
            container, key = at({"": value}, path) if not path else at(value, path)
            container[key].append(self._value(to, None))

        self._edit(thing, change)

    def part_reverse(self, thing: str) -> None:
        """Reverse a list."""
        self._edit(thing, lambda value: value.reverse())

    def part_move_key_last(self, thing: str, key: str) -> None:
        """Write one key of an object last."""
        self._edit(thing, lambda value: value.update({key: value.pop(key)}))

    def part_text(self, thing: str, find: str, put: str) -> None:
        """Replace text in the bytes, once."""
        part, index = self.box.find(thing)
        assert find.encode() in part.data[index], f"“{find}” does not stand in {thing}"
        part.data[index] = part.data[index].replace(find.encode(), put.encode(), 1)

    def part_body(self, thing: str, put: str, times: int = 1) -> None:
        """Put other bytes in the place of the whole."""
        part, index = self.box.find(thing)
        part.data[index] = put.encode() * times

    def part_line_feed(self, thing: str) -> None:
        """End a thing with a line feed."""
        part, index = self.box.find(thing)
        part.data[index] += b"\n"

    def part_sign(self, thing: str) -> None:
        """Sign a changed ballot with the private key of the credential that it names."""
        part, index = self.box.find(thing)
        value = load(part.data[index])
        listed = [credentials.public(self.contest.group, self.contest.election.uuid, c) for c in self.contest.codes]
        part.data[index] = self.contest.sign(value, listed.index(value["credential"]))

    def part_enrol(self) -> None:
        """List one more credential: the stuffer's."""
        extra = credentials.public(self.contest.group, self.contest.election.uuid, STUFFER)
        self._edit("credentials", lambda value: sorted([*value, extra]))

    def part_strike_off(self, thing: str) -> None:
        """Take the credential of a ballot off the list."""
        credential = self._object(thing)["credential"]
        self._edit("credentials", lambda value: value.remove(credential))

    def part_numbers(self, thing: str, name: str, to: Any) -> None:
        """Change a number beside a tally or share (`num_tallied`, `total_weight`, `owner`)."""
        part, _ = self.box.find(thing)
        part.numbers[name] = self._value(to, part.numbers[name])

    def part_event(self, thing: str, name: str, to: Any = None) -> None:
        """Write another field in an event; without `to`, leave it out. Later events name it as it is then."""
        self.box.find(thing)[0].event[name] = self._value(to, None)

    def part_drop(self, thing: str) -> None:
        """Take out an event with its data."""
        self.box.parts.remove(self.box.find(thing)[0])

    def part_double(self, thing: str) -> None:
        """Put an event with its data twice."""
        part = self.box.find(thing)[0]
        self.box.parts.insert(self.box.parts.index(part), copy.deepcopy(part))

    def part_exchange_parts(self, thing: str, other: str) -> None:
        """Exchange two events with their data."""
        parts = self.box.parts
        i, j = (parts.index(self.box.find(name)[0]) for name in (thing, other))
        parts[i], parts[j] = parts[j], parts[i]

    def part_foreign(self, thing: str, of: str) -> None:
        """Put the bytes of a thing of the other contest in the place of ours."""
        part, index = self.box.find(thing)
        theirs, their_index = self.other_box.find(of)
        part.data[index] = theirs.data[their_index]

    def part_vote_again(self, thing: str, answers: list[list[int]]) -> None:
        """Add a second, valid ballot under the credential of one that is there."""
        value = self._object(thing)
        listed = [credentials.public(self.contest.group, self.contest.election.uuid, c) for c in self.contest.codes]
        again = self.contest.vote(listed.index(value["credential"]), answers)
        last = self.box.parts.index(self.box.all(events.BALLOT)[-1])
        self.box.parts.insert(last + 1, Part(events.BALLOT, [again]))

    def part_stuff(self, thing: str) -> None:
        """Put, for a ballot, one that is right in all but its credential, which the registrar never made."""
        part, index = self.box.find(thing)
        part.data[index] = ballot.make(self.contest.election, STUFFER, VOTES[0], Replay("stuffed"))

    def part_overvote(self, thing: str, question: int, answer: list[int]) -> None:
        """Put a ballot that chooses more than is allowed, and honestly proves that other number of choices."""
        part, index = self.box.find(thing)
        listed = [credentials.public(self.contest.group, self.contest.election.uuid, c) for c in self.contest.codes]
        code = self.contest.codes[listed.index(load(part.data[index])["credential"])]
        election = self.contest.election
        asked = list(election.questions)
        asked[question] = replace(asked[question], min=sum(answer), max=sum(answer))
        forged = replace(election, questions=tuple(asked))
        forged.__dict__["fingerprint"] = election.fingerprint  # the context that an honest ballot is bound to
        answers = [*VOTES[0]]
        answers[question] = answer
        part.data[index] = ballot.make(forged, code, answers, Replay("overvote"))

    def part_tally_again(self, skip: int = 0) -> None:
        """Add, open and count anew what the box now holds, but its first `skip` ballots; with the real keys."""
        contest, group = self.contest, self.contest.group
        checked = []
        for value in map(load, self.box.ballots[skip:]):
            rows = tuple(
                tuple(Ciphertext.from_json(choice, group.parse) for choice in answer["choices"])
                for answer in value["answers"]
            )
            checked.append(CheckedBallot("", value["credential"], 1, rows))
        total = tally.encrypted_tally(contest.setup, checked)
        box = self.box.find("tally")[0]
        box.data = [total.serialise()]
        box.numbers = {"num_tallied": total.num_tallied, "total_weight": total.total_weight}
        shares = contest.shares(total, "")
        for part, (_, share) in zip(self.box.all(events.PARTIAL_DECRYPTION), shares, strict=True):
            part.data = [share]
        self.box.find("result")[0].data = [tally.result(contest.setup, total, shares)]

    def part_open_too(self, owner: int) -> None:
        """Add the share of one more holder, after the others."""
        data, numbers = self.box.find("tally")[0].data[0], self.box.find("tally")[0].numbers
        total = tally.EncryptedTally.parse(
            self.contest.election, data, numbers["num_tallied"], numbers["total_weight"]
        )
        last = self.box.parts.index(self.box.all(events.PARTIAL_DECRYPTION)[-1])
        part = Part(events.PARTIAL_DECRYPTION, [self.contest.share(owner, total)], {"owner": owner})
        self.box.parts.insert(last + 1, part)

    def part_other_archive(self) -> None:
        """Put the other contest's whole archive in the place of this one."""
        self.box = copy.deepcopy(self.other_box)

    # Acts on records: counted from 0, the opening.

    def _records(self) -> list[Record]:
        assert self.records is not None
        return self.records

    def record_swap_records(self, first: int, second: int) -> None:
        """Exchange two records."""
        records = self._records()
        records[first], records[second] = records[second], records[first]

    def record_drop_record(self, number: int) -> None:
        """Leave out a record."""
        del self._records()[number]

    def record_double_record(self, number: int) -> None:
        """Put a record twice."""
        self._records().insert(number, self._records()[number])

    def record_header(self, number: int, offset: int, put: str) -> None:
        """Write other bytes at an offset of a header."""
        record = self._records()[number]
        raw = put.encode()
        record.header = record.header[:offset] + raw + record.header[offset + len(raw) :]

    # Acts on the bytes of the file.

    def bytes_replace(self, find: str, put: str) -> None:
        """Replace bytes by as many others, the last time that they occur."""
        data, place = self._file(), self._file().rindex(find.encode())
        assert len(find) == len(put)
        self.bytes = data[:place] + put.encode() + data[place + len(put) :]

    def bytes_cut(self, bytes: int = 0, records: int = 0) -> None:
        """Cut off the last bytes, or the last records."""
        end = len(self._file()) - bytes
        if records:
            end = len(write(self.box.records()[:-records]))
        self.bytes = self._file()[:end]

    def bytes_pad(self, zeros: int = 0, text: str = "") -> None:
        """Add to the end."""
        self.bytes = self._file() + b"\0" * zeros + text.encode()

    def bytes_spoil_padding(self) -> None:
        """Write into the zero bytes that fill the last block."""
        assert self._file().endswith(b"\0")
        self.bytes = self._file()[:-1] + b"\1"
