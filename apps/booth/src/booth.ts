// The booth: one page, three steps, one session in memory.
import { castBallot, drawCredential, electionHome, fetchSetup, RequestFailure } from './api.ts';
import { ballotSteps } from './crypto/ballot.ts';
import { checkFile } from './crypto/check.ts';
import { throwawayCredential } from './crypto/credential.ts';
import { generatorTable } from './crypto/group.ts';
import { focusOn, redraw } from './dom.ts';
import { choosePage } from './pages/choose.ts';
import { drawFrame } from './pages/frame.ts';
import { openedPage } from './pages/opened.ts';
import { receiptPage } from './pages/receipt.ts';
import { refusalPage, type Refusal } from './pages/refusal.ts';
import { reviewPage } from './pages/review.ts';
import { choiceError, choiceOf, type Notice, type Session } from './session.ts';
import { readContest, type Contest } from './setup.ts';
import { unhurried } from './steps.ts';
import { textsFor } from './texts/index.ts';

const SLOW_MS = 8_000;
/** Refusals of a ballot that no second sending can change. */
const FINAL = new Set(['already_voted', 'election_closed', 'election_not_open', 'box_frozen', 'not_in_contest']);

const main = document.getElementById('booth') as HTMLElement;
let session: Session | undefined;
let tables: Promise<void> = Promise.resolve();
/** Counts the visits to step 2: what an abandoned one still awaits must not touch the next. */
let visit = 0;

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** A moment when the browser has nothing better to do, or soon. */
function idle(): Promise<void> {
  return new Promise((done) => {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(() => done(), { timeout: 1_000 });
    else setTimeout(done, 50);
  });
}

/** Builds both tables while the voter reads, a few milliseconds at a time, so that the page answers in between. */
async function buildTables(contest: Contest): Promise<void> {
  for (const steps of [generatorTable(), contest.election.publicKey.table()]) {
    await idle();
    await unhurried(steps, () => false);
  }
}

/** Makes one ballot and throws it away while the voter reads: a browser compiles what it has run, and theirs is quicker. */
async function warmUp(contest: Contest): Promise<void> {
  const { blank, min } = contest.question;
  const choice = blank ? 'blank' : [...Array(min).keys()];
  await idle();
  const elsewhere = () => session?.contest !== contest || session.step !== 1;
  if (!elsewhere()) await unhurried(ballotSteps(contest.election, throwawayCredential(), [choice]), elsewhere);
}

// ——— drawing ———

function draw(focus: 'h1' | '#notice' | null = null): void {
  if (!session) return;
  const current = session;
  const change = () => history.back();
  const page = current.step === 1
    ? choosePage(current, { choose: (chosen) => { current.chosen = chosen; }, review })
    : current.step === 3 ? receiptPage(current)
      : current.phase === 'opened' ? openedPage(current, { fresh, change })
        : reviewPage(current, { cast, check, retry, change });
  redraw(main, page);
  drawFrame(current, main.querySelector('h1')?.textContent ?? '', () => { void switchLanguage(); });
  if (focus) {
    focusOn(main.querySelector(focus));
    if (focus === 'h1') scrollTo(0, 0);
  }
}

function go(step: Session['step'], notice?: Notice): void {
  if (!session) return;
  session.step = step;
  session.notice = notice;
  draw(notice?.kind === 'stop' ? '#notice' : 'h1');
}

/** Shows a refusal in place of the booth; the choice and the ballot are forgotten. */
function refuse(refusal: Refusal): void {
  const texts = session?.texts ?? textsFor(navigator.language);
  session = undefined;
  visit++;
  main.replaceChildren(...refusalPage(texts, refusal));
  focusOn(main.querySelector('#notice'));
}

function expired(failure: RequestFailure): void {
  const texts = session?.texts ?? textsFor(navigator.language);
  const maybe = session?.uncertain ?? false;
  refuse({
    heading: texts.refusal.sessionTitle,
    title: failure.sentence || texts.refusal.sessionTitle,
    text: maybe ? texts.refusal.sessionMaybe : texts.refusal.sessionText,
    ...(maybe && session?.ballot ? { tracker: session.ballot.tracker } : {}),
    help: session?.contest.setup.help ?? failure.help,
    main: { label: texts.refusal.logIn, href: electionHome() },
  });
}

// ——— step 1 ———

function review(): void {
  if (!session) return;
  const error = choiceError(session);
  if (error) {
    session.notice = error;
    draw('#notice');
    return;
  }
  history.pushState({ step: 2 }, '');
  enterReview();
}

// ——— step 2 ———

function enterReview(): void {
  go(2);
  void seal();
}

/** Draws a credential and encrypts; a notice says why this is done again, if it is. */
async function seal(notice?: Notice): Promise<void> {
  if (!session) return;
  const current = session;
  const mine = ++visit;
  const abandoned = () => session !== current || mine !== visit;
  forget(current);
  current.uncertain = false;
  draw();
  void sayIfSlow(mine, 'encrypting');
  try {
    const { setup, election } = current.contest;
    const credential = setup.preview ? throwawayCredential() : await drawCredential(setup.step_token);
    await tables;
    await pause(0);
    if (abandoned()) return;
    const ballot = await unhurried(ballotSteps(election, credential, [choiceOf(current)]), abandoned);
    if (!ballot || abandoned()) return;
    current.ballot = ballot;
    current.credential = credential;
    current.phase = 'sealed';
    current.notice = notice;
    draw(notice ? '#notice' : null);
    const status = document.getElementById('status');
    if (status && !notice) status.textContent = `${current.texts.review.sealed}.`;
  } catch (error) {
    if (abandoned()) return;
    const failure = error instanceof RequestFailure ? error : new RequestFailure('refused');
    if (failure.kind === 'expired') return expired(failure);
    const t = current.texts.review;
    current.phase = 'failed';
    current.notice = {
      kind: 'stop', title: failure.sentence || t.drawLostTitle,
      text: failure.sentence ? failure.remedy : failure.kind === 'lost' ? t.drawLostText : t.refusedText,
    };
    draw('#notice');
  }
}

/** Opens the ballot instead of casting it. One that was ever sent may be in the box, and is not opened. */
function check(): void {
  if (session?.phase !== 'sealed' || !session.ballot) return;
  const opened = { tracker: session.ballot.tracker, file: checkFile(session.contest.setup.election_json, session.ballot) };
  forget(session);
  session.opened = opened;
  session.phase = 'opened';
  session.notice = undefined;
  draw('h1');
}

/** After a check: another credential, another ballot, another tracker. */
function fresh(): void {
  if (!session) return;
  const { freshTitle, freshText } = session.texts.opened;
  void seal({ kind: 'info', title: freshTitle, text: freshText });
  focusOn(main.querySelector('h1'));
}

/** Lets go of a ballot and of everything that made it: the next one starts from nothing. */
function forget(current: Session): void {
  current.phase = 'encrypting';
  current.ballot = undefined;
  current.credential = undefined;
  current.opened = undefined;
}

async function cast(): Promise<void> {
  if (!session?.ballot || !session.credential || session.contest.setup.preview) return;
  const current = session;
  const { ballot, credential } = session;
  current.phase = 'casting';
  current.notice = undefined;
  draw();
  focusOn(main.querySelector('#cast'));
  void sayIfSlow(visit, 'casting');
  const t = current.texts.review;
  try {
    const receipt = await castBallot(ballot.text, credential, current.contest.setup.step_token);
    if (session !== current) return;
    if (receipt.tracker !== ballot.tracker) {
      current.phase = 'mismatch';
      current.uncertain = true;
      current.notice = { kind: 'stop', title: t.otherTitle, text: t.otherText };
      draw('#notice');
      return;
    }
    current.receipt = receipt;
    forget(current);
    current.chosen = [];
    history.replaceState({ step: 3 }, '');
    go(3);
  } catch (error) {
    if (session !== current) return;
    const failure = error instanceof RequestFailure ? error : new RequestFailure('lost');
    if (failure.kind === 'expired') return expired(failure);
    if (failure.code === 'credential_taken') {
      // The server wrote nothing: another ballot, another tracker, and the voter is asked again.
      return seal({ kind: 'info', title: t.takenTitle, text: t.takenText });
    }
    if (FINAL.has(failure.code)) {
      const { refusal, backToContests } = current.texts;
      return refuse({
        heading: refusal.notCast, title: failure.sentence, text: failure.remedy, help: current.contest.setup.help,
        main: { label: backToContests, href: current.contest.setup.links.contests },
      });
    }
    current.phase = 'failed';
    // A refusal answers a repeated sending too: the box does not hold the ballot.
    current.uncertain = failure.kind === 'lost';
    current.notice = failure.kind === 'lost'
      ? { kind: 'stop', title: t.lostTitle, text: t.lostText, ...(failure.sentence ? { remedy: `${failure.sentence} ${failure.remedy}` } : {}) }
      : { kind: 'stop', title: failure.sentence || t.refusedTitle, text: failure.remedy || t.refusedText };
    draw('#notice');
  }
}

/** Sends the same bytes again, or prepares the ballot that could not be prepared. */
function retry(): void {
  if (session?.ballot) void cast();
  else void seal();
}

async function sayIfSlow(mine: number, phase: Session['phase']): Promise<void> {
  await pause(SLOW_MS);
  const status = document.getElementById('status');
  if (session && status && mine === visit && session.phase === phase) status.textContent = session.texts.review.slow;
}

// ——— moving about ———

addEventListener('popstate', (event) => {
  if (!session) return;
  const { step, phase, uncertain, texts } = session;
  if (step === 3) return draw('h1');
  const target = (event.state as { step?: number } | null)?.step === 2 ? 2 : 1;
  if (target === 1 && step === 2) {
    if (phase === 'casting' || uncertain) {
      // The ballot may be in the box: the choice can no longer change.
      history.pushState({ step: 2 }, '');
      if (phase === 'casting') session.notice = { kind: 'info', title: texts.review.stayTitle, text: texts.review.casting };
      return draw('#notice');
    }
    visit++;
    forget(session);
    go(1);
  } else if (target === 2 && step === 1) {
    if (choiceError(session)) history.replaceState({ step: 1 }, '');
    else enterReview();
  }
});

addEventListener('beforeunload', (event) => {
  if (session?.step !== 2 || (session.contest.setup.preview && session.phase !== 'encrypting')) return;
  event.preventDefault();
  event.returnValue = '';
});

// A page kept by the browser would show the choice to whoever comes next and presses Back.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
addEventListener('pagehide', () => { session = undefined; main.replaceChildren(); });

// The hash links of error messages lead to a card without adding to the history that steps live in.
main.addEventListener('click', (event) => {
  const link = (event.target as Element).closest('a[href^="#"]');
  if (!link) return;
  event.preventDefault();
  focusOn(document.getElementById((link.getAttribute('href') ?? '').slice(1)));
});

async function switchLanguage(): Promise<void> {
  if (!session) return;
  const current = session;
  const language = current.texts.code === 'fr' ? 'en' : 'fr';
  try {
    const contest = readContest(await fetchSetup(language));
    // Only titles and sentences may differ: the ballot's key, rules and token stay those of this session.
    if (contest.election.fingerprint === current.contest.election.fingerprint) {
      const { voter, election, contest: names, order_note, lists, help, links } = contest.setup;
      Object.assign(current.contest.setup, { voter, election, contest: names, order_note, help, links });
      for (const list of current.contest.setup.lists) {
        Object.assign(list, lists.find(({ id, answer }) => id === list.id && answer === list.answer));
      }
    }
  } catch {
    // The booth's own sentences change all the same; names stay in the language they came in.
  }
  if (session !== current) return;
  current.texts = textsFor(language);
  if (current.phase !== 'mismatch') current.notice = current.notice && current.step === 1 ? choiceError(current) : current.notice;
  draw();
  focusOn(document.querySelector('#foot button'));
}

async function open(): Promise<void> {
  let texts = textsFor(navigator.language);
  const again = { label: texts.retry, click: () => location.reload() };
  let answer: unknown;
  try {
    answer = await fetchSetup();
  } catch (error) {
    const failure = error as RequestFailure;
    if (failure.kind === 'expired') return expired(failure);
    const lost = failure.kind === 'lost' && !failure.code;
    return refuse({
      heading: texts.refusal.title,
      title: failure.sentence || (lost ? texts.refusal.networkTitle : texts.refusal.serverTitle),
      text: failure.sentence ? failure.remedy : lost ? texts.refusal.networkText : texts.refusal.serverText,
      help: failure.help,
      main: lost ? again : { label: texts.backToElection, href: electionHome() },
    });
  }
  const said = answer as Partial<Contest['setup']> | null;
  texts = textsFor(said?.language);
  try {
    const contest = readContest(answer);
    session = {
      texts, contest, step: 1, chosen: [], phase: 'encrypting', notice: undefined, ballot: undefined, credential: undefined,
      opened: undefined, uncertain: false, receipt: undefined,
    };
    history.replaceState({ step: 1 }, '');
    go(1);
    tables = buildTables(contest);
    void tables.then(() => warmUp(contest));
  } catch (error) {
    refuse({
      heading: texts.refusal.title, title: texts.refusal.dataTitle, text: texts.refusal.dataText,
      word: error instanceof Error ? error.message : 'setup',
      help: said?.help, main: { label: texts.backToElection, href: electionHome() },
    });
  }
}

if (!document.documentElement.hasAttribute('data-unsupported')) {
  document.documentElement.setAttribute('data-started', '');
  void open();
}
