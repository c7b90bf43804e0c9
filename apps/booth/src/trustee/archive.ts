// A `.bel` archive, read piece by piece: every byte must be the one that the format forces, every event chained to the
// one before. The same reading as isoloir_ballots.archive.
import { canonical, fields, hexDigest, integer, isFields, string, textOf } from '../json.ts';
import { refuse } from '../refusal.ts';

const BLOCK = 512;
const PIECE = 1 << 20;
const MEBIBYTE = 1 << 20;
const SMALL = 4096;
/** Election, trustees, public credentials, setup data: the most bytes of each; then of any other record. */
const SETUP_SIZES = [4 * MEBIBYTE, 4 * MEBIBYTE, 256 * MEBIBYTE, SMALL];
const LARGEST = 32 * MEBIBYTE;

/** Which events may follow one another. */
const FOLLOWS: Record<string, readonly string[]> = {
  '': ['Setup'],
  Setup: ['Ballot', 'EndBallots'],
  Ballot: ['Ballot', 'EndBallots'],
  EndBallots: ['EncryptedTally'],
  EncryptedTally: ['PartialDecryption'],
  PartialDecryption: ['PartialDecryption', 'Result'],
  Result: [],
};
/** How many data records stand before each event; the last of them is what the event names. */
const PAYLOADS: Record<string, number> = {
  Setup: 4, Ballot: 1, EndBallots: 0, EncryptedTally: 2, PartialDecryption: 2, Result: 1,
};

interface Entry {
  readonly digest: string;
  readonly body: Uint8Array;
}

/** One event, its data, and how many bytes of the archive were read with it. */
export interface Step {
  readonly type: string;
  readonly data: readonly Entry[];
  readonly offset: number;
}

/** A file read forwards in pieces of a mebibyte, so that its size is no matter. */
class Reader {
  readonly #blob: Blob;
  #piece = new Uint8Array(0);
  #at = 0;
  #loaded = 0;

  constructor(blob: Blob) {
    this.#blob = blob;
  }

  get offset(): number {
    return this.#loaded - this.#piece.length + this.#at;
  }

  get ended(): boolean {
    return this.offset >= this.#blob.size;
  }

  async read(length: number): Promise<Uint8Array> {
    const waiting = this.#piece.length - this.#at;
    if (waiting < length) {
      const wanted = Math.max(length - waiting, PIECE);
      if (length - waiting > this.#blob.size - this.#loaded) refuse('archive.truncated', `ends at byte ${this.#blob.size}`);
      const more = new Uint8Array(await this.#blob.slice(this.#loaded, this.#loaded + wanted).arrayBuffer());
      const joined = new Uint8Array(waiting + more.length);
      joined.set(this.#piece.subarray(this.#at));
      joined.set(more, waiting);
      this.#loaded += more.length;
      [this.#piece, this.#at] = [joined, 0];
    }
    if (this.#piece.length - this.#at < length) refuse('archive.truncated', 'it could not be read to its end');
    return this.#piece.subarray(this.#at, (this.#at += length));
  }
}

const ascii = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** The 512 bytes before a body, as text. */
function header(name: string, size: number, timestamp: number): string {
  const octal = (value: number, width: number) => value.toString(8).padStart(width, '0');
  const before = `${name.padEnd(100, '\0')}0000644\0${'0000000\0'.repeat(2)}${octal(size, 11)}\0${octal(timestamp, 11)}\0`;
  const sum = (text: string) => [...text].reduce((total, character) => total + character.charCodeAt(0), 0);
  return `${before}${octal(sum(`${before}${' '.repeat(8)}0`), 6)}\0 0`.padEnd(BLOCK, '\0');
}

interface Raw {
  readonly head: string;
  readonly name: string;
  readonly body: Uint8Array;
}

async function record(reader: Reader, largest: (kind: string) => number): Promise<Raw> {
  const start = reader.offset;
  const head = ascii(await reader.read(BLOCK));
  if (/^\0*$/.test(head)) refuse('archive.trailing', `zero blocks at byte ${start}`);
  const name = /^(BELENIOS|[0-9a-f]{64}\.(data|event)\.json)\0*$/.exec(head.slice(0, 100));
  if (!name) return refuse('archive.header', `no name of a record at byte ${start}`);
  const size = head.slice(124, 135);
  if (!/^[0-7]{11}$/.test(size)) refuse('archive.header', `no size at byte ${start}`);
  const length = parseInt(size, 8);
  if (length > largest(name[2] ?? '')) refuse('archive.size', `too large a record at byte ${start}`);
  const body = (await reader.read(length)).slice();
  if ((await reader.read((BLOCK - (length % BLOCK)) % BLOCK)).some((byte) => byte !== 0)) {
    refuse('archive.padding', `not zeros after the record at byte ${start}`);
  }
  return { head, name: name[1] ?? '', body };
}

async function opening(reader: Reader): Promise<number> {
  const { head, name, body } = await record(reader, () => SMALL);
  if (name !== 'BELENIOS') refuse('archive.header', 'it does not begin with BELENIOS');
  const value = fields(canonical(textOf(body, 'archive.header'), 'archive.header'), 'version,timestamp', 'archive.header');
  if (value.version !== 1) refuse('archive.version', 'of another version');
  const written = string(value.timestamp, 'archive.header');
  const timestamp = Number(written);
  if (!/^(0|[1-9]\d*)$/.test(written) || timestamp >= 8 ** 11 || head !== header(name, body.length, timestamp)) {
    refuse('archive.header', 'its opening record is not as the format has it');
  }
  return timestamp;
}

interface Link {
  readonly type: string;
  readonly digest: string;
  readonly height: number;
}

/** Reads an event; refuses one that is not the only one that may stand there. */
function link({ digest, body }: Entry, waiting: readonly Entry[], last: Link | undefined): Link {
  const text = textOf(body, 'archive.event');
  const value = canonical(text, 'archive.event');
  if (!isFields(value)) return refuse('archive.event', 'not an object');
  const { parent, height, type, payload } = value;
  const again = { ...(parent !== undefined && { parent }), height, type, ...(payload !== undefined && { payload }) };
  if (typeof type !== 'string' || JSON.stringify(again) !== text) return refuse('archive.event', 'not as the format has it');
  if (!FOLLOWS[last?.type ?? '']?.includes(type)) refuse('archive.order', `no ${type} may come after ${last?.type ?? 'nothing'}`);
  if (height !== (last ? last.height + 1 : 0) || parent !== last?.digest) refuse('archive.chain', `event ${String(height)}`);
  if (waiting.length !== PAYLOADS[type] || payload !== waiting[waiting.length - 1]?.digest) {
    refuse('archive.order', `the data before a ${type} are not its own`);
  }
  return { type, digest, height: height as number };
}

/** What stands in setup data, sized tallies and owned decryptions must name the data before it. */
function named(type: string, data: readonly Entry[]): void {
  const last = data[data.length - 1];
  const inner = (keys: string) =>
    fields(canonical(textOf((last as Entry).body, 'archive.event'), 'archive.event'), keys, 'archive.event');
  const digests = data.map(({ digest }) => digest);
  let expected: unknown;
  let found: unknown;
  if (type === 'Setup') {
    const value = inner('election,trustees,credentials');
    [found, expected] = [[value.election, value.trustees, value.credentials], digests.slice(0, 3)];
  } else if (type === 'EncryptedTally') [found, expected] = [inner('num_tallied,total_weight,encrypted_tally').encrypted_tally, digests[0]];
  else if (type === 'PartialDecryption') {
    const value = inner('owner,payload');
    integer(value.owner, 'archive.event');
    [found, expected] = [value.payload, digests[0]];
  }
  if (JSON.stringify(found) !== JSON.stringify(expected)) refuse('archive.order', `a ${type} does not name the data before it`);
}

/** The steps of an archive, in order; throws Refusal `archive.…`. Source: Belenios specification, "archives". */
export async function* archiveSteps(blob: Blob): AsyncGenerator<Step, void> {
  const reader = new Reader(blob);
  const timestamp = await opening(reader);
  let waiting: Entry[] = [];
  let last: Link | undefined;
  const largest = (kind: string) =>
    kind === 'event' ? SMALL : last ? LARGEST : SETUP_SIZES[Math.min(waiting.length, SETUP_SIZES.length - 1)] ?? SMALL;
  while (!reader.ended) {
    const start = reader.offset;
    const { head, name, body } = await record(reader, largest);
    const [digest = '', kind] = name.split('.');
    if (!kind) refuse('archive.order', 'a second opening record');
    if (head !== header(name, body.length, timestamp)) refuse('archive.header', `the header at byte ${start}`);
    if (hexDigest(body) !== digest) refuse('archive.hash', `the record at byte ${start} is not what its name says`);
    if (kind === 'data') {
      waiting.push({ digest, body });
      if (waiting.length > 4) refuse('archive.order', 'more data than any event needs');
      continue;
    }
    last = link({ digest, body }, waiting, last);
    named(last.type, waiting);
    yield { type: last.type, data: waiting, offset: reader.offset };
    waiting = [];
  }
  if (waiting.length || !last) refuse('archive.truncated', 'it ends before an event');
}

