// Every document of a board checked, as its server should have: a member trusts no server.
import { bytesToHex } from '@noble/hashes/utils.js';
import { checkAcknowledgement } from '../dkg/acknowledgement.ts';
import { checkCertificate, type Certificate } from '../dkg/certificate.ts';
import { checkComplaint } from '../dkg/complaint.ts';
import { checkContribution, type Contribution } from '../dkg/contribution.ts';
import { sha256Text } from '../crypto/encoding.ts';
import { sorted } from '../json.ts';
import { Refusal } from '../refusal.ts';
import { isShared, seatOf, type Group, type Seat } from './plan.ts';
import { checkKey, settingOf } from './rounds.ts';
import { due, type Document, type Transcript } from './transcript.ts';

/** A document does not hold; `member` is whose. */
export class CeremonyRefusal extends Refusal {
  readonly member: string;

  constructor(clause: string, detail: string, member: string) {
    super(clause, detail);
    this.member = member;
  }
}

/** What a group's members handed over, each document checked; lists are in the members' order. */
export interface Held {
  readonly keys: readonly string[];
  readonly certificates: readonly Certificate[];
  readonly contributions: readonly Contribution[];
  /** Whom a complaint that holds convicts of a wrong share. */
  readonly cheat: string | undefined;
}

/** What was checked of a group so far, by member. */
class Taken {
  readonly keys = new Map<string, string>();
  readonly certificates = new Map<string, Certificate>();
  readonly contributions = new Map<string, Contribution>();
  cheat: string | undefined;
  readonly #group: Group;

  constructor(group: Group) {
    this.#group = group;
  }

  held(): Held {
    const inOrder = <T>(found: Map<string, T>) => this.#group.members.flatMap((member) => found.get(member) ?? []);
    return {
      keys: inOrder(this.keys), certificates: inOrder(this.certificates),
      contributions: inOrder(this.contributions), cheat: this.cheat,
    };
  }
}

/** Refuses what is not awaited now: `ceremony.foreign`, `share.unexpected`, `ceremony.not_due`. */
function expected(before: Transcript, document: Document, stopped: boolean): void {
  if (document.ceremony !== before.plan.uuid) throw new Refusal('ceremony.foreign', 'of another ceremony');
  const awaited = due(before, document.board).get(document.member);
  const complains = document.round === 'complaint' && awaited === 'acknowledgement';
  if (stopped || (document.round !== awaited && !complains)) throw new Refusal('ceremony.not_due', 'not awaited now');
}

async function take(transcript: Transcript, seat: Seat, taken: Taken, groups: readonly Taken[], { round, body }: Document): Promise<void> {
  const { plan } = transcript;
  const { certificates, contributions } = taken.held();
  const setting = settingOf(plan, seat);
  const isNew = (keys: readonly string[], known: readonly string[]) => {
    if (keys.some((key) => known.includes(key))) throw new Refusal('dkg.repeated', 'another member has the same keys');
  };
  if (round === 'key') {
    const key = checkKey(plan, seat, body);
    isNew([key], groups.flatMap((one) => [...one.keys.values()]));
    taken.keys.set(seat.member, key);
  } else if (round === 'certificate') {
    const certificate = checkCertificate(setting, seat.index, body);
    isNew(certificate.keys, groups.flatMap((one) => [...one.certificates.values()]).flatMap(({ keys }) => keys));
    taken.certificates.set(seat.member, certificate);
  } else if (round === 'contribution') {
    taken.contributions.set(seat.member, checkContribution(setting, seat.index, certificates, body));
  } else if (round === 'acknowledgement') {
    checkAcknowledgement(setting, seat.index, certificates, contributions, body);
  } else {
    const convicted = await checkComplaint(setting, seat.index, certificates, contributions, body);
    taken.cheat = seat.group.members[convicted - 1];
  }
}

/**
 * Checks every document of a board, in the order in which they came, and returns what each group holds; `pause` is
 * awaited between two. Throws CeremonyRefusal: whose document does not hold, and by which clause.
 */
export async function checkBoard(
  transcript: Transcript, board: string, pause: () => Promise<void> = async () => {},
): Promise<readonly Held[]> {
  const groups = (transcript.plan.boards.get(board) ?? []).map((group) => new Taken(group));
  let before: Transcript = { plan: transcript.plan, documents: [] };
  for (const document of transcript.documents) {
    if (document.board !== board) continue;
    try {
      const seat = seatOf(transcript.plan, board, document.member);
      const taken = groups[seat.place] as Taken;
      expected(before, document, taken.cheat !== undefined);
      await take(transcript, seat, taken, groups, document);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new CeremonyRefusal(error.clause, error.message, document.member);
    }
    before = { plan: before.plan, documents: [...before.documents, document] };
    await pause();
  }
  return groups.map((one) => one.held());
}

/**
 * The digest of a board's certificates, in fours, once all are there; empty before, and where no key is shared. Members
 * compare it aloud: a server that showed each of them other certificates would otherwise hold their key.
 */
export function certificatesAloud(transcript: Transcript, board: string, held: readonly Held[]): string {
  const groups = transcript.plan.boards.get(board) ?? [];
  const shared = groups.flatMap((group, place) => (isShared(group) ? [{ group, found: held[place]?.certificates ?? [] }] : []));
  if (!shared.length || shared.some(({ group, found }) => found.length < group.members.length)) return '';
  const documents = shared.flatMap(({ found }) => found.map(({ document }) => document));
  return bytesToHex(sha256Text(sorted(documents))).slice(0, 32).replace(/.{4}(?=.)/g, '$& ');
}
