// A whole ballot, byte for byte in the Belenios format (crypto "version 1").
import { challengeOf, signingKey, type Proof } from './credential.ts';
import { digest } from './encoding.ts';
import type { Election, Question } from './election.ts';
import { encodeAll, gPower, modOrder, smallPower, type Element, type PublicKey } from './group.ts';
import { commit, type Opening, type Pending, type Statement } from './proofs.ts';
import { atOnce } from '../steps.ts';
import { drawScalar, type ScalarSource } from './random.ts';

/** The answers chosen in one question (indices, in any order), or a blank vote. */
export type Choice = 'blank' | readonly number[];

export interface Ballot {
  /** The exact text to send; its UTF-8 bytes are the ballot. */
  readonly text: string;
  /** Unpadded base64 of SHA-256 of those bytes. */
  readonly tracker: string;
  /** What made the ciphertexts, one entry per question: secret unless this ballot is opened and never cast. */
  readonly openings: readonly (readonly Opening[])[];
}

// The canonical text of a proof: scalars are decimal strings.
function written(proof: Proof): { challenge: string; response: string } {
  return { challenge: proof.challenge.toString(), response: proof.response.toString() };
}

/** Messages to encrypt, 0 or 1, the blank flag first where the question has one; throws if the rules are broken. */
export function messagesOf(question: Question, choice: Choice): number[] {
  const flags = question.answers.map(() => 0);
  if (choice === 'blank') {
    if (!question.blank) throw new Error('choice: this question has no blank vote');
    return [1, ...flags];
  }
  for (const answer of choice) {
    if (flags[answer] !== 0) throw new Error('choice: an answer is unknown or chosen twice');
    flags[answer] = 1;
  }
  if (choice.length < question.min || choice.length > question.max) throw new Error('choice: too few or too many answers');
  return question.blank ? [0, ...flags] : flags;
}

function sum(openings: readonly Opening[]): Opening {
  return {
    randomness: modOrder(openings.reduce((total, { randomness }) => total + randomness, 0n)),
    message: openings.reduce((total, { message }) => total + message, 0),
  };
}

function claims(opening: Opening, from: number, to: number): Statement[] {
  const statements: Statement[] = [];
  for (let value = from; value <= to; value++) statements.push({ opening, value });
  return statements;
}

function ciphertext({ randomness, message }: Opening, y: PublicKey): [Element, Element] {
  return [gPower(randomness), y.power(randomness).add(smallPower(message))];
}

function* encryptAnswer(
  question: Question, openings: readonly Opening[], context: string, y: PublicKey, draw: ScalarSource,
): Generator<void, unknown> {
  const ciphertexts: [Element, Element][] = [];
  for (const opening of openings) {
    ciphertexts.push(ciphertext(opening, y));
    yield;
  }
  const individual: Pending[] = [];
  for (const opening of openings) {
    individual.push(commit(claims(opening, 0, 1), y, draw));
    yield;
  }
  const flag = question.blank ? openings[0] : undefined;
  const total = sum(flag ? openings.slice(1) : openings);
  const range = claims(total, question.min, question.max);
  const blank = flag && commit([...claims(flag, 0, 0), ...claims(total, 0, 0)], y, draw);
  const overall = commit(flag ? [{ opening: flag, value: 1 }, ...range] : range, y, draw);
  const totalCiphertext = flag ? [] : ciphertext(total, y);
  yield;

  // One inversion for all of the question's points, then texts alone.
  const groups: (readonly Element[])[] = [
    ...ciphertexts, ...individual.map((p) => p.commitments), overall.commitments, blank?.commitments ?? [], totalCiphertext,
  ];
  const texts = encodeAll(groups.flat());
  let position = 0;
  const encoded = groups.map((group) => texts.slice(position, (position += group.length)));
  const choices = encoded.slice(0, openings.length);
  const [overallTexts = [], blankTexts = [], totalTexts = []] = encoded.slice(2 * openings.length);

  const bound = `${context}|${choices.flat().join(',')}`;
  const finish = (pending: Pending, prefix: string, commitments: readonly string[]) =>
    pending.finish(challengeOf(prefix, commitments)).map(written);
  return {
    choices: choices.map(([alpha, beta]) => ({ alpha, beta })),
    individual_proofs: individual.map((pending, i) =>
      finish(pending, `prove|${context}|${choices[i]?.join(',')}|`, encoded[openings.length + i] ?? [])),
    overall_proof: finish(overall, flag ? `bproof1|${bound}|` : `prove|${bound}|${totalTexts.join(',')}|`, overallTexts),
    ...(blank && { blank_proof: finish(blank, `bproof0|${bound}|`, blankTexts) }),
  };
}

/**
 * Encrypts one choice per question under the election's key and signs the whole with a private credential.
 * It stops after every few products, so that a page can answer its voter in between: see `makeBallot` for all at once.
 * Source: Belenios specification, "ballots"; throws if the choices break the questions' rules.
 */
export function* ballotSteps(
  election: Election, credential: string, choices: readonly Choice[], draw: ScalarSource = drawScalar,
): Generator<void, Ballot> {
  if (choices.length !== election.questions.length) throw new Error('choice: one choice per question is needed');
  const key = signingKey(credential, election.uuid);
  const context = `${election.fingerprint}|${key.publicCredential}`;
  const openings: Opening[][] = [];
  const answers: unknown[] = [];
  for (const [i, question] of election.questions.entries()) {
    const opened = messagesOf(question, choices[i] as Choice).map((message): Opening => ({ randomness: draw(), message }));
    openings.push(opened);
    answers.push(yield* encryptAnswer(question, opened, context, election.publicKey, draw));
  }
  const unsigned = {
    election_uuid: election.uuid,
    election_hash: election.fingerprint,
    credential: key.publicCredential,
    answers,
  };
  const hash = digest(JSON.stringify(unsigned));
  const text = JSON.stringify({ ...unsigned, signature: { hash, proof: written(key.sign(hash, draw)) } });
  return { text, tracker: digest(text), openings };
}

/** Makes a ballot in one go. */
export function makeBallot(
  election: Election, credential: string, choices: readonly Choice[], draw: ScalarSource = drawScalar,
): Ballot {
  return atOnce(ballotSteps(election, credential, choices, draw));
}
