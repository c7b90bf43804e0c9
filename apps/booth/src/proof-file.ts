// The ballot receipt as a file of its own, made in the browser: it opens anywhere and prints on one sheet.
import type { Session } from './session.ts';

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = 'html{font:16px/1.5 system-ui,sans-serif;color:#000;background:#fff}body{max-width:42rem;margin:2rem auto;'
  + 'padding:0 1rem}h1{font:600 1.7rem/1.2 Georgia,serif}dt{color:#444;margin-top:.8rem}dd{margin:0;font-weight:600;'
  + 'overflow-wrap:anywhere}code{display:block;font:600 1.1rem/1.7 ui-monospace,monospace;border:1px dashed #000;'
  + 'padding:.7rem .9rem;margin:.3rem 0}span{display:inline-block;margin-right:.6ch}@page{size:A4;margin:18mm}';

/** The receipt as HTML: election, contest, tracker; no voter, no time, no choice. */
export function proofFile(session: Session, tracker: string): string {
  const { texts: { code, receipt: t }, contest: { setup, election } } = session;
  const groups = (tracker.match(/.{1,4}/g) ?? []).map((group) => `<span>${escape(group)}</span>`).join('');
  const row = (term: string, value: string) => `<dt>${escape(term)}</dt><dd>${escape(value)}</dd>`;
  return `<!doctype html>
<html lang="${code}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escape(`${t.proof} – ${setup.contest.title}`)}</title><style>${STYLE}</style></head>
<body><h1>${escape(t.proof)}</h1>
<dl>${row(t.election, `${setup.election.title}. ${setup.election.window}`)}${row(t.contest, setup.contest.title)}
<dt>${escape(t.tracker)}</dt><dd><code>${groups}</code></dd>${row(t.fingerprint, election.fingerprint)}</dl>
<p>${escape(t.howTo(setup.help.phone))}</p><p>${escape(t.noName)}</p></body></html>
`;
}
