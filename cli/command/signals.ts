/** SIGINT and SIGTERM: the first asks for an end, a second one insists. */
import type { EventEmitter } from "node:events";

interface Stoppable {
  stop(how?: "graceful" | "now"): Promise<void>;
}

/** @returns takes the handlers away again */
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
