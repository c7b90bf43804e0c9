// Why a share, an archive or a document is refused: the clauses of isoloir-verify, and our pages' own, `share.…`.

/** What is wrong; the page has a sentence for each, or for the word before the first dot. */
export class Refusal extends Error {
  readonly clause: string;

  constructor(clause: string, detail: string) {
    super(`${clause}: ${detail}`);
    this.clause = clause;
  }
}

export function refuse(clause: string, detail: string): never {
  throw new Refusal(clause, detail);
}
