// The three requests of the booth. The choice is in none of them.
import type { Setup } from './setup.ts';

const TIMEOUT_MS = 30_000;

export interface Remaining {
  id: string;
  title: string;
  url: string;
}

export interface Receipt {
  tracker: string;
  remaining: Remaining[];
  logout: string;
}

/** Why a request did not give what was asked; `lost` says that nobody knows whether it arrived. */
export class RequestFailure extends Error {
  readonly kind: 'lost' | 'expired' | 'refused';
  readonly code: string;
  readonly sentence: string;
  readonly remedy: string;
  readonly help: Setup['help'] | undefined;

  constructor(kind: RequestFailure['kind'], body: unknown = undefined) {
    super(kind);
    const said = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
    const text = (key: string) => (typeof said[key] === 'string' ? (said[key] as string) : '');
    this.kind = kind;
    this.code = text('code');
    this.sentence = text('sentence');
    this.remedy = text('remedy');
    const help = said.help as Setup['help'] | undefined;
    this.help = typeof help?.phone === 'string' && typeof help.hours === 'string' ? help : undefined;
  }
}

/** What a request of ours gives; undefined where there is nothing new (304). */
export async function request(path: string, init: RequestInit): Promise<unknown> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(path, {
      credentials: 'same-origin', cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer', ...init,
      signal: controller.signal,
    });
    if (response.status === 304) return undefined;
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok && body !== undefined) return body;
    if (response.status === 401) throw new RequestFailure('expired', body);
    throw new RequestFailure(response.ok || response.status >= 500 ? 'lost' : 'refused', body);
  } catch (error) {
    throw error instanceof RequestFailure ? error : new RequestFailure('lost');
  } finally {
    clearTimeout(timer);
  }
}

/** The address of the booth's page, `/e/{election}/booth/{contest}`, without a final slash. */
function here(): string {
  return location.pathname.replace(/\/+$/, '');
}

/** Home page of the election: all that the booth knows before its setup has come. */
export function electionHome(): string {
  return here().replace(/\/booth\/[^/]*$/, '');
}

export function fetchSetup(language?: string): Promise<unknown> {
  return request(`${here()}/setup${language ? `?lang=${language}` : ''}`, { headers: { Accept: 'application/json' } });
}

/** Draws a private credential from the pool; it is kept in memory only. */
export async function drawCredential(token: string): Promise<string> {
  const body = await request(`${here()}/credential`, {
    method: 'POST', headers: { Accept: 'application/json', 'X-Isoloir-Token': token },
  });
  const credential = (body as { credential?: unknown }).credential;
  if (typeof credential !== 'string') throw new RequestFailure('lost');
  return credential;
}

/**
 * Sends the exact bytes of a ballot. Sending them again is harmless: the same bytes give the same receipt. The private
 * credential shows that the sender made the ballot: who merely read an opened one cannot cast it.
 */
export async function castBallot(ballot: string, credential: string, token: string): Promise<Receipt> {
  const body = (await request(`${here()}/ballot`, {
    method: 'POST', body: ballot,
    headers: {
      Accept: 'application/json', 'Content-Type': 'application/json', 'X-Isoloir-Token': token,
      'X-Isoloir-Credential': credential,
    },
  })) as Partial<Receipt>;
  if (typeof body.tracker !== 'string' || !Array.isArray(body.remaining) || typeof body.logout !== 'string') {
    throw new RequestFailure('lost');
  }
  return body as Receipt;
}
