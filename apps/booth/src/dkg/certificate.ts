// Round 1: a holder's certificate, their keys for signatures and for messages, signed.
import type { Rng } from '../crypto/random.ts';
import { isSigned, readProof, signed, writtenProof, type Signed } from '../crypto/schnorr.ts';
import type { Element } from '../crypto/group.ts';
import { having, integer, isFields, type Fields } from '../json.ts';
import { refuse } from '../refusal.ts';
import type { Identity } from './identity.ts';
import { bind, checkBound, element, fault, FORM, inner, reading, text, type Setting } from './setting.ts';

/** A certificate that holds, and the document it stood in. */
export interface Certificate {
  readonly document: Fields;
  readonly signed: Signed;
  readonly verification: Element;
  readonly encryption: Element;
  /** Both keys, as the format spells them. */
  readonly keys: readonly string[];
}

const contextOf = ({ size, threshold }: Setting, index: number) => ({ group: 'Ed25519', size, threshold, index });

/** Makes a holder's certificate; draws the nonce of its signature, then of the outer one. */
export function certify(setting: Setting, index: number, who: Identity, rng: Rng): Fields {
  const { verification, encryption } = who;
  const message = JSON.stringify({ context: contextOf(setting, index), verification, encryption });
  const value = { certificate: signed(who.signing, message, rng) };
  return bind(setting, 'certificate', index, who.signing, value, value, rng);
}

export function readSigned(value: unknown): Signed {
  const { message, signature } = having(value, ['message', 'signature'], FORM);
  return { message: text(message), signature: writtenProof(readProof(signature, FORM)) };
}

export function parsed(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return refuse(FORM, 'not JSON');
  }
}

function read(value: unknown): { signed: Signed; keys: string[]; context: unknown } {
  const found = readSigned(value);
  const told = having(parsed(found.message), ['verification', 'encryption'], FORM, ['context']);
  const keys = [told.verification, told.encryption].map(text);
  const [verification, encryption] = keys;
  let context: Fields | undefined;
  if (isFields(told.context)) {
    const { group, size, threshold, index } = having(told.context, ['group', 'size', 'threshold', 'index'], FORM);
    for (const number of [size, threshold, index]) integer(number, FORM);
    context = { group: text(group), size, threshold, index };
  }
  if (JSON.stringify({ ...(context && { context }), verification, encryption }) !== found.message) {
    refuse(FORM, 'not its canonical serialisation');
  }
  return { signed: found, keys, context };
}

/** Checks a holder's certificate: `dkg.form`, `dkg.certificate`, `dkg.context`, `dkg.bound`. */
export function checkCertificate(setting: Setting, index: number, document: unknown): Certificate {
  const [value, found, verification, encryption] = reading(index, () => {
    const value = having(document, ['certificate', 'bound'], FORM);
    const found = read(value.certificate);
    return [value, found, element(found.keys[0]), element(found.keys[1])] as const;
  });
  if (!isSigned(verification, found.signed.message, readProof(found.signed.signature, FORM))) {
    fault('certificate', 'a certificate is not signed by its key', index);
  }
  if (JSON.stringify(found.context) !== JSON.stringify(contextOf(setting, index))) {
    fault('context', 'a certificate was made for another group, place or threshold', index);
  }
  checkBound(setting, 'certificate', index, verification, value, inner(value));
  return { document: value, signed: found.signed, verification, encryption, keys: found.keys };
}
