// The booth cannot go on: what happened, what to do next, whom to call.
import { el, phoneLink } from '../dom.ts';
import type { Setup } from '../setup.ts';
import type { Texts } from '../texts/index.ts';
import { drawTracker } from './tracker.ts';

export interface Refusal {
  heading: string;
  title: string;
  text: string;
  /** A word for the help line. */
  word?: string;
  tracker?: string;
  help?: Setup['help'] | undefined;
  main: { label: string; href: string } | { label: string; click: () => void };
  back?: { label: string; href: string };
}

export function refusalPage(texts: Texts, refusal: Refusal): HTMLElement[] {
  const { heading, title, text, word, tracker, help, main, back } = refusal;
  document.documentElement.lang = texts.code;
  document.title = texts.errorTitle(heading);
  return [
    el('h1', { tabindex: -1 }, heading),
    el('div', { class: 'note stop', role: 'alert', tabindex: -1, id: 'notice' },
      el('h2', {}, title), el('p', {}, text, word ? ' ' : null, word ? el('code', {}, word) : null)),
    tracker ? el('section', { class: 'card' }, el('p', {}, texts.refusal.keepTracker), drawTracker(tracker)) : null,
    help ? el('p', {}, `${texts.needHelp} `, phoneLink(help.phone), `, ${help.hours.replace(/\.$/, '')}.`) : null,
    el('div', { class: 'acts' },
      'href' in main
        ? el('a', { class: 'go', href: main.href }, main.label)
        : el('button', { class: 'go', type: 'button', on: { click: main.click } }, main.label),
      back ? el('a', { class: 'go plain', href: back.href }, back.label) : null),
  ].filter((part): part is HTMLElement => part !== null);
}
