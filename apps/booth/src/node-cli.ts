// The booth's own code outside a browser: JSON on standard input, the answer on standard output.
//   {"election": "<raw election.json>", "credential": "XXXXX-XXXXXX-XXXXX-XXXXXX", "choices": [[0], "blank", …],
//    "scalars": ["…", …], "open": true}   a ballot, or with `open` its check file; scalars (decimal) replace the random
//                                         ones, in the order drawn
//   {"check": [{"file": "<check file>", "shown": "<tracker>"}, …]}   for each what the ballot holds, or {"refused": clause}
//   {"share": "<key share>", "code": "…", "archives": [["<path>", …], …]}   for each list of archives a trustee's
//                                         partial decryptions and what was found of the boxes, or {"refused": clause}
//   {"ceremony": [{"transcript": …, "board": "…", "member": "…", "seed": "…"}, …]}   for each what that member makes next
//                                         (a first seed is drawn where none is given), or {"refused": clause, "of": member}
//   {"lock": [share, …], "code": "…"}     for each the text of its file
import { readFileSync } from 'node:fs';
import { makeBallot, type Choice } from './crypto/ballot.ts';
import { checkFile, CheckRefusal, checkSteps } from './crypto/check.ts';
import { readElection } from './crypto/election.ts';
import { drawScalar } from './crypto/random.ts';
import { goOn, newShare, shareFrom } from './ceremony/member.ts';
import { CeremonyRefusal, certificatesAloud } from './ceremony/progress.ts';
import { documentText, readTranscript } from './ceremony/transcript.ts';
import { lockShare, type KeyShare } from './share/file.ts';
import { atOnce } from './steps.ts';
import { readBox } from './trustee/box.ts';
import { partialsSteps } from './trustee/decrypt.ts';
import { Refusal } from './refusal.ts';
import { openShare, type Share } from './trustee/share.ts';

interface Making {
  election: string;
  credential: string;
  choices: Choice[];
  scalars?: string[];
  open?: boolean;
}

interface Checking {
  check: { file: string; shown?: string }[];
}

interface Decrypting {
  share: string;
  code: string;
  archives: string[][];
}

interface Acting {
  ceremony: { transcript: unknown; board: string; member: string; seed?: string }[];
}

interface Locking {
  lock: (Omit<KeyShare, 'exponent'> & { exponent: string | null })[];
  code: string;
}

function make(input: Making): string {
  const scalars = input.scalars?.map(BigInt);
  const draw = scalars
    ? () => {
      const scalar = scalars.shift();
      if (scalar === undefined) throw new Error('scalars: too few');
      return scalar;
    }
    : drawScalar;
  const ballot = makeBallot(readElection(input.election), input.credential, input.choices, draw);
  if (scalars?.length) throw new Error('scalars: too many');
  return input.open ? checkFile(input.election, ballot) : ballot.text;
}

function check({ file, shown }: Checking['check'][0]): object {
  try {
    return atOnce(checkSteps(file, shown));
  } catch (error) {
    if (error instanceof CheckRefusal) return { refused: error.clause };
    throw error;
  }
}

async function orRefused(what: () => Promise<object>): Promise<object> {
  try {
    return await what();
  } catch (error) {
    if (error instanceof CeremonyRefusal) return { refused: error.clause, of: error.member };
    if (error instanceof Refusal) return { refused: error.clause };
    throw error;
  }
}

const decimal = (share: KeyShare) => ({ ...share, exponent: share.exponent === null ? null : String(share.exponent) });

function act({ transcript, board, member, seed }: Acting['ceremony'][0]): Promise<object> {
  return orRefused(async () => {
    const read = readTranscript(transcript);
    const before = seed === undefined ? newShare(read.plan, board, member) : shareFrom(read.plan, board, member, seed);
    const { held, share, document } = await goOn(read, before);
    const text = document && documentText(document);
    return { share: decimal(share), document: text ? JSON.parse(text) as unknown : null, aloud: certificatesAloud(read, board, held) };
  });
}

function lock({ lock: shares, code }: Locking): Promise<string[]> {
  return Promise.all(shares.map((share) =>
    lockShare({ ...share, exponent: share.exponent === null ? null : BigInt(share.exponent) }, code)));
}

async function decrypt(opened: Share, paths: readonly string[]): Promise<object> {
  const boxes = await Promise.all(paths.map((path) => readBox(new Blob([readFileSync(path)]))));
  const shown = boxes.map(({ name, uuid, fingerprint, ballots, digest }) => ({ name, uuid, fingerprint, ballots, digest }));
  return { boxes: shown, partials: atOnce(partialsSteps(opened, boxes)) };
}

function decryptEach({ share, code, archives }: Decrypting): Promise<object> {
  return orRefused(async () => {
    const opened = await openShare(share, code);
    return Promise.all(archives.map((paths) => orRefused(() => decrypt(opened, paths))));
  });
}

type Input = Making | Checking | Decrypting | Acting | Locking;

async function answer(input: Input): Promise<string> {
  if ('ceremony' in input) return JSON.stringify(await Promise.all(input.ceremony.map(act)));
  if ('lock' in input) return JSON.stringify(await lock(input));
  if ('share' in input) return JSON.stringify(await decryptEach(input));
  return 'check' in input ? JSON.stringify(input.check.map(check)) : make(input);
}

process.stdout.write(await answer(JSON.parse(readFileSync(0, 'utf8')) as Input));
