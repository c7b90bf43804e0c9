// Ed25519's prime-order group as Belenios uses it, with fixed-base tables for g and for the election key y.
import { ed25519 } from '@noble/curves/ed25519.js';
import { normalizeZ } from '@noble/curves/abstract/curve.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

const Point = ed25519.Point;
export type Element = InstanceType<typeof Point>;

/** q, the order of the group. */
export const ORDER: bigint = Point.Fn.ORDER;

// A copy of the base point: noble widens the table of BASE itself by 128 bits to blind signature keys that are used
// again and again. Every exponent here but the credential's serves once, and y cannot be blinded either.
const GENERATOR = Point.fromAffine(Point.BASE.toAffine());
const WINDOW = 8;

/** The number in [0, q) congruent to x. */
export function modOrder(x: bigint): bigint {
  const remainder = x % ORDER;
  return remainder < 0n ? remainder + ORDER : remainder;
}

// noble's constant-time product refuses 0, which is as valid an exponent as any other.
function power(base: Element, exponent: bigint): Element {
  return exponent === 0n ? Point.ZERO : base.multiply(exponent);
}

/** Builds the table of g (about 30 ms on a desktop): do it while the voter reads. */
export function prepareGenerator(): void {
  GENERATOR.precompute(WINDOW, false);
}

/** g to the exponent, in constant time. */
export function gPower(exponent: bigint): Element {
  return power(GENERATOR, exponent);
}

/** g to a small count, by additions: a 0 or a 1 costs no product that a clock could tell apart. */
export function smallPower(count: number): Element {
  let element = Point.ZERO;
  for (let i = 0; i < count; i++) element = element.add(GENERATOR);
  return element;
}

/** The election's public key y: a valid point of prime order. */
export class PublicKey {
  readonly #point: Element;

  /** Reads 64 lower-case hexadecimal digits (big-endian); throws unless they name a point of prime order. */
  constructor(text: string) {
    if (!/^[0-9a-f]{64}$/.test(text)) throw new Error('public key: not 64 lower-case hexadecimal digits');
    const point = Point.fromBytes(hexToBytes(text).reverse());
    if (point.is0() || !point.isTorsionFree()) throw new Error('public key: not a point of prime order');
    this.#point = point;
  }

  /** Builds the table of y; idempotent in effect, and done by the first power otherwise. */
  prepare(): void {
    this.#point.precompute(WINDOW, false);
  }

  /** y to the exponent, in constant time. */
  power(exponent: bigint): Element {
    return power(this.#point, exponent);
  }
}

/** Elements as Belenios writes them: the compressed point as a big-endian number, 64 hexadecimal digits. */
export function encodeAll(elements: readonly Element[]): string[] {
  return normalizeZ(Point, [...elements]).map((element) => bytesToHex(element.toBytes().reverse()));
}

/** One element as Belenios writes it. */
export function encode(element: Element): string {
  return bytesToHex(element.toBytes().reverse());
}
