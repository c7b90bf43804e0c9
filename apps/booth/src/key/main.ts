// The key ceremony in a member's browser: a seed and a code in memory, a file and a sheet to keep, documents handed over.
import '../compat.ts';
import { RequestFailure } from '../api.ts';
import { goOn, newShare, shareFrom } from '../ceremony/member.ts';
import { CeremonyRefusal, certificatesAloud } from '../ceremony/progress.ts';
import type { Transcript } from '../ceremony/transcript.ts';
import { el, focusOn, phoneLink, redraw } from '../dom.ts';
import { Refusal } from '../refusal.ts';
import { saveFile } from '../saving.ts';
import { newCode } from '../share/code.ts';
import { lockShare, unlockTyped, type KeyShare } from '../share/file.ts';
import { fetchSetup, fetchTranscript, handOver } from './api.ts';
import { drawFrame, printable } from './frame.ts';
import { filePage, introPage, notBegunPage, openPage, paperPage, provePage, secretPage, sheetPage } from './making.ts';
import { controls, personOf, type Actions, type Page, type Problem, type State, type Stop } from './state.ts';
import { en } from './texts/en.ts';
import { fr, type Texts } from './texts/fr.ts';
import { comparePage, donePage, stoppedPage, togetherPage } from './together.ts';

const POLL_MS = 1_000;
const main = document.getElementById('key') as HTMLElement;
let state: State | undefined;
/** Counts what was begun: work of an abandoned count is not shown. */
let begun = 0;

const textsOf = (language: string): Texts => (/^en/i.test(language) ? en : fr);
const pause = (ms: number) => new Promise<void>((done) => { setTimeout(done, ms); });
const breathe = () => pause(0);

class Mistake extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.sentence);
    this.problem = problem;
  }
}

// ——— drawing ———

const PAGES: Record<Page, (state: State, actions: Actions) => HTMLElement[]> = {
  intro: introPage, notBegun: notBegunPage, secret: secretPage, file: filePage, sheet: sheetPage, prove: provePage,
  together: togetherPage, compare: comparePage, complete: filePage, again: provePage, done: donePage,
  open: openPage, paper: paperPage, stopped: stoppedPage,
};

function draw(): void {
  if (!state) return;
  redraw(main, PAGES[state.page](state, actions));
  drawFrame(state, main.querySelector('h1')?.textContent ?? '', () => { void turn(); });
}

/** Shows a page from its top, its heading read out; what was typed on the former one is dropped. */
function show(page: Page): void {
  if (!state) return;
  Object.assign(state, { page, problem: undefined, busy: '', controls: controls() });
  if (page !== 'stopped') state.stop = undefined;
  draw();
  focusOn(main.querySelector(page === 'stopped' ? '#problem' : 'h1'));
  scrollTo(0, 0);
}

async function turn(): Promise<void> {
  if (!state) return;
  const language = state.t === fr ? 'en' : 'fr';
  state.t = textsOf(language);
  draw();
  focusOn(document.querySelector('#foot button'));
  try {
    state.setup = await fetchSetup(language);
    draw();
  } catch { /* the names of roles stay as they were */ }
}

function sentenceOf(t: Texts, clause: string): string {
  const known: Record<string, string> = t.refused;
  return known[clause] ?? known[clause.split('.')[0] ?? ''] ?? t.refused.page;
}

// ——— what one presses ———

/** Runs what a button asks; what it throws is shown above the page, and takes the focus. */
async function run(busy: string, what: (current: State, mine: () => boolean) => Promise<void>): Promise<void> {
  if (!state || state.busy) return;
  const current = state;
  const count = ++begun;
  Object.assign(current, { busy, problem: undefined });
  draw();
  try {
    await what(current, () => count === begun);
  } catch (error) {
    if (count !== begun) return;
    current.busy = '';
    if (error instanceof Mistake) current.problem = error.problem;
    else if (error instanceof RequestFailure) current.problem = { sentence: error.sentence || current.t.refused[error.kind === 'expired' ? 'page.login' : 'page.lost'] };
    else if (error instanceof CeremonyRefusal) return stop(stopFor(current, error));
    else {
      const clause = error instanceof Refusal ? error.clause : 'page';
      const at = clause === 'share.locked' ? 'code' : clause === 'seed.form' ? 'seed' : undefined;
      current.problem = { sentence: sentenceOf(current.t, clause), ...(clause !== 'page' && { clause }), ...(at && { at }) };
    }
    draw();
    focusOn(main.querySelector('#problem'));
    return;
  }
  if (count === begun && current.busy) {
    current.busy = '';
    draw();
  }
}

/** Reads the file chosen with the code typed; refuses one that is not this member's of this ceremony. */
async function readBack({ t, setup, transcript, controls: { file, code } }: State): Promise<{ share: KeyShare; code: string }> {
  const chosen = file.files?.[0];
  if (!chosen) throw new Mistake({ sentence: t.refused['page.file'], at: 'file' });
  if (!code.value.trim()) throw new Mistake({ sentence: t.refused['page.code'], at: 'code' });
  const found = await unlockTyped(await chosen.text(), code.value.trim());
  const { share: { election, board, member, ceremony } } = found;
  if (election !== setup.election.id || board !== setup.board || member !== setup.member) {
    throw new Mistake({ sentence: t.refused['page.mine'], at: 'file' });
  }
  if (ceremony !== transcript?.plan.uuid) throw new Mistake({ sentence: t.refused['share.foreign'], at: 'file', clause: 'share.foreign' });
  return found;
}

const same = (one: KeyShare, other: KeyShare | undefined) =>
  (['election', 'ceremony', 'board', 'member', 'group', 'seed', 'number', 'exponent'] as const).every((name) => one[name] === other?.[name]);

/** Brings the ceremony up to date; one that was begun again takes the place of the former. */
async function refresh(current: State): Promise<Transcript> {
  const found = await fetchTranscript(current.transcript);
  if (found !== undefined) current.transcript = found;
  if (current.transcript === null) throw new Refusal('ceremony.unreadable', 'there is none');
  return current.transcript;
}

/** Where a share leads: to its end if all have taken part, else to the others. */
async function goOnWith(current: State, share: KeyShare, code: string, mine: () => boolean): Promise<void> {
  const standing = await goOn(await refresh(current), share, breathe);
  if (!mine()) return;
  Object.assign(current, { share, code, aloud: certificatesAloud(current.transcript as Transcript, share.board, standing.held) });
  if (standing.share.exponent === null) return void together();
  if (same(standing.share, share)) return finish();
  current.share = standing.share;
  keep(current);
}

const actions: Actions = {
  begin() {
    void run('', async (current, mine) => {
      const { plan } = await refresh(current);
      if (!mine()) return;
      Object.assign(current, {
        share: newShare(plan, current.setup.board, current.setup.member), code: newCode(), fromPaper: false, saved: '',
      });
      show('secret');
    });
  },
  go: (page) => {
    begun++;
    show(page);
  },
  afterCode() {
    if (state) show(state.share?.exponent === null ? 'file' : 'complete');
  },
  save() {
    void run(state?.t.file.busy ?? '', async (current, mine) => {
      const { share, code, t, page, setup } = current;
      const text = await lockShare(share as KeyShare, code);
      if (!mine()) return;
      current.saved = t.file[page === 'complete' ? 'last' : 'first'](setup.election.id, setup.member);
      saveFile(current.saved, 'application/json', text);
    });
  },
  prove() {
    void run(state?.t.prove.busy ?? '', async (current, mine) => {
      const { share } = await readBack(current);
      if (!mine()) return;
      if (!same(share, current.share)) throw new Mistake({ sentence: current.t.refused['page.other'], at: 'file' });
      if (current.page === 'again') finish();
      else void together();
    });
  },
  open() {
    void run(state?.t.prove.busy ?? '', async (current, mine) => {
      await refresh(current);
      const { share, code } = await readBack(current);
      if (mine()) await goOnWith(current, share, code, mine);
    });
  },
  fromSheet() {
    void run(state?.t.paper.busy ?? '', async (current, mine) => {
      const { t, setup, controls: { seed } } = current;
      if (!seed.value.trim()) throw new Mistake({ sentence: t.refused['page.seed'], at: 'seed' });
      const transcript = await refresh(current);
      const { share, held } = await goOn(transcript, shareFrom(transcript.plan, setup.board, setup.member, seed.value), breathe);
      if (!mine()) return;
      Object.assign(current, {
        share, code: newCode(), fromPaper: true, saved: '', aloud: certificatesAloud(transcript, setup.board, held),
      });
      show('secret');
    });
  },
  differs() {
    if (state) stop({ heading: state.t.stopped.refusedHeading, sentences: [state.t.stopped.differs, state.t.stopped.tell, state.t.stopped.what] });
  },
  resume() {
    if (!state?.share) return void start();
    void run(state.t.paper.busy, async (current, mine) => {
      current.setup = await fetchSetup(current.t.code);
      await goOnWith(current, current.share as KeyShare, current.code, mine);
    });
  },
  restart() {
    begun++;
    if (state) {
      forget(state);
      Object.assign(state, { aloud: '', saved: '', fromPaper: false });
    }
    show(state?.transcript ? 'intro' : 'notBegun');
    if (!state?.transcript) void wait();
  },
};

// ——— together ———

function stop(why: Stop): void {
  if (!state) return;
  begun++;
  if (why.then !== 'retry') forget(state);
  state.stop = why;
  show('stopped');
}

function stopFor({ t, setup }: State, { clause, member }: CeremonyRefusal): Stop {
  const [said, mine, name] = [t.stopped, member === setup.member, printable(personOf(setup, member).name)];
  if (clause === 'ceremony.cheated') {
    return { heading: said.heading, sentences: [mine ? said.cheatedMe : said.cheated(name), said.nothingLost, said.what] };
  }
  return { heading: said.refusedHeading, clause, sentences: [mine ? said.wrongMe : said.wrong(name), said.tell, said.what] };
}

function stopWith(current: State, error: unknown): void {
  const { t } = current;
  if (error instanceof CeremonyRefusal) stop(stopFor(current, error));
  else if (error instanceof RequestFailure && error.kind === 'expired') {
    stop({ heading: error.sentence || t.stopped.heading, sentences: [t.refused['page.login']], then: 'login' });
  } else if (error instanceof RequestFailure) {
    stop({ heading: t.stopped.serverLead, sentences: [error.sentence, error.remedy].filter(Boolean), clause: error.code, then: 'retry' });
  } else if (error instanceof Refusal && error.clause === 'share.foreign' && current.transcript?.plan.uuid !== current.share?.ceremony) {
    stop({ heading: t.stopped.restartedHeading, sentences: [t.stopped.restarted], then: 'new' });
  } else if (error instanceof Refusal && error.clause === 'share.foreign') {
    stop({ heading: t.stopped.refusedHeading, clause: error.clause, sentences: [t.stopped.foreign, t.stopped.tell, t.stopped.what] });
  } else {
    const clause = error instanceof Refusal ? error.clause : 'page';
    stop({ heading: t.stopped.refusedHeading, clause, sentences: [sentenceOf(t, clause)], then: 'retry' });
  }
}

/** Checks what stands and hands over what is due, round after round; true once the share is complete. */
async function advance(current: State, mine: () => boolean): Promise<boolean> {
  for (;;) {
    const transcript = current.transcript as Transcript;
    const { held, share, document } = await goOn(transcript, current.share as KeyShare, breathe);
    if (!mine()) return false;
    current.aloud = certificatesAloud(transcript, current.setup.board, held);
    current.share = share;
    if (!document) return share.exponent !== null;
    current.transcript = await handOver(document, current.setup.token);
  }
}

/** Waits for the others and does what is due, until the share is complete. */
async function together(): Promise<void> {
  if (!state) return;
  const current = state;
  const count = ++begun;
  const mine = () => count === begun;
  show('together');
  let seen: Transcript | undefined;
  for (; mine(); await pause(POLL_MS)) {
    try {
      const found = await fetchTranscript(seen);
      if (!mine()) return;
      current.lost = false;
      if (found) {
        current.transcript = found;
        const complete = await advance(current, mine);
        if (!mine()) return;
        seen = current.transcript;
        if (complete) return keep(current);
      }
    } catch (error) {
      if (!mine()) return;
      // Another window of this member may have been quicker: what stands is asked for again.
      const again = error instanceof RequestFailure && (error.kind === 'lost' || error.code === 'ceremony_not_due');
      if (!again) return stopWith(current, error);
      current.lost = error.kind === 'lost';
      seen = undefined;
    }
    draw();
  }
}

/** The share is complete: compared with the others first, where there is a digest to compare. */
function keep(current: State): void {
  current.saved = '';
  show(current.aloud ? 'compare' : 'complete');
}

/** Drops everything secret. */
function forget(current: State): void {
  Object.assign(current, { share: undefined, code: '', controls: controls() });
}

/** All is done: nothing secret stays. */
function finish(): void {
  if (!state) return;
  begun++;
  forget(state);
  show('done');
}

// ——— beginning and end ———

/** Looks for the ceremony until the organiser has begun it. */
async function wait(): Promise<void> {
  const current = state;
  while (current && state === current && current.page === 'notBegun') {
    await pause(POLL_MS);
    try {
      const found = await fetchTranscript(current.transcript);
      current.lost = false;
      if (found) {
        current.transcript = found;
        if (current.page === 'notBegun') show('intro');
        return;
      }
    } catch (error) {
      if (!(error instanceof RequestFailure) || error.kind !== 'lost') return stopWith(current, error);
      current.lost = true;
    }
    draw();
  }
}

function unavailable(error: unknown): void {
  const t = textsOf(navigator.language);
  const failure = error instanceof RequestFailure ? error : undefined;
  document.documentElement.lang = t.code;
  const home = location.pathname.replace(/\/key\/*$/, '/');
  main.replaceChildren(
    el('h1', { tabindex: -1 }, failure?.sentence || t.refused['page.lost']),
    ...(failure?.remedy ? [el('div', { class: 'note stop', role: 'alert' }, el('p', {}, failure.remedy))] : []),
    ...(failure?.help ? [el('p', {}, `${t.needHelp} `, phoneLink(failure.help.phone), `, ${failure.help.hours.replace(/\.$/, '')}.`)] : []),
    el('div', { class: 'acts' }, el('a', { class: 'go', href: failure?.kind === 'expired' ? `${home}login` : '' },
      failure?.kind === 'expired' ? t.login : t.retry)));
  focusOn(main.querySelector('h1'));
}

async function start(): Promise<void> {
  try {
    const setup = await fetchSetup();
    const transcript = await fetchTranscript() ?? null;
    state = {
      t: textsOf(setup.language), setup, transcript, page: 'intro', share: undefined, code: '', fromPaper: false, aloud: '',
      saved: '', problem: undefined, stop: undefined, busy: '', lost: false, controls: controls(),
    };
  } catch (error) {
    unavailable(error);
    return;
  }
  document.documentElement.setAttribute('data-script', '');
  show(state.transcript ? 'intro' : 'notBegun');
  if (!state.transcript) void wait();
}

// A share that is in memory alone is lost with the page: the browser asks first.
const UNPROVED: readonly Page[] = ['secret', 'file', 'sheet', 'prove'];
addEventListener('beforeunload', (event) => { if (state && UNPROVED.includes(state.page)) event.preventDefault(); });
// A page kept by the browser for its "back" button must not keep a share with it.
addEventListener('pagehide', () => {
  begun++;
  state = undefined;
  main.replaceChildren();
});
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
void start();
