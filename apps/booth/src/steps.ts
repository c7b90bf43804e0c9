// Long work in small steps: the page answers its voter between them, even on an old telephone.

const SLICE_MS = 12;

/** All the steps in one go. */
export function atOnce<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** A few milliseconds of steps at a time; undefined if `abandoned` says, between two slices, that nobody waits any more. */
export async function unhurried<T>(steps: Generator<void, T>, abandoned: () => boolean): Promise<T | undefined> {
  for (;;) {
    const until = performance.now() + SLICE_MS;
    do {
      const step = steps.next();
      if (step.done) return step.value;
    } while (performance.now() < until);
    await new Promise<void>((done) => { setTimeout(done); });
    if (abandoned()) return undefined;
  }
}
