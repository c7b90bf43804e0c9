// The first pages: what this is, the code, the file, the sheet, the proof; and coming back with file or sheet.
import { el } from '../dom.ts';
import { acts, bullets, button, field, form, printable, status, top } from './frame.ts';
import { grouped, sheet } from './sheet.ts';
import { hasBegun, personOf, type Actions, type State } from './state.ts';

function groupsOf({ t, setup, transcript }: State): HTMLElement[] {
  return (transcript?.plan.boards.get(setup.board) ?? []).flatMap((group) => [
    el('p', { class: 'first' }, t.intro.atLeast(group.atLeast, group.members.length)),
    el('ul', {}, ...group.members.map((member) => {
      const { name, role } = personOf(setup, member);
      return el('li', {}, el('b', {}, printable(name)), `, ${role}${member === setup.member ? ` (${t.intro.you})` : ''}`);
    })),
  ]);
}

export function introPage(state: State, actions: Actions): HTMLElement[] {
  const { t } = state;
  const begun = hasBegun(state);
  const link = (label: string, page: 'open' | 'paper') => button(label, () => actions.go(page), 'link');
  return [
    ...top(state, t.intro.heading),
    el('p', { class: 'lead' }, begun ? t.intro.given : t.intro.lead),
    acts(begun ? button(t.intro.givenOpen, () => actions.go('open')) : button(t.intro.go, actions.begin)),
    el('p', {}, ...(begun ? [] : [link(t.intro.open, 'open'), el('br')]), link(t.intro.paper, 'paper')),
    ...(begun ? [el('p', { class: 'hint' }, t.intro.lost)] : []),
    ...(begun ? [] : [el('section', { class: 'card' }, el('h2', {}, t.intro.needs), bullets(t.intro.need))]),
    el('section', { class: 'card' }, el('h2', {}, t.intro.group), ...groupsOf(state)),
    status(''),
  ];
}

export function notBegunPage(state: State): HTMLElement[] {
  const { t, lost } = state;
  return [
    ...top(state, t.notBegun.heading), el('p', { class: 'lead' }, t.notBegun.lead),
    status(lost ? t.together.lost : t.notBegun.status, true),
    el('section', { class: 'card' }, el('h2', {}, t.intro.needs), bullets(t.intro.need)),
  ];
}

export function secretPage(state: State, actions: Actions): HTMLElement[] {
  const { t, code } = state;
  return [
    ...top(state, t.secret.heading), el('p', { class: 'lead' }, t.secret.lead),
    el('p', { class: 'hint no-print', id: 'code-label' }, t.secret.label),
    el('p', { class: 'secret no-print', translate: 'no', role: 'group', 'aria-labelledby': 'code-label' },
      ...code.split('-').flatMap((group, i) => [...(i ? ['-'] : []), el('span', {}, group)])),
    el('p', {}, t.secret.advice),
    acts(button(t.secret.go, actions.afterCode), button(t.back, () => actions.restart(), 'go plain')),
    status(''),
  ];
}

/** The page that hands a file to the browser, the first one or the complete one. */
export function filePage(state: State, actions: Actions): HTMLElement[] {
  const { t, page, saved, busy, fromPaper, setup } = state;
  const last = page === 'complete';
  const next = last ? 'again' : fromPaper ? 'prove' : 'sheet';
  const name = saved || t.file[last ? 'last' : 'first'](setup.election.id, setup.member);
  return [
    ...top(state, last ? t.complete.heading : t.file.heading), el('p', { class: 'lead' }, last ? t.complete.lead : t.file.lead),
    el('p', {}, `${t.file.name}${t.code === 'fr' ? '\u202f' : ''}: `, el('code', { translate: 'no' }, name)),
    saved ? acts(button(t.goOn, () => actions.go(next)), button(t.file.again, actions.save, 'go second', busy))
      : acts(button(t.file.go, actions.save, 'go', busy), !last && button(t.back, () => actions.go('secret'), 'go plain')),
    status(busy || (saved ? t.file.saved : ''), busy !== ''),
  ];
}

export function sheetPage(state: State, actions: Actions): HTMLElement[] {
  const { t, setup, share } = state;
  return [
    ...top(state, t.sheet.heading), el('p', { class: 'lead no-print' }, t.sheet.lead),
    acts(button(t.sheet.go, () => print()), button(t.sheet.done, () => actions.go('prove'), 'go second'),
      button(t.back, () => actions.go('file'), 'go plain')),
    ...(share ? [sheet(t, setup, share, personOf(setup, setup.member))] : []),
    status(''),
  ];
}

/** Choosing the file just saved and typing its code; `again` for the complete one. */
export function provePage(state: State, actions: Actions): HTMLElement[] {
  const { t, busy, page, saved, controls: { file, code } } = state;
  const first = page === 'prove';
  return [
    ...top(state, t.prove.heading), el('p', { class: 'lead' }, t.prove.lead(saved)),
    form(state, t.prove.go, actions.prove, field(state, file, t.prove.file), field(state, code, t.prove.code)),
    status(busy, true),
    ...(first ? [el('p', { class: 'hint' }, t.prove.only)] : []),
    el('p', {}, button(t.back, () => actions.go(first ? 'file' : 'complete'), 'link'),
      ...(first && !state.fromPaper ? [el('br'), button(t.prove.restart, actions.restart, 'link')] : [])),
  ];
}

export function openPage(state: State, actions: Actions): HTMLElement[] {
  const { t, busy, controls: { file, code } } = state;
  return [
    ...top(state, t.open.heading), el('p', { class: 'lead' }, t.open.lead),
    form(state, t.open.go, actions.open, field(state, file, t.prove.file), field(state, code, t.prove.code)),
    status(busy, true),
    el('p', {}, button(t.open.paper, () => actions.go('paper'), 'link'), el('br'), button(t.back, actions.restart, 'link')),
  ];
}

export function paperPage(state: State, actions: Actions): HTMLElement[] {
  const { t, busy, controls: { seed } } = state;
  return [
    ...top(state, t.paper.heading), el('p', { class: 'lead' }, t.paper.lead),
    form(state, t.paper.go, actions.fromSheet, field(state, seed, t.paper.seed, t.paper.hint)),
    status(busy, true),
    el('p', {}, button(t.back, actions.restart, 'link')),
  ];
}

export const aloudShown = (text: string): HTMLElement =>
  el('code', { class: 'tracker aloud', translate: 'no' }, ...grouped(text.replace(/ /g, '')));
