/** The functions of a program that listen to the events of its worker. */
import { beforeEach, expect, test } from "bun:test";
import { Audience } from "../../src/log/audience.ts";
import type { Event } from "../../src/log/events.ts";
import { EVENT_NAMES, Listened } from "../../src/log/listened.ts";
import { Listeners } from "../../src/log/listeners.ts";
import { sentenceOf } from "../support/error.ts";
import { FAILED, FINISHED } from "./support.ts";

let logged: Event[];
let listeners: Listeners;

beforeEach(() => {
  logged = [];
  listeners = new Listeners((event) => logged.push(event));
});

const listened = () => EVENT_NAMES.filter((name) => listeners.listened.has(name));

test("a listener gets the events of its name until it is taken off", () => {
  const heard: string[] = [];
  const off = listeners.on("task.failed", ({ error }) => heard.push(error.message));
  listeners.deliver(FAILED);
  listeners.deliver(FINISHED);
  off();
  listeners.deliver(FAILED);
  expect(heard).toEqual(["no price"]);
});

test("threads are told of the names alone to which a function listens", () => {
  expect(listened()).toEqual([]);
  const off = listeners.on("task.failed", () => {});
  const same = listeners.on("task.failed", () => {});
  expect(listened()).toEqual(["task.failed"]);
  off();
  off();
  expect(listened()).toEqual(["task.failed"]);
  same();
  expect(listened()).toEqual([]);
  listeners.onAll(() => {});
  expect(listened()).toEqual([...EVENT_NAMES]);
});

test("threads see it in the memory that they share", () => {
  const seen = new Listened(listeners.listened.buffer);
  listeners.on("task.snoozed", () => {});
  expect([seen.has("task.snoozed"), seen.has("task.failed")]).toEqual([true, false]);
});

test("one that throws is named in the log once, and the others get the event", () => {
  const heard: Event[] = [];
  listeners.on("task.failed", () => {
    throw new TypeError("no line");
  });
  listeners.on("task.failed", (event) => heard.push(event));
  listeners.deliver(FAILED);
  listeners.deliver(FAILED);
  expect(heard).toHaveLength(2);
  expect(logged).toMatchObject([
    { message: expect.stringContaining("the listener of task.failed threw TypeError: no line") },
  ]);
});

test("one that adds another while it is called does not have it called at once", () => {
  let calls = 0;
  const more = (): void => void ((calls += 1), listeners.on("task.failed", more));
  more();
  listeners.deliver(FAILED);
  expect(calls).toBe(2);
});

test.each([
  ["task.faild", () => {}, 'there is no event "task.faild"; did you mean "task.failed"?'],
  ["toString", () => {}, 'there is no event "toString"'],
  ["task.failed", 7, "the listener of task.failed cannot be 7; it must be a function"],
])("on(%p, %p) is refused with a sentence", async (name, listener, why) => {
  const on = listeners.on.bind(listeners) as (name: unknown, listener: unknown) => void;
  expect(await sentenceOf(() => on(name, listener))).toStartWith(
    `Cannot listen to the worker: ${why}`,
  );
});

test("an event is made where the log takes it, or a listener does", () => {
  const audience = new Audience("error", listeners.listened);
  expect([audience.hears("task.failed"), audience.hears("task.finished")]).toEqual([true, false]);
  listeners.on("task.finished", () => {});
  expect([audience.hears("task.finished"), audience.hears("task.started")]).toEqual([true, false]);
  expect(new Audience("debug").hears("task.started")).toBe(true);
});
