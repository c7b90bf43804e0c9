// Step 3: the vote is in the box. Two papers, never on one sheet: the tracker without a name, the name without a tracker.
import { el } from '../dom.ts';
import { proofFile } from '../proof-file.ts';
import { saveFile } from '../saving.ts';
import type { Session } from '../session.ts';
import { top } from './frame.ts';
import { drawTracker } from './tracker.ts';

function save(session: Session, tracker: string): void {
  const name = `${session.texts.receipt.file}-${session.contest.setup.contest.id.replace(/[^\w-]/g, '')}.html`;
  saveFile(name, 'text/html', proofFile(session, tracker));
}

async function copy(session: Session, tracker: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(tracker);
    return session.texts.receipt.copied;
  } catch {
    const code = document.getElementById('tracker');
    if (code) getSelection()?.selectAllChildren(code);
    return session.texts.receipt.copyByHand;
  }
}

export function receiptPage(session: Session): HTMLElement[] {
  const { texts, contest: { setup, election }, receipt } = session;
  if (!receipt) throw new Error('receipt: nothing was cast');
  const t = texts.receipt;
  const { tracker, remaining, logout } = receipt;
  const said = el('p', { class: 'step', role: 'status', id: 'said' });
  const say = (text: string) => { said.textContent = text; };
  const button = (label: string, click: () => void, main = false) =>
    el('button', { class: main ? 'go' : 'go plain', type: 'button', on: { click } }, label);

  const first = el('section', { class: 'card receipt', 'aria-labelledby': 'proof' },
    el('h2', { id: 'proof' }, t.proof),
    el('p', { class: 'screen-only' }, t.proofText),
    el('dl', { class: 'print-only' },
      el('dt', {}, t.election), el('dd', {}, setup.election.title, el('br'), setup.election.window),
      el('dt', {}, t.contest), el('dd', {}, setup.contest.title),
      el('dt', {}, t.fingerprint), el('dd', {}, election.fingerprint)),
    el('p', { class: 'print-only' }, t.tracker),
    drawTracker(tracker),
    el('p', { class: 'print-only' }, t.howTo(setup.help.phone)),
    el('p', { class: 'print-only' }, t.noName),
    el('div', { class: 'acts' },
      button(t.save, () => { save(session, tracker); say(t.saved); }, true),
      button(t.copy, () => { void copy(session, tracker).then(say); }),
      button(t.print, () => window.print())),
    said,
    el('form', { method: 'post', action: setup.links.box, target: '_blank', rel: 'noopener' },
      el('input', { type: 'hidden', name: 'tracker', value: tracker }),
      el('input', { type: 'hidden', name: 'token', value: setup.step_token }),
      el('button', { class: 'link', type: 'submit' }, t.search, el('span', { class: 'tab' }, texts.newTab))));
  const second = el('section', { class: 'card no-print', 'aria-labelledby': 'second' },
    el('h2', { id: 'second' }, t.second),
    el('p', {}, t.secondText),
    el('p', {}, el('a', { class: 'link', href: setup.links.proof, target: '_blank', rel: 'noopener' },
      t.secondLink, el('span', { class: 'tab' }, texts.newTab))));
  const next = remaining.length
    ? el('section', { class: 'card no-print', 'aria-labelledby': 'next' },
      el('h2', { id: 'next' }, t.remaining(remaining.length)),
      el('div', { class: 'acts' }, ...remaining.map(({ title, url }) => el('a', { class: 'go wide', href: url }, t.voteFor(title)))),
      el('p', {}, el('a', { class: 'link', href: logout }, t.later)))
    : el('section', { class: 'card no-print', 'aria-labelledby': 'next' },
      el('h2', { id: 'next' }, t.done),
      el('p', {}, t.doneText),
      el('div', { class: 'acts' }, el('a', { class: 'go', href: logout }, t.logOut)));
  return [...top(session, t.title), el('div', { class: 'note ok' }, el('p', {}, t.sealed)), first, second, next];
}
