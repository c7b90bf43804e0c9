// A member's share, from its file and code. The format is that of isoloir.key_share; a share lives in this memory alone.
import { ORDER } from '../crypto/group.ts';
import { isFields, string, type Fields } from './json.ts';
import { refuse, TrusteeRefusal } from './refusal.ts';

export const FORMAT = 'isoloir-key-share/2';
const OPEN_FIELDS = ['format', 'election', 'ceremony', 'board', 'member', 'group', 'kdf', 'nonce'] as const;
/** PBKDF2-HMAC-SHA256 (OWASP, Password Storage Cheat Sheet). */
const ITERATIONS = 600_000;
const LARGEST = 100_000;

/** A share that can decrypt; `number` is its holder's in the archive, from 1. */
export interface Share {
  readonly election: string;
  readonly board: string;
  readonly member: string;
  readonly number: number;
  readonly exponent: bigint;
}

/** Compact JSON with sorted keys, as the file's open fields are bound to its secret ones. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (!isFields(value)) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${sorted(value[key])}`).join()}}`;
}

function bytes(value: unknown): Uint8Array<ArrayBuffer> {
  const text = string(value, 'share.unreadable');
  if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) refuse('share.unreadable', 'no base 64');
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function parsed(text: string): Fields {
  let value: unknown;
  try {
    value = text.length <= LARGEST && JSON.parse(text);
  } catch {
    return refuse('share.unreadable', 'not JSON');
  }
  return isFields(value) ? value : refuse('share.unreadable', 'not an object');
}

async function key(code: string, kdf: Fields, iterations: number): Promise<CryptoKey> {
  const password = await crypto.subtle.importKey('raw', new TextEncoder().encode(code), 'PBKDF2', false, ['deriveKey']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt: bytes(kdf.salt), iterations };
  return crypto.subtle.deriveKey(how, password, { name: 'AES-GCM', length: 256 }, false, ['decrypt']);
}

function complete(opened: Fields, hidden: unknown): Share {
  const { number, exponent } = isFields(hidden) ? hidden : refuse('share.unreadable', 'its secret is no object');
  if (number === null || exponent === null) refuse('share.incomplete', 'the keys were not finished');
  const read = /^[1-9]\d{0,76}$/.test(String(exponent)) ? BigInt(String(exponent)) : 0n;
  if (typeof exponent !== 'string' || read <= 0n || read >= ORDER || !Number.isInteger(number) || (number as number) < 1) {
    refuse('share.unreadable', 'its secret is out of range');
  }
  const [election = '', board = '', member = ''] = ['election', 'board', 'member'].map((name) => string(opened[name], 'share.unreadable'));
  return { election, board, member, number: number as number, exponent: read };
}

/**
 * Opens a share with its code. Throws TrusteeRefusal: `share.unreadable` (no share's file), `share.locked` (wrong code or
 * a changed file, which cannot be told apart), `share.incomplete`, `share.group`, `share.browser` (no WebCrypto here).
 */
export async function openShare(text: string, code: string): Promise<Share> {
  const value = parsed(text);
  const opened: Fields = {};
  for (const name of OPEN_FIELDS) opened[name] = value[name] ?? refuse('share.unreadable', `it lacks ${name}`);
  const kdf = isFields(opened.kdf) ? opened.kdf : refuse('share.unreadable', 'no kdf');
  const iterations = Number(kdf.iterations);
  if (opened.format !== FORMAT || kdf.name !== 'PBKDF2-SHA256') refuse('share.unreadable', 'of another format');
  if (!Number.isInteger(iterations) || iterations < ITERATIONS || iterations > 100 * ITERATIONS) {
    refuse('share.unreadable', 'its hash is too cheap, or would never end');
  }
  if (opened.group !== 'Ed25519') refuse('share.group', 'of another group');
  if (typeof crypto.subtle === 'undefined') refuse('share.browser', 'no WebCrypto');
  const [iv, locked] = [bytes(opened.nonce), bytes(value.locked)];
  const additionalData = new TextEncoder().encode(sorted(opened));
  try {
    const secret = await key(code, kdf, iterations);
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, secret, locked);
    return complete(opened, JSON.parse(new TextDecoder().decode(plain)));
  } catch (error) {
    if (error instanceof TrusteeRefusal) throw error;
    return refuse('share.locked', 'the code does not open it');
  }
}
