import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { makeBallot, messagesOf, type Choice } from '../src/crypto/ballot.ts';
import { signingKey } from '../src/crypto/credential.ts';
import { base64 } from '../src/crypto/encoding.ts';
import { readElection } from '../src/crypto/election.ts';
import { drawScalar } from '../src/crypto/random.ts';
import { ORDER } from '../src/crypto/group.ts';
import { decrypt, election, failure } from './verifier.ts';

const SECRET = 987654321987654321987654321n;
const CREDENTIAL = 'ABCDE-FGHJKL-MNPQR-STUVWX';
const lists = (n: number, rules: object) =>
  ({ answers: Array.from({ length: n }, (_, i) => `Liste ${i + 1}`), min: 1, max: 1, question: 'Quelle liste ?', ...rules });

const accepted: [string, object, Choice, number[]][] = [
  ['a list, with a blank vote offered', lists(3, { blank: true }), [1], [0, 0, 1, 0]],
  ['a blank vote', lists(3, { blank: true }), 'blank', [1, 0, 0, 0]],
  ['a list, without blank vote', lists(3, {}), [2], [0, 0, 1]],
  ['several answers', lists(5, { min: 1, max: 3 }), [4, 0], [1, 0, 0, 0, 1]],
  ['several answers, with a blank vote offered', lists(5, { blank: true, min: 2, max: 4 }), [0, 1, 2, 3], [0, 1, 1, 1, 1, 0]],
  ['nothing at all where min is 0', lists(2, { min: 0, max: 2 }), [], [0, 0]],
  ['nothing at all where min is 0 and blank is offered', lists(2, { blank: true, min: 0, max: 2 }), [], [0, 0, 0]],
  ['a blank vote where min is 0', lists(2, { blank: true, min: 0, max: 2 }), 'blank', [1, 0, 0]],
  ['the only list', lists(1, { blank: true }), [0], [0, 1]],
];
for (const [name, question, choice, plain] of accepted) {
  test(`a ballot is valid and decrypts to ${name}`, () => {
    const text = election([question], SECRET);
    const ballot = makeBallot(readElection(text), CREDENTIAL, [choice]);
    assert.equal(failure(text, ballot.text), '');
    assert.deepEqual(decrypt(ballot.text, SECRET), [plain]);
    assert.equal(ballot.tracker, createHash('sha256').update(ballot.text).digest('base64').replace(/=+$/, ''));
  });
}

test('several questions stand in one valid ballot', () => {
  const text = election([lists(2, { blank: true }), lists(4, { max: 2 })], SECRET);
  const ballot = makeBallot(readElection(text), CREDENTIAL, ['blank', [3, 1]]);
  assert.equal(failure(text, ballot.text), '');
  assert.deepEqual(decrypt(ballot.text, SECRET), [[1, 0, 0], [0, 1, 0, 1]]);
});

test('every number of a valid ballot is bound: changing any digit of any proof breaks it', () => {
  const text = election([lists(2, { blank: true })], SECRET);
  const ballot = makeBallot(readElection(text), CREDENTIAL, [[0]]).text;
  const numbers = [...ballot.matchAll(/"(?:challenge|response)":"(\d+)"/g)];
  assert.equal(numbers.length, 2 * (3 * 2 + 2 + 2 + 1));
  for (const match of numbers) {
    const number = match[1] as string;
    const at = match.index + match[0].length - 1 - number.length;
    const changed = ballot.slice(0, at) + ((BigInt(number) + 1n) % ORDER) + ballot.slice(at + number.length);
    assert.notEqual(failure(text, changed), '');
  }
});

test('the ballot of another election or of changed rules is not valid', () => {
  const text = election([lists(2, { blank: true })], SECRET);
  const ballot = makeBallot(readElection(text), CREDENTIAL, [[0]]).text;
  assert.equal(failure(election([lists(2, { blank: true })], SECRET, { uuid: 'BooTh2222222222' }), ballot), 'election');
  assert.notEqual(failure(election([lists(2, { blank: true, min: 0 })], SECRET), ballot), '');
});

test('two ballots of one choice share no ciphertext and no proof', () => {
  const parsed = readElection(election([lists(2, { blank: true })], SECRET));
  const numbers = (text: string) => text.match(/"(?:alpha|beta|challenge|response)":"\w+"/g) ?? [];
  const first = new Set(numbers(makeBallot(parsed, CREDENTIAL, [[0]]).text));
  assert.equal(numbers(makeBallot(parsed, CREDENTIAL, [[0]]).text).filter((n) => first.has(n)).length, 0);
});

const broken: [string, Choice][] = [
  ['no answer at all', []], ['too many answers', [0, 1, 2]], ['an answer twice', [1, 1]],
  ['an unknown answer', [3]], ['a negative answer', [-1]],
];
for (const [name, choice] of broken) {
  test(`${name} cannot be encrypted`, () => {
    const parsed = readElection(election([lists(3, { max: 2 })], SECRET));
    assert.throws(() => makeBallot(parsed, CREDENTIAL, [choice]), /^Error: choice:/);
  });
}
test('a blank vote cannot be encrypted where none is offered, nor can a number of choices that is not the questions’', () => {
  const parsed = readElection(election([lists(3, {})], SECRET));
  assert.throws(() => makeBallot(parsed, CREDENTIAL, ['blank']), /^Error: choice:/);
  assert.throws(() => makeBallot(parsed, CREDENTIAL, []), /^Error: choice:/);
});

test('the blank flag comes first', () => {
  assert.deepEqual(messagesOf({ question: 'q', answers: ['a', 'b'], blank: true, min: 1, max: 1 }, 'blank'), [1, 0, 0]);
});

const one = lists(2, { blank: true });
const SMALL_ORDER = '01'.padStart(64, '0');
const refused: [string, string][] = [
  ['another group', election([one], SECRET, { group: 'BELENIOS-2048' })],
  ['another version', election([one], SECRET, { version: 2 })],
  ['a key that is the identity', election([one], SECRET, { public_key: SMALL_ORDER })],
  ['a key of small order', election([one], SECRET, { public_key: '0'.repeat(64) })],
  ['a key with a small-order part', election([one], SECRET, { public_key: mixed() })],
  ['a key that is no point', election([one], SECRET, { public_key: '02'.padStart(64, '0') })],
  ['a key not reduced', election([one], SECRET, { public_key: '7' + 'f'.repeat(63) })],
  ['a key in capitals', election([one], SECRET, { public_key: JSON.parse(election([one], SECRET)).public_key.toUpperCase() })],
  ['a key of 63 digits', election([one], SECRET, { public_key: '1'.repeat(63) })],
  ['no uuid', election([one], SECRET, { uuid: '' })],
  ['no questions', election([], SECRET)],
  ['a question of another kind', election([{ type: 'NonHomomorphic', value: one }], SECRET)],
  ['a question without answers', election([lists(0, {})], SECRET)],
  ['a maximum above the number of answers', election([lists(2, { max: 3 })], SECRET)],
  ['a minimum above the maximum', election([lists(2, { min: 2 })], SECRET)],
  ['a list', '[]'],
];
/** A point of order 2q: the base point plus the point (0, -1). */
function mixed(): string {
  const p = (1n << 255n) - 19n;
  const key = BigInt('0x' + JSON.parse(election([one], SECRET)).public_key);
  const sign = key >> 255n;
  const y = p - (key & ((1n << 255n) - 1n));
  return (((1n - sign) << 255n) | y).toString(16).padStart(64, '0');
}
for (const [name, text] of refused) {
  test(`the booth refuses an election with ${name}`, () => {
    assert.throws(() => readElection(text));
  });
}

test('the fingerprint is of the raw text, accents and all', () => {
  const text = election([one], SECRET);
  assert.equal(readElection(text).fingerprint, createHash('sha256').update(text).digest('base64').replace(/=+$/, ''));
  assert.notEqual(readElection(`${text}\n`).fingerprint, readElection(text).fingerprint);
});

for (const credential of ['', 'ABC-DEF-GHJ-KLM-NPQ', 'ABCDE-FGHJKL-MNPQR-STUVW0', 'ABCDE-FGHJKL-MNPQR-STUVWXY', ' ABCDE-FGHJKL-MNPQR-STUVWX']) {
  test(`a credential of another form is refused: "${credential}"`, () => {
    assert.throws(() => signingKey(credential, 'BooTh1111111111'), /^Error: credential:/);
  });
}

test('base64 has no padding and the standard alphabet', () => {
  for (let n = 0; n < 70; n++) {
    const bytes = crypto.getRandomValues(new Uint8Array(n));
    assert.equal(base64(bytes), Buffer.from(bytes).toString('base64').replace(/=+$/, ''));
  }
});

test('drawn scalars fill [1, q)', () => {
  const drawn = Array.from({ length: 200 }, drawScalar);
  assert.equal(new Set(drawn).size, 200);
  assert.ok(drawn.every((scalar) => scalar > 0n && scalar < ORDER));
  assert.ok(drawn.some((scalar) => scalar > ORDER / 2n) && drawn.some((scalar) => scalar < ORDER / 2n));
});
