// A holder's part in opening totals: decryption factors with proofs that they come from the holder's key
// (Chaum and Pedersen 1992; Belenios specification, "partial decryptions").
import { challengeOf } from '../crypto/credential.ts';
import { encode, encodeAll, gPower, modOrder, secretPower } from '../crypto/group.ts';
import { drawScalar, type ScalarSource } from '../crypto/random.ts';
import type { Box } from './box.ts';
import { refuse } from '../refusal.ts';
import type { Share } from './share.ts';

export const FORMAT = 'isoloir-partial-decryption/2';

/** Refuses a share that is not of the box's keys; `share.foreign`. */
export function requireKey(share: Share, box: Box): void {
  if (box.keys[share.number - 1] !== encode(gPower(share.exponent))) refuse('share.foreign', 'the box has other keys');
}

/** Decrypts one box's total, one ciphertext a step; the canonical text of the `partial_decryption`. */
export function* decryptionSteps(share: Share, box: Box, draw: ScalarSource = drawScalar): Generator<void, string> {
  requireKey(share, box);
  const prefix = `decrypt|${box.fingerprint}|${box.keys[share.number - 1] ?? ''}|`;
  const factors: string[][] = [];
  const proofs: { challenge: string; response: string }[][] = [];
  for (const row of box.alphas) {
    const rowFactors: string[] = [];
    const rowProofs: typeof proofs[0] = [];
    for (const alpha of row) {
      const nonce = draw();
      const [a = '', b = '', factor = ''] = encodeAll([gPower(nonce), secretPower(alpha, nonce), secretPower(alpha, share.exponent)]);
      const challenge = challengeOf(prefix, [a, b]);
      rowFactors.push(factor);
      rowProofs.push({ challenge: challenge.toString(), response: modOrder(nonce - share.exponent * challenge).toString() });
      yield;
    }
    factors.push(rowFactors);
    proofs.push(rowProofs);
  }
  return JSON.stringify({ decryption_factors: factors, decryption_proofs: proofs });
}

/** Decrypts several boxes; the text of the file that goes to the server (isoloir.partials). */
export function* partialsSteps(share: Share, boxes: readonly Box[], draw: ScalarSource = drawScalar): Generator<void, string> {
  const made: Record<string, string> = {};
  for (const box of boxes) requireKey(share, box);
  for (const box of boxes) made[box.uuid] = yield* decryptionSteps(share, box, draw);
  const { election, board, member, number } = share;
  return JSON.stringify({ format: FORMAT, election, board, member, number, boxes: made }, null, 1);
}
