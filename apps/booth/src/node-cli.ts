// Makes one ballot outside a browser, with the booth's own code: JSON on standard input, the ballot on standard output.
//   {"election": "<raw election.json>", "credential": "XXXXX-XXXXXX-XXXXX-XXXXXX", "choices": [[0], "blank", …],
//    "scalars": ["…", …]}   scalars (decimal) replace the random ones, in the order drawn.
import { readFileSync } from 'node:fs';
import { makeBallot, type Choice } from './crypto/ballot.ts';
import { readElection } from './crypto/election.ts';
import { drawScalar } from './crypto/random.ts';

interface Input {
  election: string;
  credential: string;
  choices: Choice[];
  scalars?: string[];
}

const input = JSON.parse(readFileSync(0, 'utf8')) as Input;
const scalars = input.scalars?.map(BigInt);
const draw = scalars
  ? () => {
    const scalar = scalars.shift();
    if (scalar === undefined) throw new Error('scalars: too few');
    return scalar;
  }
  : drawScalar;
process.stdout.write(makeBallot(readElection(input.election), input.credential, input.choices, draw).text);
if (scalars?.length) throw new Error('scalars: too many');
