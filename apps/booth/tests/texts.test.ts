import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { textsFor } from '../src/texts/index.ts';
import { en as keyEn } from '../src/key/texts/en.ts';
import { fr as keyFr } from '../src/key/texts/fr.ts';
import { en } from '../src/trustee/texts/en.ts';
import { fr } from '../src/trustee/texts/fr.ts';

/** Every text of a language, functions called with plausible values. */
function all(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'function') return [1, 2].map((n) => String(value(n, n + 1, 'x')));
  return Object.values(value as object).flatMap(all);
}

const NARROW = '\u202f';
test('French keeps its typography: narrow no-break spaces and typographic apostrophes', () => {
  for (const text of [...all(textsFor('fr')), ...all(fr), ...all(keyFr)]) {
    assert.doesNotMatch(text, /[^\u202f][;:!?»]|«[^\u202f]|'/, text);
  }
  assert.ok(all(textsFor('fr')).some((text) => text.includes(NARROW)));
});
test('English has no French spaces', () => {
  for (const text of [...all(textsFor('en')), ...all(en), ...all(keyEn)]) assert.doesNotMatch(text, /\u202f|«|'/, text);
});
test('the language is English where asked, else French', () => {
  assert.deepEqual(['en', 'en-GB', 'fr', 'de', '', undefined].map((l) => textsFor(l).code), ['en', 'en', 'fr', 'fr', 'fr', 'fr']);
});
test('the built scripts hold nothing that the policy forbids or that the booth must not use', () => {
  for (const name of ['booth.js', 'support.js', 'key.js', 'trustee.html']) {
    const built = readFileSync(new URL(`../../web/src/isoloir_web/static/booth/${name}`, import.meta.url), 'utf8');
    // The name of SVG's namespace is an address that nothing asks.
    const code = (built.split('<script>').pop() as string).replace('http://www.w3.org/2000/svg', '');
    assert.doesNotMatch(code, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|localStorage|sessionStorage|indexedDB|https?:/);
  }
});
