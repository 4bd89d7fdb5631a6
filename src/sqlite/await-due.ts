/** A thread waits for the last moments before a task comes due. */
import { type Clock, sleep } from "../clock.ts";
import { DUE_SOON_MS } from "../store/store.ts";

const STEP_MS = 0.1;

/** No thread ever notifies it: a wait for it is a sleep, and `Bun.sleepSync` takes whole ms only. */
const NEVER_NOTIFIED = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/**
 * Never waits much longer than `DUE_SOON_MS`, whatever the clock does.
 *
 * @param due ms since 1970.
 * @param blocking true where waiting may block the whole thread.
 * @returns false when it is not due so soon.
 */
export async function awaitDue(due: number, clock: Clock, blocking: boolean): Promise<boolean> {
  if (due - clock.now() > DUE_SOON_MS) return false;
  const until = clock.monotonic() + DUE_SOON_MS + 1;
  while (clock.now() < due && clock.monotonic() < until) {
    // The clock counts whole ms, so the wait takes the last one in small steps.
    const wait = Math.max(due - clock.now() - 1, STEP_MS);
    if (blocking) Atomics.wait(NEVER_NOTIFIED, 0, 0, wait);
    else await sleep(wait);
  }
  return clock.now() >= due;
}
