// What is fixed before the first round, and how the documents of one ceremony are bound to it.
import { sha256Text } from '../crypto/encoding.ts';
import { decode, type Element } from '../crypto/group.ts';
import type { Rng } from '../crypto/random.ts';
import { isSigned, readProof, sign, writtenProof, type WrittenProof } from '../crypto/schnorr.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { sorted, string, type Fields } from '../json.ts';
import { Refusal } from '../refusal.ts';

/** The clause of whatever is not spelt as it should be. */
export const FORM = 'dkg.form';

/** One threshold key to be made on Ed25519: `size` holders, any `threshold` of whom suffice. */
export interface Setting {
  /** A text that no other ceremony has. */
  readonly binding: string;
  readonly size: number;
  readonly threshold: number;
}

/** A document does not hold; `holder` (from 1) is whose. */
export class DkgRefusal extends Refusal {
  readonly holder: number;

  constructor(clause: string, detail: string, holder: number) {
    super(clause, detail);
    this.holder = holder;
  }
}

export function fault(clause: string, detail: string, holder: number): never {
  throw new DkgRefusal(`dkg.${clause}`, detail, holder);
}

/** Reads something of a holder's; whatever is refused meanwhile is theirs. */
export function reading<T>(holder: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new DkgRefusal(error.clause, error.message, holder);
  }
}

/** A point of prime order, as the format spells it. */
export function element(value: unknown): Element {
  const text = string(value, FORM);
  try {
    return decode(text);
  } catch {
    throw new Refusal(FORM, 'not a point of prime order');
  }
}

/** A text without control characters but line feeds, which UTF-8 can carry. */
export function text(value: unknown): string {
  const found = string(value, FORM);
  if (/[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]/u.test(found)) {
    throw new Refusal(FORM, 'a control character, or half a surrogate pair');
  }
  return found;
}

/** SHA-256 of documents, hexadecimal: what holders compare aloud, and what later signatures cover. */
export function digestOf(documents: readonly unknown[]): string {
  return bytesToHex(sha256Text(sorted(documents)));
}

/** The text that a document's outer signature covers. */
export function boundText({ binding, size, threshold }: Setting, kind: string, index: number, covered: unknown): string {
  return `isoloir-dkg/1|${binding}|${size}|${threshold}|${kind}|${index}|${sorted(covered)}`;
}

/** A document with its outer signature. */
export function bind<T extends object>(
  setting: Setting, kind: string, index: number, secret: bigint, value: T, covered: unknown, rng: Rng,
): T & { bound: WrittenProof } {
  return { ...value, bound: writtenProof(sign(secret, boundText(setting, kind, index, covered), rng)) };
}

/** Checks a document's outer signature: `dkg.form`, `dkg.bound`. */
export function checkBound(
  setting: Setting, kind: string, index: number, key: Element, document: Fields, covered: unknown,
): void {
  const signature = reading(index, () => readProof(document.bound, FORM));
  if (!isSigned(key, boundText(setting, kind, index, covered), signature)) {
    fault('bound', 'a document was made for another ceremony, or changed', index);
  }
}

/** A document without its outer signature. */
export function inner({ bound, ...value }: Fields): Fields {
  return value;
}
