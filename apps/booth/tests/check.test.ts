import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeBallot, type Choice } from '../src/crypto/ballot.ts';
import { checkFile, CheckRefusal, checkSteps, type Clause, type Finding } from '../src/crypto/check.ts';
import { readElection } from '../src/crypto/election.ts';
import { digest } from '../src/crypto/encoding.ts';
import { ORDER } from '../src/crypto/group.ts';
import { atOnce } from '../src/steps.ts';
import { election } from './verifier.ts';

const CREDENTIAL = 'ABCDE-FGHJKL-MNPQR-STUVWX';
const lists = (n: number, rules: object) =>
  ({ answers: Array.from({ length: n }, (_, i) => `Liste ${i + 1}`), min: 1, max: 1, question: 'Quelle liste ?', ...rules });

interface File {
  format: string;
  election: string;
  ballot: string;
  tracker: string;
  answers: { choices: number[]; randomness: string[] }[];
}

function opened(questions: object[], choices: Choice[]): File {
  const text = election(questions, 987654321987654321n);
  return JSON.parse(checkFile(text, makeBallot(readElection(text), CREDENTIAL, choices))) as File;
}
const check = (file: unknown, shown = ''): Finding => atOnce(checkSteps(typeof file === 'string' ? file : JSON.stringify(file), shown));
const refusal = (clause: Clause) => (error: unknown) => error instanceof CheckRefusal && error.clause === clause;

const held: [string, object[], Choice[], [boolean, string[]][]][] = [
  ['a list', [lists(3, { blank: true })], [[1]], [[false, ['Liste 2']]]],
  ['a blank vote', [lists(3, { blank: true })], ['blank'], [[true, []]]],
  ['several answers', [lists(5, { max: 3 })], [[4, 0]], [[false, ['Liste 1', 'Liste 5']]]],
  ['nothing where min is 0', [lists(2, { blank: true, min: 0 })], [[]], [[false, []]]],
  ['two questions', [lists(2, {}), lists(2, { blank: true })], [[1], 'blank'], [[false, ['Liste 2']], [true, []]]],
];
for (const [name, questions, choices, expected] of held) {
  test(`an opened ballot is found to hold ${name}`, () => {
    const file = opened(questions, choices);
    const finding = check(file, ` ${file.tracker.slice(0, 20)} ${file.tracker.slice(20)}\n`);
    assert.deepEqual(finding.questions.map(({ blank, answers }) => [blank, answers]), expected);
    assert.equal(finding.tracker, file.tracker);
    assert.equal(finding.fingerprint, digest(file.election));
  });
}

test('any order of the file’s keys and any spaces around them will do', () => {
  const file = opened([lists(2, {})], [[0]]);
  const turned = Object.fromEntries(Object.entries(file).reverse());
  assert.equal(check(JSON.stringify(turned, null, 2)).tracker, file.tracker);
});

test('every random number of the file is bound: changing any of them is refused', () => {
  const file = opened([lists(3, { blank: true }), lists(2, { max: 2 })], [[2], [0, 1]]);
  let changed = 0;
  for (const answer of file.answers) {
    for (const [i, number] of answer.randomness.entries()) {
      for (const other of [(BigInt(number) + 1n) % ORDER, ORDER - BigInt(number)]) {
        answer.randomness[i] = other.toString();
        assert.throws(() => check(file), refusal('ciphertext'));
        changed++;
      }
      answer.randomness[i] = number;
    }
  }
  assert.equal(changed, 12);
  check(file);
});

test('every other choice that the rules allow is refused', () => {
  const file = opened([lists(3, { blank: true })], [[1]]);
  for (const choices of [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]) {
    assert.throws(() => check({ ...file, answers: [{ ...file.answers[0], choices }] }), refusal('ciphertext'));
  }
  check(file);
});

test('swapping the randomness of two choices, or the answers of two questions, is refused', () => {
  const file = opened([lists(2, { max: 2 }), lists(2, { max: 2 })], [[0, 1], [0, 1]]);
  const [first, second] = file.answers as [File['answers'][0], File['answers'][0]];
  const turned = { ...first, randomness: [...first.randomness].reverse() };
  assert.throws(() => check({ ...file, answers: [turned, second] }), refusal('ciphertext'));
  assert.throws(() => check({ ...file, answers: [second, first] }), refusal('ciphertext'));
  check(file);
});

test('no digit of the ballot can change, nor of its tracker', () => {
  const file = opened([lists(2, { blank: true })], [[0]]);
  for (let at = file.ballot.indexOf('"answers"'); at < file.ballot.length; at += 97) {
    const digit = file.ballot.charAt(at);
    if (!/[0-9a-f]/.test(digit)) continue;
    const ballot = file.ballot.slice(0, at) + (digit === '1' ? '2' : '1') + file.ballot.slice(at + 1);
    assert.throws(() => check({ ...file, ballot }), CheckRefusal);
  }
  const tracker = (file.tracker.startsWith('A') ? 'B' : 'A') + file.tracker.slice(1);
  assert.throws(() => check({ ...file, tracker }), refusal('tracker'));
  assert.throws(() => check(file, tracker), refusal('tracker'));
  check(file, file.tracker);
});

test('a ballot that the file’s maker altered and gave a new tracker holds another choice, and is refused', () => {
  const file = opened([lists(2, {})], [[0]]);
  const other = opened([lists(2, {})], [[1]]);
  assert.throws(() => check({ ...file, ballot: other.ballot, tracker: other.tracker }), refusal('ciphertext'));
});

test('another key, another uuid or other names make it the ballot of another election', () => {
  const file = opened([lists(2, {})], [[0]]);
  const another = election([lists(2, {})], 4242n);
  assert.throws(() => check({ ...file, election: another }), refusal('ballot'));
  assert.throws(() => check({ ...file, election: file.election.replace('Liste 1', 'Liste 9') }), refusal('ballot'));
  assert.throws(() => check({ ...file, election: '{}' }), refusal('election'));
  // Bound to the other key in every text, it still is not encrypted under it.
  const forged = file.ballot.replace(digest(file.election), digest(another));
  const { signature, ...unsigned } = JSON.parse(forged) as { signature: { hash: string } };
  signature.hash = digest(JSON.stringify(unsigned));
  const ballot = JSON.stringify({ ...unsigned, signature });
  assert.throws(() => check({ ...file, election: another, ballot, tracker: digest(ballot) }), refusal('ciphertext'));
});

const file = opened([lists(2, { blank: true })], [[0]]);
const answer = file.answers[0] as File['answers'][0];
const malformed: [Clause, string, unknown][] = [
  ['file', 'no JSON', 'bonjour'],
  ['file', 'a list', []],
  ['file', 'another format', { ...file, format: 'isoloir-check-2' }],
  ['file', 'a key too many', { ...file, more: 1 }],
  ['file', 'a key missing', { ...file, tracker: undefined }],
  ['file', 'a ballot that is an object', { ...file, ballot: JSON.parse(file.ballot) }],
  ['ballot', 'a ballot with spaces', { ...file, ballot: file.ballot.replace('{', '{ ') }],
  ['ballot', 'a ballot with a key too many', { ...file, ballot: file.ballot.replace('{', '{"x":1,') }],
  ['choices', 'two choices where one is allowed', { ...file, answers: [{ ...answer, choices: [0, 1, 1] }] }],
  ['choices', 'blank and a list', { ...file, answers: [{ ...answer, choices: [1, 1, 0] }] }],
  ['choices', 'a choice of 2', { ...file, answers: [{ ...answer, choices: [0, 2, 0] }] }],
  ['choices', 'a choice that is true', { ...file, answers: [{ ...answer, choices: [false, true, false] }] }],
  ['choices', 'a choice missing', { ...file, answers: [{ ...answer, choices: [0, 1] }] }],
  ['choices', 'no answer', { ...file, answers: [] }],
  ['randomness', 'a number missing', { ...file, answers: [{ ...answer, randomness: answer.randomness.slice(1) }] }],
  ['randomness', 'zero', { ...file, answers: [{ ...answer, randomness: ['0', '0', '0'] }] }],
  ['randomness', 'a number above q', { ...file, answers: [{ ...answer, randomness: answer.randomness.map((r) => (BigInt(r) + ORDER).toString()) }] }],
  ['randomness', 'leading zeros', { ...file, answers: [{ ...answer, randomness: answer.randomness.map((r) => `0${r}`) }] }],
  ['randomness', 'JSON numbers', { ...file, answers: [{ ...answer, randomness: [1, 2, 3] }] }],
];
for (const [clause, name, value] of malformed) {
  test(`a check file with ${name} is refused (${clause})`, () => assert.throws(() => check(value), refusal(clause)));
}

test('a check file holds no private credential and no nonce of the signature', () => {
  const text = JSON.stringify(file);
  assert.ok(!text.includes(CREDENTIAL));
  assert.deepEqual(Object.keys(file), ['format', 'election', 'ballot', 'tracker', 'answers']);
  assert.deepEqual(file.answers.map((one) => Object.keys(one)), [['choices', 'randomness']]);
});
