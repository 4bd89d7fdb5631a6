/** Waiting for the last moments before a task comes due. */
import type { Clock } from "../clock.ts";
import { SOON } from "../store/store.ts";

/** ms */
const STEP = 0.1;

/** Who waits here is woken by nobody, as often as the time says: `Bun.sleepSync` knows whole ms only. */
const NOBODY = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/**
 * Never waits much longer than `SOON`, whatever the clock does.
 *
 * @param due ms since 1970.
 * @param blocking true where waiting may block the whole thread.
 * @returns false when it is not due so soon.
 */
export async function awaitDue(due: number, clock: Clock, blocking: boolean): Promise<boolean> {
  if (due - clock.now() > SOON) return false;
  const until = clock.monotonic() + SOON + 1;
  while (clock.now() < due && clock.monotonic() < until) {
    // The clock counts whole ms: the last one is waited for in small steps.
    const wait = Math.max(due - clock.now() - 1, STEP);
    if (blocking) Atomics.wait(NOBODY, 0, 0, wait);
    else await Bun.sleep(wait);
  }
  return clock.now() >= due;
}
