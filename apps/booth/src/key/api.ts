// What the page asks of its own server, beside its own address `/e/{election}/board/key`. No seed, code or share goes out.
import { request, RequestFailure } from '../api.ts';
import { documentText, readTranscript, type Document, type Transcript } from '../ceremony/transcript.ts';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: string;
}

/** Whose page it is, and who sits on the board. */
export interface Setup {
  readonly language: string;
  readonly account: string;
  readonly election: { readonly id: string; readonly title: string };
  readonly board: string;
  readonly member: string;
  readonly people: readonly Person[];
  readonly token: string;
  readonly links: { readonly board: string; readonly login: string };
  readonly help: { readonly phone: string; readonly hours: string };
}

const here = () => location.pathname.replace(/\/+$/, '');
const accept = { Accept: 'application/json' };

export async function fetchSetup(language?: string): Promise<Setup> {
  const body = await request(`${here()}/setup${language ? `?lang=${language}` : ''}`, { headers: accept });
  const { people, token, member } = body as Partial<Setup>;
  if (!Array.isArray(people) || typeof token !== 'string' || typeof member !== 'string') throw new RequestFailure('lost');
  return body as Setup;
}

/** The ceremony as it stands, null while none is begun, or undefined while it is as `known`. */
export async function fetchTranscript(known?: Transcript | null): Promise<Transcript | null | undefined> {
  // The server's tag: a transcript of one ceremony only ever grows.
  const tag: Record<string, string> = known ? { 'If-None-Match': `"${known.plan.uuid}-${known.documents.length}"` } : {};
  const body = await request(`${here()}/transcript`, { headers: { ...accept, ...tag } });
  return body === undefined || body === null ? body : readTranscript(body);
}

/** Hands a document over; the ceremony as it stands then. */
export async function handOver(document: Document, token: string): Promise<Transcript> {
  return readTranscript(await request(`${here()}/documents`, {
    method: 'POST', body: documentText(document), headers: { ...accept, 'Content-Type': 'application/json', 'X-Isoloir-Token': token },
  }));
}
