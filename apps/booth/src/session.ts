// Where the voter stands. All of it lives in memory and dies with the page.
import type { Receipt } from './api.ts';
import type { Ballot, Choice } from './crypto/ballot.ts';
import type { Contest } from './setup.ts';
import type { Texts } from './texts/index.ts';

/** A message above the page's main content. */
export interface Notice {
  kind: 'stop' | 'info';
  title: string;
  text: string;
  remedy?: string;
}

export type Phase = 'encrypting' | 'sealed' | 'opened' | 'casting' | 'failed' | 'mismatch';

export interface Opened {
  readonly tracker: string;
  /** The check file's text. */
  readonly file: string;
}

export interface Session {
  texts: Texts;
  contest: Contest;
  step: 1 | 2 | 3;
  /** Identifiers of the lists chosen, or blank. */
  chosen: 'blank' | string[];
  phase: Phase;
  notice: Notice | undefined;
  ballot: Ballot | undefined;
  /** The private credential of that ballot, shown to the server when it is cast and at no other time. */
  credential: string | undefined;
  /** A ballot that was opened to be checked; it cannot be cast any more. */
  opened: Opened | undefined;
  /** The ballot was sent and no answer came: it may be in the box, so the choice can no longer change. */
  uncertain: boolean;
  receipt: Receipt | undefined;
}

/** Names of what was chosen, in the order shown. */
export function chosenNames(session: Session): string[] {
  if (session.chosen === 'blank') return [session.texts.choose.blank];
  const names = session.contest.setup.lists.filter((list) => session.chosen.includes(list.id)).map((list) => list.name);
  return names.length ? names : [session.texts.review.noList];
}

/** The choice as the question's answers. */
export function choiceOf(session: Session): Choice {
  if (session.chosen === 'blank') return 'blank';
  return session.contest.setup.lists.filter((list) => session.chosen.includes(list.id)).map((list) => list.answer);
}

/** The notice that tells what is wrong with the choice, if anything is. */
export function choiceError(session: Session): Notice | undefined {
  const { min, max, blank } = session.contest.question;
  const { chosen, texts: { choose } } = session;
  if (chosen === 'blank' || (chosen.length >= min && chosen.length <= max)) return undefined;
  if (chosen.length === 0) {
    return { kind: 'stop', title: choose.noneTitle, text: blank ? choose.noneRemedyBlank : choose.noneRemedy };
  }
  return { kind: 'stop', title: choose.countTitle(chosen.length), text: choose.countRemedy(choose.range(min, max)) };
}
