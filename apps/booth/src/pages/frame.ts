// What every page shares: the heading band, the step, notices, codes, the footer.
import { el, phoneLink } from '../dom.ts';
import type { Notice, Session } from '../session.ts';

/** Fills the band, the footer and the document's title and language. */
export function drawFrame(session: Session, heading: string, switchLanguage: () => void): void {
  const { texts, contest: { setup } } = session;
  document.documentElement.lang = texts.code;
  const title = texts.pageTitle(heading, setup.contest.title, setup.election.title);
  document.title = session.notice?.kind === 'stop' ? texts.errorTitle(title) : title;
  document.getElementById('mast')?.replaceChildren(
    el('b', {}, setup.election.title), el('small', {}, setup.election.window),
  );
  document.getElementById('who')?.replaceChildren(
    el('span', {}, setup.voter), el('a', { href: setup.links.not_me }, texts.notMe),
  );
  document.getElementById('foot')?.replaceChildren(
    el('span', {}, `${texts.needHelp} `, phoneLink(setup.help.phone), `, ${setup.help.hours.replace(/\.$/, '')}.`),
    el('nav', {},
      el('button', { type: 'button', class: 'link', lang: texts.code === 'fr' ? 'en' : 'fr', on: { click: switchLanguage } }, texts.other),
      el('a', { href: setup.links.box }, texts.publicBox),
      el('a', { href: setup.links.accessibility }, texts.accessibility)),
  );
}

/** Step, progress, heading and notices: the top of a page. */
export function top(session: Session, heading: string): HTMLElement[] {
  const { texts, contest: { setup }, step, notice } = session;
  return [
    el('p', { class: 'step' }, `${setup.contest.title} · ${texts.step(step)}`),
    el('progress', { class: 'bar', max: 3, value: step, 'aria-hidden': 'true' }),
    ...(setup.preview ? [el('div', { class: 'note' }, el('p', {}, texts.preview))] : []),
    ...(notice?.kind === 'stop' ? [drawNotice(notice)] : []),
    el('h1', { tabindex: -1 }, heading),
    ...(notice?.kind === 'info' ? [drawNotice(notice)] : []),
  ];
}

/** A message with its title; `target` makes the title a link to the field in question. */
export function drawNotice(notice: Notice, target?: string): HTMLElement {
  const title = target ? el('a', { href: `#${target}` }, notice.title) : notice.title;
  return el('div', { id: 'notice', class: notice.kind === 'stop' ? 'note stop' : 'note', role: 'alert', tabindex: -1 },
    el('h2', {}, title), el('p', {}, notice.text), notice.remedy ? el('p', {}, notice.remedy) : null);
}
