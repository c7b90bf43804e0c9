// Why a share, a code or an archive is refused: the clauses of isoloir-verify, and this page's own `share.…`.

/** What is wrong; the page has a sentence for each, or for the word before the first dot. */
export class TrusteeRefusal extends Error {
  readonly clause: string;

  constructor(clause: string, detail: string) {
    super(`${clause}: ${detail}`);
    this.clause = clause;
  }
}

export function refuse(clause: string, detail: string): never {
  throw new TrusteeRefusal(clause, detail);
}
