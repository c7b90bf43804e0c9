// What every page shares: the band, the step, what was refused, forms, the footer.
import { el, focusOn, phoneLink } from '../dom.ts';
import { stepOf, type State } from './state.ts';

/** Names come from others: no character of theirs may steer the page's reading order. */
export const printable = (text: string): string => text.replace(/\p{C}/gu, '\uFFFD');

/** Fills the band, the footer and the document's title and language. */
export function drawFrame({ t, setup, problem, stop }: State, heading: string, turn: () => void): void {
  document.documentElement.lang = t.code;
  document.title = `${problem || stop ? `${t.refusedTitle} – ` : ''}${heading} – ${setup.election.title}`;
  document.getElementById('mast')?.replaceChildren(el('b', {}, setup.election.title), el('small', {}, t.title));
  document.getElementById('who')?.replaceChildren(el('span', {}, printable(setup.account)), el('a', { href: setup.links.board }, t.board));
  document.getElementById('foot')?.replaceChildren(
    el('span', {}, `${t.needHelp} `, phoneLink(setup.help.phone), `, ${setup.help.hours.replace(/\.$/, '')}.`),
    el('nav', {}, el('button', { type: 'button', class: 'link', lang: t.code === 'fr' ? 'en' : 'fr', on: { click: turn } }, t.other)));
}

/** Step, bar, what was refused, heading. */
export function top({ t, page, problem }: State, heading: string): HTMLElement[] {
  const step = stepOf(page);
  return [
    el('p', { class: 'step no-print' }, `${t.title} · ${t.step(step)}`),
    el('progress', { class: 'bar', max: 7, value: step, 'aria-hidden': 'true' }),
    ...(problem ? [refusal(problem.sentence, problem.at, problem.clause && t.clause(problem.clause), t.refusedTitle)] : []),
    el('h1', { tabindex: -1 }, heading),
  ];
}

function refusal(sentence: string, at: string | undefined, clause: string | undefined, title: string): HTMLElement {
  const link = at && el('a', { href: `#${at}`, on: { click: (event) => { event.preventDefault(); focusOn(document.getElementById(at)); } } }, sentence);
  return el('div', { id: 'problem', class: 'note stop', role: 'alert', tabindex: -1 },
    el('h2', {}, title), el('p', {}, link || sentence), clause ? el('p', { class: 'hint' }, clause) : null);
}

/** A control under its label, with what is said of it; disabled while the page computes. */
export function field({ problem, busy }: State, input: HTMLInputElement, label: string, hint = ''): HTMLElement {
  const wrong = problem?.at === input.id;
  input.toggleAttribute('aria-invalid', false);
  if (wrong) input.setAttribute('aria-invalid', 'true');
  const ids = [hint && `${input.id}-hint`, wrong && 'problem'].filter(Boolean).join(' ');
  if (ids) input.setAttribute('aria-describedby', ids);
  else input.removeAttribute('aria-describedby');
  input.toggleAttribute('disabled', busy !== '');
  return el('div', { class: 'field' },
    el('label', { for: input.id }, label), hint ? el('span', { class: 'hint', id: `${input.id}-hint` }, hint) : null, input);
}

export function form(state: State, go: string, submit: () => void, ...parts: HTMLElement[]): HTMLElement {
  return el('form', { autocomplete: 'off', novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(); } } },
    ...parts, el('div', { class: 'acts' }, el('button', { class: 'go', type: 'submit', 'aria-disabled': state.busy ? 'true' : undefined }, go)));
}

export const button = (label: string, act: () => void, kind = 'go', busy = ''): HTMLElement =>
  el('button', { type: 'button', class: kind, 'aria-disabled': busy ? 'true' : undefined, on: { click: act } }, label);

export const acts = (...parts: (HTMLElement | false)[]): HTMLElement => el('div', { class: 'acts' }, ...parts);

export const status = (text: string, busy = false): HTMLElement =>
  el('p', { id: 'status', role: 'status', class: busy && text ? 'status busy' : 'status' }, text);

export const bullets = (items: readonly string[]): HTMLElement => el('ul', {}, ...items.map((item) => el('li', {}, item)));
