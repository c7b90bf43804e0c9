// The checking page: says what an opened ballot holds. It asks nothing of anybody, here or saved on a disk.
import '../compat.ts';
import { CheckRefusal, checkSteps, type Finding } from '../crypto/check.ts';
import { el, focusOn } from '../dom.ts';
import { drawTracker } from '../pages/tracker.ts';
import { unhurried } from '../steps.ts';
import { checkTexts } from './texts.ts';

type Language = keyof typeof checkTexts;
type Outcome = Finding | CheckRefusal | 'nothing' | 'busy';

const main = document.getElementById('check') as HTMLElement;
let language: Language = /^en/i.test(navigator.language) ? 'en' : 'fr';
let outcome: Outcome | undefined;
/** Whether a tracker was typed for the outcome shown. */
let compared = false;
/** Counts the checks asked: what an abandoned one finds is not shown. */
let asked = 0;

// These keep what they hold when the language changes.
const file = el('input', { type: 'file', id: 'file', accept: '.json,application/json', on: { change: clear } });
const paste = el('textarea', { id: 'paste', rows: 4, spellcheck: 'false', autocomplete: 'off', on: { input: clear } });
const tracker = el('input', {
  type: 'text', id: 'shown', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'none',
  'aria-describedby': 'shown-hint', on: { input: clear },
});
const result = el('div', { id: 'result', tabindex: -1, 'aria-live': 'polite' });

/** Names come from a file: no character of theirs may steer the page's reading order. */
const printable = (text: string) => text.replace(/\p{C}/gu, '\uFFFD');

function clear(): void {
  asked++;
  outcome = undefined;
  showOutcome();
}

function found(finding: Finding): HTMLElement[] {
  const t = checkTexts[language];
  return [
    el('div', { class: 'note ok' }, el('h2', {}, t.right)),
    el('section', { class: 'card' },
      el('p', { class: 'soft' }, printable(finding.election)),
      ...finding.questions.flatMap(({ question, blank, answers }) => [
        // A contest of one question bears its text as its name.
        question !== finding.election && el('p', { class: 'soft' }, printable(question)),
        ...(answers.length ? answers.map(printable) : [blank ? t.blank : t.none]).map((name) => el('p', { class: 'picked' }, name)),
      ]),
      el('p', {}, compared ? t.sameTracker : t.compareTracker),
      drawTracker(finding.tracker),
      el('p', {}, t.fingerprint),
      el('p', {}, el('code', { class: 'fingerprint', translate: 'no' }, finding.fingerprint))),
    el('p', {}, t.meaning),
  ];
}

function showOutcome(): void {
  const t = checkTexts[language];
  const shown = outcome instanceof CheckRefusal
    ? [el('div', { class: 'note stop', role: 'alert' }, el('h2', {}, t.wrong), el('p', {}, t.clauses[outcome.clause]),
      outcome.clause !== 'file' && el('p', {}, t.call))]
    : outcome === 'nothing' ? [el('div', { class: 'note stop', role: 'alert' }, el('p', {}, t.nothing))]
      : outcome === 'busy' ? [el('p', { role: 'status' }, t.busy)]
        : outcome ? found(outcome) : [];
  result.replaceChildren(...shown);
}

async function check(): Promise<void> {
  clear();
  const mine = asked;
  const abandoned = () => mine !== asked;
  const chosen = file.files?.[0];
  if (!paste.value.trim() && !chosen) outcome = 'nothing';
  else {
    outcome = 'busy';
    showOutcome();
    try {
      const text = paste.value.trim() || await (chosen as File).text();
      compared = tracker.value.trim() !== '';
      const finding = await unhurried(checkSteps(text, tracker.value), abandoned);
      if (!finding) return;
      outcome = finding;
    } catch (error) {
      outcome = error instanceof CheckRefusal ? error : new CheckRefusal('file', 'unreadable');
    }
    if (abandoned()) return;
  }
  showOutcome();
  focusOn(result);
}

function draw(): void {
  const t = checkTexts[language];
  document.documentElement.lang = language;
  document.title = `${t.title} – Isoloir`;
  const form = el('form', {
    class: 'card', autocomplete: 'off', on: { submit: (event) => { event.preventDefault(); void check(); } },
  },
    el('label', { for: 'file' }, t.file), file,
    el('label', { for: 'paste' }, t.paste), paste,
    el('label', { for: 'shown' }, t.tracker), el('p', { class: 'soft', id: 'shown-hint' }, t.trackerHint), tracker,
    el('button', { class: 'go', type: 'submit' }, t.go));
  main.replaceChildren(el('h1', {}, t.title), el('p', {}, t.lead), form, result);
  showOutcome();
  const turn = () => {
    language = language === 'fr' ? 'en' : 'fr';
    draw();
    focusOn(document.querySelector('#foot button'));
  };
  document.getElementById('foot')?.replaceChildren(
    el('p', {}, t.offlineHint),
    el('nav', {},
      el('button', { type: 'button', class: 'link', lang: language === 'fr' ? 'en' : 'fr', on: { click: turn } }, t.other),
      /^http/.test(location.protocol) && el('a', { href: '/check', download: t.fileName }, t.offline)));
}

draw();
