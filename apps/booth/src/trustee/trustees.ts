// The keys of an archive: what each holder's decryptions are checked with, and what the election key is made of.
import { decode, encode, type Element } from '../crypto/group.ts';
import { canonical, fields, isFields, list, string, type Fields } from '../json.ts';
import { refuse } from '../refusal.ts';

const CLAUSE = 'setup.trustees';

function element(value: unknown): Element {
  try {
    return decode(string(value, CLAUSE));
  } catch {
    return refuse(CLAUSE, 'a key is not a point of prime order');
  }
}

/** The holders' keys of an entry, and what it contributes to the election key: of a threshold entry, the product of g to
 * the constant coefficients of its holders (Belenios specification, "trustees"). */
function entry(kind: unknown, value: Fields): [string[], Element[]] {
  const key = (item: unknown) => string(isFields(item) ? item.public_key : undefined, CLAUSE);
  if (kind === 'Single') return [[key(value)], [element(key(value))]];
  if (kind !== 'Pedersen') return refuse(CLAUSE, 'an entry of an unknown kind');
  const constants = list(value.coefexps, CLAUSE).map((signed) => {
    const message = string(isFields(signed) ? signed.message : undefined, CLAUSE);
    return element(list(fields(canonical(message, CLAUSE), 'coefexps', CLAUSE).coefexps, CLAUSE)[0]);
  });
  return [list(value.verification_keys, CLAUSE, constants.length).map(key), constants];
}

/**
 * The verification keys of all holders, in order, as the file spells them; refuses trustees whose keys do not make up
 * `publicKey`. Their own proofs are checked by isoloir-verify.
 */
export function verificationKeys(text: string, publicKey: string): readonly string[] {
  const entries = list(canonical(text, CLAUSE), CLAUSE).map((pair) => {
    const [kind, value] = list(pair, CLAUSE, 2);
    return entry(kind, isFields(value) ? value : refuse(CLAUSE, 'an entry is not an object'));
  });
  const [first, ...others] = entries.flatMap(([, contributed]) => contributed);
  if (!first) return refuse(CLAUSE, 'there are no trustees');
  if (encode(others.reduce((product, key) => product.add(key), first)) !== publicKey) {
    refuse('setup.public_key', 'not the product of the trustees’ keys');
  }
  return entries.flatMap(([keys]) => keys);
}
