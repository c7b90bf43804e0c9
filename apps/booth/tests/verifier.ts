// A verifier of its own, written from the format's description with variable-base products and nothing of src/.
import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';

const Point = ed25519.Point;
type Element = InstanceType<typeof Point>;
const q = Point.Fn.ORDER;

interface Proof { challenge: string; response: string }
interface Answer {
  choices: { alpha: string; beta: string }[];
  individual_proofs: Proof[][];
  overall_proof: Proof[];
  blank_proof?: Proof[];
}
export interface BallotObject {
  election_uuid: string;
  election_hash: string;
  credential: string;
  answers: Answer[];
  signature: { hash: string; proof: Proof };
}

const b64 = (text: string) => createHash('sha256').update(text).digest('base64').replace(/=+$/, '');
const H = (text: string) => BigInt('0x' + createHash('sha256').update(text).digest('hex')) % q;
const mod = (x: bigint) => ((x % q) + q) % q;

function decode(hex: string): Element {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error(`element ${hex}`);
  const point = Point.fromBytes(Uint8Array.from(Buffer.from(hex, 'hex').reverse()));
  if (point.is0() || !point.isTorsionFree()) throw new Error(`element of another order ${hex}`);
  return point;
}
const show = (point: Element) => Buffer.from(point.toBytes()).reverse().toString('hex');

function scalar(text: string): bigint {
  const value = BigInt(text);
  if (value < 0n || value >= q || value.toString() !== text) throw new Error(`scalar ${text}`);
  return value;
}

/** Whether sum(c_j) equals the hash of the recomputed commitments, for (alpha, beta / g^M) statements. */
function disjunction(prefix: string, y: Element, items: [Element, Element, number][], proofs: Proof[]): boolean {
  if (items.length !== proofs.length) return false;
  const parts: string[] = [];
  let total = 0n;
  items.forEach(([alpha, beta, value], j) => {
    const c = scalar(proofs[j]!.challenge);
    const r = scalar(proofs[j]!.response);
    total += c;
    const shifted = beta.add(Point.BASE.multiplyUnsafe(BigInt(value)).negate());
    parts.push(show(Point.BASE.multiplyUnsafe(r).add(alpha.multiplyUnsafe(c))));
    parts.push(show(y.multiplyUnsafe(r).add(shifted.multiplyUnsafe(c))));
  });
  return mod(total) === H(prefix + parts.join(','));
}

/** Names the first clause that fails, or '' for a valid ballot. */
export function failure(electionText: string, ballotText: string): string {
  const election = JSON.parse(electionText);
  const ballot = JSON.parse(ballotText) as BallotObject;
  const { signature, ...unsigned } = ballot;
  if (JSON.stringify(ballot) !== ballotText) return 'canonical form';
  if (Object.keys(ballot).join() !== 'election_uuid,election_hash,credential,answers,signature') return 'key order';
  if (ballot.election_uuid !== election.uuid || ballot.election_hash !== b64(electionText)) return 'election';
  if (ballot.answers.length !== election.questions.length) return 'answers';
  const y = decode(election.public_key);
  const S0 = `${ballot.election_hash}|${ballot.credential}`;
  for (const [i, answer] of ballot.answers.entries()) {
    const question = election.questions[i];
    const keys = ['choices', 'individual_proofs', 'overall_proof', ...(question.blank ? ['blank_proof'] : [])];
    if (Object.keys(answer).join() !== keys.join()) return 'answer keys';
    if (answer.choices.length !== question.answers.length + (question.blank ? 1 : 0)) return 'number of choices';
    const points = answer.choices.map(({ alpha, beta }): [Element, Element] => [decode(alpha), decode(beta)]);
    for (const [k, { alpha, beta }] of answer.choices.entries()) {
      const [a, b] = points[k]!;
      if (!disjunction(`prove|${S0}|${alpha},${beta}|`, y, [[a, b, 0], [a, b, 1]], answer.individual_proofs[k] ?? [])) {
        return `individual proof ${k}`;
      }
    }
    const S = `${S0}|${answer.choices.map(({ alpha, beta }) => `${alpha},${beta}`).join(',')}`;
    const summed = question.blank ? points.slice(1) : points;
    const aS = summed.reduce((total, [a]) => total.add(a), Point.ZERO);
    const bS = summed.reduce((total, [, b]) => total.add(b), Point.ZERO);
    const range: [Element, Element, number][] = [];
    for (let m = question.min; m <= question.max; m++) range.push([aS, bS, m]);
    if (question.blank) {
      const [a0, b0] = points[0]!;
      if (!disjunction(`bproof0|${S}|`, y, [[a0, b0, 0], [aS, bS, 0]], answer.blank_proof ?? [])) return 'blank proof';
      if (!disjunction(`bproof1|${S}|`, y, [[a0, b0, 1], ...range], answer.overall_proof)) return 'overall proof';
    } else if (!disjunction(`prove|${S}|${show(aS)},${show(bS)}|`, y, range, answer.overall_proof)) {
      return 'overall proof';
    }
  }
  if (signature.hash !== b64(JSON.stringify(unsigned))) return 'signature hash';
  const c = scalar(signature.proof.challenge);
  const commitment = Point.BASE.multiplyUnsafe(scalar(signature.proof.response)).add(decode(ballot.credential).multiplyUnsafe(c));
  if (c !== H(`sig|${signature.hash}|${show(commitment)}`)) return 'signature';
  return '';
}

/** Decrypts every choice with the election's secret key, by trying small counts. */
export function decrypt(ballotText: string, secret: bigint): number[][] {
  return (JSON.parse(ballotText) as BallotObject).answers.map(({ choices }) => choices.map(({ alpha, beta }) => {
    const plain = decode(beta).add(decode(alpha).multiplyUnsafe(secret).negate());
    for (let m = 0; m < 10; m++) if (plain.equals(Point.BASE.multiplyUnsafe(BigInt(m)))) return m;
    throw new Error('not a small count');
  }));
}

/** An election of which the test knows the secret key. */
export function election(questions: object[], secret: bigint, changes: object = {}): string {
  const public_key = show(Point.BASE.multiplyUnsafe(secret));
  return JSON.stringify({
    version: 1, description: 'Élection d’essai', name: 'Élection « d’essai »', group: 'Ed25519', public_key, questions,
    uuid: 'BooTh1111111111', ...changes,
  });
}
