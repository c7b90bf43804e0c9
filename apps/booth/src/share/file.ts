// A member's share in a file, locked by a code: the format of isoloir.key_share. In the open it lives in memory alone.
import { padded, unpadded } from '../crypto/encoding.ts';
import { ORDER } from '../crypto/group.ts';
import { isFields, sorted, string, type Fields } from '../json.ts';
import { refuse, Refusal } from '../refusal.ts';
import { spelt } from './code.ts';

export const FORMAT = 'isoloir-key-share/2';
const WHOSE = ['election', 'ceremony', 'board', 'member', 'group'] as const;
const OPEN_FIELDS = ['format', ...WHOSE, 'kdf', 'nonce'] as const;
/** PBKDF2-HMAC-SHA256 (OWASP, Password Storage Cheat Sheet). */
const ITERATIONS = 600_000;
const KDF = 'PBKDF2-SHA256';
const LARGEST = 100_000;

/** The seed that all of a member's derives from; number (from 1) and private key once all have taken part. */
export interface KeyShare {
  readonly election: string;
  readonly ceremony: string;
  readonly board: string;
  readonly member: string;
  readonly group: string;
  readonly seed: string;
  readonly number: number | null;
  readonly exponent: bigint | null;
}

function bytes(value: unknown): Uint8Array<ArrayBuffer> {
  return unpadded(string(value, 'share.unreadable')) ?? refuse('share.unreadable', 'no base 64');
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

async function keyOf(code: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<CryptoKey> {
  if (typeof crypto.subtle === 'undefined') refuse('share.browser', 'no WebCrypto');
  const password = await crypto.subtle.importKey('raw', new TextEncoder().encode(code), 'PBKDF2', false, ['deriveKey']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  return crypto.subtle.deriveKey(how, password, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

const bound = (opened: Fields) => new TextEncoder().encode(sorted(opened));

/** The text of a new file. */
export async function lockShare(share: KeyShare, code: string): Promise<string> {
  const [salt, iv] = [crypto.getRandomValues(new Uint8Array(16)), crypto.getRandomValues(new Uint8Array(12))];
  const { seed, number, exponent, election, ceremony, board, member, group } = share;
  const opened = {
    format: FORMAT, election, ceremony, board, member, group,
    kdf: { name: KDF, iterations: ITERATIONS, salt: padded(salt) }, nonce: padded(iv),
  };
  const plain = new TextEncoder().encode(sorted({ seed, number, exponent: exponent === null ? null : String(exponent) }));
  const secret = await keyOf(code, salt, ITERATIONS);
  const locked = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: bound(opened) }, secret, plain);
  return JSON.stringify({ ...opened, locked: padded(new Uint8Array(locked)) }, null, 1);
}

function readHidden(hidden: unknown, whose: Omit<KeyShare, 'seed' | 'number' | 'exponent'>): KeyShare {
  const { seed, number, exponent } = isFields(hidden) ? hidden : refuse('share.unreadable', 'its secret is no object');
  if (typeof seed !== 'string') return refuse('share.unreadable', 'it has no seed');
  if (number === null || exponent === null) return { ...whose, seed, number: null, exponent: null };
  const read = typeof exponent === 'string' && /^[1-9]\d{0,76}$/.test(exponent) ? BigInt(exponent) : 0n;
  if (read <= 0n || read >= ORDER || typeof number !== 'number' || !Number.isInteger(number) || number < 1) {
    return refuse('share.unreadable', 'its secret is out of range');
  }
  return { ...whose, seed, number, exponent: read };
}

/**
 * Opens a file with its code. Refuses `share.unreadable` (no share's file), `share.locked` (wrong code or a changed file,
 * which cannot be told apart), `share.group`, `share.browser` (no WebCrypto here).
 */
export async function unlockShare(text: string, code: string): Promise<KeyShare> {
  const value = parsed(text);
  const opened: Fields = {};
  for (const name of OPEN_FIELDS) opened[name] = value[name] ?? refuse('share.unreadable', `it lacks ${name}`);
  const kdf = isFields(opened.kdf) ? opened.kdf : refuse('share.unreadable', 'no kdf');
  const iterations = Number(kdf.iterations);
  if (opened.format !== FORMAT || kdf.name !== KDF) refuse('share.unreadable', 'of another format');
  if (!Number.isInteger(iterations) || iterations < ITERATIONS || iterations > 100 * ITERATIONS) {
    refuse('share.unreadable', 'its hash is too cheap, or would never end');
  }
  if (opened.group !== 'Ed25519') refuse('share.group', 'of another group');
  const [election = '', ceremony = '', board = '', member = '', group = ''] = WHOSE.map((name) => string(opened[name], 'share.unreadable'));
  const [iv, locked, salt] = [bytes(opened.nonce), bytes(value.locked), bytes(kdf.salt)];
  try {
    const secret = await keyOf(code, salt, iterations);
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: bound(opened) }, secret, locked);
    return readHidden(JSON.parse(new TextDecoder().decode(plain)), { election, ceremony, board, member, group });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    return refuse('share.locked', 'the code does not open it');
  }
}

/** Opens a file with the code as typed, or as the pages spell theirs; returns the code that opened it too. */
export async function unlockTyped(text: string, typed: string): Promise<{ share: KeyShare; code: string }> {
  try {
    return { share: await unlockShare(text, typed), code: typed };
  } catch (error) {
    const code = spelt(typed);
    if (code === typed || !(error instanceof Refusal) || error.clause !== 'share.locked') throw error;
    return { share: await unlockShare(text, code), code };
  }
}
