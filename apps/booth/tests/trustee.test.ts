import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import { encode, gPower, ORDER, type Element } from '../src/crypto/group.ts';
import { atOnce } from '../src/steps.ts';
import { archiveSteps } from '../src/trustee/archive.ts';
import { readBox, type Box } from '../src/trustee/box.ts';
import { decryptionSteps, partialsSteps } from '../src/trustee/decrypt.ts';
import { Refusal } from '../src/refusal.ts';
import { openShare, type Share } from '../src/trustee/share.ts';
import { en } from '../src/trustee/texts/en.ts';
import { fr } from '../src/trustee/texts/fr.ts';

const ARCHIVE = readFileSync(new URL('../../../tests/vectors/ed25519.bel', import.meta.url));
const refusal = (clause: string) => (error: unknown) => error instanceof Refusal && error.clause === clause;
const Point = ed25519.Point;

/** A blob that hands its bytes over as a file on a slow disk does, and counts the most that it gave at once. */
class Counted extends Blob {
  most = 0;

  override slice(from?: number, to?: number): Blob {
    const part = super.slice(from, to);
    this.most = Math.max(this.most, part.size);
    return part;
  }
}

const share: Share = { election: 'essai', board: 'national', member: 'd1', number: 1, exponent: 987654321987654321n };
const box = (alphas: readonly Element[], exponent = share.exponent): Box => ({
  name: 'Essai', uuid: 'BooTh1111111111', fingerprint: 'phi', ballots: 3, digest: 'd', keys: [encode(gPower(exponent))], alphas: [alphas],
});

/** Whether a proof holds, by products and hashes of its own. */
function holds(alpha: Element, factor: string, proof: { challenge: string; response: string }, key: string): boolean {
  const read = (text: string) => Point.fromBytes(Uint8Array.from(Buffer.from(text, 'hex').reverse()));
  const [c, r] = [BigInt(proof.challenge), BigInt(proof.response)];
  const a = Point.BASE.multiplyUnsafe(r).add(read(key).multiplyUnsafe(c));
  const b = alpha.multiplyUnsafe(r).add(read(factor).multiplyUnsafe(c));
  const show = (point: Element) => Buffer.from(point.toBytes()).reverse().toString('hex');
  const hash = createHash('sha256').update(`decrypt|phi|${key}|${show(a)},${show(b)}`).digest('hex');
  return BigInt(`0x${hash}`) % ORDER === c;
}

test('decryption factors are alpha to the share, with proofs that hold, and with no other factor', () => {
  const alphas = [gPower(5n), gPower(77n), Point.ZERO];
  const opened = box(alphas);
  const made = JSON.parse(atOnce(decryptionSteps(share, opened))) as {
    decryption_factors: string[][]; decryption_proofs: { challenge: string; response: string }[][];
  };
  const [factors = [], proofs = []] = [made.decryption_factors[0], made.decryption_proofs[0]];
  assert.equal(factors.length, 3);
  for (const [i, alpha] of alphas.entries()) {
    assert.equal(factors[i], encode(alpha.multiplyUnsafe(share.exponent)));
    assert.ok(holds(alpha, factors[i] as string, proofs[i] as typeof proofs[0], opened.keys[0] as string));
    assert.ok(!holds(alpha, encode(gPower(6n)), proofs[i] as typeof proofs[0], opened.keys[0] as string));
  }
});

test('nonces are drawn anew for each ciphertext: equal alphas have unequal proofs', () => {
  const { decryption_proofs: [proofs = []] } = JSON.parse(atOnce(decryptionSteps(share, box([gPower(5n), gPower(5n)]))));
  assert.notEqual(proofs[0].challenge, proofs[1].challenge);
});

test('a share of other keys decrypts nothing, not even of the boxes before the wrong one', () => {
  let steps = 0;
  const wrong = partialsSteps(share, [box([gPower(5n)]), box([gPower(5n)], 4n)]);
  assert.throws(() => { while (!wrong.next().done) steps++; }, refusal('share.foreign'));
  assert.equal(steps, 0);
  assert.throws(() => atOnce(decryptionSteps({ ...share, number: 2 }, box([gPower(5n)]))), refusal('share.foreign'));
});

test('the archive of the vectors is read to its end, in any pieces, and its box is what it says', async () => {
  const types: string[] = [];
  for await (const { type } of archiveSteps(new Blob([ARCHIVE]))) types.push(type);
  assert.deepEqual(types, ['Setup', ...Array<string>(4).fill('Ballot'), 'EndBallots', 'EncryptedTally', 'PartialDecryption', 'PartialDecryption', 'Result']);
  const seen: number[] = [];
  const found = await readBox(new Blob([ARCHIVE]), (bytes) => { seen.push(bytes); });
  assert.equal(found.ballots, 4);
  assert.equal(found.keys.length, 2);
  assert.equal(seen[seen.length - 1], ARCHIVE.length);
});

test('a size that a header announces fills no memory, and a large file is read a mebibyte at a time', async () => {
  const huge = Buffer.from(ARCHIVE);
  huge.write('77777777777', 512 * 2 + 124, 'ascii');
  await assert.rejects(readBox(new Blob([huge])), refusal('archive.size'));
  const long = new Counted([ARCHIVE.subarray(0, ARCHIVE.length - 512), new Uint8Array(4 << 20)]);
  await assert.rejects(readBox(long), Refusal);
  assert.ok(long.most <= 1 << 20, `${long.most}`);
});

test('every clause has a sentence of its own, or of its kind, in both languages', () => {
  const thrown = ['archive.ts', 'box.ts', 'share.ts', 'trustees.ts', 'decrypt.ts', 'main.ts'].flatMap((name) =>
    [...readFileSync(new URL(`../src/trustee/${name}`, import.meta.url), 'utf8').matchAll(/'((?:archive|setup|ballot|tally|share|page)\.[a-z_.]+)'/g)]);
  const clauses = new Set(thrown.map((match) => match[1] as string));
  assert.ok(clauses.size > 20);
  clauses.delete('page.abandoned');
  for (const { refused } of [fr, en]) {
    assert.deepEqual([...clauses].filter((clause) => !(clause in refused) && !((clause.split('.')[0] ?? '') in refused)), []);
    assert.deepEqual([...clauses].filter((clause) => clause.startsWith('share.') && !(clause in refused)), []);
  }
});

test('what is no share is refused before any code is tried', async () => {
  for (const text of ['', 'null', '[]', '{}', '{"format":"isoloir-key-share/2"}', 'x'.repeat(200_000)]) {
    await assert.rejects(openShare(text, 'une phrase'), refusal('share.unreadable'));
  }
});
