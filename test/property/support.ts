/** What the property tests share: how long they run, and where. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { type Folder, makeFolder } from "../support/folder.ts";

/** A failure is made smaller for so long: ms. */
const SHRINKING = 30_000;

/**
 * Tries a property for so long, in ms; with `TQ_PROPERTY_RUNS` as often as that says, however long it
 * takes. `TQ_PROPERTY_SEED` repeats a run. A try that has begun is never left behind.
 */
export async function holds<T extends [unknown, ...unknown[]]>(
  time: number,
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  check: (...values: T) => void | Promise<void>,
): Promise<void> {
  const { TQ_PROPERTY_RUNS: given, TQ_PROPERTY_SEED: seed } = process.env;
  let end = given ? Infinity : performance.now() + time;
  let failed = false;
  const property = fc.asyncProperty<T>(...arbitraries, async (...values) => {
    if (performance.now() > end) return;
    try {
      await check(...values);
    } catch (error) {
      if (!failed) end = performance.now() + SHRINKING;
      failed = true;
      throw error;
    }
  });
  const numRuns = given ? Number(given) : 10_000;
  await fc.assert(property, { numRuns, ...(seed && { seed: Number(seed) }) });
}

/** How long a test may take: ms. */
export const PATIENCE = process.env["TQ_PROPERTY_RUNS"] ? 24 * 3_600_000 : 90_000;

/** In memory where the system offers it: nothing here is about the disk. */
const PARENT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A folder that goes away at the end of its block. */
export function tempFolder(): Folder {
  return makeFolder(PARENT);
}
