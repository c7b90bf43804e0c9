// What each document of a ceremony means: a key of one's own where all are needed, a threshold key among the others.
import { encode, gPower } from '../crypto/group.ts';
import type { Rng } from '../crypto/random.ts';
import { isKnown, isSigned, possession, proveKnowledge, readProof, sign, writtenProof } from '../crypto/schnorr.ts';
import { certify } from '../dkg/certificate.ts';
import { Identity } from '../dkg/identity.ts';
import { element, FORM, text, type Setting } from '../dkg/setting.ts';
import { having, isFields } from '../json.ts';
import { refuse } from '../refusal.ts';
import { isShared, type Plan, type Seat } from './plan.ts';
import type { Document } from './transcript.ts';

const bindingOf = ({ election, uuid }: Plan, { board, place }: Seat) => `${election}|${uuid}|${board}|${place}`;
const keyText = (plan: Plan, seat: Seat, key: string) => `isoloir-key/1|${bindingOf(plan, seat)}|${seat.index}|${key}`;

/** The threshold key that a seat's group makes, bound to this ceremony, board and group of members. */
export function settingOf(plan: Plan, seat: Seat): Setting {
  return { binding: bindingOf(plan, seat), size: seat.group.members.length, threshold: seat.group.atLeast };
}

/** Makes a member's first document: a certificate, or a key of their own with its proof and what binds it to here. */
export function firstDocument(plan: Plan, seat: Seat, seed: string, rng: Rng): Document {
  const who = new Identity(seed);
  const whose = { ceremony: plan.uuid, board: seat.board, member: seat.member };
  if (isShared(seat.group)) return { ...whose, round: 'certificate', body: certify(settingOf(plan, seat), seat.index, who, rng) };
  const key = who.encryption;
  const pok = writtenProof(proveKnowledge(who.opening, possession(key), rng));
  const bound = writtenProof(sign(who.opening, keyText(plan, seat, key), rng));
  return { ...whose, round: 'key', body: { entry: { pok, public_key: key, name: seat.member }, bound } };
}

/** What of a first document follows from the seed alone: its keys, without the signatures, which are drawn anew. */
export function publicPart({ round, body }: Document): unknown {
  const part = isFields(body) ? body[round === 'key' ? 'entry' : 'certificate'] : undefined;
  return isFields(part) ? part[round === 'key' ? 'public_key' : 'message'] : undefined;
}

/** Checks a key of one's own: `dkg.form`, `trustees.pok`, `name`, `dkg.bound`; returns it. */
export function checkKey(plan: Plan, seat: Seat, body: unknown): string {
  const value = having(body, ['entry', 'bound'], FORM);
  const entry = having(value.entry, ['pok', 'public_key'], FORM, ['name']);
  const key = element(entry.public_key);
  const spelt = encode(key);
  if (!isKnown(possession(spelt), key, readProof(entry.pok, FORM))) {
    refuse('trustees.pok', 'a proof of having the private key does not hold');
  }
  if (entry.name === undefined || text(entry.name) !== seat.member) refuse('name', 'a key bears another name than its holder’s');
  if (!isSigned(key, keyText(plan, seat, spelt), readProof(value.bound, FORM))) {
    refuse('dkg.bound', 'a key was made for another ceremony');
  }
  return spelt;
}

/** The private key of a member who stands alone, if the seed is theirs. */
export function ownKey(seed: string, key: string): bigint {
  const { opening } = new Identity(seed);
  return encode(gPower(opening)) === key ? opening : refuse('share.foreign', 'the seed is not of that key');
}
