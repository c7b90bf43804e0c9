"""Every text that is hashed, with its digest, in one small whole election: `…-hash-inputs.json`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from ballot_kit.elections import Contest
from tampering.box import Box
from tampering.judge import contests

from isoloir_ballots import credentials
from isoloir_ballots.election import Question
from isoloir_ballots.groups import Element, Group

Item = dict[str, Any]


class _Inputs:
    """Written from the specification, with exponentiation and serialisation of the library and nothing else."""

    def __init__(self, contest: Contest, archive: bytes) -> None:
        self.contest = contest
        self.group: Group = contest.group
        self.box = Box.read(archive)
        self.phi = contest.election.fingerprint
        self.items: list[Item] = []

    def digest(self, what: str, of: str, encoding: str) -> None:
        raw = hashlib.sha256(of.encode()).digest()
        self.items.append({"what": what, "input": of, "sha256": raw.hex(), "is": encoding})

    def challenge(self, what: str, where: str, prefix: str, commitments: Sequence[Element], expected: int) -> None:
        text = prefix + ",".join(map(self.group.serialise, commitments))
        raw = hashlib.sha256(text.encode()).digest()
        value = int.from_bytes(raw, "big") % self.group.q
        assert value == expected, f"{what} at {where} is not what the proof holds"
        self.items.append({"what": what, "where": where, "input": text, "sha256": raw.hex(), "challenge": str(value)})

    def power(self, text: str, exponent: str, base: str, other: str) -> Element:
        """g^exponent-like products: text^exponent · base^other."""
        group = self.group
        bases = [group.parse(text, identity=True), group.parse(base, identity=True)]
        return group.multiply(group.power(bases[0], int(exponent)), group.power(bases[1], int(other)))

    def knowledge(self, what: str, where: str, prefix: str, key: str, proof: dict[str, str]) -> None:
        g = self.group.serialise(self.group.generator)
        commitment = self.power(g, proof["response"], key, proof["challenge"])
        self.challenge(what, where, prefix, [commitment], int(proof["challenge"]))

    def disjunction(
        self, what: str, where: str, prefix: str, branches: Sequence[tuple[str, str]], proofs: list[dict[str, str]]
    ) -> None:
        g, y = self.group.serialise(self.group.generator), self.contest.election.public_key
        commitments = []
        for (alpha, beta), proof in zip(branches, proofs, strict=True):
            commitments.append(self.power(g, proof["response"], alpha, proof["challenge"]))
            commitments.append(self.power(y, proof["response"], beta, proof["challenge"]))
        total = sum(int(proof["challenge"]) for proof in proofs) % self.group.q
        self.challenge(what, where, prefix, commitments, total)

    def minus(self, beta: str, message: int) -> str:
        """β / g^message."""
        group = self.group
        divided = group.divide(group.parse(beta, identity=True), group.generator_power(message))
        return group.serialise(divided)

    def setup(self) -> None:
        election, trustees, listed = (data.decode() for data in self.box.setup)
        self.digest("fingerprint", election, "base 64 without padding: election_hash of ballots, φ below")
        for what, text in (("election", election), ("trustees", trustees), ("public_credentials", listed)):
            self.digest(f"record {what}", text, "hexadecimal: the name of the record")
        for number, (_, entry) in enumerate(json.loads(trustees), 1):
            prefix = f"pok|{self.group.name}|{entry['public_key']}|"
            self.knowledge("pok", f"trustee {number}", prefix, entry["public_key"], entry["pok"])
        code, uuid = self.contest.codes[0], self.contest.election.uuid
        for half in (0, 1):
            text = f"derive_credential|{uuid}|{half}|{code}"
            self.digest(f"credential {half}", text, "big-endian; both halves together, modulo q: the private key")
        assert credentials.secret(self.group, uuid, code) == (
            int("".join(item["sha256"] for item in self.items[-2:]), 16) % self.group.q
        )

    def ballot(self) -> None:
        data = self.box.ballots[0]
        value = json.loads(data)
        context = f"{self.phi}|{value['credential']}"
        unsigned = data.decode()[: data.decode().rindex(',"signature":')] + "}"
        self.digest("unsigned ballot", unsigned, "base 64 without padding: signature.hash")
        self.digest("ballot", data.decode(), "base 64 without padding: the tracker; hexadecimal: the record's name")
        prefix = f"sig|{value['signature']['hash']}|"
        self.knowledge("sig", "signature", prefix, value["credential"], value["signature"]["proof"])
        for number, (question, answer) in enumerate(
            zip(self.contest.election.questions, value["answers"], strict=True)
        ):
            self.answer(f"answers.{number}", question, answer, context)

    def answer(self, where: str, question: Question, answer: Any, context: str) -> None:
        pairs = [(choice["alpha"], choice["beta"]) for choice in answer["choices"]]
        for number, ((alpha, beta), proofs) in enumerate(zip(pairs, answer["individual_proofs"], strict=True)):
            branches = [(alpha, beta), (alpha, self.minus(beta, 1))]
            prefix = f"prove|{context}|{alpha},{beta}|"
            self.disjunction("individual", f"{where}.individual_proofs.{number}", prefix, branches, proofs)
        whole = f"{context}|{','.join(f'{alpha},{beta}' for alpha, beta in pairs)}"
        sums = [
            self.group.serialise(self.group.product(self.group.parse(pair[side]) for pair in pairs[question.blank :]))
            for side in (0, 1)
        ]
        counts = [(sums[0], self.minus(sums[1], number)) for number in range(question.min, question.max + 1)]
        if not question.blank:
            prefix = f"prove|{whole}|{sums[0]},{sums[1]}|"
            self.disjunction("overall", f"{where}.overall_proof", prefix, counts, answer["overall_proof"])
            return
        flag = pairs[0]
        branches = [flag, (sums[0], sums[1])]
        self.disjunction("blank", f"{where}.blank_proof", f"bproof0|{whole}|", branches, answer["blank_proof"])
        branches = [(flag[0], self.minus(flag[1], 1)), *counts]
        self.disjunction(
            "overall with blank", f"{where}.overall_proof", f"bproof1|{whole}|", branches, answer["overall_proof"]
        )

    def shares(self) -> None:
        tally = json.loads(self.box.find("tally")[0].data[0])
        g = self.group.serialise(self.group.generator)
        for number, key in enumerate(self.contest.keys, 1):
            public = self.group.serialise(key.entry.key)
            share = json.loads(self.box.find(f"share {number}")[0].data[0])
            for i, row in enumerate(tally):
                for j, sum_ in enumerate(row):
                    proof, factor = share["decryption_proofs"][i][j], share["decryption_factors"][i][j]
                    commitments = [
                        self.power(g, proof["response"], public, proof["challenge"]),
                        self.power(sum_["alpha"], proof["response"], factor, proof["challenge"]),
                    ]
                    prefix = f"decrypt|{self.phi}|{public}|"
                    where = f"share {number}: {i}.{j}"
                    self.challenge("decrypt", where, prefix, commitments, int(proof["challenge"]))

    def events(self) -> None:
        for record in self.box.records():
            if b".event.json" in record.header[:100]:
                self.digest("event", record.body.decode(), "hexadecimal: the next event's parent, the record's name")


def hash_inputs(group: str) -> dict[str, Any]:
    """The vectors of one group, about its archive beside (`….bel`): the first ballot, both shares, all events."""
    contest, archive, _, _ = contests(group)
    inputs = _Inputs(contest, archive)
    inputs.setup()
    inputs.ballot()
    inputs.shares()
    inputs.events()
    return {"group": group, "q": str(contest.group.q), "fingerprint": inputs.phi, "items": inputs.items}
