// Bytes, text and numbers as the ballot format writes them.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** SHA-256 of a text's UTF-8 bytes. */
export function sha256Text(text: string): Uint8Array {
  return sha256(utf8ToBytes(text));
}

/** A byte string read as one big-endian number. */
export function numberFromBytes(bytes: Uint8Array): bigint {
  return BigInt('0x' + bytesToHex(bytes));
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Standard base64 without padding: fingerprints, trackers, hashes. */
export function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = Math.min(bytes.length - i, 3) + 1;
    for (let d = 0; d < digits; d++) text += BASE64.charAt((group >> (18 - 6 * d)) & 63);
  }
  return text;
}

/** Unpadded base64 of the SHA-256 of a text: the fingerprint of an election, the tracker of a ballot. */
export function digest(text: string): string {
  return base64(sha256Text(text));
}

/** Standard base64, padded. */
export function padded(bytes: Uint8Array): string {
  return base64(bytes) + '='.repeat((3 - (bytes.length % 3)) % 3);
}

/** The bytes of a padded base64 text, or undefined for any other spelling. */
export function unpadded(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return padded(bytes) === text ? bytes : undefined;
}
