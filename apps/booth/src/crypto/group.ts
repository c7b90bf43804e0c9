// Ed25519's prime-order group as Belenios uses it, with fixed-base tables for g and for the election key y.
import { ed25519 } from '@noble/curves/ed25519.js';
import { normalizeZ } from '@noble/curves/abstract/curve.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { atOnce } from '../steps.ts';

const Point = ed25519.Point;
export type Element = InstanceType<typeof Point>;

/** q, the order of the group. */
export const ORDER: bigint = Point.Fn.ORDER;

const GENERATOR = Point.BASE;
// Digits of eight bits in -127 … 128: 253 bits and a carry make 33 of them.
const ROWS = 33;
const MULTIPLES = 128;

/** The number in [0, q) congruent to x. */
export function modOrder(x: bigint): bigint {
  const remainder = x % ORDER;
  return remainder < 0n ? remainder + ORDER : remainder;
}

/**
 * Powers of one base from a table of the multiples 1 … 128 of its 2^(8 i)-fold. Signed digits, one addition for each row
 * and every exponent (that of a zero digit goes to a decoy), as constant in time as noble's own product, whose table
 * cannot be built in steps; nor does noble's take 0, which is as valid an exponent as any other.
 */
export class FixedBase {
  readonly #rows: Element[][] = [];
  #next: Element;

  constructor(base: Element) {
    this.#next = base;
  }

  /** Builds what is missing of the table, a row a step (33 of about a millisecond): do it while the voter reads. */
  * build(): Generator<void, void> {
    while (this.#rows.length < ROWS) {
      const base = this.#next;
      const row = [base];
      let multiple = base;
      for (let i = 1; i < MULTIPLES; i++) row.push((multiple = multiple.add(base)));
      this.#next = multiple.double();
      this.#rows.push(row);
      yield;
    }
  }

  /** The base to an exponent in [0, q). */
  power(exponent: bigint): Element {
    atOnce(this.build());
    let power = Point.ZERO;
    let decoy = GENERATOR;
    let carry = 0;
    for (const row of this.#rows) {
      const digit = Number(exponent & 255n) + carry;
      exponent >>= 8n;
      carry = digit > MULTIPLES ? 1 : 0;
      const signed = digit - 256 * carry;
      const multiple = row[Math.max(Math.abs(signed), 1) - 1] as Element;
      const inverse = multiple.negate();
      const term = carry ? inverse : multiple;
      if (signed === 0) decoy = decoy.add(term);
      else power = power.add(term);
    }
    return power;
  }
}

const GENERATOR_POWERS = new FixedBase(GENERATOR);

/** The steps that build the table of g. */
export function generatorTable(): Generator<void, void> {
  return GENERATOR_POWERS.build();
}

/** g to the exponent, in constant time. */
export function gPower(exponent: bigint): Element {
  return GENERATOR_POWERS.power(exponent);
}

/** g to a small count, by additions: a 0 or a 1 costs no product that a clock could tell apart. */
export function smallPower(count: number): Element {
  let element = Point.ZERO;
  for (let i = 0; i < count; i++) element = element.add(GENERATOR);
  return element;
}

/** The election's public key y: a valid point of prime order. */
export class PublicKey {
  readonly #powers: FixedBase;

  /** Reads 64 lower-case hexadecimal digits (big-endian); throws unless they name a point of prime order. */
  constructor(text: string) {
    this.#powers = new FixedBase(decode(text));
  }

  /** The steps that build the table of y; the first power takes them all otherwise. */
  table(): Generator<void, void> {
    return this.#powers.build();
  }

  /** y to the exponent, in constant time. */
  power(exponent: bigint): Element {
    return this.#powers.power(exponent);
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

/** The neutral element: the sum over nothing. */
export const neutral: Element = Point.ZERO;

/** Whether an element is neutral or of prime order: no part of it is of small order. */
export function isOfPrimeOrder(element: Element): boolean {
  return element.is0() || element.isTorsionFree();
}

/** Reads 64 lower-case hexadecimal digits as a point of the curve, of whatever order; throws on any other spelling. */
export function decodeAny(text: string): Element {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error('element: not 64 lower-case hexadecimal digits');
  return Point.fromBytes(hexToBytes(text).reverse());
}

/** Reads an element of prime order, never the neutral one; throws on anything else. */
export function decode(text: string): Element {
  const element = decodeAny(text);
  if (element.is0() || !element.isTorsionFree()) throw new Error('element: not a point of prime order');
  return element;
}

/** An element to a secret exponent in [1, q), by noble's constant-time ladder. */
export function secretPower(base: Element, exponent: bigint): Element {
  return base.is0() ? base : base.multiply(exponent);
}
