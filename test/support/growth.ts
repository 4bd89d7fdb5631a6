/** Shows work that grows with the square of its input, without a limit in time that a slow machine would miss. */

/** An input this many times as large takes that many times as long where the work is linear, and its square otherwise. */
const TIMES = 16;

/** The best of some runs: others may have used the processor during the rest. */
const RUNS = 4;

/** A timer is not exact, and code that has just begun to run is slow: this much does not count, in ms. */
const NOISE_MS = 4;

/**
 * How many times as long the work takes with an input 16 times as large: about 16 where it is linear, 256 where it is
 * quadratic.
 */
export async function growth(small: number, work: (size: number) => unknown): Promise<number> {
  await work(small); // the first run compiles the code
  return (await best(small * TIMES, work)) / (NOISE_MS + (await best(small, work)));
}

/** Work that grows by less counts as linear. */
export const LINEAR = TIMES * 3;

async function best(size: number, work: (size: number) => unknown): Promise<number> {
  let shortest = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    await work(size);
    shortest = Math.min(shortest, performance.now() - began);
  }
  return shortest;
}
