// What the server says of this election, contest and voter, and whether it can be believed.
import { readElection, type Election, type Question } from './crypto/election.ts';

export interface CandidateList {
  id: string;
  name: string;
  candidates: string[];
  /** Index among the question's answers in election.json. */
  answer: number;
}

export interface Setup {
  language: string;
  voter: string;
  election: { id: string; title: string; window: string };
  contest: { id: string; title: string };
  order_note: string;
  election_json: string;
  lists: CandidateList[];
  blank: boolean;
  step_token: string;
  links: { contests: string; not_me: string; box: string; proof: string; accessibility: string };
  help: { phone: string; hours: string };
  preview: boolean;
}

export interface Contest {
  readonly setup: Setup;
  readonly election: Election;
  readonly question: Question;
}

function texts(record: unknown, ...keys: string[]): boolean {
  return typeof record === 'object' && record !== null
    && keys.every((key) => typeof (record as Record<string, unknown>)[key] === 'string');
}

function isSetup(value: unknown): value is Setup {
  if (!texts(value, 'language', 'voter', 'order_note', 'election_json', 'step_token')) return false;
  const setup = value as Setup;
  return texts(setup.election, 'id', 'title', 'window') && texts(setup.contest, 'id', 'title')
    && texts(setup.links, 'contests', 'not_me', 'box', 'proof', 'accessibility') && texts(setup.help, 'phone', 'hours')
    && Object.values(setup.links).every((link) => /^\/(?!\/)/.test(link))
    && typeof setup.blank === 'boolean' && typeof setup.preview === 'boolean' && Array.isArray(setup.lists)
    && setup.lists.every((list) => texts(list, 'id', 'name') && Number.isInteger(list.answer)
      && Array.isArray(list.candidates) && list.candidates.every((name) => typeof name === 'string'));
}

/**
 * Reads the server's answer; throws unless what will be shown is what will be encrypted: one question, each list shown
 * once, under the name (or identifier) that stands at its place in election.json, blank vote offered in both or neither.
 */
export function readContest(value: unknown): Contest {
  if (!isSetup(value)) throw new Error('setup: not of the expected form');
  const election = readElection(value.election_json);
  const question = election.questions[0];
  if (!question || election.questions.length !== 1) throw new Error('setup: not exactly one question');
  if (question.blank !== value.blank) throw new Error('setup: blank vote offered on one side only');
  if (value.lists.length !== question.answers.length) throw new Error('setup: as many lists as answers are needed');
  if (new Set(value.lists.map((list) => list.answer)).size !== value.lists.length) throw new Error('setup: an answer twice');
  for (const list of value.lists) {
    const answer = question.answers[list.answer];
    if (answer !== list.name && answer !== list.id) throw new Error('setup: a list is not the answer it stands for');
  }
  return { setup: value, election, question };
}
