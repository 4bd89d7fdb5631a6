/** SIGINT and SIGTERM: the first stops a command gracefully, the second at once. */
import type { EventEmitter } from "node:events";

interface Stoppable {
  stop(how?: "graceful" | "now"): Promise<void>;
}

/** @returns a function that removes the handlers */
export function stopOnSignals(running: Stoppable, from: EventEmitter = process): () => void {
  let asked = false;
  const onSignal = (): void => {
    void running.stop(asked ? "now" : "graceful");
    asked = true;
  };
  for (const signal of SIGNALS) from.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) from.off(signal, onSignal);
  };
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
