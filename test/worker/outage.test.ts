/** An outage has one line of the log for its beginning and one for its end, whoever has met it. */
import { beforeEach, expect, jest, test } from "bun:test";
import type { Event } from "../../src/log/events.ts";
import { Outage } from "../../src/worker/outage.ts";

const BUSY = { name: "TqError", message: "no server answers there", stack: null, code: "busy" };
const REFUSED = { ...BUSY, message: "the server refuses the password", code: "database" };

let said: string[] = [];
let outage = new Outage("/d", () => {});

beforeEach(() => {
  said = [];
  outage = new Outage("/d", (event: Event) => {
    said.push(event.name === "log.note" ? event.message : event.name);
  });
});

test("an outage that all threads meet is said once, and ends with the last of them", () => {
  outage.failed(1, BUSY);
  outage.failed(2, { ...BUSY, message: "the connection was lost" });
  outage.works(1);
  expect(said).toEqual(["store.failed"]);
  outage.works(2);
  expect(said).toEqual(["store.failed", "store.recovered"]);
});

test("another reason within an outage is said too, and a lost answer is none", () => {
  outage.failed(1, BUSY);
  outage.failed(1, { ...BUSY, code: "uncertain" });
  outage.failed(1, REFUSED);
  outage.works(1);
  expect(said).toEqual(["store.failed", "store.failed", "store.recovered"]);
});

test("an outage whose threads were ended is over once the next thread and the worker reach the database", () => {
  outage.failed(1, BUSY);
  outage.missed("the database does not answer", { ended: 1 });
  outage.gone(1);
  outage.works();
  expect(said).toEqual([
    "store.failed",
    "This worker goes on, though the database does not answer; ended what a thread ran",
    "store.recovered",
  ]);
});

test("an outage of an idle worker is over once its own connection is back", () => {
  outage.missed("the database does not answer");
  outage.works(1);
  outage.works();
  expect(said).toEqual([
    "This worker goes on, though the database does not answer",
    "store.recovered",
  ]);
});

test("the end of a thread that cannot use the database is not the end of the outage", () => {
  outage.failed(1, BUSY);
  outage.gone(1);
  expect(said).toEqual(["store.failed"]);
  outage.works(1);
  expect(said).toEqual(["store.failed", "store.recovered"]);
});

test("a thread that finds the database well says nothing", () => {
  outage.works(1);
  outage.works();
  expect(said).toEqual([]);
});

test("a full disk is said once, and is over only when no run has met it for a while", () => {
  jest.useFakeTimers();
  try {
    const full = { ...BUSY, message: "the disk is full", code: "full" };
    for (let run = 0; run < 3; run++) {
      outage.failed(1, full);
      outage.works(1);
    }
    expect(said).toEqual(["store.failed"]);
  } finally {
    jest.useRealTimers();
  }
});
