/** The events of a thread on their way to the program around its worker. */
import { beforeEach, expect, test } from "bun:test";
import type { Event } from "../../src/log/events.ts";
import { Listened } from "../../src/log/listened.ts";
import { PostedEvents, readPosted } from "../../src/worker/posted-events.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { FAILED, FINISHED } from "../log/support.ts";

let messages: string[];
let logged: Event[];
let listened: Listened;
let unread: Int32Array;
let posted: PostedEvents;

beforeEach(() => {
  messages = [];
  logged = [];
  listened = new Listened();
  unread = new Int32Array(new SharedArrayBuffer(4));
  posted = new PostedEvents({
    listened,
    unread,
    post: (events) => messages.push(events),
    log: (event) => logged.push(event),
  });
});

test("events that no function listens to are not posted", () => {
  listened.set("task.failed", true);
  posted.add(FINISHED);
  posted.flush();
  expect(messages).toEqual([]);
});

test("the events of one turn are one message, as they were reported", async () => {
  listened.set("task.failed", true);
  listened.set("task.finished", true);
  posted.add(FAILED);
  posted.add(FINISHED);
  expect(messages).toEqual([]);
  await nextTurn();
  await nextTurn();
  expect(messages.map((text) => readPosted(text, unread))).toEqual([[FAILED, FINISHED]]);
});

test("a thread that never comes to the end of a turn posts every five hundred", () => {
  listened.set("task.finished", true);
  for (let index = 0; index < 1_250; index++) posted.add(FINISHED);
  expect(messages).toHaveLength(2);
});

test("a program that reads nothing loses events, which the log counts once it reads again", () => {
  listened.set("task.finished", true);
  for (let index = 0; index < 100_700; index++) posted.add(FINISHED);
  posted.flush();
  expect([messages.length, unread[0], logged]).toEqual([200, 100_000, []]);
  for (const message of messages) readPosted(message, unread);
  expect(unread[0]).toBe(0);
  posted.add(FINISHED);
  posted.flush();
  expect(logged).toMatchObject([
    { name: "log.note", level: "warn", message: expect.stringMatching(/^700 events of a thread/) },
  ]);
});

test("a thread that ends says what it has lost by then", () => {
  listened.set("task.finished", true);
  unread[0] = 100_000;
  posted.add(FINISHED);
  posted.end();
  expect([messages, logged]).toMatchObject([[], [{ name: "log.note" }]]);
});
