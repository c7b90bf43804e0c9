import { en } from './en.ts';
import { fr, type Texts } from './fr.ts';

export type { Texts };

/** The texts of a language; French where it is another one. */
export function textsFor(language: string | null | undefined): Texts {
  return language?.toLowerCase().startsWith('en') ? en : fr;
}
