/**
 * Flushes for the callers that are told of an end, which is visible before it is on disk. Those that come while a flush
 * is under way share the next one, as it covers all that was visible before it began.
 */
import type { Store } from "../store/store.ts";

interface Flushes {
  running: Promise<void>;
  next: Promise<void> | null;
}

const flushesOf = new WeakMap<Store, Flushes>();

/** Resolves when all that is visible now is on disk. */
export function onDisk(store: Store): Promise<void> {
  let flushes = flushesOf.get(store);
  if (!flushes) flushesOf.set(store, (flushes = { running: Promise.resolve(), next: null }));
  return (flushes.next ??= nextFlush(store, flushes));
}

async function nextFlush(store: Store, flushes: Flushes): Promise<void> {
  await flushes.running.catch(() => undefined); // its callers have the error
  flushes.next = null;
  return (flushes.running = store.flush());
}
