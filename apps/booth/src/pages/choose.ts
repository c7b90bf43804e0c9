// Step 1: all lists at once, in the order drawn by lot, and the blank vote.
import { el } from '../dom.ts';
import type { Session } from '../session.ts';
import { drawNotice, top } from './frame.ts';

interface Actions {
  /** The choice as it now stands in the form. */
  choose(chosen: Session['chosen']): void;
  review(): void;
}

export function choosePage(session: Session, actions: Actions): HTMLElement[] {
  const { texts, contest: { setup, question }, chosen, notice } = session;
  const t = texts.choose;
  const single = question.max === 1;
  const type = single ? 'radio' : 'checkbox';
  const heading = single ? t.one : t.several;
  const rule = single && question.min === 1 ? t.single : t.range(question.min, question.max);

  const card = (id: string, name: string, hint: string, checked: boolean) =>
    el('label', { class: 'card list' },
      el('input', { type, name: 'choice', id, value: id, checked, 'aria-describedby': notice ? 'choice-error' : undefined }),
      el('span', {}, el('b', {}, name), hint && el('span', {}, hint)));
  const cards = setup.lists.flatMap((list, i) => [
    card(`list-${i}`, list.name, list.candidates.length ? '' : t.candidates, chosen !== 'blank' && chosen.includes(list.id)),
    list.candidates.length > 0 && el('details', { class: 'more' },
      el('summary', {}, t.see(list.candidates.length), el('span', { class: 'unseen' }, t.ofList(list.name))),
      el('ol', {}, ...list.candidates.map((name) => el('li', {}, name)))),
  ]);
  const fieldset = el('fieldset', {},
    el('legend', { class: 'step' }, t.legend),
    notice && el('p', { class: 'error', id: 'choice-error' }, notice.title),
    ...cards,
    question.blank && card('blank', t.blank, t.blankHint, chosen === 'blank'));

  const inputs = () => [...fieldset.querySelectorAll('input')];
  const read = (event: Event) => {
    const changed = event.target as HTMLInputElement;
    if (!single && changed.checked) {
      // A blank vote and a list exclude each other.
      for (const input of inputs()) if ((input.id === 'blank') !== (changed.id === 'blank')) input.checked = false;
    }
    const checked = inputs().filter((input) => input.checked);
    actions.choose(checked.some((input) => input.id === 'blank')
      ? 'blank' : setup.lists.filter((_, i) => checked.some((input) => input.id === `list-${i}`)).map((list) => list.id));
  };
  const form = el('form', {
    autocomplete: 'off', novalidate: true,
    on: { change: read, submit: (event) => { event.preventDefault(); actions.review(); } },
  },
    fieldset,
    el('div', { class: 'acts' },
      el('button', { class: 'go', type: 'submit' }, t.go),
      el('a', { class: 'go plain', href: setup.links.contests }, texts.backToContests)));

  const head = top({ ...session, notice: undefined }, heading);
  // The title of the error leads to the first card, whichever way it is followed.
  if (notice) head.splice(-1, 0, drawNotice(notice, setup.lists.length ? 'list-0' : 'blank'));
  return [...head, el('p', { class: 'rule' }, `${rule} ${setup.order_note}`), form];
}
