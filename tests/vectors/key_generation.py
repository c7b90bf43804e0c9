"""Threshold keys made among holders from listed numbers, each round and what comes out: `…-key-generation.json`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ballot_kit.ceremonies import Ceremony, officers_and_delegates
from tampering.box import Box
from tampering.judge import THRESHOLD, contests
from tampering.values import VALUES

from isoloir_ballots import dkg, tally, trustees
from isoloir_ballots.dkg import channel, rounds
from isoloir_ballots.groups import Group, named
from isoloir_ballots.setup import Setup

from .ballots_made import Stream

Made = Callable[[Stream], Any]


def key_generation(group_name: str) -> dict[str, Any]:
    """The vectors of one group; the README beside says what the fields are."""
    group = named(group_name)
    ceremonies = officers_and_delegates(group_name)
    return {
        "group": group.name,
        "q": str(group.q),
        "ceremonies": [_ceremony(group, made, names) for made, names in zip(ceremonies, NAMES, strict=True)],
        "complaint": _complaint(group, ceremonies[1]),
        "tally": _tally(group_name),
    }


NAMES = (["Membre 1", "Membre 2"], ["Membre 3", "Membre 4", "Membre 5", "Membre 6"])
"""As in the archive beside, whose trustees are these two."""


def _drawn(label: str, make: Made) -> dict[str, Any]:
    stream = Stream(label)
    return {"document": make(stream), "randomness": [str(number) for number in stream.given]}


def _ceremony(group: Group, made: Ceremony, names: list[str]) -> dict[str, Any]:
    """One ceremony. Its documents are drawn anew from listed numbers, each after the archive's own before it."""
    setting = made.setting
    again = Ceremony(setting, "vectors", made.seeds)
    holders = []
    for index, seed in enumerate(made.seeds, 1):
        who = dkg.Identity.of(group, seed)
        holders.append(
            {
                "seed": seed,
                "signing": str(who.signing),
                "opening": str(who.opening),
                "verification": group.serialise(who.verification),
                "encryption": group.serialise(who.encryption),
                "certificate": _drawn(
                    f"certificate|{index}", lambda rng, i=index, s=seed: dkg.certify(setting, i, s, rng)
                ),
            }
        )
        again.certificates.append(holders[-1]["certificate"]["document"])
    for index, holder in enumerate(holders, 1):
        who = dkg.Identity.of(group, holder["seed"])
        holder["polynomial"] = [str(one) for one in rounds._polynomial(setting, who, again.certificates)]
        holder["contribution"] = _drawn(
            f"contribution|{index}",
            lambda rng, i=index, s=holder["seed"]: dkg.contribute(setting, i, s, again.certificates, rng),
        )
        again.contributions.append(holder["contribution"]["document"])
    for index, holder in enumerate(holders, 1):
        before = (again.certificates, again.contributions)
        holder["acknowledgement"] = _drawn(
            f"acknowledgement|{index}",
            lambda rng, i=index, s=holder["seed"], b=before: dkg.acknowledge(setting, i, s, *b, rng),
        )
        holder["share"] = str(again.share(index))
        again.acknowledgements.append(holder["acknowledgement"]["document"])
    return {
        "binding": setting.binding,
        "size": setting.size,
        "threshold": setting.threshold,
        "names": names,
        "holders": holders,
        "certificates_digest": dkg.digest(again.certificates),
        "contributions_digest": dkg.digest(again.contributions),
        "entry": trustees.serialise(group, [again.entry(names)]).decode(),
        "public_key": group.serialise(again.entry().public_key),
    }


def _complaint(group: Group, made: Ceremony) -> dict[str, Any]:
    """Holder 2 seals a wrong number for holder 4, who complains; and a complaint of holder 4 that does not hold."""
    setting, cheat, victim = made.setting, 2, 4
    read = rounds.certificates_of(setting, made.certificates)
    body = {key: item for key, item in made.contributions[cheat - 1].items() if key != "bound"}
    context = rounds._sealed_context(setting, made.certificates, cheat, victim)
    wrong = channel.seal(group, read[victim - 1].encryption, context, 5, Stream("a wrong share"))
    body["secrets"] = [*body["secrets"][: victim - 1], wrong, *body["secrets"][victim:]]
    who = dkg.Identity.of(group, made.seeds[cheat - 1])
    bound = who.sign(setting.bound("contribution", cheat, [dkg.digest(made.certificates), body]), Stream("bound"))
    contributions = list(made.contributions)
    contributions[cheat - 1] = {**body, "bound": bound.to_json()}
    seed = made.seeds[victim - 1]

    def complain(against: int) -> Made:
        return lambda rng: dkg.complain(setting, victim, seed, made.certificates, contributions, against, rng)

    return {
        "binding": setting.binding,
        "size": setting.size,
        "threshold": setting.threshold,
        "seeds": made.seeds,
        "certificates": made.certificates,
        "contributions": contributions,
        "index": victim,
        "context": context,
        "holds": {**_drawn("complaint", complain(cheat)), "convicts": cheat},
        "does_not_hold": {**_drawn("false complaint", complain(1)), "clause": "dkg.complaint"},
        "not_elements": {
            name: VALUES[name](group, wrong["ephemeral"])
            for name in ("identity", "small_order", "other_order", "unreduced", "off_curve")
        },
    }


def _tally(group_name: str) -> dict[str, Any]:
    """The partial decryption of every holder of the archive beside, from listed numbers; any that suffice give it."""
    contest, archive, _, _ = contests(group_name, THRESHOLD)
    box = Box.read(archive)
    setup = Setup.load(*box.setup)
    part = box.find("tally")[0]
    total = tally.EncryptedTally.parse(
        setup.election, part.data[0], part.numbers["num_tallied"], part.numbers["total_weight"]
    )
    shares = []
    for owner, exponent in enumerate(contest.board.exponents, 1):
        stream = Stream(f"share|{owner}")
        data = tally.partial_decryption(contest.group, exponent, setup.election.fingerprint, total, stream)
        randomness = [str(number) for number in stream.given]
        shares.append(
            {"owner": owner, "exponent": str(exponent), "randomness": randomness, "partial_decryption": data.decode()}
        )
    return {
        "archive": f"{group_name.lower()}-threshold.bel",
        "fingerprint": setup.election.fingerprint,
        "encrypted_tally": part.data[0].decode(),
        "shares": shares,
        "result": box.find("result")[0].data[0].decode(),
    }
