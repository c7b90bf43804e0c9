// Where a member stands on the page. All of it lives in memory and dies with the page.
import { isShared, seatOf } from '../ceremony/plan.ts';
import { has, due, type Transcript } from '../ceremony/transcript.ts';
import { el } from '../dom.ts';
import type { KeyShare } from '../share/file.ts';
import type { Person, Setup } from './api.ts';
import type { Texts } from './texts/fr.ts';

export type Page = 'intro' | 'notBegun' | 'secret' | 'file' | 'sheet' | 'prove' | 'together' | 'compare' | 'complete'
  | 'again' | 'done' | 'open' | 'paper' | 'stopped';

/** What was refused: its sentence, and the control that it is about. */
export interface Problem {
  readonly sentence: string;
  readonly clause?: string;
  readonly at?: string;
}

/** Why the ceremony does not go on here. */
export interface Stop {
  readonly heading: string;
  readonly sentences: readonly string[];
  readonly clause?: string;
  /** What can be done on this page: a new share, or another try. */
  readonly then?: 'new' | 'retry' | 'login';
}

/** What one types and chooses; made anew with each page, and kept while it is shown. */
export const controls = () => ({
  file: el('input', { type: 'file', id: 'file', accept: '.json,application/json' }),
  code: el('input', {
    type: 'text', id: 'code', class: 'typed', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', size: 20,
  }),
  seed: el('input', {
    type: 'text', id: 'seed', class: 'typed', autocomplete: 'off', autocapitalize: 'none', autocorrect: 'off', spellcheck: 'false', size: 28,
  }),
});

export interface State {
  t: Texts;
  setup: Setup;
  transcript: Transcript | null;
  page: Page;
  share: KeyShare | undefined;
  code: string;
  /** Made again from the paper sheet: it needs no other sheet. */
  fromPaper: boolean;
  /** The digest to compare aloud, once it is known. */
  aloud: string;
  /** The name of the file that was last handed to the browser. */
  saved: string;
  problem: Problem | undefined;
  stop: Stop | undefined;
  busy: string;
  /** The server did not answer the last time. */
  lost: boolean;
  controls: ReturnType<typeof controls>;
}

export interface Actions {
  begin(): void;
  go(page: Page): void;
  afterCode(): void;
  save(): void;
  prove(): void;
  open(): void;
  fromSheet(): void;
  differs(): void;
  resume(): void;
  restart(): void;
}

const STEPS: Record<Page, number> = {
  intro: 1, notBegun: 1, open: 1, paper: 1, secret: 2, file: 3, sheet: 4, prove: 5, together: 6, compare: 6, stopped: 6,
  complete: 7, again: 7, done: 7,
};
export const stepOf = (page: Page): number => STEPS[page];

export const personOf = (setup: Setup, member: string): Person =>
  setup.people.find(({ id }) => id === member) ?? { id: member, name: member, role: '' };

/** Whether this member's first document is handed over. */
export function hasBegun({ transcript, setup }: State): boolean {
  return transcript !== null && (['key', 'certificate'] as const).some((round) => has(transcript, setup.board, setup.member, round));
}

/** How far a member has come, from 0 to 3. */
export function stageOf(transcript: Transcript, board: string, member: string): number {
  const { group } = seatOf(transcript.plan, board, member);
  if (!isShared(group)) return has(transcript, board, member, 'key') ? 3 : 0;
  return (['certificate', 'contribution', 'acknowledgement'] as const).filter((round) => has(transcript, board, member, round)).length;
}

/** The names of those who are awaited, in words; this member's own aside. */
export function awaited({ transcript, setup, t }: State): string {
  const names = transcript === null ? []
    : [...due(transcript, setup.board).keys()].filter((one) => one !== setup.member).map((one) => personOf(setup, one).name);
  const last = names.pop();
  return last === undefined ? '' : names.length ? `${names.join(', ')}${t.together.and}${last}` : last;
}
