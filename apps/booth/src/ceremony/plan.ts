// What a member needs to know of a ceremony to take part in it: the election, and each board's groups of members.
import { having, integer, isFields, list, string } from '../json.ts';
import { refuse } from '../refusal.ts';

const CLAUSE = 'ceremony.unreadable';

/** Members who share one secret of a board's key; so many of them are needed. */
export interface Group {
  readonly members: readonly string[];
  readonly atLeast: number;
}

export interface Plan {
  /** New for every ceremony, so that nothing of one can be used in another. */
  readonly uuid: string;
  readonly election: string;
  readonly group: string;
  readonly boards: ReadonlyMap<string, readonly Group[]>;
}

/** Where a member sits: group (from 0), place in it and in the trustees file (both from 1). */
export interface Seat {
  readonly board: string;
  readonly member: string;
  readonly place: number;
  readonly group: Group;
  readonly index: number;
  readonly number: number;
}

/** Whether fewer than all suffice: the secret is shared out. Otherwise each member has a key of their own. */
export const isShared = ({ members, atLeast }: Group): boolean => atLeast < members.length;

function readGroup(value: unknown): Group {
  const { members, at_least: atLeast } = having(value, ['members', 'at_least'], CLAUSE);
  const group = { members: list(members, CLAUSE).map((one) => string(one, CLAUSE)), atLeast: integer(atLeast, CLAUSE) };
  if (group.atLeast < 1 || group.atLeast > group.members.length) refuse(CLAUSE, 'a rule that nobody can meet');
  return group;
}

export function readPlan(value: unknown): Plan {
  const plan = having(value, ['uuid', 'election', 'group', 'boards'], CLAUSE);
  const boards = isFields(plan.boards) ? Object.entries(plan.boards) : refuse(CLAUSE, 'no boards');
  const [uuid = '', election = '', group = ''] = ['uuid', 'election', 'group'].map((name) => string(plan[name], CLAUSE));
  return { uuid, election, group, boards: new Map(boards.map(([name, groups]) => [name, list(groups, CLAUSE).map(readGroup)])) };
}

/** Where a member sits; refuses `share.unexpected`. */
export function seatOf(plan: Plan, board: string, member: string): Seat {
  let before = 0;
  for (const [place, group] of (plan.boards.get(board) ?? []).entries()) {
    const index = group.members.indexOf(member) + 1;
    if (index) return { board, member, place, group, index, number: before + index };
    before += group.members.length;
  }
  return refuse('share.unexpected', 'nobody of that board');
}
