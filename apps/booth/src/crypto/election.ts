// What the booth must know of an election, read from the very bytes whose hash is the election's fingerprint.
import { digest } from './encoding.ts';
import { PublicKey } from './group.ts';

export interface Question {
  readonly question: string;
  readonly answers: readonly string[];
  /** Whether a blank vote is offered; its flag is then the first ciphertext. */
  readonly blank: boolean;
  readonly min: number;
  readonly max: number;
}

export interface Election {
  readonly name: string;
  readonly uuid: string;
  /** Unpadded base64 of SHA-256 of the raw text. */
  readonly fingerprint: string;
  readonly publicKey: PublicKey;
  readonly questions: readonly Question[];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readQuestion(value: unknown): Question {
  if (!isRecord(value) || 'type' in value) throw new Error('question: only homomorphic questions are known here');
  const { question, answers, blank, min, max } = value;
  if (typeof question !== 'string') throw new Error('question: it has no text');
  if (!Array.isArray(answers) || !answers.length || !answers.every((a): a is string => typeof a === 'string')) {
    throw new Error('question: its answers are not a list of texts');
  }
  if (blank !== undefined && typeof blank !== 'boolean') throw new Error('question: blank is neither true nor false');
  if (!Number.isInteger(min) || !Number.isInteger(max)) throw new Error('question: min or max is not an integer');
  const [low, high] = [min as number, max as number];
  if (low < 0 || high < low || high < 1 || high > answers.length) {
    throw new Error('question: min and max do not fit its answers');
  }
  return { question, answers, blank: blank === true, min: low, max: high };
}

/** Reads election.json and checks all that making a ballot relies on; throws on anything else. */
export function readElection(text: string): Election {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) throw new Error('election: not an object');
  if (value.version !== 1) throw new Error('election: unknown version');
  if (value.group !== 'Ed25519') throw new Error('election: its group is not Ed25519');
  if (typeof value.uuid !== 'string' || !/^[1-9A-HJ-NP-Za-km-z]{14,}$/.test(value.uuid)) throw new Error('election: bad uuid');
  if (typeof value.name !== 'string') throw new Error('election: it has no name');
  if (typeof value.public_key !== 'string') throw new Error('election: no public key');
  if (!Array.isArray(value.questions) || !value.questions.length) throw new Error('election: no questions');
  return {
    name: value.name,
    uuid: value.uuid,
    fingerprint: digest(text),
    publicKey: new PublicKey(value.public_key),
    questions: value.questions.map(readQuestion),
  };
}
