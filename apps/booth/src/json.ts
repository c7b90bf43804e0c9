// JSON that comes from others: the format's own bytes, or refused.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { refuse } from './refusal.ts';

export type Fields = Record<string, unknown>;

/** SHA-256 in hexadecimal: the name of a record. */
export function hexDigest(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** The text of UTF-8 bytes, every character kept; refused by that clause otherwise. */
export function textOf(bytes: Uint8Array, clause: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse(clause, 'not UTF-8');
  }
}

/** What a text says, if it is its own compact serialisation: no spaces, no repeated key, no other spelling. */
export function canonical(text: string, clause: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse(clause, 'not JSON');
  }
  return JSON.stringify(value) === text ? value : refuse(clause, 'not the canonical serialisation');
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON whose keys are sorted: what is signed or bound survives a store that keeps no order of keys. */
export function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (!isFields(value)) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${sorted(value[key])}`).join()}}`;
}

/** An object with these keys, whatever their order, and no others but optional ones. */
export function having(value: unknown, keys: readonly string[], clause: string, optional: readonly string[] = []): Fields {
  if (!isFields(value)) return refuse(clause, 'not an object');
  if (!keys.every((key) => key in value)) refuse(clause, `it lacks one of ${keys.join()}`);
  if (!Object.keys(value).every((key) => keys.includes(key) || optional.includes(key))) refuse(clause, 'a key that is not known');
  return value;
}

/** An object with exactly these keys, in this order. */
export function fields(value: unknown, keys: string, clause: string): Fields {
  return isFields(value) && Object.keys(value).join() === keys ? value : refuse(clause, `not an object of ${keys}`);
}

export function list(value: unknown, clause: string, length?: number): unknown[] {
  return Array.isArray(value) && (length === undefined || value.length === length) ? value : refuse(clause, 'not such a list');
}

export function string(value: unknown, clause: string): string {
  return typeof value === 'string' ? value : refuse(clause, 'not a text');
}

export function integer(value: unknown, clause: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : refuse(clause, 'not a whole number');
}
