import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { FixedBase, gPower, modOrder, ORDER } from '../src/crypto/group.ts';
import { drawScalar } from '../src/crypto/random.ts';
import { atOnce, unhurried } from '../src/steps.ts';

const Point = ed25519.Point;
const exponents = [0n, 1n, 2n, 127n, 128n, 129n, 255n, 256n, 257n, 32768n, 32896n, 65535n, ORDER - 1n, ORDER - 2n, ORDER >> 1n,
  (1n << 252n) - 1n, 1n << 252n, ...Array.from({ length: 200 }, drawScalar)];

test('a power from the table is that of double-and-add, for edges and for drawn exponents, and differs from its neighbour', () => {
  const base = Point.BASE.multiply(987654321n);
  const powers = new FixedBase(base);
  for (const exponent of exponents) {
    assert.ok(powers.power(exponent).equals(base.multiplyUnsafe(exponent)), String(exponent));
    assert.ok(gPower(exponent).equals(Point.BASE.multiplyUnsafe(exponent)), String(exponent));
    assert.ok(!powers.power(exponent).equals(base.multiplyUnsafe(modOrder(exponent + 1n))));
  }
});

test('a table asked for in the middle of its building is finished, and the building ends', () => {
  const powers = new FixedBase(Point.BASE);
  const steps = powers.build();
  for (let i = 0; i < 5; i++) steps.next();
  assert.ok(powers.power(5n).equals(Point.BASE.multiplyUnsafe(5n)));
  assert.equal(steps.next().done, true);
});

test('unhurried work ends with its result, and stops where nobody waits any more', async () => {
  const work = function* (): Generator<void, number> {
    for (let i = 0; i < 40; i++) {
      const until = performance.now() + 1;
      while (performance.now() < until);
      yield;
    }
    return 7;
  };
  let turns = 0;
  assert.equal(await unhurried(work(), () => { turns++; return false; }), 7);
  assert.ok(turns >= 2);
  assert.equal(await unhurried(work(), () => true), undefined);
  assert.equal(atOnce(work()), 7);
});
