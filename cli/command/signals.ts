/** SIGINT, SIGTERM and SIGHUP: the first stops a command gracefully, the second at once. A worker reloads at SIGHUP. */
import type { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { hasTerminal } from "../terminal/controlling-terminal.ts";

const NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

type EndingSignal = keyof typeof NUMBERS;

/** The exit status that a shell gives a program which this signal has ended. */
export function statusOf(signal: EndingSignal): number {
  return 128 + NUMBERS[signal];
}

interface Stoppable {
  stop(how: "graceful" | "now", signal: EndingSignal): Promise<void>;
  /** Called at a SIGHUP, where no terminal was closed. Left out: it stops the command. */
  reload?(this: void): void;
}

/** @returns a function that removes the handlers */
export function stopOnSignals(running: Stoppable, from: EventEmitter = process): () => void {
  let asked = false;
  const stop = (signal: EndingSignal) => (): void => {
    void running.stop(asked ? "now" : "graceful", signal);
    asked = true;
  };
  const onHangUp = hangUpHandler(running, stop("SIGHUP"));
  const handlers: [string, () => void][] = [
    ["SIGINT", stop("SIGINT")],
    ["SIGTERM", stop("SIGTERM")],
  ];
  if (onHangUp !== null) handlers.push(["SIGHUP", onHangUp]);
  for (const [signal, handler] of handlers) from.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) from.off(signal, handler);
  };
}

/**
 * For a program that is not ready yet, and that SIGINT and SIGTERM still end at once: a SIGHUP that is no closed terminal
 * does not.
 *
 * @returns a function that removes the handler
 */
export function outliveHangUps(reload: () => void): () => void {
  const stop = () => process.exit(statusOf("SIGHUP"));
  const handler = hangUpHandler({ reload }, stop);
  if (handler !== null) process.on("SIGHUP", handler);
  return () => {
    if (handler !== null) process.off("SIGHUP", handler);
  };
}

/** A shell that ends tells its programs before the terminal is closed. */
const TERMINAL_CLOSES_MS = 300;

/**
 * The system sends SIGHUP when the terminal is closed; a person or a service manager, to have a worker reload. One that
 * was started to outlive its terminal reloads too. @returns null where SIGHUP does what it was set to do
 */
function hangUpHandler(
  { reload }: Pick<Stoppable, "reload">,
  stop: () => void,
): (() => void) | null {
  if (process.platform === "win32") return stop;
  const isIgnored = ignoresHangUp();
  if (reload === undefined) return isIgnored === false ? stop : null;
  if (!hasTerminal()) return reload;
  if (isIgnored === null) return null;
  const closed = isIgnored ? () => {} : stop;
  return () => {
    if (!hasTerminal()) return closed();
    setTimeout(() => (hasTerminal() ? reload() : closed()), TERMINAL_CLOSES_MS);
  };
}

/** True when the program was started to outlive its terminal, as by nohup; null: the system does not tell. */
function ignoresHangUp(): boolean | null {
  try {
    const [, mask = ""] =
      /^SigIgn:\s*([\da-f]+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return (BigInt(`0x${mask}`) & 1n) !== 0n; // the first bit is of signal 1, SIGHUP: man 5 proc_pid_status
  } catch {
    return null;
  }
}

/**
 * The first process of a container ignores each signal without a handler: this one ends at Ctrl-C and `docker stop` as it
 * would elsewhere, unless the command or the user's program has a handler of its own.
 */
export function endOnSignalsAsFirst(pid = process.pid): void {
  if (pid !== 1) return;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(statusOf(signal));
    });
  }
}
