/** A session beside other connections: other processes hold the write lock, this thread opens another. */
import { describe, expect, test } from "bun:test";
import { startHelper } from "../support/process.ts";
import { claimFirst, holds, makeStore, newTask, pushOne, withSession } from "../support/store.ts";
import { errorOf } from "../support/error.ts";

/** A process that holds the write lock until it is told to let go. */
const HOLDER = (path: string) => `
  const { Database } = await import("bun:sqlite");
  const db = new Database(${JSON.stringify(path)});
  db.run("BEGIN IMMEDIATE");
  console.log("holding");
  await line();
  db.run("COMMIT");
  console.log("free");
  await line();`;

describe("another process that holds the write lock", () => {
  test("makes a write fail with a sentence after the timeout, without blocking the thread", async () => {
    await using subject = makeStore({ timeout: 600 }); // a machine that stalls for a moment takes few turns of it
    const { store, path } = subject;
    await using holder = startHelper(HOLDER(path));
    await holder.line();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const started = performance.now();
    const error: unknown = await pushOne(store).catch((reason: unknown) => reason);
    clearInterval(timer);
    expect(error).toMatchObject({
      code: "busy",
      message: `Cannot write to ${path}: another program holds its lock; end that program's transaction, or raise database.timeout`,
    });
    expect(performance.now() - started).toBeGreaterThanOrEqual(600);
    expect(turns).toBeGreaterThan(20);
    expect(await store.list()).toEqual([]);
  });

  test("may be the task that is to be cancelled, and the sentence says so where that runs", async () => {
    await using subject = makeStore({ timeout: 50 });
    const { store, path } = subject;
    const [waiting, running] = [await pushOne(store, { priority: -1 }), await pushOne(store)];
    await claimFirst(store);
    await using holder = startHelper(HOLDER(path));
    await holder.line();
    const own = `; or task ${running} itself holds it, as it has written: its worker then ends it after worker.lock_timeout`;
    const busy = await errorOf(() => store.cancel(running));
    expect(busy).toMatchObject({ code: "busy", message: expect.stringContaining(own) });
    const foreign = await errorOf(() => store.cancel(waiting));
    expect(foreign).toMatchObject({ code: "busy", message: expect.stringMatching(/timeout$/) });
  });

  test.each([1, 2])("is waited for, and %d pushes go on when it lets go", async (count) => {
    await using subject = makeStore({ maxSize: count });
    const { store, path } = subject;
    await using holder = startHelper(HOLDER(path));
    await holder.line();
    const pushes = Array.from({ length: count }, () => pushOne(store));
    holder.send("let go");
    await holder.line();
    expect(new Set(await Promise.all(pushes)).size).toBe(count);
    expect(await store.list()).toHaveLength(count);
  });

  test("is waited for by a blocking store no longer than the timeout", async () => {
    await using subject = makeStore();
    const { path } = subject;
    const thread = subject.open({ blocking: true, timeout: 200 });
    const session = thread.session();
    await using holder = startHelper(HOLDER(path));
    await holder.line();
    const started = performance.now();
    const error = await errorOf(async () => session.begin());
    expect(error).toMatchObject({ code: "busy" });
    expect(performance.now() - started).toBeLessThan(2_000);
    holder.send("let go");
    await holder.line();
    await session.begin();
    await session.push([newTask()]);
    await session.commit();
    await thread.release(session);
  });

  test("leaves reads alone", async () => {
    await using subject = makeStore({ timeout: 100 });
    const { store, path } = subject;
    const id = await pushOne(store);
    await using holder = startHelper(HOLDER(path));
    await holder.line();
    expect((await store.get(id))?.id).toBe(id);
    expect(await subject.open().list()).toHaveLength(1);
  });
});

test("a connection opens while another of this thread is in a write transaction", async () => {
  await using subject = makeStore({ timeout: 300 });
  await subject.store.write(async (session) => {
    await session.push([newTask()]);
    await withSession(subject.store, async (other) => {
      expect(await holds(other, { id: 1, claim: 1 })).toBe(false);
    });
    expect(await subject.open().list()).toEqual([]);
  });
});
