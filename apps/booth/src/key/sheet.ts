// The paper sheet: the seed, as text and as a QR code, and what it is of. With it and the transcript a share is made again.
import { encode } from 'uqr';
import { el } from '../dom.ts';
import type { KeyShare } from '../share/file.ts';
import type { Person, Setup } from './api.ts';
import type { Texts } from './texts/fr.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** A text as a QR code: one path of unit squares, dark on white whatever the page's colours are. */
function drawn(text: string, label: string): SVGSVGElement {
  const { data, size } = encode(text, { ecc: 'Q', border: 4 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${size} ${size}`, class: 'qr', role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges',
  })) svg.setAttribute(name, value);
  for (const [d, fill] of [[`M0 0h${size}v${size}H0z`, '#fff'], [path, '#000']]) {
    const part = document.createElementNS(SVG, 'path');
    part.setAttribute('d', d as string);
    part.setAttribute('fill', fill as string);
    svg.append(part);
  }
  return svg;
}

/** Characters in groups that lines break between, each read out by itself. */
export function grouped(text: string, each = 4): HTMLElement[] {
  return (text.match(new RegExp(`.{1,${each}}`, 'g')) ?? []).map((group) => el('span', {}, group));
}

export function sheet(t: Texts, setup: Setup, share: KeyShare, person: Person): HTMLElement {
  const row = (term: string, value: string) => [el('dt', {}, term), el('dd', {}, value)];
  return el('section', { class: 'paper sheet', 'aria-label': t.sheet.title },
    el('h2', {}, t.sheet.title),
    el('p', {}, t.sheet.keep),
    el('div', { class: 'scan' },
      drawn(share.seed, t.sheet.qr),
      el('div', {},
        el('p', { class: 'hint' }, t.sheet.seed),
        el('code', { class: 'tracker seed', translate: 'no' }, ...grouped(share.seed)))),
    el('dl', {},
      ...row(t.sheet.election, setup.election.title),
      ...row(t.sheet.member, `${person.name} (${person.role})`),
      ...row(t.sheet.board, `${share.board} · ${share.member}`),
      ...row(t.sheet.ceremony, share.ceremony)),
    el('p', { class: 'hint' }, t.sheet.use));
}
