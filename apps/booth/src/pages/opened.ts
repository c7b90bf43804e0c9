// A ballot opened to be checked elsewhere (cast or check): it is shown, saved, and never cast.
import { el } from '../dom.ts';
import { saveFile } from '../saving.ts';
import { chosenNames, type Session } from '../session.ts';
import { top } from './frame.ts';
import { drawTracker } from './tracker.ts';

interface Actions {
  fresh(): void;
  change(): void;
}

export function openedPage(session: Session, actions: Actions): HTMLElement[] {
  const { texts, contest: { setup }, opened } = session;
  if (!opened) throw new Error('opened: no ballot is open');
  const t = texts.opened;
  const said = el('p', { class: 'step', role: 'status', id: 'said' });
  const button = (label: string, click: () => void, kind: string) =>
    el('button', { class: `go ${kind}`, type: 'button', on: { click } }, label);
  const save = () => {
    saveFile(`${t.fileName}-${setup.contest.id.replace(/[^\w-]/g, '')}.json`, 'application/json', opened.file);
    said.textContent = t.saved;
  };
  const copy = () => {
    const failed = () => { said.textContent = t.copyFailed; };
    try {
      navigator.clipboard.writeText(opened.file).then(() => { said.textContent = t.copied; }, failed);
    } catch {
      failed();
    }
  };

  return [
    ...top(session, t.title),
    el('p', {}, t.never),
    el('section', { class: 'card', 'aria-labelledby': 'open-ballot' },
      el('h2', { class: 'step', id: 'open-ballot' }, t.holds),
      ...chosenNames(session).map((name) => el('p', { class: 'picked' }, name)),
      el('p', { class: 'step' }, t.tracker),
      drawTracker(opened.tracker)),
    el('section', { class: 'card', 'aria-labelledby': 'how' },
      el('h2', { id: 'how' }, t.how),
      el('ol', {}, ...t.steps.map((step) => el('li', {}, step))),
      el('div', { class: 'acts' }, button(t.save, save, 'second'), button(t.copy, copy, 'plain')),
      said,
      el('p', {}, el('a', { class: 'link', href: '/check', target: '_blank', rel: 'noopener' },
        t.page, el('span', { class: 'tab' }, texts.newTab))),
      el('p', { class: 'step' }, t.secret)),
    el('div', { class: 'acts' }, button(t.fresh, actions.fresh, ''), button(texts.review.change, actions.change, 'plain')),
  ];
}
