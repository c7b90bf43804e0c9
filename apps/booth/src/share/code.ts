// The code that locks a share's file: drawn by the page, written down by its holder, never sent anywhere.
import { drawText } from '../crypto/random.ts';

/** No 0, O, 1, I or L: nothing that handwriting confuses. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const GROUPS = 4;
const EACH = 4;

const inGroups = (characters: string) => (characters.match(new RegExp(`.{1,${EACH}}`, 'g')) ?? []).join('-');

/** A new code, "ABCD-EFGH-JKMN-PQRS": 79 bits, which the file's slow hash makes dearer still to search. */
export const newCode = (): string => inGroups(drawText(ALPHABET, GROUPS * EACH));

/** What was typed, as the code is spelt if it can be one of ours: case, spaces and dashes are of no importance. */
export function spelt(typed: string): string {
  const bare = typed.replace(/[\s\u2010-\u2015-]/g, '').toUpperCase();
  const ours = bare.length === GROUPS * EACH && [...bare].every((character) => ALPHABET.includes(character));
  return ours ? inGroups(bare) : typed;
}
