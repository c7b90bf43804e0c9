// A ballot opened instead of cast (Benaloh 2006, "Simple verifiable elections"): the file that reveals what made its
// ciphertexts, and the check of such a file. The format stands in docs/check-file.md.
import type { Ballot } from './ballot.ts';
import { readElection, type Election, type Question } from './election.ts';
import { digest } from './encoding.ts';
import { encodeAll, gPower, ORDER, smallPower } from './group.ts';

export const FORMAT = 'isoloir-check-1';
const MAX_CHARACTERS = 8_000_000;

/** What is wrong with a check file; the page has a sentence for each. */
export type Clause = 'file' | 'election' | 'ballot' | 'tracker' | 'choices' | 'randomness' | 'ciphertext';

export class CheckRefusal extends Error {
  readonly clause: Clause;

  constructor(clause: Clause, detail: string) {
    super(`${clause}: ${detail}`);
    this.clause = clause;
  }
}

export interface Held {
  readonly question: string;
  readonly blank: boolean;
  /** The answers that the ballot chooses, in the order of the election's file; none for a blank vote. */
  readonly answers: readonly string[];
}

/** What an opened ballot was found to hold. */
export interface Finding {
  readonly election: string;
  readonly uuid: string;
  readonly fingerprint: string;
  readonly tracker: string;
  readonly questions: readonly Held[];
}

/** Writes the check file of a ballot that will not be cast: everything that made its ciphertexts, no credential's secret. */
export function checkFile(electionText: string, ballot: Ballot): string {
  return JSON.stringify({
    format: FORMAT,
    election: electionText,
    ballot: ballot.text,
    tracker: ballot.tracker,
    answers: ballot.openings.map((openings) => ({
      choices: openings.map(({ message }) => message),
      randomness: openings.map(({ randomness }) => randomness.toString()),
    })),
  });
}

type Fields = Record<string, unknown>;

function parse(text: string, clause: Clause): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CheckRefusal(clause, 'not JSON');
  }
}

/** An object with these keys and no other: in this order in a ballot, whose bytes are hashed; in any order in the file. */
function fields(value: unknown, keys: string, clause: Clause): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const found = Object.keys(value);
    if ((clause === 'file' ? found.sort() : found).join() === keys) return value as Fields;
  }
  throw new CheckRefusal(clause, `not an object with the keys ${keys}`);
}

function list(value: unknown, length: number, clause: Clause): unknown[] {
  if (!Array.isArray(value) || value.length !== length) throw new CheckRefusal(clause, `not a list of ${length}`);
  return value;
}

function texts(value: Fields, keys: readonly string[]): string[] {
  return keys.map((key) => {
    const text = value[key];
    if (typeof text !== 'string') throw new CheckRefusal('file', `${key} is no text`);
    return text;
  });
}

function electionOf(text: string): Election {
  try {
    return readElection(text);
  } catch (error) {
    throw new CheckRefusal('election', (error as Error).message);
  }
}

/** The ballot's ciphertexts as written; refuses a ballot whose bytes are not the canonical ones, or of another election. */
function ciphertextsOf(text: string, election: Election): string[][] {
  const ballot = fields(parse(text, 'ballot'), 'election_uuid,election_hash,credential,answers,signature', 'ballot');
  if (JSON.stringify(ballot) !== text) throw new CheckRefusal('ballot', 'not in its canonical form');
  if (ballot.election_uuid !== election.uuid || ballot.election_hash !== election.fingerprint) {
    throw new CheckRefusal('ballot', 'of another election');
  }
  const { signature, ...unsigned } = ballot;
  if (fields(signature, 'hash,proof', 'ballot').hash !== digest(JSON.stringify(unsigned))) {
    throw new CheckRefusal('ballot', 'its signature is of another ballot');
  }
  return list(ballot.answers, election.questions.length, 'ballot').map((answer, i) => {
    const question = election.questions[i] as Question;
    const keys = `choices,individual_proofs,overall_proof${question.blank ? ',blank_proof' : ''}`;
    const choices = list(fields(answer, keys, 'ballot').choices, question.answers.length + Number(question.blank), 'ballot');
    return choices.map((choice) => {
      const { alpha, beta } = fields(choice, 'alpha,beta', 'ballot');
      return `${String(alpha)},${String(beta)}`;
    });
  });
}

function messages(value: unknown, question: Question): number[] {
  const found = list(value, question.answers.length + Number(question.blank), 'choices').map((choice) => {
    if (choice !== 0 && choice !== 1) throw new CheckRefusal('choices', 'a choice is neither 0 nor 1');
    return choice;
  });
  const chosen = found.slice(Number(question.blank)).reduce((total: number, choice) => total + choice, 0);
  const allowed = question.blank && found[0] === 1 ? chosen === 0 : chosen >= question.min && chosen <= question.max;
  if (!allowed) throw new CheckRefusal('choices', 'not allowed by the question');
  return found;
}

function scalar(value: unknown): bigint {
  if (typeof value !== 'string' || !/^[1-9]\d{0,77}$/.test(value) || BigInt(value) >= ORDER) {
    throw new CheckRefusal('randomness', 'not a plain decimal number in [1, q)');
  }
  return BigInt(value);
}

/**
 * Checks a file: every ciphertext is made again from choice, randomness and key, the tracker from the ballot's bytes.
 * `shown`, if given, is the tracker that the booth showed before the ballot was opened (spaces do not count).
 * Returns what the ballot holds; throws CheckRefusal. Stops after each ciphertext, as `ballotSteps` does.
 */
export function* checkSteps(text: string, shown = ''): Generator<void, Finding> {
  if (text.length > MAX_CHARACTERS) throw new CheckRefusal('file', 'too long');
  const file = fields(parse(text, 'file'), 'answers,ballot,election,format,tracker', 'file');
  if (file.format !== FORMAT) throw new CheckRefusal('file', 'of another format');
  const [electionText = '', ballot = '', tracker = ''] = texts(file, ['election', 'ballot', 'tracker']);
  const election = electionOf(electionText);
  const ciphertexts = ciphertextsOf(ballot, election);
  const expected = shown.replace(/\s/g, '');
  if (digest(ballot) !== tracker || (expected && expected !== tracker)) {
    throw new CheckRefusal('tracker', 'not that of this ballot');
  }
  const questions: Held[] = [];
  for (const [i, answer] of list(file.answers, election.questions.length, 'choices').entries()) {
    const question = election.questions[i] as Question;
    const { choices, randomness } = fields(answer, 'choices,randomness', 'file');
    const chosen = messages(choices, question);
    const exponents = list(randomness, chosen.length, 'randomness').map(scalar);
    for (const [k, exponent] of exponents.entries()) {
      const made = encodeAll([gPower(exponent), election.publicKey.power(exponent).add(smallPower(chosen[k] ?? 0))]);
      if (made.join(',') !== ciphertexts[i]?.[k]) throw new CheckRefusal('ciphertext', `question ${i + 1}, choice ${k + 1}`);
      yield;
    }
    const flags = chosen.slice(Number(question.blank));
    questions.push({
      question: question.question,
      blank: question.blank && chosen[0] === 1,
      answers: question.answers.filter((_, k) => flags[k] === 1),
    });
  }
  return { election: election.name, uuid: election.uuid, fingerprint: election.fingerprint, tracker, questions };
}
