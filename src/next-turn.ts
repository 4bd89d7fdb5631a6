/** Resolves in the next turn of the event loop, after all else that is ready. */
import { setImmediate } from "./clock.ts";
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
