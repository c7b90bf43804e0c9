// The key ceremony's rounds against the shared vectors: every document to the byte, every refusal by its clause.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, encode, gPower } from '../src/crypto/group.ts';
import type { Rng } from '../src/crypto/random.ts';
import { acknowledge, checkAcknowledgement, shareOf, WrongShare } from '../src/dkg/acknowledgement.ts';
import { certify, checkCertificate, type Certificate } from '../src/dkg/certificate.ts';
import { checkComplaint, complain } from '../src/dkg/complaint.ts';
import {
  certificatesDigest, checkContribution, contribute, contributionsDigest, polynomialOf, sealedContext, type Contribution,
} from '../src/dkg/contribution.ts';
import { Identity, isSeed, newSeed } from '../src/dkg/identity.ts';
import { DkgRefusal, type Setting } from '../src/dkg/setting.ts';
import type { Fields } from '../src/json.ts';

interface Drawn { document: Fields; randomness: string[]; convicts: number; clause: string }
interface Holder {
  seed: string; signing: string; opening: string; verification: string; encryption: string;
  certificate: Drawn; polynomial: string[]; contribution: Drawn; acknowledgement: Drawn; share: string;
}
interface Vectors {
  ceremonies: (Setting & { holders: Holder[]; certificates_digest: string; contributions_digest: string; public_key: string })[];
  complaint: Setting & {
    seeds: string[]; certificates: Fields[]; contributions: Fields[]; index: number; context: string;
    holds: Drawn; does_not_hold: Drawn; not_elements: Record<string, string>;
  };
}

const { ceremonies, complaint } = JSON.parse(
  readFileSync(new URL('../../../tests/vectors/ed25519-key-generation.json', import.meta.url), 'utf8')) as Vectors;
const CERTIFICATE = (holder: Holder) => holder.certificate.document;

/** Numbers as listed, each used once and below what it is drawn from. */
async function fromList(randomness: readonly string[], make: (rng: Rng) => Fields | Promise<Fields>): Promise<Fields> {
  const left = randomness.map(BigInt);
  const made = await make((below) => {
    const number = left.shift();
    assert.ok(number !== undefined && number < below, 'more numbers are drawn than listed');
    return number;
  });
  assert.equal(left.length, 0);
  return made;
}

const clause = (name: string, holder: number) => (error: unknown) =>
  error instanceof DkgRefusal && error.clause === `dkg.${name}` && error.holder === holder;
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function rounds(setting: Setting, certificates: readonly Fields[], contributions: readonly Fields[]): [Certificate[], Contribution[]] {
  const read = certificates.map((document, i) => checkCertificate(setting, i + 1, document));
  return [read, contributions.map((document, i) => checkContribution(setting, i + 1, read, document))];
}

for (const made of ceremonies) {
  test(`the very documents of the vectors: ${made.threshold} of ${made.size}`, async () => {
    const certificates = made.holders.map(CERTIFICATE);
    const [read, given] = rounds(made, certificates, made.holders.map((holder) => holder.contribution.document));
    assert.equal(certificatesDigest(read), made.certificates_digest);
    assert.equal(contributionsDigest(given), made.contributions_digest);
    for (const [i, holder] of made.holders.entries()) {
      const who = new Identity(holder.seed);
      assert.deepEqual([who.signing, who.opening].map(String), [holder.signing, holder.opening]);
      assert.deepEqual([who.verification, who.encryption], [holder.verification, holder.encryption]);
      assert.deepEqual(polynomialOf(made, who, read).map(String), holder.polynomial);
      const same = (document: Fields, listed: Drawn) => assert.equal(JSON.stringify(document), JSON.stringify(listed.document));
      same(await fromList(holder.certificate.randomness, (rng) => certify(made, i + 1, who, rng)), holder.certificate);
      same(await fromList(holder.contribution.randomness, (rng) => contribute(made, i + 1, who, read, rng)), holder.contribution);
      same(await fromList(holder.acknowledgement.randomness, (rng) => acknowledge(made, i + 1, who, read, given, rng)), holder.acknowledgement);
      checkAcknowledgement(made, i + 1, read, given, holder.acknowledgement.document);
      assert.equal(String(await shareOf(made, i + 1, who, read, given)), holder.share);
    }
    const product = given.map(({ powers }) => powers[0]!).reduce((a, b) => a.add(b));
    assert.equal(encode(product), made.public_key);
  });
}

test('the order of keys in a document is without meaning, since a store may change it', () => {
  const reversed = (value: unknown): unknown => Array.isArray(value) ? value.map(reversed)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).reverse().map(([key, item]) => [key, reversed(item)])) : value;
  const made = ceremonies[1]!;
  const certificates = made.holders.map((holder) => reversed(CERTIFICATE(holder)) as Fields);
  const [read] = rounds(made, certificates, made.holders.map((holder) => reversed(holder.contribution.document) as Fields));
  assert.equal(certificatesDigest(read), made.certificates_digest);
});

test('a complaint convicts whom it should, and one that does not hold its author', async () => {
  const [read, given] = rounds(complaint, complaint.certificates, complaint.contributions);
  const { index, holds, does_not_hold: false_ } = complaint;
  const who = new Identity(complaint.seeds[index - 1]!);
  assert.equal(sealedContext(complaint, read, holds.convicts, index), complaint.context);
  await assert.rejects(acknowledge(complaint, index, who, read, given, () => 1n),
    (error) => error instanceof WrongShare && error.holder === holds.convicts);
  for (const [listed, against] of [[holds, holds.convicts], [false_, 1]] as const) {
    const made = await fromList(listed.randomness, (rng) => complain(complaint, index, who, read, given, against, rng));
    assert.equal(JSON.stringify(made), JSON.stringify(listed.document));
  }
  assert.equal(await checkComplaint(complaint, index, read, given, holds.document), holds.convicts);
  await assert.rejects(checkComplaint(complaint, index, read, given, false_.document), clause(false_.clause.slice(4), index));
  await assert.rejects(checkComplaint(complaint, index, read, given, { ...holds.document, against: 1 }), clause('bound', index));
  await assert.rejects(checkComplaint(complaint, index, read, given, { ...holds.document, against: 9 }), clause('form', index));
});

test('what is no point of prime order is refused as a key and as what a number is sealed with', () => {
  const [made, texts] = [ceremonies[1]!, Object.values(complaint.not_elements)];
  assert.equal(texts.length, 5);
  const [read] = rounds(made, made.holders.map(CERTIFICATE), []);
  for (const text of texts) {
    assert.throws(() => decode(text));
    const document = copy(made.holders[0]!.contribution.document);
    (document.secrets as Fields[])[2]!.ephemeral = text;
    assert.throws(() => checkContribution(made, 1, read, document), clause('form', 1));
    const certificate = copy(CERTIFICATE(made.holders[0]!));
    const signed = certificate.certificate as Fields;
    signed.message = (signed.message as string).replace(made.holders[0]!.encryption, text);
    assert.throws(() => checkCertificate(made, 1, certificate), clause('form', 1));
  }
});

test('every changed part of every document is refused by its clause, and its holder named', () => {
  const made = ceremonies[1]!;
  const certificates = made.holders.map(CERTIFICATE);
  const [read, given] = rounds(made, certificates, made.holders.map((holder) => holder.contribution.document));
  const other = (path: string, document: Fields, from: Fields): Fields => {
    const [changed, keys] = [copy(document), path.split('.')];
    const last = keys.pop() as string;
    const at = (value: Fields) => keys.reduce((inside, key) => inside[key] as Fields, value);
    at(changed)[last] = copy(at(from)[last]);
    return changed;
  };
  const [one, two] = [made.holders[0]!, made.holders[1]!];
  const cases: [string, string, (document: Fields) => void, Drawn, Drawn][] = [];
  const certificate = (document: Fields) => { checkCertificate(made, 1, document); };
  const contribution = (document: Fields) => { checkContribution(made, 1, read, document); };
  const acknowledgement = (document: Fields) => { checkAcknowledgement(made, 1, read, given, document); };
  for (const [path, name] of [['certificate.signature', 'certificate'], ['certificate', 'context'], ['bound', 'bound']] as const) {
    cases.push([path, name, certificate, one.certificate, two.certificate]);
  }
  for (const [path, name] of [
    ['coefexps', 'coefficients'], ['signature', 'signature'], ['secrets.1.proof', 'secret'], ['secrets.1.ephemeral', 'secret'],
    ['secrets.2.sealed', 'bound'], ['secrets', 'secret'], ['bound', 'bound'],
  ] as const) cases.push([path, name, contribution, one.contribution, two.contribution]);
  for (const [path, name] of [
    ['verification_key', 'verification_key'], ['verification_key.pok', 'pok'], ['verification_key.signature', 'signature'], ['bound', 'bound'],
  ] as const) cases.push([path, name, acknowledgement, one.acknowledgement, two.acknowledgement]);
  for (const [path, name, check, mine, theirs] of cases) {
    check(mine.document);
    assert.throws(() => check(other(path, mine.document, theirs.document)), clause(name, 1), path);
  }
  for (const [check, drawn] of [
    [certificate, one.certificate], [contribution, one.contribution], [acknowledgement, one.acknowledgement],
  ] as const) {
    for (const wrong of [null, [], 'x', {}, { ...drawn.document, more: 1 }, { ...drawn.document, bound: null },
      { ...drawn.document, bound: { challenge: '01', response: '1' } }]) {
      assert.throws(() => check(wrong as Fields), clause('form', 1));
    }
  }
  const elsewhere = { ...made, binding: 'essai|2|bureau|1' };
  assert.throws(() => checkCertificate(elsewhere, 1, certificates[0]), clause('bound', 1));
  assert.throws(() => checkContribution(elsewhere, 1, read, one.contribution.document), DkgRefusal);
});

test('a seed has 22 characters of base 58, none more likely than another', () => {
  const seeds = Array.from({ length: 400 }, newSeed);
  assert.ok(seeds.every(isSeed));
  assert.equal(new Set(seeds).size, 400);
  assert.equal(new Set(seeds.join('')).size, 58);
  for (const wrong of ['', '0'.repeat(22), '2'.repeat(21), '2'.repeat(23), `${'2'.repeat(21)} `]) assert.ok(!isSeed(wrong));
  assert.equal(encode(gPower(new Identity(seeds[0]!).opening)), new Identity(seeds[0]!).encryption);
});
