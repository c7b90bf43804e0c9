// Step 2: the choice read back, the ballot encrypted, its tracker shown before anything is cast.
import { el, phoneLink } from '../dom.ts';
import { chosenNames, type Session } from '../session.ts';
import { top } from './frame.ts';
import { drawTracker } from './tracker.ts';

interface Actions {
  cast(): void;
  check(): void;
  retry(): void;
  change(): void;
}

export function reviewPage(session: Session, actions: Actions): HTMLElement[] {
  const { texts, contest: { setup, election }, ballot, phase, uncertain } = session;
  const t = texts.review;
  const busy = phase === 'encrypting' || phase === 'casting';
  const names = chosenNames(session);
  const help = el('p', {}, `${texts.needHelp} `, phoneLink(setup.help.phone), `, ${setup.help.hours.replace(/\.$/, '')}.`);

  const choice = el('section', { class: 'card', 'aria-labelledby': 'your-choice' },
    el('h2', { class: 'step', id: 'your-choice' }, t.yourChoice),
    ...names.map((name) => el('p', { class: 'picked' }, name)));
  const envelope = ballot && el('section', { class: 'card', 'aria-labelledby': 'sealed' },
    el('h2', { id: 'sealed' }, t.sealed),
    el('p', {}, t.sealedText),
    drawTracker(ballot.tracker),
    !uncertain && phase !== 'mismatch' && !setup.preview && el('p', { class: 'step' }, t.notYet));
  const status = el('p', { class: busy ? 'status busy' : 'status unseen', role: 'status', id: 'status' },
    phase === 'encrypting' ? t.encrypting : phase === 'casting' ? t.casting : '');

  const main = setup.preview && ballot
    ? el('a', { class: 'go', href: setup.links.contests }, t.endPreview)
    : phase === 'failed' || phase === 'mismatch'
      ? el('button', { class: 'go', type: 'button', on: { click: actions.retry } }, texts.retry)
      : el('button', {
        class: 'go', type: 'button', id: 'cast', 'aria-disabled': busy ? 'true' : undefined,
        on: { click: () => { if (!busy) actions.cast(); } },
      }, t.cast);
  const locked = uncertain || phase === 'casting' || phase === 'mismatch';
  const acts = el('div', { class: 'acts' }, main,
    !locked && el('button', { class: 'go plain', type: 'button', on: { click: actions.change } }, t.change),
    phase === 'failed' && !uncertain && el('a', { class: 'go plain', href: setup.links.contests }, texts.backToContests));
  const doubt = phase === 'sealed' && el('section', { class: 'doubt', 'aria-labelledby': 'doubt' },
    el('h2', { id: 'doubt' }, t.doubt),
    el('p', { id: 'doubt-text' }, t.doubtText),
    el('button', { class: 'go second', type: 'button', id: 'check', 'aria-describedby': 'doubt-text', on: { click: actions.check } }, t.open));
  const what = el('details', { class: 'what' },
    el('summary', {}, t.what),
    el('ol', {}, ...t.steps.map((step) => el('li', {}, step))),
    el('p', { class: 'step' }, `${t.check} : `.replace(' :', texts.code === 'fr' ? '\u202f:' : ':'),
      el('code', { class: 'fingerprint', translate: 'no' }, election.fingerprint)));

  const head = top(session, t.title);
  if (session.notice?.kind === 'stop') head.find((part) => part.id === 'notice')?.append(help);
  return [...head, choice, envelope, status, acts, doubt, ballot && what].filter((part): part is HTMLElement => Boolean(part));
}
