// The trustee's page: opens a share, checks boxes, decrypts their totals. It asks nothing of anybody, here or on a disk.
import '../compat.ts';
import { el, focusOn } from '../dom.ts';
import { saveFile } from '../saving.ts';
import { unhurried } from '../steps.ts';
import { readBox, type Box } from './box.ts';
import { partialsSteps, requireKey } from './decrypt.ts';
import { Refusal } from '../refusal.ts';
import { openShare, type Share } from './share.ts';
import { en } from './texts/en.ts';
import { fr, type Refused, type Texts } from './texts/fr.ts';

const SLICE_MS = 25;
// 64 bits: nobody finds another box whose digest ends the same. Eight characters, 32 bits, can be searched.
const TYPED = 16;

interface Problem {
  readonly clause: string;
  readonly file?: string;
  /** The control that it is about. */
  readonly at?: string;
}

/** What goes to the board. */
interface Done {
  readonly boxes: readonly Box[];
  readonly text: string;
  readonly board: string;
  readonly member: string;
}

class Mistake extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.clause);
    this.problem = problem;
  }
}

const main = document.getElementById('trustee') as HTMLElement;
let t: Texts = /^en/i.test(navigator.language) ? en : fr;

let share: Share | undefined;
let boxes: readonly Box[] = [];
let done: Done | undefined;
let problem: Problem | undefined;
let busy = '';
let said = '';
/** Counts what was begun: work of an abandoned count is not shown. */
let begun = 0;

// Controls outlive their page: they keep what they hold when the language changes.
const shareFile = el('input', { type: 'file', id: 'share', accept: '.json,application/json' });
const sharePaste = el('textarea', { id: 'paste', rows: 3, spellcheck: 'false', autocomplete: 'off', autocapitalize: 'none' });
const code = el('input', { type: 'password', id: 'code', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'code-hint' });
const archives = el('input', { type: 'file', id: 'archives', accept: '.bel', multiple: true });
const bar = el('progress', { max: 1, value: 0, 'aria-labelledby': 'status' });
const progress = el('p', { class: 'soft' });
let typed: HTMLInputElement[] = [];

/** Names come from a file: no character of theirs may steer the page's reading order. */
const printable = (text: string) => text.replace(/\p{C}/gu, '\uFFFD');
const megabytes = (bytes: number) => (bytes / 1e6).toLocaleString(t.code, { maximumFractionDigits: 1 });
const breathe = () => new Promise<void>((free) => { setTimeout(free); });

/** Drops everything secret, and all that was read with it. */
function forget(): void {
  begun++;
  share = undefined;
  code.value = '';
  sharePaste.value = '';
  shareFile.value = '';
}

function restart(): void {
  forget();
  archives.value = '';
  [boxes, done, problem, busy, said] = [[], undefined, undefined, '', ''];
  draw();
  focusOn(main.querySelector('h1'));
}

function sentence(clause: string): string {
  const known = [clause, clause.split('.')[0] ?? '', 'page'].find((name) => name in t.refused) as Refused;
  return t.refused[known];
}

/** Runs what one button asks; what it throws is shown, and the focus goes to what came of it. */
async function run(what: () => Promise<void>): Promise<void> {
  if (busy) return;
  const mine = ++begun;
  [problem, said] = [undefined, ''];
  try {
    await what();
  } catch (error) {
    if (mine !== begun) return;
    problem = error instanceof Mistake ? error.problem
      : { clause: error instanceof Refusal ? error.clause : 'page' };
  }
  if (mine !== begun) return;
  busy = '';
  draw();
  focusOn(main.querySelector(problem ? '#problem' : 'h1'));
}

function mistake(clause: string, at: string): never {
  throw new Mistake({ clause, at });
}

function work(text: string): void {
  busy = text;
  draw();
}

async function open(): Promise<void> {
  const chosen = shareFile.files?.[0];
  if (!sharePaste.value.trim() && !chosen) mistake('page.share', 'share');
  if (!code.value) mistake('page.code', 'code');
  const [mine, secret] = [begun, code.value];
  work(t.share.busy);
  try {
    const opened = await openShare(sharePaste.value.trim() || await (chosen as File).text(), secret);
    if (mine !== begun) return;
    share = opened;
    sharePaste.value = '';
    shareFile.value = '';
  } catch (error) {
    if (!(error instanceof Refusal)) throw new Mistake({ clause: 'share.unreadable', at: 'share' });
    throw new Mistake({ clause: error.clause, at: error.clause === 'share.locked' ? 'code' : 'share' });
  } finally {
    code.value = '';
  }
}

async function check(): Promise<void> {
  const files = [...archives.files ?? []];
  if (!files.length) mistake('page.archives', 'archives');
  const mine = begun;
  const read: Box[] = [];
  for (const file of files) {
    bar.value = 0;
    progress.textContent = '';
    work(t.archives.busy(printable(file.name)));
    let until = performance.now() + SLICE_MS;
    try {
      const box = await readBox(file, async (bytes, ballots) => {
        if (performance.now() < until) return;
        bar.value = bytes / file.size;
        progress.textContent = t.archives.progress(megabytes(bytes), megabytes(file.size), ballots.toLocaleString(t.code));
        await breathe();
        if (mine !== begun) throw new Refusal('page.abandoned', 'nobody waits');
        until = performance.now() + SLICE_MS;
      });
      if (mine !== begun) return;
      requireKey(share as Share, box);
      if (read.some(({ uuid }) => uuid === box.uuid)) throw new Refusal('page.twice', box.uuid);
      read.push(box);
    } catch (error) {
      const clause = error instanceof Refusal ? error.clause : 'archive.unreadable';
      throw new Mistake({ clause, file: printable(file.name), at: 'archives' });
    }
  }
  boxes = read;
  typed = boxes.map((_, i) => el('input', {
    type: 'text', id: `typed-${i}`, class: 'code', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', size: 12,
  }));
}

async function decrypt(): Promise<void> {
  for (const [i, box] of boxes.entries()) {
    const said = typed[i]?.value.replace(/[^0-9a-z]/gi, '').toLowerCase();
    if (said !== box.digest.slice(-TYPED)) mistake('page.unconfirmed', `typed-${i}`);
  }
  const mine = begun;
  const mineShare = share as Share;
  work(t.confirm.busy);
  await breathe();
  const text = await unhurried(partialsSteps(mineShare, boxes), () => mine !== begun);
  if (text === undefined) return;
  done = { boxes, text, board: mineShare.board, member: mineShare.member };
  share = undefined;
}

async function copy(): Promise<void> {
  const area = document.getElementById('text') as HTMLTextAreaElement;
  area.select();
  try {
    await navigator.clipboard.writeText(area.value);
    said = t.done.copied;
  } catch {
    said = t.done.notCopied;
  }
  say();
}

function say(): void {
  const status = document.getElementById('said');
  if (status) status.textContent = said;
}

function form(go: string, what: () => Promise<void>, ...parts: (Node | false)[]): HTMLElement {
  return el('form', {
    class: 'card', autocomplete: 'off', novalidate: true, on: { submit: (event) => { event.preventDefault(); void run(what); } },
  }, ...parts, el('button', { class: 'go', type: 'submit', 'aria-disabled': busy ? 'true' : undefined }, go));
}

function described(input: HTMLInputElement | HTMLTextAreaElement, hint = ''): HTMLElement {
  const wrong = problem?.at === input.id;
  if (wrong) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
  const ids = [hint, wrong ? 'problem' : ''].filter(Boolean).join(' ');
  if (ids) input.setAttribute('aria-describedby', ids);
  else input.removeAttribute('aria-describedby');
  input.toggleAttribute('disabled', busy !== '');
  return input;
}

const asking = (): Node[] => [
  el('h1', {}, t.share.heading), el('p', {}, t.share.lead), ...shownProblem(),
  form(t.share.go, open,
    el('label', { for: 'share' }, t.share.file), described(shareFile),
    el('label', { for: 'paste' }, t.share.paste), described(sharePaste),
    el('label', { for: 'code' }, t.share.code), el('p', { class: 'soft', id: 'code-hint' }, t.share.codeHint), described(code, 'code-hint')),
];

function choosing({ member, board, election }: Share): Node[] {
  return [
    el('h1', {}, t.archives.heading), el('p', { class: 'soft' }, t.archives.opened(...[member, board, election].map(printable) as [string, string, string])),
    el('p', {}, t.archives.lead), ...shownProblem(),
    form(t.archives.go, check, el('label', { for: 'archives' }, t.archives.file), described(archives)),
  ];
}

function facts(box: Box, whole: boolean): HTMLElement {
  const groups = box.digest.match(/.{4}/g) ?? [];
  const shown = whole ? groups : groups.slice(0, -TYPED / 4);
  const row = (term: string, ...value: (Node | string)[]) => [el('dt', {}, term), el('dd', {}, ...value)];
  return el('dl', {},
    ...row(t.confirm.name, printable(box.name)),
    ...row(t.confirm.ballots, box.ballots.toLocaleString(t.code)),
    ...row(t.confirm.uuid, el('code', { translate: 'no' }, box.uuid)),
    ...row(t.confirm.fingerprint, el('code', { class: 'fingerprint', translate: 'no' }, box.fingerprint)),
    ...row(t.confirm.digest, el('code', { class: 'tracker', translate: 'no' },
      ...shown.map((group) => el('span', {}, group)),
      !whole && el('span', { class: 'missing' }, el('span', { 'aria-hidden': 'true' }, '···· ····'), el('span', { class: 'unseen' }, t.confirm.hidden)))));
}

const confirming = (): Node[] => [
  el('h1', {}, t.confirm.heading), el('p', {}, t.confirm.lead), ...shownProblem(),
  form(t.confirm.go, decrypt, ...boxes.flatMap((box, i) => [
    facts(box, false),
    el('label', { for: `typed-${i}` }, boxes.length > 1 ? `${t.confirm.typed} (${printable(box.name)})` : t.confirm.typed),
    described(typed[i] as HTMLInputElement),
  ]), el('p', { class: 'soft' }, t.confirm.checked)),
];

function finished({ boxes: opened, text, board, member }: Done): Node[] {
  const name = t.done.download(...[board, member].map((part) => part.replace(/[^\w-]/g, '')) as [string, string]);
  const save = () => {
    saveFile(name, 'application/json', text);
    said = t.done.saved;
    say();
  };
  const area = el('textarea', { id: 'text', rows: 6, readonly: true, spellcheck: 'false', translate: 'no' });
  area.value = text;
  return [
    el('h1', {}, t.done.heading), el('p', {}, t.done.lead),
    el('button', { class: 'go', type: 'button', on: { click: save } }, t.done.go),
    el('p', { id: 'said', role: 'status' }, said),
    el('section', { class: 'card' },
      el('label', { for: 'text' }, t.done.text), area,
      el('button', { class: 'link', type: 'button', on: { click: () => void copy() } }, t.done.copy)),
    el('section', { class: 'card' }, el('h2', {}, t.done.of), ...opened.map((box) => facts(box, true))),
    el('p', { class: 'soft' }, t.done.forgotten),
  ];
}

function shownProblem(): Node[] {
  if (!problem) return [];
  const { clause, file, at } = problem;
  const text = sentence(clause);
  return [el('div', { class: 'note stop', id: 'problem', role: 'alert' },
    el('h2', {}, t.refusedTitle),
    el('p', {}, at ? el('a', { href: `#${at}`, on: { click: (event) => { event.preventDefault(); focusOn(document.getElementById(at)); } } }, text) : text),
    file !== undefined && el('p', { class: 'soft' }, t.inFile(file)),
    !clause.startsWith('page') && el('p', { class: 'soft' }, t.clause(clause)))];
}

function draw(): void {
  document.documentElement.lang = t.code;
  document.title = `${t.title} – Isoloir`;
  const step = done ? 4 : boxes.length ? 3 : share ? 2 : 1;
  const page = done ? finished(done) : boxes.length ? confirming() : share ? choosing(share) : asking();
  const waiting = busy ? [el('p', { id: 'status', role: 'status' }, busy), ...(share && !boxes.length ? [bar, progress] : [])] : [];
  main.replaceChildren(el('p', { class: 'step' }, `${t.step(step)} · ${t.title}`), ...page, ...waiting);
  const turn = () => {
    t = t === fr ? en : fr;
    said = '';
    draw();
    focusOn(document.querySelector('#foot button'));
  };
  document.getElementById('foot')?.replaceChildren(
    el('p', {}, t.foot),
    el('nav', {},
      el('button', { type: 'button', class: 'link', lang: t === fr ? 'en' : 'fr', on: { click: turn } }, t.other),
      step > 1 && el('button', { type: 'button', class: 'link', on: { click: restart } }, t.again),
      /^http/.test(location.protocol) && el('a', { href: '/trustee', download: t.fileName }, t.save)));
}

// A page kept by the browser for its "back" button must not keep a share with it.
addEventListener('pagehide', restart);
draw();
