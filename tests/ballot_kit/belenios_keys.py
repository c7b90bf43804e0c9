"""Elections that belenios-tool makes with a threshold key, whole; 2.0 and 3.0 differ in a few options."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import oracles

QUESTIONS = [
    {"answers": ["A é", "B"], "blank": True, "min": 1, "max": 1, "question": "Un ?"},
    {"answers": ["A", "B", "C"], "min": 0, "max": 2, "question": "Deux ?"},
]
CHOICES = ([[0, 1, 0], [1, 0, 1]], [[1, 0, 0], [0, 0, 0]])


@dataclass
class Made:
    """An election of belenios-tool in a folder: one who stands alone, and any `threshold` of `size` holders."""

    three: bool
    group: str
    folder: Path
    size: int
    threshold: int
    uuid: str = ""
    holders: list[str] = field(default_factory=list)
    """The names of each holder's files, in order."""

    def run(self, command: str, text: str | None = None) -> str:
        tool = oracles.version_3() if self.three else oracles.version_2()
        done = oracles.run(tool, *shlex.split(command), cwd=self.folder, text=text)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def keys(self) -> None:
        """The six steps, and one key that stands alone."""
        context = dict.fromkeys(range(1, self.size + 1), f"--threshold {self.threshold}")
        if self.three:
            context = {index: f"--threshold-context {index}/{self.threshold}/{self.size}" for index in context}
        step = f"setup generate-trustee-key-threshold --group {self.group} --step"
        for index in context:
            self.run(f"{step} 1 {context[index] if self.three else ''}")
            new = {path.stem for path in self.folder.glob("*.cert")} - set(self.holders)
            self.holders += new
        self._join("certs", "cert")
        polynomials = [
            self.run(f"{step} 3 --certs certs --key {name}.key {context[index]}")
            for index, name in enumerate(self.holders, 1)
        ]
        (self.folder / "polynomials").write_text("".join(polynomials))
        self.run(f"{step} 4 --certs certs --polynomials polynomials {context[1]}")
        outputs = []
        for index, name in enumerate(self.holders, 1):
            given = (self.folder / f"{name}.vinput").read_text()
            outputs.append(self.run(f"{step} 5 --certs certs --key {name}.key {context[index]}", given))
        made = self.run(f"{step} 6 --certs certs --polynomials polynomials {context[1]}", "".join(outputs))
        (self.folder / "threshold.json").write_text(made)
        self.run(f"setup generate-trustee-key --group {self.group}")
        self._join("public_keys.jsons", "pubkey", [path.stem for path in self.folder.glob("*.pubkey")])
        self.run("setup make-trustees")

    def _join(self, name: str, ending: str, parts: Sequence[str] = ()) -> None:
        texts = [(self.folder / f"{part}.{ending}").read_text() for part in parts or self.holders]
        (self.folder / name).write_text("".join(texts))

    def cast(self) -> None:
        """Credentials, questions, ballots, up to the encrypted tally."""
        self.uuid = self.run("setup generate-token --length 14").strip()
        where = f"--uuid {self.uuid} --group {self.group}"
        self.run(f"setup generate-credentials {where} --count 3")
        next(self.folder.glob("*.pubcreds")).rename(self.folder / "public_creds.json")
        text = next(self.folder.glob("*.privcreds")).read_text()
        codes = (
            list(json.loads(text).values())
            if text.startswith("{")
            else [line.split()[1] for line in text.splitlines()]
        )
        template = {"description": "Décrit", "name": "Été", "questions": QUESTIONS}
        (self.folder / "template.json").write_text(json.dumps(template))
        self.run(f"setup make-election {where} --template template.json")
        self.run("archive init")
        for code, choice in zip(codes, CHOICES, strict=False):
            (self.folder / "code").write_text(code)
            (self.folder / "choice").write_text(json.dumps(choice))
            chosen = "--choice" if self.three else "--ballot"
            made = self.run(f"election generate-ballot --privcred code {chosen} choice")
            self.run("archive add-event --type=Ballot", made)
        self.run("archive add-event --type=EndBallots", "")
        self.run("archive add-event --type=EncryptedTally", self.run("election compute-encrypted-tally"))

    def open_with(self, holders: Sequence[int]) -> Path:
        """Open it by the one who stands alone and these holders of the threshold key (numbered from 1)."""
        alone = next(self.folder.glob("*.privkey")).name
        first = json.loads((self.folder / "trustees.json").read_text())[0][0] == "Single"
        shares = {1 if first else self.size + 1: f"election decrypt --privkey {alone}"}
        for holder in holders:
            name = self.holders[holder - 1]
            command = f"election decrypt-threshold --key {name}.key --decryption-key {name}.dkey"
            shares[holder + first] = command
        for owner, command in sorted(shares.items()):
            share = self.run(f"{command} --trustee-id {owner}")
            self.run("archive add-event --type=PartialDecryption", share)
        self.run("archive add-event --type=Result", self.run("election compute-result"))
        return self.folder / f"{self.uuid}.bel"
