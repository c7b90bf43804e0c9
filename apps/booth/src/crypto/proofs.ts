// "One of these statements holds", in zero knowledge (Cramer, Damgård, Schoenmakers 1994), with the maker's shortcut:
// it knows the randomness and the message of every ciphertext, so even a simulated commitment g^r alpha^c is a power of
// g, and y^r (beta/g^M)^c a power of y times a power of g. No product has a variable base.
import { gPower, modOrder, type Element, type PublicKey } from './group.ts';
import type { Proof } from './credential.ts';
import type { ScalarSource } from './random.ts';

/** An ElGamal ciphertext (g^randomness, y^randomness g^message) as its maker knows it. */
export interface Opening {
  readonly randomness: bigint;
  readonly message: number;
}

/** The claim that a ciphertext holds a value. */
export interface Statement {
  readonly opening: Opening;
  readonly value: number;
}

/** Commitments that wait for their challenge. */
export interface Pending {
  /** A0, B0, A1, B1, … */
  readonly commitments: readonly Element[];
  finish(challenge: bigint): Proof[];
}

/** Commits to "one of the statements holds"; the first true one is proved, the others are simulated. */
export function commit(statements: readonly Statement[], y: PublicKey, draw: ScalarSource): Pending {
  const truth = statements.findIndex(({ opening, value }) => opening.message === value);
  const proved = statements[truth];
  if (!proved) throw new Error('proof: no statement is true');
  const commitments: Element[] = [];
  const proofs: Proof[] = [];
  let w = 0n;
  statements.forEach(({ opening, value }, index) => {
    if (index === truth) {
      w = draw();
      commitments.push(gPower(w), y.power(w));
      proofs.push({ challenge: 0n, response: 0n });
      return;
    }
    const challenge = draw();
    const response = draw();
    const exponent = modOrder(response + opening.randomness * challenge);
    const shift = modOrder(BigInt(opening.message - value) * challenge);
    commitments.push(gPower(exponent), y.power(exponent).add(gPower(shift)));
    proofs.push({ challenge, response });
  });
  return {
    commitments,
    finish(total) {
      const simulated = proofs.reduce((sum, proof) => sum + proof.challenge, 0n);
      const challenge = modOrder(total - simulated);
      proofs[truth] = { challenge, response: modOrder(w - proved.opening.randomness * challenge) };
      return proofs;
    },
  };
}
