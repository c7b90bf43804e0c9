// Round 2: g to the coefficients of a holder's polynomial, and its value for each holder, sealed.
import { encode, gPower, modOrder, type Element } from '../crypto/group.ts';
import type { Rng } from '../crypto/random.ts';
import { isSigned, readProof, sign, signed, writtenProof, type Signed } from '../crypto/schnorr.ts';
import { having, list, type Fields } from '../json.ts';
import { refuse } from '../refusal.ts';
import { parsed, readSigned, type Certificate } from './certificate.ts';
import { isSenders, readSealed, seal, type Sealed, type SealedText } from './channel.ts';
import type { Identity } from './identity.ts';
import { bind, boundText, checkBound, digestOf, element, fault, FORM, inner, reading, text, type Setting } from './setting.ts';

/** A contribution that holds, and the document it stood in. */
export interface Contribution {
  readonly document: Fields;
  /** g to the coefficients, the constant one first. */
  readonly powers: readonly Element[];
  /** The value for each holder, in order. */
  readonly secrets: readonly Sealed[];
}

const documentsOf = (certificates: readonly Certificate[]) => certificates.map(({ document }) => document);

/** The digest of a whole first round. */
export const certificatesDigest = (certificates: readonly Certificate[]): string => digestOf(documentsOf(certificates));

/** What the seal of one holder's value for another is bound to. */
export function sealedContext(setting: Setting, certificates: readonly Certificate[], sender: number, receiver: number): string {
  return boundText(setting, 'share', sender, [receiver, certificatesDigest(certificates)]);
}

/** The coefficients of a holder's polynomial among these certificates. */
export function polynomialOf(setting: Setting, who: Identity, certificates: readonly Certificate[]): bigint[] {
  return who.polynomial(boundText(setting, 'polynomial', 0, certificatesDigest(certificates)), setting.threshold);
}

const coefficientsMessage = (powers: readonly string[]) => JSON.stringify({ coefexps: powers });

/** What a holder signs of everybody's certificates and their own polynomial (Belenios 2.5.1). */
function agreement(certificates: readonly Certificate[], powers: readonly string[]): string {
  return `certs_sig|${JSON.stringify({ certs: certificates.map((one) => one.signed), coefexps: powers })}`;
}

/**
 * Makes a holder's contribution. Draws the nonces of the coefficients' signature and of the agreement's, for each holder
 * r − 1 and the nonce of its proof, and that of the outer signature.
 */
export async function contribute(
  setting: Setting, index: number, who: Identity, certificates: readonly Certificate[], rng: Rng,
): Promise<Fields> {
  const polynomial = polynomialOf(setting, who, certificates);
  const powers = polynomial.map((coefficient) => encode(gPower(coefficient)));
  const coefexps = signed(who.signing, coefficientsMessage(powers), rng);
  const signature = writtenProof(sign(who.signing, agreement(certificates, powers), rng));
  const secrets: SealedText[] = [];
  for (const [i, { encryption }] of certificates.entries()) {
    const receiver = i + 1;
    const value = polynomial.reduceRight((sum, coefficient) => modOrder(sum * BigInt(receiver) + coefficient), 0n);
    secrets.push(await seal(encryption, sealedContext(setting, certificates, index, receiver), value, rng));
  }
  const value = { coefexps, signature, secrets };
  return bind(setting, 'contribution', index, who.signing, value, [certificatesDigest(certificates), value], rng);
}

function readPowers({ message }: Signed): [string[], Element[]] {
  const { coefexps } = having(parsed(message), ['coefexps'], FORM);
  const powers = list(coefexps, FORM).map(text);
  if (coefficientsMessage(powers) !== message) refuse(FORM, 'not its canonical serialisation');
  return [powers, powers.map(element)];
}

/**
 * Checks what everybody can of a contribution: `dkg.form`, `dkg.coefficients`, `dkg.signature`, `dkg.secret` (its sender
 * does not prove to have drawn what a number is sealed with), `dkg.bound`.
 */
export function checkContribution(
  setting: Setting, index: number, certificates: readonly Certificate[], document: unknown,
): Contribution {
  const key = (certificates[index - 1] as Certificate).verification;
  const [value, found, powers, elements, signature, secrets] = reading(index, () => {
    const value = having(document, ['coefexps', 'signature', 'secrets', 'bound'], FORM);
    const found = readSigned(value.coefexps);
    const [powers, elements] = readPowers(found);
    const signature = readProof(value.signature, FORM);
    return [value, found, powers, elements, signature, list(value.secrets, FORM, setting.size).map(readSealed)] as const;
  });
  if (powers.length !== setting.threshold || !isSigned(key, found.message, readProof(found.signature, FORM))) {
    fault('coefficients', 'coefficients are too many or few, or not signed', index);
  }
  if (!isSigned(key, agreement(certificates, powers), signature)) {
    fault('signature', 'a holder did not sign these certificates', index);
  }
  for (const [i, secret] of secrets.entries()) {
    if (!isSenders(sealedContext(setting, certificates, index, i + 1), secret)) {
      fault('secret', 'a holder does not prove to have drawn what a number is sealed with', index);
    }
  }
  checkBound(setting, 'contribution', index, key, value, [certificatesDigest(certificates), inner(value)]);
  return { document: value, powers: elements, secrets };
}

/** The digest of a whole second round. */
export const contributionsDigest = (contributions: readonly Contribution[]): string =>
  digestOf(contributions.map(({ document }) => document));
