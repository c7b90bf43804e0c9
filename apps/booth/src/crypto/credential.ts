// The private credential that the registrar's pool hands out, and the signature made with it.
import { encode, gPower, modOrder } from './group.ts';
import { numberFromBytes, sha256Text } from './encoding.ts';
import type { ScalarSource } from './random.ts';

const FORM = /^[1-9A-HJ-NP-Za-km-z]{5}-[1-9A-HJ-NP-Za-km-z]{6}-[1-9A-HJ-NP-Za-km-z]{5}-[1-9A-HJ-NP-Za-km-z]{6}$/;

/** A proof of knowledge: challenge and response, both in [0, q). */
export interface Proof {
  challenge: bigint;
  response: bigint;
}

export interface SigningKey {
  /** The public credential, as it stands in the ballot. */
  readonly publicCredential: string;
  /** Signs the hash of a ballot (Schnorr, `sig|HASH|A`). */
  sign(hash: string, draw: ScalarSource): Proof;
}

/** Hash of a prefix and comma-separated elements, reduced mod q: the challenge of every proof. */
export function challengeOf(prefix: string, elements: readonly string[]): bigint {
  return modOrder(numberFromBytes(sha256Text(prefix + elements.join(','))));
}

/** Derives the signing key of a private credential (Belenios 2.4 and later); throws on another form. */
export function signingKey(credential: string, electionUuid: string): SigningKey {
  if (!FORM.test(credential)) throw new Error('credential: not in the form XXXXX-XXXXXX-XXXXX-XXXXXX');
  const half = (i: number) => numberFromBytes(sha256Text(`derive_credential|${electionUuid}|${i}|${credential}`));
  const secret = modOrder((half(0) << 256n) + half(1));
  return {
    publicCredential: encode(gPower(secret)),
    sign(hash, draw) {
      const w = draw();
      const challenge = challengeOf(`sig|${hash}|`, [encode(gPower(w))]);
      return { challenge, response: modOrder(w - secret * challenge) };
    },
  };
}

/** The alphabet of credentials and seeds: no 0, O, I or l. */
export const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** A credential of nobody, for previews: no ballot box lists it. */
export function throwawayCredential(): string {
  const digits = [...crypto.getRandomValues(new Uint8Array(22))].map((byte) => BASE58.charAt(byte % 58));
  return [digits.slice(0, 5), digits.slice(5, 11), digits.slice(11, 16), digits.slice(16)].map((part) => part.join('')).join('-');
}
