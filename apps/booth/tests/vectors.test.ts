import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeBallot, type Choice } from '../src/crypto/ballot.ts';
import { signingKey } from '../src/crypto/credential.ts';
import { readElection, type Question } from '../src/crypto/election.ts';
import { failure } from './verifier.ts';

interface Case {
  name: string;
  election: string;
  fingerprint: string;
  ballots: {
    credential: string; public_credential: string; choices: number[][]; randomness: string[]; ballot: string; tracker: string;
  }[];
}
const path = new URL('../../../tests/vectors/ed25519-ballots.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] };

function choice(question: Question, flags: number[]): Choice {
  if (question.blank && flags[0]) return 'blank';
  return (question.blank ? flags.slice(1) : flags).flatMap((flag, i) => (flag ? [i] : []));
}

for (const { name, election, fingerprint, ballots } of cases) {
  for (const [i, vector] of ballots.entries()) {
    test(`the booth makes the very bytes of the shared vector: ${name}, ballot ${i}`, () => {
      const read = readElection(election);
      assert.equal(read.fingerprint, fingerprint);
      assert.equal(signingKey(vector.credential, read.uuid).publicCredential, vector.public_credential);
      const scalars = vector.randomness.map(BigInt);
      const made = makeBallot(read, vector.credential, read.questions.map((q, k) => choice(q, vector.choices[k] ?? [])), () => {
        const scalar = scalars.shift();
        assert.ok(scalar !== undefined, 'more scalars are drawn than the vector holds');
        return scalar;
      });
      assert.equal(made.text, vector.ballot);
      assert.equal(made.tracker, vector.tracker);
      assert.equal(scalars.length, 0);
    });
    test(`the independent verifier accepts the shared vector: ${name}, ballot ${i}`, () => {
      assert.equal(failure(election, vector.ballot), '');
    });
  }
}
test('there are vectors', () => assert.ok(cases.length >= 4));
