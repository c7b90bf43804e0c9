// Round 3: a holder's verification key, once every value they received agrees with its sender's coefficients.
import { encode, gPower, modOrder, neutral, secretPower, type Element } from '../crypto/group.ts';
import type { Rng } from '../crypto/random.ts';
import { isKnown, isSigned, possession, proveKnowledge, readProof, sign, writtenProof } from '../crypto/schnorr.ts';
import { having, type Fields } from '../json.ts';
import { refuse } from '../refusal.ts';
import type { Certificate } from './certificate.ts';
import { unseal } from './channel.ts';
import { certificatesDigest, contributionsDigest, sealedContext, type Contribution } from './contribution.ts';
import type { Identity } from './identity.ts';
import { bind, checkBound, DkgRefusal, element, fault, FORM, reading, text, type Setting } from './setting.ts';

/** `holder` sealed for this one a number that does not agree with the coefficients. */
export class WrongShare extends DkgRefusal {
  constructor(sender: number) {
    super('dkg.share', 'a holder gave a share that does not agree with the coefficients', sender);
  }
}

/** g to the value at `index` of the polynomial whose coefficients g has for exponents in `powers`. */
export function valueAt(powers: readonly Element[], index: number): Element {
  return powers.reduceRight((found, power) => found.multiplyUnsafe(BigInt(index)).add(power), neutral);
}

/** A holder's private share: the sum of what every holder sealed for them, each checked; throws WrongShare. */
export async function shareOf(
  setting: Setting, index: number, who: Identity, certificates: readonly Certificate[], contributions: readonly Contribution[],
): Promise<bigint> {
  let total = 0n;
  for (const [i, { powers, secrets }] of contributions.entries()) {
    const secret = secrets[index - 1];
    if (!secret) throw new WrongShare(i + 1);
    const point = secretPower(secret.ephemeral, who.opening);
    const number = await unseal(point, sealedContext(setting, certificates, i + 1, index), secret);
    if (number === undefined || !gPower(number).equals(valueAt(powers, index))) throw new WrongShare(i + 1);
    total = modOrder(total + number);
  }
  return total;
}

/** Makes a holder's acknowledgement; draws the nonces of the proof of possession, of the key's signature, of the outer one. */
export async function acknowledge(
  setting: Setting, index: number, who: Identity,
  certificates: readonly Certificate[], contributions: readonly Contribution[], rng: Rng,
): Promise<Fields> {
  const share = await shareOf(setting, index, who, certificates, contributions);
  const key = encode(gPower(share));
  const pok = writtenProof(proveKnowledge(share, possession(key), rng));
  const value = { verification_key: { pok, public_key: key, signature: writtenProof(sign(who.signing, key, rng)) } };
  const covered = [certificatesDigest(certificates), contributionsDigest(contributions), value];
  return bind(setting, 'acknowledgement', index, who.signing, value, covered, rng);
}

/** Checks an acknowledgement: `dkg.form`, `dkg.signature`, `dkg.verification_key`, `dkg.pok`, `dkg.bound`. */
export function checkAcknowledgement(
  setting: Setting, index: number,
  certificates: readonly Certificate[], contributions: readonly Contribution[], document: unknown,
): void {
  const who = (certificates[index - 1] as Certificate).verification;
  const [value, told, spelt, key, pok, signature] = reading(index, () => {
    const value = having(document, ['verification_key', 'bound'], FORM);
    const told = having(value.verification_key, ['pok', 'public_key'], FORM, ['signature', 'name']);
    const spelt = text(told.public_key);
    const key = element(spelt);
    const pok = readProof(told.pok, FORM);
    const signature = 'signature' in told ? readProof(told.signature, FORM) : undefined;
    if ('name' in told) refuse(FORM, 'names are the ceremony’s');
    return [value, told, spelt, key, pok, signature] as const;
  });
  if (!signature) fault('signature', 'a holder did not sign their verification key', index);
  const whole = Array.from({ length: setting.threshold }, (_, k) =>
    contributions.reduce((sum, { powers }) => sum.add(powers[k] ?? neutral), neutral));
  if (!valueAt(whole, index).equals(key)) {
    fault('verification_key', 'a verification key does not follow from the coefficients', index);
  }
  if (!isKnown(possession(spelt), key, pok)) fault('pok', 'a proof of having the private share does not hold', index);
  if (!isSigned(who, spelt, signature)) fault('signature', 'a holder did not sign their verification key', index);
  const covered = [certificatesDigest(certificates), contributionsDigest(contributions), { verification_key: told }];
  checkBound(setting, 'acknowledgement', index, who, value, covered);
}
