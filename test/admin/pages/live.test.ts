/** The streams that tell open pages of commits. */
import { describe, expect, test } from "bun:test";
import { Live, MOST_OF_SESSION } from "../../../src/admin/pages/live.ts";
import { newTask } from "../../support/store.ts";
import { TestedDatabase } from "../../support/tested-store.ts";
import { TestClock } from "../../support/clock.ts";
import { untilTrue } from "../../support/until.ts";
import { StreamReader } from "../v1/stream.ts";
import { get, withTasks } from "./person.ts";

/** Calls back when the test says so. */
class RestingClock extends TestClock {
  readonly resting: (() => void)[] = [];

  after(_ms: number, then: () => void): () => void {
    this.resting.push(then);
    return () => {};
  }

  async wake(): Promise<void> {
    await untilTrue(() => this.resting.length > 0);
    this.resting.shift()?.();
  }
}

function makeLive() {
  const clock = new RestingClock();
  const database = new TestedDatabase();
  const store = database.open({ clock });
  const closing = new AbortController();
  const live = new Live(store, closing.signal);
  return {
    store,
    clock,
    live,
    close: () => closing.abort(),
    open: (session = "ana") => {
      const body = live.open(session);
      return body && new StreamReader(new Response(body));
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await database[Symbol.asyncDispose]();
    },
  };
}

describe("a stream of a page", () => {
  test("tells of commits, and of many at once but once", async () => {
    await using it = makeLive();
    const stream = it.open();
    await stream?.nextBlock(); // how soon to come back
    await it.store.push([newTask()]);
    expect(await stream?.next()).toMatchObject({ name: "changed" });
    for (let n = 0; n < 5; n++) await it.store.push([newTask()]); // while it rests
    await it.clock.wake();
    expect(await stream?.next()).toMatchObject({ name: "changed" });
    await untilTrue(() => it.clock.resting.length > 0);
    await it.clock.wake();
    it.close();
    expect(await stream?.next()).toBeNull();
  });

  test("ends at once when the server stops, and none is opened then", async () => {
    await using it = makeLive();
    const stream = it.open();
    it.close();
    expect(await stream?.next()).toBeNull();
    expect(it.open()).toBeNull();
  });

  test("is refused to a session that would have no connection left, not to others", async () => {
    await using it = makeLive();
    const own = Array.from({ length: MOST_OF_SESSION }, () => it.open());
    expect(it.open()).toBeNull();
    expect(it.open("bob")).not.toBeNull();
    await own[0]?.[Symbol.asyncDispose]();
    expect(it.open()).not.toBeNull();
  });
});

describe("the path of the streams", () => {
  test("needs a session", async () => {
    await using admin = await withTasks();
    expect(await admin.statusOf("/live")).toBe(200);
    const accept = { accept: "text/event-stream" };
    expect((await get(admin, "/live", "", accept)).status).toBe(401);
  });

  test("answers 204 where there are enough, so that a browser does not come back", async () => {
    await using admin = await withTasks();
    for (let n = 0; n < MOST_OF_SESSION; n++) expect(await admin.statusOf("/live")).toBe(200);
    expect(await admin.statusOf("/live")).toBe(204);
  });
});
