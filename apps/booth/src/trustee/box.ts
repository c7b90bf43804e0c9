// A closed ballot box, checked before any exponentiation: its total must be the sum of all its ballots and nothing else.
import { readElection, type Election, type Question } from '../crypto/election.ts';
import { decodeAny, encodeAll, isOfPrimeOrder, neutral, type Element } from '../crypto/group.ts';
import { archiveSteps, type Step } from './archive.ts';
import { canonical, fields, hexDigest, integer, list, string, textOf } from '../json.ts';
import { refuse } from '../refusal.ts';
import { verificationKeys } from './trustees.ts';

/** alpha and beta. */
type Pair = readonly [Element, Element];
type Sums = readonly (readonly Pair[])[];

/** The largest total weight whose count a tally can find. */
const MAX_WEIGHT = 2 ** 40;

/** What is decrypted, and all that its holder compares first. */
export interface Box {
  readonly name: string;
  readonly uuid: string;
  readonly fingerprint: string;
  /** How many ballot events the archive holds, which is what its total says too. */
  readonly ballots: number;
  /** SHA-256 of the encrypted total's bytes, hexadecimal: what isoloir-verify prints. */
  readonly digest: string;
  /** Verification keys of the holders of shares, whose numbers begin at 1. */
  readonly keys: readonly string[];
  /** Every alpha of the total, a row for each question. */
  readonly alphas: readonly (readonly Element[])[];
}

const choices = ({ answers, blank }: Question) => answers.length + Number(blank);

function electionOf(text: string): [Election, string] {
  const value = canonical(text, 'setup.election');
  try {
    return [readElection(text), string((value as { public_key: unknown }).public_key, 'setup.election')];
  } catch (error) {
    return refuse('setup.election', (error as Error).message);
  }
}

/** The weight of each public credential. */
function credentialsOf(text: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const item of list(canonical(text, 'setup.credentials'), 'setup.credentials')) {
    const found = /^([0-9a-f]{64})(?:,([1-9]\d{0,12}))?$/.exec(string(item, 'setup.credentials'));
    const [, credential = '', weight = '1'] = found ?? refuse('setup.credentials', 'not a credential');
    if (weights.has(credential)) refuse('setup.credentials', 'one is listed twice');
    weights.set(credential, Number(weight));
  }
  return weights;
}

function pairOf(value: unknown, clause: string): Pair {
  const { alpha, beta } = fields(value, 'alpha,beta', clause);
  try {
    return [decodeAny(string(alpha, clause)), decodeAny(string(beta, clause))];
  } catch {
    return refuse(clause, 'not a point of the curve');
  }
}

/** Takes the steps of one archive and adds its ballots up. */
class Counting {
  readonly election: Election;
  readonly keys: readonly string[];
  readonly #weights: Map<string, number>;
  readonly #seen = new Set<string>();
  #sums: Sums;
  #weight = 0;
  ballots = 0;
  digest = '';

  constructor({ data }: Step) {
    const [election, trustees, credentials] = data.map(({ body }, i) =>
      textOf(body, ['setup.election', 'setup.trustees', 'setup.credentials'][i] ?? 'archive.event'));
    const [read, publicKey] = electionOf(election ?? '');
    this.election = read;
    this.keys = verificationKeys(trustees ?? '', publicKey);
    this.#weights = credentialsOf(credentials ?? '');
    this.#sums = read.questions.map((question) => Array.from({ length: choices(question) }, (): Pair => [neutral, neutral]));
  }

  /** The proofs in a ballot are not checked here: isoloir-verify does that, on the machine that the total is compared with. */
  ballot({ data }: Step): void {
    const keys = 'election_uuid,election_hash,credential,answers,signature';
    const text = textOf((data[0] as Step['data'][0]).body, 'ballot.json');
    const ballot = fields(canonical(text, 'ballot.canonical'), keys, 'ballot.shape');
    if (ballot.election_uuid !== this.election.uuid) refuse('ballot.uuid', 'of another election');
    if (ballot.election_hash !== this.election.fingerprint) refuse('ballot.fingerprint', 'of another version of the election');
    const credential = string(ballot.credential, 'ballot.shape');
    const weight = this.#weights.get(credential) ?? refuse('ballot.credential.unlisted', `ballot ${this.ballots + 1}`);
    if (this.#seen.has(credential)) refuse('ballot.credential.repeated', `ballot ${this.ballots + 1}`);
    this.#seen.add(credential);
    const answers = list(ballot.answers, 'ballot.shape', this.election.questions.length);
    this.#sums = this.#sums.map((row, i) => {
      const { blank } = this.election.questions[i] as Question;
      const answer = fields(answers[i], `choices,individual_proofs,overall_proof${blank ? ',blank_proof' : ''}`, 'ballot.shape');
      const pairs = list(answer.choices, 'ballot.shape', row.length).map((pair) => pairOf(pair, 'ballot.element'));
      return row.map(([alpha, beta], j): Pair => {
        const [a, b] = pairs[j] as Pair;
        const times = (element: Element) => (weight === 1 ? element : element.multiplyUnsafe(BigInt(weight)));
        return [alpha.add(times(a)), beta.add(times(b))];
      });
    });
    this.#weight += weight;
    this.ballots++;
  }

  total({ data }: Step): void {
    const [total, sized] = data.map(({ body }) => body) as [Uint8Array, Uint8Array];
    const keys = 'num_tallied,total_weight,encrypted_tally';
    const value = fields(canonical(textOf(sized, 'archive.event'), 'archive.event'), keys, 'archive.event');
    if (integer(value.num_tallied, 'tally.num_tallied') !== this.ballots) {
      refuse('tally.num_tallied', `it says ${String(value.num_tallied)} ballots, the box holds ${this.ballots}`);
    }
    const weight = this.#weight < 2 ** 30 ? this.#weight : String(this.#weight);
    if (value.total_weight !== weight || this.#weight > MAX_WEIGHT) refuse('tally.total_weight', 'not the sum of the weights');
    const rows = list(canonical(textOf(total, 'tally.encrypted'), 'tally.encrypted'), 'tally.encrypted', this.#sums.length);
    for (const [i, row] of rows.entries()) {
      for (const pair of list(row, 'tally.encrypted', this.#sums[i]?.length)) {
        for (const element of pairOf(pair, 'tally.element')) {
          if (!isOfPrimeOrder(element)) refuse('tally.element', `question ${i + 1}: a point of another order`);
        }
      }
    }
    const texts = encodeAll(this.#sums.flat(2));
    const again = this.#sums.map((row) => row.map(() => ({ alpha: texts.shift(), beta: texts.shift() })));
    if (JSON.stringify(again) !== textOf(total, 'tally.encrypted')) refuse('tally.encrypted', 'not the sum of the ballots');
    this.digest = hexDigest(total);
  }

  box(): Box {
    if (!this.digest) refuse('tally.missing', 'the archive has no total yet');
    const { name, uuid, fingerprint } = this.election;
    const alphas = this.#sums.map((row) => row.map(([alpha]) => alpha));
    return { name, uuid, fingerprint, ballots: this.ballots, digest: this.digest, keys: this.keys, alphas };
  }
}

/**
 * Reads an archive to its end and checks: its form and chain of events, the election key, that no credential serves
 * twice, that the total says how many ballots there are and is their sum, of elements of prime order (or neutral).
 * `pause` is awaited after each event with bytes read and ballots added. Throws Refusal with the clause.
 */
export async function readBox(blob: Blob, pause: (bytes: number, ballots: number) => Promise<void> | void = () => {}): Promise<Box> {
  let counting: Counting | undefined;
  for await (const step of archiveSteps(blob)) {
    if (step.type === 'Setup') counting = new Counting(step);
    else if (step.type === 'Ballot') counting?.ballot(step);
    else if (step.type === 'EncryptedTally') counting?.total(step);
    await pause(step.offset, counting?.ballots ?? 0);
  }
  return (counting as Counting).box();
}

