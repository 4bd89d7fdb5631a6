import { describe, expect, test } from "bun:test";
import { digestOf } from "../../../src/admin/access/tokens.ts";
import { TestClock } from "../../support/clock.ts";
import { claim, newTask } from "../../support/store.ts";
import { makeAdmin, NOW, TOKEN } from "../support.ts";
import { StreamReader, words } from "./stream.ts";

function makeStreams(options: Parameters<typeof makeAdmin>[0] = {}) {
  const clock = new TestClock(NOW);
  const admin = makeAdmin({ clock, ...options });
  const open = async (query = "", headers: Record<string, string> = {}) => {
    const response = await admin.app.request(`/api/v1/events${query}`, {
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    return new StreamReader(response);
  };
  /** Claims some and ends them, each in a transaction of its own. */
  const finish = async (limit = 1) => {
    for (const task of await claim(admin.store, { limit })) {
      await admin.store.write((session) =>
        session.settle(task, { kind: "finished", result: null, reason: null }),
      );
    }
  };
  return { ...admin, clock, open, finish };
}

describe("the stream of events", () => {
  test("tells pushes, ends and changes of pauses, by whatever process", async () => {
    await using admin = makeStreams();
    await admin.store.push([newTask()]);
    await using stream = await admin.open();
    const other = admin.database.open({ clock: admin.clock });
    await other.push([newTask({ queue: "mail", model: "sale", method: "process" })]);
    await other.close();
    expect(await stream.next()).toMatchObject({
      name: "task.pushed",
      data: {
        id: 2,
        state: "ready",
        queue: "mail",
        call: "sale.process",
        enqueued_at: "2024-02-29T12:00:00.000Z",
      },
    });
    admin.clock.advance(5);
    await admin.store.cancel(1, "not needed");
    expect(await stream.next()).toMatchObject({
      name: "task.ended",
      data: {
        id: 1,
        state: "cancelled",
        reason: "not needed",
        finished_at: "2024-02-29T12:00:00.005Z",
      },
    });
    await admin.post("/api/v1/pauses", { queue: "mail", reason: "move" });
    const paused = await stream.next();
    expect(paused?.name).toBe("pauses.changed");
    expect(paused?.data.pauses).toMatchObject([{ kind: "queue", name: "mail", until: null }]);
  });

  test.each(["header", "query"])(
    "goes on behind the id of an event, given in the %s",
    async (way) => {
      await using admin = makeStreams();
      const seen: string[] = [];
      let last = "";
      {
        await using stream = await admin.open();
        await admin.store.push([newTask(), newTask(), newTask()]);
        seen.push(...(await stream.take(2)).map(words));
        last = stream.lastId;
      }
      await admin.finish();
      admin.clock.advance(10);
      await admin.finish();
      await admin.store.pauses.pause({
        kind: "queue",
        name: "a",
        by: "b",
        reason: null,
        until: null,
      });
      await using stream =
        way === "header"
          ? await admin.open("?after=1-1-0", { "last-event-id": last })
          : await admin.open(`?after=${last}`);
      seen.push(...(await stream.take(4)).map(words));
      expect(seen).toEqual([
        "task.pushed 1",
        "task.pushed 2",
        "task.pushed 3",
        "task.ended 1",
        "task.ended 2",
        "pauses.changed",
      ]);
    },
  );

  test("goes on behind what was heard before the first event", async () => {
    await using admin = makeStreams();
    await admin.store.push([newTask()]);
    let start = "";
    {
      await using stream = await admin.open();
      start = (await stream.nextBlock())?.id ?? "";
    }
    await admin.store.push([newTask()]);
    await using stream = await admin.open(`?after=${start}`);
    expect((await stream.take(1)).map(words)).toEqual(["task.pushed 2"]);
  });

  test("tells only what a filter lets through", async () => {
    await using admin = makeStreams();
    await using mail = await admin.open("?queue=ma*&state=ready");
    await using mailer = await admin.open("?model=ir.*");
    await admin.store.push([
      newTask({ queue: "print" }),
      newTask({ queue: "mail" }),
      newTask({ queue: "mail", model: "ir.mail", scheduledAt: NOW + 60_000 }),
      newTask({ queue: "mail" }),
    ]);
    expect((await mail.take(2)).map(words)).toEqual(["task.pushed 2", "task.pushed 4"]);
    expect((await mailer.take(1)).map(words)).toEqual(["task.pushed 3"]);
  });

  test("leaves out what is too much at once, says how much, and goes on", async () => {
    await using admin = makeStreams();
    await using stream = await admin.open();
    await admin.store.push(Array.from({ length: 1_000 }, () => newTask()));
    const events = await stream.take(201);
    expect(events.slice(0, 200).map(words)).toEqual(
      Array.from({ length: 200 }, (_, index) => `task.pushed ${index + 1}`),
    );
    expect(events[200]).toMatchObject({ name: "skipped", data: { pushed: 800, ended: 0 } });
    await admin.store.push([newTask()]);
    expect((await stream.take(1)).map(words)).toEqual(["task.pushed 1001"]);
  });

  test("leaves out nothing of what happened while its client was away", async () => {
    await using admin = makeStreams();
    let start = "";
    {
      await using stream = await admin.open();
      start = (await stream.nextBlock())?.id ?? "";
    }
    await admin.store.push(Array.from({ length: 450 }, () => newTask()));
    await admin.store.moveMany({ kind: "cancel" }, [7, 8, 9], {});
    await using stream = await admin.open(`?after=${start}`);
    const events = await stream.take(453);
    expect(events.filter(({ name }) => name === "task.pushed")).toHaveLength(450);
    expect(events.filter(({ name }) => name === "task.ended").map(words)).toEqual(
      [7, 8, 9].map((id) => `task.ended ${id}`),
    );
  });

  test("tells an end that becomes visible after another one with the same time and a higher id", async () => {
    await using admin = makeStreams();
    await admin.store.push([newTask(), newTask(), newTask()]);
    await using stream = await admin.open();
    await admin.store.cancel(3);
    expect((await stream.take(1)).map(words)).toEqual(["task.ended 3"]);
    await admin.store.cancel(1);
    expect((await stream.take(1)).map(words)).toEqual(["task.ended 1"]);
    admin.clock.advance(-900);
    await admin.store.cancel(2);
    expect((await stream.take(1)).map(words)).toEqual(["task.ended 2"]);
  });

  test("tells ends after the clock was set back by an hour", async () => {
    await using admin = makeStreams();
    await admin.store.push([newTask(), newTask(), newTask()]);
    await using stream = await admin.open();
    await admin.store.cancel(3);
    expect((await stream.take(1)).map(words)).toEqual(["task.ended 3"]);
    const before = stream.lastId;
    admin.clock.advance(-3_600_000);
    await admin.store.cancel(1);
    expect((await stream.take(1)).map(words)).toEqual(["task.ended 1"]);
    await using later = await admin.open(`?after=${before}`);
    expect(await later.next()).toMatchObject({
      name: "skipped",
      data: { why: "the clock was set back" },
    });
    await admin.store.cancel(2);
    expect((await later.take(1)).map(words)).toEqual(["task.ended 2"]);
  });

  test("says that an id is of another database, and begins with the present", async () => {
    await using admin = makeStreams();
    await admin.store.push([newTask()]);
    await using stream = await admin.open("?after=99-5-0");
    expect(await stream.next()).toMatchObject({
      name: "skipped",
      data: { why: "the id is of another database" },
    });
    await admin.store.push([newTask()]);
    const event = await stream.next();
    expect([event?.name, event?.data.id]).toEqual(["task.pushed", 2]);
  });

  test("needs the role read", async () => {
    await using admin = makeStreams();
    await admin.store.tokens.add({ name: "shop", roles: ["push"] }, digestOf("shop"));
    const headers = { authorization: "Bearer shop" };
    expect((await admin.ask("/api/v1/events", { headers })).status).toBe(403);
    expect((await admin.app.request("/api/v1/events")).status).toBe(401);
  });

  test.each([
    ["?after=7", "Cannot go on after"],
    ["?after=99999999999999999-1-0", "Cannot go on after"],
    ["?queues=mail", '"queues" is not a field'],
    ["?state=done", "state"],
  ])("refuses %s", async (query, words) => {
    await using admin = makeStreams();
    const { status, body } = await admin.get(`/api/v1/events${query}`);
    expect(status).toBe(422);
    expect(body.detail).toContain(words);
  });
});
