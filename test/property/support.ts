/** What the property tests share: how long they run, and where. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A property ends after so long, however few runs it made: ms. */
const LONGEST = 10_000;

/**
 * How often a property is tried: as often as said here, within `LONGEST`; as often as `TQ_PROPERTY_RUNS` says,
 * however long that takes. `TQ_PROPERTY_SEED` repeats a run.
 */
export function limits(runs: number) {
  const { TQ_PROPERTY_RUNS: given, TQ_PROPERTY_SEED: seed } = process.env;
  return {
    numRuns: given ? Number(given) : runs,
    ...(seed && { seed: Number(seed) }),
    ...(!given && { interruptAfterTimeLimit: LONGEST }),
  };
}

/** In memory where the system offers it: nothing here is about the disk. */
const PARENT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A folder that goes away at the end of its block. */
export function tempFolder() {
  const path = mkdtempSync(join(PARENT, "tq-property-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
