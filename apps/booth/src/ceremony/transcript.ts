// What members handed over so far, and what is due of whom: both follow from the transcript alone.
import { having, list, string } from '../json.ts';
import { refuse } from '../refusal.ts';
import { isShared, readPlan, type Plan } from './plan.ts';

const CLAUSE = 'ceremony.unreadable';
const ROUNDS = ['key', 'certificate', 'contribution', 'acknowledgement', 'complaint'] as const;
const DOCUMENT_FORMAT = 'isoloir-ceremony-document/1';
const SHARED = ['certificate', 'contribution', 'acknowledgement'] as const;

/** What a member hands over. A key stands alone, where every member of the group is needed. */
export type Round = typeof ROUNDS[number];

export interface Document {
  readonly ceremony: string;
  readonly board: string;
  readonly member: string;
  readonly round: Round;
  readonly body: unknown;
}

export interface Transcript {
  readonly plan: Plan;
  readonly documents: readonly Document[];
}

function readDocument(value: unknown): Document {
  const found = having(value, ['format', 'ceremony', 'board', 'member', 'round', 'body'], CLAUSE);
  const round = ROUNDS.find((one) => one === found.round);
  if (found.format !== DOCUMENT_FORMAT || !round) return refuse(CLAUSE, 'not a document of a ceremony');
  const [ceremony = '', board = '', member = ''] = ['ceremony', 'board', 'member'].map((name) => string(found[name], CLAUSE));
  return { ceremony, board, member, round, body: found.body };
}

/** Reads a transcript; `ceremony.unreadable` for what is none. What its documents hold is checked by `checkBoard`. */
export function readTranscript(value: unknown): Transcript {
  const { format, plan, documents } = having(value, ['format', 'plan', 'documents'], CLAUSE);
  if (format !== 'isoloir-ceremony/1') refuse(CLAUSE, 'not a ceremony');
  return { plan: readPlan(plan), documents: list(documents, CLAUSE).map(readDocument) };
}

/** A document as it is handed over. */
export const documentText = (document: Document): string => JSON.stringify({ format: DOCUMENT_FORMAT, ...document });

export function has({ documents }: Transcript, board: string, member: string, round: Round): boolean {
  return documents.some((one) => one.board === board && one.member === member && one.round === round);
}

/** What is awaited of whom on one board; nothing once all is there, or of a group that a complaint stopped. */
export function due(transcript: Transcript, board: string): ReadonlyMap<string, Round> {
  const waiting = new Map<string, Round>();
  for (const group of transcript.plan.boards.get(board) ?? []) {
    if (group.members.some((member) => has(transcript, board, member, 'complaint'))) continue;
    for (const round of isShared(group) ? SHARED : ['key'] as const) {
      const lacking = group.members.filter((member) => !has(transcript, board, member, round));
      for (const member of lacking) waiting.set(member, round);
      if (lacking.length) break;
    }
  }
  return waiting;
}
