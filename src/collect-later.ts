/** Frees the memory that a start has allocated: code that idles may never collect it. One that ends at once need not. */
import { setTimeout } from "./clock.ts";

const AFTER_MS = 500;

export function collectLater(): Timer {
  return setTimeout(() => Bun.gc(true), AFTER_MS).unref();
}
