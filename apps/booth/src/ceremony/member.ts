// A member's side of the ceremony: nothing but the transcript comes in, nothing but documents and a share go out.
import { systemRng, type Rng } from '../crypto/random.ts';
import { acknowledge, shareOf, WrongShare } from '../dkg/acknowledgement.ts';
import { complain } from '../dkg/complaint.ts';
import { contribute } from '../dkg/contribution.ts';
import { Identity, isSeed, newSeed } from '../dkg/identity.ts';
import { refuse } from '../refusal.ts';
import type { KeyShare } from '../share/file.ts';
import { isShared, seatOf, type Plan, type Seat } from './plan.ts';
import { CeremonyRefusal, checkBoard, type Held } from './progress.ts';
import { firstDocument, ownKey, publicPart, settingOf } from './rounds.ts';
import { due, type Document, type Round, type Transcript } from './transcript.ts';

/** Where a member stands: a document that is due of them, a share that is complete, or neither while others are awaited. */
export interface Standing {
  readonly held: readonly Held[];
  readonly share: KeyShare;
  readonly document?: Document;
}

/** A member's share before anything is known but its seed; refuses `seed.form`, `share.unexpected`, `share.group`. */
export function shareFrom(plan: Plan, board: string, member: string, seed: string): KeyShare {
  seatOf(plan, board, member);
  if (plan.group !== 'Ed25519') refuse('share.group', 'of another group');
  const spelt = seed.replace(/\s/g, '');
  if (!isSeed(spelt)) refuse('seed.form', 'not 22 characters of base 58');
  return { election: plan.election, ceremony: plan.uuid, board, member, group: plan.group, seed: spelt, number: null, exponent: null };
}

/** Draws a member's seed. */
export const newShare = (plan: Plan, board: string, member: string): KeyShare => shareFrom(plan, board, member, newSeed());

/** Refuses a share of another ceremony, and a transcript whose documents of this member are not of this seed. */
function requireOwn({ plan, documents }: Transcript, share: KeyShare, seat: Seat): void {
  if (share.ceremony !== plan.uuid || share.election !== plan.election || share.group !== plan.group) {
    refuse('share.foreign', 'of another ceremony');
  }
  const made = firstDocument(plan, seat, share.seed, systemRng);
  const mine = documents.find((one) => one.board === share.board && one.member === share.member && one.round === made.round);
  if (mine && publicPart(mine) !== publicPart(made)) refuse('share.foreign', 'these documents are of another seed');
}

async function make(
  transcript: Transcript, share: KeyShare, seat: Seat, { certificates, contributions }: Held, round: Round, rng: Rng,
): Promise<Document> {
  const { plan } = transcript;
  if (round === 'key' || round === 'certificate') return firstDocument(plan, seat, share.seed, rng);
  const [setting, who] = [settingOf(plan, seat), new Identity(share.seed)];
  const whose = { ceremony: plan.uuid, board: seat.board, member: seat.member };
  if (round === 'contribution') return { ...whose, round, body: await contribute(setting, seat.index, who, certificates, rng) };
  try {
    return { ...whose, round, body: await acknowledge(setting, seat.index, who, certificates, contributions, rng) };
  } catch (error) {
    if (!(error instanceof WrongShare)) throw error;
    return { ...whose, round: 'complaint', body: complain(setting, seat.index, who, certificates, contributions, error.holder, rng) };
  }
}

async function complete({ plan }: Transcript, share: KeyShare, seat: Seat, { keys, certificates, contributions }: Held): Promise<KeyShare> {
  const exponent = isShared(seat.group)
    ? await shareOf(settingOf(plan, seat), seat.index, new Identity(share.seed), certificates, contributions)
    : ownKey(share.seed, keys[seat.index - 1] ?? '');
  return { ...share, number: seat.number, exponent };
}

/**
 * Checks all that the others handed over, and makes what is due of this member; completes the share at the end. A wrong
 * share received becomes a complaint. Refuses `share.foreign`; throws CeremonyRefusal as `checkBoard` does, and
 * `ceremony.cheated` once a complaint that holds has stopped the board.
 */
export async function goOn(
  transcript: Transcript, share: KeyShare, pause?: () => Promise<void>, rng: Rng = systemRng,
): Promise<Standing> {
  const seat = seatOf(transcript.plan, share.board, share.member);
  requireOwn(transcript, share, seat);
  const held = await checkBoard(transcript, share.board, pause);
  const cheat = held.map((group) => group.cheat).find((found) => found !== undefined);
  if (cheat !== undefined) throw new CeremonyRefusal('ceremony.cheated', 'a complaint holds', cheat);
  const mine = held[seat.place] as Held;
  const waiting = due(transcript, share.board);
  const round = waiting.get(share.member);
  if (round) return { held, share, document: await make(transcript, share, seat, mine, round, rng) };
  return { held, share: waiting.size ? share : await complete(transcript, share, seat, mine) };
}
