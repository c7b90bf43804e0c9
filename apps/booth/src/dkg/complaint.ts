// Instead of round 3: a holder shows everybody what another sealed for them, with the proof that it is that.
import { gPower } from '../crypto/group.ts';
import type { Rng } from '../crypto/random.ts';
import { having, integer, type Fields } from '../json.ts';
import { refuse } from '../refusal.ts';
import { valueAt } from './acknowledgement.ts';
import type { Certificate } from './certificate.ts';
import { provenPoint, provePoint, unseal, type Sealed } from './channel.ts';
import { certificatesDigest, contributionsDigest, sealedContext, type Contribution } from './contribution.ts';
import type { Identity } from './identity.ts';
import { bind, checkBound, fault, FORM, inner, reading, type Setting } from './setting.ts';

const secretOf = (contributions: readonly Contribution[], sender: number, receiver: number): Sealed =>
  contributions[sender - 1]?.secrets[receiver - 1] ?? refuse(FORM, 'no such holder');

/** Complains of `sender`; draws the nonces of the proof and of the outer signature. */
export function complain(
  setting: Setting, index: number, who: Identity,
  certificates: readonly Certificate[], contributions: readonly Contribution[], sender: number, rng: Rng,
): Fields {
  const context = sealedContext(setting, certificates, sender, index);
  const shown = provePoint(who.opening, context, secretOf(contributions, sender, index), rng);
  const value = { against: sender, ...shown };
  const covered = [certificatesDigest(certificates), contributionsDigest(contributions), value];
  return bind(setting, 'complaint', index, who.signing, value, covered, rng);
}

/**
 * The number of the holder whom a complaint convicts of a wrong share. `dkg.form`, `dkg.bound`; `dkg.complaint` if its
 * author's proof does not hold or the share was right: then the author is at fault.
 */
export async function checkComplaint(
  setting: Setting, index: number,
  certificates: readonly Certificate[], contributions: readonly Contribution[], document: unknown,
): Promise<number> {
  const { verification, encryption } = certificates[index - 1] as Certificate;
  const [value, sender, secret, point] = reading(index, () => {
    const value = having(document, ['against', 'point', 'proof', 'bound'], FORM);
    const sender = integer(value.against, FORM);
    const secret = secretOf(contributions, sender, index);
    const context = sealedContext(setting, certificates, sender, index);
    const point = provenPoint(encryption, context, secret, { point: value.point, proof: value.proof });
    return [value, sender, secret, point] as const;
  });
  const covered = [certificatesDigest(certificates), contributionsDigest(contributions), inner(value)];
  checkBound(setting, 'complaint', index, verification, value, covered);
  if (!point) fault('complaint', 'the proof of a complaint does not hold', index);
  const number = await unseal(point, sealedContext(setting, certificates, sender, index), secret);
  const powers = (contributions[sender - 1] as Contribution).powers;
  if (number !== undefined && gPower(number).equals(valueAt(powers, index))) {
    fault('complaint', 'a holder complains of a share that is right', index);
  }
  return sender;
}
