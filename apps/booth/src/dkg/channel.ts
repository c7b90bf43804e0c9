// A number that one holder alone can read, and a proof of what it held for those who cannot: R = g^r, K = E^r = R^d,
// HKDF-SHA-256 of K's text (info: context and R), AES-256-GCM. Each key serves once, hence the nonce of zeros; the number
// is padded to the digits of q. The sender proves r, or a cheat could have another's K published by a complaint.
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { challengeOf } from '../crypto/credential.ts';
import { padded, unpadded } from '../crypto/encoding.ts';
import { encode, gPower, modOrder, ORDER, secretPower, type Element } from '../crypto/group.ts';
import type { Rng } from '../crypto/random.ts';
import { isKnown, proveKnowledge, readProof, writtenProof, type WrittenProof } from '../crypto/schnorr.ts';
import { having, string } from '../json.ts';
import { refuse } from '../refusal.ts';
import { element, FORM } from './setting.ts';

const DIGITS = String(ORDER - 1n).length;
const TAG = 16;
const iv = new Uint8Array(12);

/** A sealed number as it is handed over. */
export interface SealedText {
  readonly ephemeral: string;
  readonly sealed: string;
  readonly proof: WrittenProof;
}

/** A sealed number, read. */
export interface Sealed {
  /** R, and its text. */
  readonly ephemeral: Element;
  readonly base: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly proof: WrittenProof;
}

function key(point: Element, context: string, base: string, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  const derived = hkdf(sha256, utf8ToBytes(encode(point)), undefined, utf8ToBytes(`isoloir-dkg/1|${context}|${base}`), 32);
  return crypto.subtle.importKey('raw', Uint8Array.from(derived), 'AES-GCM', false, [use]);
}

const drawnPrefix = (context: string, base: string) => `isoloir-dkg/1|ephemeral|${context}|${base}|`;
const pointPrefix = (context: string, base: string, point: string) => `isoloir-dkg/1|point|${context}|${base}|${point}|`;

/** Encrypts a number below q for the holder of `receiver`; draws r − 1, then the nonce of its proof. */
export async function seal(receiver: Element, context: string, number: bigint, rng: Rng): Promise<SealedText> {
  const drawn = rng(ORDER - 1n) + 1n;
  const ephemeral = encode(gPower(drawn));
  const proof = writtenProof(proveKnowledge(drawn, drawnPrefix(context, ephemeral), rng));
  const secret = await key(secretPower(receiver, drawn), context, ephemeral, 'encrypt');
  const plain = new TextEncoder().encode(String(number).padStart(DIGITS, '0'));
  return { ephemeral, sealed: padded(new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, secret, plain))), proof };
}

/** Reads what `seal` makes; `dkg.form` for any other spelling. */
export function readSealed(value: unknown): Sealed {
  const { ephemeral, sealed, proof } = having(value, ['ephemeral', 'sealed', 'proof'], FORM);
  const bytes = unpadded(string(sealed, FORM)) ?? refuse(FORM, 'a sealed number is not in base 64');
  if (bytes.length !== DIGITS + TAG) refuse(FORM, 'a sealed number is too short or too long');
  return { ephemeral: element(ephemeral), base: ephemeral as string, bytes, proof: writtenProof(readProof(proof, FORM)) };
}

/** Whether the sender proves to have drawn r for this context. */
export function isSenders(context: string, { ephemeral, base, proof }: Sealed): boolean {
  return isKnown(drawnPrefix(context, base), ephemeral, readProof(proof, FORM));
}

/** The number sealed, from the point K that both ends know; undefined if no number below q in its digits comes out. */
export async function unseal(point: Element, context: string, { base, bytes }: Sealed): Promise<bigint | undefined> {
  try {
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await key(point, context, base, 'decrypt'), bytes);
    const text = new TextDecoder().decode(plain);
    const number = /^\d+$/.test(text) && text.length === DIGITS ? BigInt(text) : ORDER;
    return number < ORDER ? number : undefined;
  } catch {
    return undefined;
  }
}

/** K as its receiver publishes it, with the proof that it is R to the receiver's private key. */
export function provePoint(
  opening: bigint, context: string, { ephemeral, base }: Sealed, rng: Rng,
): { point: string; proof: WrittenProof } {
  const point = encode(secretPower(ephemeral, opening));
  const nonce = rng(ORDER);
  const commitments = [encode(gPower(nonce)), encode(secretPower(ephemeral, nonce))];
  const challenge = challengeOf(pointPrefix(context, base, point), commitments);
  return { point, proof: writtenProof({ challenge, response: modOrder(nonce - opening * challenge) }) };
}

/** The point K that a receiver published, if its proof holds (Chaum and Pedersen). */
export function provenPoint(
  receiver: Element, context: string, { ephemeral, base }: Sealed, shown: { point: unknown; proof: unknown },
): Element | undefined {
  const point = element(shown.point);
  const { challenge, response } = readProof(shown.proof, FORM);
  const a = gPower(response).add(receiver.multiplyUnsafe(challenge));
  const b = ephemeral.multiplyUnsafe(response).add(point.multiplyUnsafe(challenge));
  const found = challengeOf(pointPrefix(context, base, encode(point)), [encode(a), encode(b)]);
  return found === challenge ? point : undefined;
}
