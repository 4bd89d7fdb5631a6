import { describe, expect, test } from "bun:test";
import { Feed, HEARTBEAT_MS } from "../../../src/admin/events/feed.ts";
import type { EventFilter } from "../../../src/admin/events/page.ts";
import type { Event } from "../../../src/log/events.ts";
import { TestClock } from "../../support/clock.ts";
import { errorOf } from "../../support/error.ts";
import { newTask } from "../../support/store.ts";
import { TestedDatabase } from "../../support/tested-store.ts";
import { untilTrue } from "../../support/until.ts";
import { StreamReader, words } from "../v1/stream.ts";

const ALL: EventFilter = { key: "all", takes: () => true };

/** Calls back when the test says so. */
class BeatingClock extends TestClock {
  readonly waiting = new Map<() => void, number>();

  after(ms: number, then: () => void): () => void {
    this.waiting.set(then, ms);
    return () => this.waiting.delete(then);
  }

  beat(): void {
    const due = [...this.waiting.keys()];
    this.waiting.clear();
    for (const then of due) then();
  }
}

function makeFeed() {
  const clock = new BeatingClock();
  const database = new TestedDatabase();
  const store = database.open({ clock });
  const events: Event[] = [];
  const gone = new Set<string>();
  const feed = new Feed({
    store,
    report: (event) => events.push(event),
    stillMay: async ({ name }) => !gone.has(name),
  });
  const openAs = (name: string, filter = ALL) =>
    feed.open({ name, roles: [], digest: name }, filter, null);
  const open = async (filter = ALL, name = "shop") =>
    new StreamReader(new Response(await openAs(name, filter)));
  return {
    feed,
    clock,
    events,
    gone,
    open,
    openAs,
    store,
    async [Symbol.asyncDispose]() {
      feed.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

test("a token has half of the streams, and others find some", async () => {
  await using it = makeFeed();
  for (let count = 0; count < 1_024; count++) await it.openAs("shop");
  expect(await errorOf(it.openAs("shop"))).toMatchObject({
    code: "busy",
    message:
      'Cannot open a stream of events: 1024 of the token "shop" are open; close some, or try again later',
  });
  await it.openAs("office");
});

describe("the feed", () => {
  test("reads the database once for all streams, also where their filters differ", async () => {
    await using it = makeFeed();
    const streams = await Promise.all(Array.from({ length: 300 }, () => it.open()));
    const none = await it.open({ key: "none", takes: ({ queue }) => queue === "none" });
    const { taskEvents } = it.store;
    const read = taskEvents.read.bind(taskEvents);
    let reads = 0;
    taskEvents.read = (query) => {
      reads += 1;
      return read(query);
    };
    await it.store.push([newTask(), newTask({ queue: "none" })]);
    for (const stream of streams) {
      expect((await stream.take(2)).map(words)).toEqual(["task.pushed 1", "task.pushed 2"]);
    }
    expect((await none.take(1)).map(words)).toEqual(["task.pushed 2"]);
    expect(reads).toBeLessThan(20);
  });

  test("sends a comment and its place every 15 s", async () => {
    await using it = makeFeed();
    const mail = await it.open({ key: "mail", takes: ({ queue }) => queue === "mail" });
    const all = await it.open();
    const start = (await mail.nextBlock())?.id;
    await it.store.push([newTask()]);
    await all.take(1);
    expect([...it.clock.waiting.values()]).toEqual([HEARTBEAT_MS]);
    for (const beats of [1, 2]) {
      it.clock.beat();
      expect(await mail.nextBlock()).toMatchObject({ name: "", id: all.lastId });
      expect(mail.comments).toBe(beats);
    }
    expect(all.lastId).not.toBe(start ?? "");
  });

  test("forgets a stream whose client goes away, and rests without streams", async () => {
    await using it = makeFeed();
    const [one, two] = [await it.open(), await it.open()];
    expect(it.feed.size).toBe(2);
    await one[Symbol.asyncDispose]();
    expect(it.feed.size).toBe(1);
    await two[Symbol.asyncDispose]();
    expect(it.feed.size).toBe(0);
    expect(it.clock.waiting.size).toBe(0);
    const again = await it.open();
    await it.store.push([newTask()]);
    expect((await again.take(1)).map(words)).toEqual(["task.pushed 1"]);
  });

  test("refuses more streams than it has room for", async () => {
    await using it = makeFeed();
    for (let count = 0; count < 2_048; count++) await it.openAs(`shop ${count % 2}`);
    const refusal = await errorOf(() => it.openAs("other"));
    expect(refusal).toMatchObject({ code: "busy" });
    expect(it.feed.size).toBe(2_048);
  });

  test("keeps no more than some pages for a client that does not read, and tells it what it missed", async () => {
    await using it = makeFeed();
    const slow = await it.open();
    const quick = await it.open();
    let bytes = 0;
    const rounds = 6;
    for (let round = 1; round <= rounds; round++) {
      await it.store.push(Array.from({ length: 199 }, () => newTask({ queue: "q".repeat(200) })));
      for (const event of await quick.take(199)) bytes += JSON.stringify(event).length;
    }
    expect(bytes).toBeGreaterThan(3 * 65_536);
    const told: number[] = [];
    let skipped = 0;
    while (told.length + skipped < rounds * 199) {
      const event = await slow.next();
      if (event?.name === "skipped") skipped += Number(event.data.pushed);
      else told.push(Number(event?.data.id));
    }
    expect(skipped).toBeGreaterThan(0);
    expect(new Set(told).size).toBe(told.length);
  });

  test("ends the streams of a token that is gone at the next commit, and no others", async () => {
    await using it = makeFeed();
    const [one, two] = [await it.open(ALL, "left"), await it.open(ALL, "left")];
    const other = await it.open(ALL, "stays");
    it.gone.add("left");
    await it.store.push([newTask()]);
    expect([await one.next(), await two.next()]).toEqual([null, null]);
    expect((await other.take(1)).map(words)).toEqual(["task.pushed 1"]);
    expect(it.feed.size).toBe(1);
  });

  test("ends all streams when it is closed, and opens no more", async () => {
    await using it = makeFeed();
    const stream = await it.open();
    it.feed.close();
    expect(await stream.next()).toBeNull();
    expect(await errorOf(() => it.openAs("shop"))).toMatchObject({ code: "busy" });
  });

  test("ends all streams where the database cannot be read, and reports why", async () => {
    await using it = makeFeed();
    const stream = await it.open();
    it.store.taskEvents.read = () => Promise.reject(new Error("disk on fire"));
    await it.store.push([newTask()]);
    expect(await stream.next()).toBeNull();
    await untilTrue(() => it.events.length > 0);
    expect(it.events).toMatchObject([{ name: "log.note", level: "error" }]);
  });
});
