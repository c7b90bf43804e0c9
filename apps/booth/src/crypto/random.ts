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
