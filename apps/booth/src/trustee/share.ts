// A member's share that can decrypt, from its file and code.
import { refuse } from '../refusal.ts';
import { unlockTyped } from '../share/file.ts';

/** A complete share; `number` is its holder's in the archive, from 1. */
export interface Share {
  readonly election: string;
  readonly board: string;
  readonly member: string;
  readonly number: number;
  readonly exponent: bigint;
}

/** Opens a share with its code; refuses as `unlockShare` does (the code may be typed without its dashes), and `share.incomplete`. */
export async function openShare(text: string, code: string): Promise<Share> {
  const { election, board, member, number, exponent } = (await unlockTyped(text, code)).share;
  if (number === null || exponent === null) return refuse('share.incomplete', 'the keys were not finished');
  return { election, board, member, number, exponent };
}
