// A holder's long-term secret: one seed, from which both keys derive as in Belenios.
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { BASE58 } from '../crypto/credential.ts';
import { numberFromBytes, sha256Text } from '../crypto/encoding.ts';
import { encode, gPower, modOrder } from '../crypto/group.ts';
import { drawText } from '../crypto/random.ts';

const LENGTH = 22;

/** A new seed: 22 characters of base 58, 128 bits. */
export const newSeed = (): string => drawText(BASE58, LENGTH);

export function isSeed(text: string): boolean {
  return text.length === LENGTH && [...text].every((character) => BASE58.includes(character));
}

/** A holder's private keys, for signatures and for messages, and their public halves as the format spells them. */
export class Identity {
  readonly signing: bigint;
  readonly opening: bigint;
  readonly verification: string;
  readonly encryption: string;
  readonly #seed: string;

  constructor(seed: string) {
    const exponent = (kind: string) => modOrder(numberFromBytes(sha256Text(`${kind}|${seed}`)));
    this.#seed = seed;
    this.signing = exponent('sk');
    this.opening = exponent('dk');
    this.verification = encode(gPower(this.signing));
    this.encryption = encode(gPower(this.opening));
  }

  /**
   * The coefficients of the holder's polynomial in one context, the constant one first. The context holds every
   * certificate: whoever shows this holder false ones learns a polynomial that serves nowhere else.
   */
  polynomial(context: string, length: number): bigint[] {
    return Array.from({ length }, (_, k) =>
      modOrder(numberFromBytes(hmac(sha512, utf8ToBytes(this.#seed), utf8ToBytes(`${context}|${k}`)))));
  }
}
