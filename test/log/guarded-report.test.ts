import { expect, test } from "bun:test";
import type { Event, Report } from "../../src/log/events.ts";
import { guardedReport } from "../../src/log/guarded-report.ts";

const EVENT: Event = { name: "worker.stopped", worker: "w" };

test.each<[string, Report]>([
  [
    "throws",
    () => {
      throw new TypeError("no line");
    },
  ],
  ["rejects", () => Promise.reject(new TypeError("no line"))],
])("a report that %s disturbs nobody, and that is told once", async (_, report) => {
  const told: Event[] = [];
  const guarded = guardedReport(report, "the listener", (event) => told.push(event));
  for (let times = 0; times < 3; times++) guarded(EVENT);
  await Promise.resolve();
  expect(told).toEqual([
    {
      name: "log.note",
      level: "error",
      message:
        "Cannot report an event: the listener threw TypeError: no line; the worker goes on, and logs this only once",
    },
  ]);
});

test("a report is told every event", () => {
  const events: Event[] = [];
  const guarded = guardedReport(
    (event) => events.push(event),
    "the listener",
    () => {},
  );
  guarded(EVENT);
  expect(events).toEqual([EVENT]);
});
