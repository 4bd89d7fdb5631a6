/** SIGINT, SIGTERM and SIGHUP: the first stops a command gracefully, the second at once. */
import type { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";

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
  const signals = ignoresHangUp() ? STOP_SIGNALS : [...STOP_SIGNALS, "SIGHUP"];
  for (const signal of signals) from.on(signal, onSignal);
  return () => {
    for (const signal of signals) from.off(signal, onSignal);
  };
}

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** True when the program was started to outlive its terminal, as by nohup. */
function ignoresHangUp(): boolean {
  if (process.platform === "win32") return false;
  try {
    const [, mask = ""] =
      /^SigIgn:\s*([\da-f]+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return (BigInt(`0x${mask}`) & 1n) !== 0n; // the first bit is of signal 1, SIGHUP: man 5 proc_pid_status
  } catch {
    return true; // other systems do not tell: SIGHUP does what it was set to do
  }
}

/**
 * The first process of a container ignores each signal without a handler: this one ends at Ctrl-C and `docker stop` as it
 * would elsewhere, unless the command or the user's program has a handler of its own.
 */
export function endOnSignalsAsFirst(pid = process.pid): void {
  if (pid !== 1) return;
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + number);
    });
  }
}
