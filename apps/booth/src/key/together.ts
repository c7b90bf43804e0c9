// The pages of what members do together: waiting, comparing, the end, and why it may stop.
import { el, phoneLink } from '../dom.ts';
import { acts, bullets, button, printable, status, top } from './frame.ts';
import { aloudShown } from './making.ts';
import { awaited, personOf, stageOf, type Actions, type State } from './state.ts';

function standings({ t, setup, transcript }: State): HTMLElement[] {
  const groups = transcript?.plan.boards.get(setup.board) ?? [];
  return groups.flatMap(({ members }) => members).map((member) => {
    const stage = transcript === null ? 0 : stageOf(transcript, setup.board, member);
    const { name } = personOf(setup, member);
    return el('li', member === setup.member ? { class: 'mine' } : {},
      el('span', { class: 'tick', 'aria-hidden': 'true' }, stage === 3 ? '✓' : stage ? '…' : '·'), ' ',
      el('b', {}, `${printable(name)}${member === setup.member ? ` (${t.intro.you})` : ''}`), ` ${t.together.stages[stage] ?? ''}`);
  });
}

export function togetherPage(state: State): HTMLElement[] {
  const { t, lost } = state;
  const names = awaited(state);
  return [
    ...top(state, t.together.heading), el('p', { class: 'lead' }, t.together.lead),
    status(lost ? t.together.lost : names ? t.together.waiting(names) : t.together.yours, true),
    el('section', { class: 'card' }, el('h2', {}, t.together.members), el('ul', { class: 'plain-list standings' }, ...standings(state))),
  ];
}

export function comparePage(state: State, actions: Actions): HTMLElement[] {
  const { t, aloud } = state;
  return [
    ...top(state, t.compare.heading), el('p', { class: 'lead' }, t.compare.lead),
    el('p', { class: 'hint' }, t.compare.label), aloudShown(aloud),
    acts(button(t.compare.same, () => actions.go('complete')), button(t.compare.differs, actions.differs, 'go second')),
    status(''),
  ];
}

export function donePage(state: State): HTMLElement[] {
  const { t, aloud, setup, saved } = state;
  return [
    ...top(state, t.done.heading),
    el('div', { class: 'note ok' }, el('p', { class: 'first' }, t.done.lead)),
    el('section', { class: 'card' }, el('h2', {}, t.done.keep), bullets(t.done.kept), el('p', {}, t.done.erase),
      saved ? el('p', {}, el('code', { translate: 'no' }, saved)) : null),
    el('p', { class: 'hint' }, t.done.forgotten),
    acts(el('a', { class: 'go', href: setup.links.board }, t.done.go)),
    ...(aloud ? [el('p', { class: 'hint' }, t.done.aloud), aloudShown(aloud)] : []),
    status(''),
  ];
}

export function stoppedPage(state: State, actions: Actions): HTMLElement[] {
  const { t, stop, setup, busy } = state;
  const next = stop?.then;
  return [
    ...top(state, stop?.heading ?? t.stopped.heading),
    el('div', { id: 'problem', class: 'note stop', role: 'alert', tabindex: -1 },
      ...(stop?.sentences ?? []).map((sentence) => el('p', {}, sentence)),
      stop?.clause ? el('p', { class: 'hint' }, t.clause(stop.clause)) : null),
    el('p', {}, `${t.needHelp} `, phoneLink(setup.help.phone), `, ${setup.help.hours.replace(/\.$/, '')}.`),
    acts(next === 'new' ? button(t.stopped.again, actions.restart)
      : next === 'login' ? el('a', { class: 'go', href: setup.links.login }, t.login)
        : button(t.retry, actions.resume, 'go', busy)),
    status(busy, true),
  ];
}
