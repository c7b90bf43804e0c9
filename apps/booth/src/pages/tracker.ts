// How a tracker is shown, in the booth and on the checking page.
import { el } from '../dom.ts';

/** A tracker in groups of four that are copied as one word: the gaps are drawn, not typed. */
export function drawTracker(tracker: string): HTMLElement {
  const groups = tracker.match(/.{1,4}/g) ?? [];
  return el('code', { class: 'tracker', id: 'tracker', translate: 'no' }, ...groups.map((group) => el('span', {}, group)));
}
