// Knowledge of a private key, proved by hashing (Schnorr), and texts signed with it: `signed_msg` of the format.
import { refuse } from '../refusal.ts';
import { having } from '../json.ts';
import { challengeOf, type Proof } from './credential.ts';
import { encode, gPower, modOrder, ORDER, type Element } from './group.ts';
import type { Rng } from './random.ts';

/** A proof as the format writes it. */
export interface WrittenProof {
  readonly challenge: string;
  readonly response: string;
}

export interface Signed {
  readonly message: string;
  readonly signature: WrittenProof;
}

export const writtenProof = ({ challenge, response }: Proof): WrittenProof => (
  { challenge: challenge.toString(), response: response.toString() });

/** A canonical decimal in [0, q). */
export function readScalar(value: unknown, clause: string): bigint {
  const scalar = typeof value === 'string' && /^(0|[1-9]\d{0,75})$/.test(value) ? BigInt(value) : ORDER;
  return scalar < ORDER ? scalar : refuse(clause, 'not a number below q');
}

export function readProof(value: unknown, clause: string): Proof {
  const { challenge, response } = having(value, ['challenge', 'response'], clause);
  return { challenge: readScalar(challenge, clause), response: readScalar(response, clause) };
}

/** Proves knowledge of `secret`, the hash's input beginning with `prefix`; one nonce is drawn below q. */
export function proveKnowledge(secret: bigint, prefix: string, rng: Rng): Proof {
  const nonce = rng(ORDER);
  const challenge = challengeOf(prefix, [encode(gPower(nonce))]);
  return { challenge, response: modOrder(nonce - secret * challenge) };
}

/** Whether somebody knew x with key = g^x: A = g^response key^challenge. */
export function isKnown(prefix: string, key: Element, { challenge, response }: Proof): boolean {
  return challengeOf(prefix, [encode(gPower(response).add(key.multiplyUnsafe(challenge)))]) === challenge;
}

export function sign(secret: bigint, message: string, rng: Rng): Proof {
  return proveKnowledge(secret, `sigmsg|${message}|`, rng);
}

export function isSigned(key: Element, message: string, signature: Proof): boolean {
  return isKnown(`sigmsg|${message}|`, key, signature);
}

export function signed(secret: bigint, message: string, rng: Rng): Signed {
  return { message, signature: writtenProof(sign(secret, message, rng)) };
}

/** How the hash of a proof of possession begins. */
export const possession = (key: string) => `pok|Ed25519|${key}|`;
