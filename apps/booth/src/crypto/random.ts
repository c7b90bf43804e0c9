// Where secret scalars come from.
import { ORDER } from './group.ts';
import { numberFromBytes } from './encoding.ts';

/** Draws a secret scalar in [1, q). Injected, so that shared vectors can be replayed. */
export type ScalarSource = () => bigint;

/** Scalars from the browser's generator: 512 bits reduced mod q, a bias below 2^-259. */
export const drawScalar: ScalarSource = () => {
  for (;;) {
    const scalar = numberFromBytes(crypto.getRandomValues(new Uint8Array(64))) % ORDER;
    if (scalar !== 0n) return scalar;
  }
};

/** Draws a number in [0, n), as the Python side's generators do; injected, so that shared vectors can be replayed. */
export type Rng = (below: bigint) => bigint;

/** Numbers from the browser's generator: 512 bits reduced, a bias below 2^-259 for scalars. */
export const systemRng: Rng = (below) => numberFromBytes(crypto.getRandomValues(new Uint8Array(64))) % below;

/** Characters of an alphabet (256 at most), each as likely as any other: bytes that would favour some are drawn again. */
export function drawText(
  alphabet: string, length: number, byte = () => crypto.getRandomValues(new Uint8Array(1))[0] as number,
): string {
  const even = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    const drawn = byte();
    if (drawn < even) text += alphabet.charAt(drawn % alphabet.length);
  }
  return text;
}
