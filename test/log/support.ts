/** Events to log, and a log that keeps what it wrote. */
import { afterEach } from "bun:test";
import type { Event } from "../../src/log/events.ts";
import { createLog, type LogOptions } from "../../src/log/log.ts";

export const RUN = {
  task: 42,
  attempt: 1,
  model: "sale",
  method: "process",
  queue: "default",
  instances: "[7]",
  ref: null,
};

export const FINISHED: Event = { name: "task.finished", ...RUN, duration: 3.1, reason: null };

export const ERROR = {
  name: "TypeError",
  message: "no price",
  stack: "TypeError: no price\n    at sale.ts:7",
};

export const FAILED: Event = { name: "task.failed", ...RUN, duration: 12, error: ERROR };

export const NOW = Date.UTC(2026, 10, 23, 14, 3, 7, 123);

export const PLAIN = { colour: false };

/** A log in UTC that keeps what it wrote. */
export function open(options: Partial<LogOptions> = {}) {
  process.env["TZ"] = "UTC";
  const writes: string[] = [];
  const log = createLog({
    level: "info",
    format: "text",
    write: (text) => void writes.push(text),
    clock: { now: () => NOW, monotonic: () => 0 },
    colour: false,
    ...options,
  });
  return { log, writes };
}

export function note(message: string): Event {
  return { name: "log.note", level: "info", message };
}

/** Each test of this file may set the time zone. */
export function restoreTimeZone(): void {
  const before = process.env["TZ"] ?? "Etc/UTC"; // what the test runner sets
  afterEach(() => {
    process.env["TZ"] = before;
  });
}
