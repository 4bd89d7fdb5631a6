/** The store on SQLite: what every store does, and what is its own. */
import type { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { systemClock } from "../../src/clock.ts";
import { dropLock } from "../../src/store/liveness.ts";
import { SOON } from "../../src/store/store.ts";
import { commitsIn } from "../support/log.ts";
import { makeStore, newTask, OWNER, pushOne } from "../support/store.ts";
import { storeSuite } from "./suite.ts";

storeSuite("SqliteStore", () => {
  const test = makeStore({ bootId: "boot" });
  return {
    store: test.store,
    clock: test.clock,
    open: (options = {}) => test.open(options),
    kill: (worker) => dropLock(test.path, worker),
    commits: () => commitsIn(test.path),
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
});

test.skipIf(process.platform !== "linux")(
  "has two connections, however many transactions are under way",
  async () => {
    await using subject = makeStore();
    const { store } = subject;
    const sessions = Array.from({ length: 200 }, () => store.session());
    const began = sessions.map((session) => session.begin());
    await began[0];
    for (const session of sessions) await session.stillHeld([]);
    expect(openFiles(subject.path)).toBe(2);
    for (const [index, session] of sessions.entries()) {
      await began[index];
      await session.push([newTask()]);
      await session.commit();
    }
    expect(openFiles(subject.path)).toBe(2);
    expect(await store.list({ limit: 300 })).toHaveLength(200);
  },
);

test.skipIf(process.platform !== "linux")(
  "closes a connection that user code has changed with all that was prepared on it",
  async () => {
    await using subject = makeStore();
    const { store } = subject;
    for (let n = 0; n < 20; n++) {
      const session = store.session();
      const db = session.raw(false) as Database;
      db.run("CREATE TEMP TABLE work (x)");
      db.prepare("INSERT INTO work VALUES (1)").run();
      await session.commit();
      await store.release(session);
    }
    expect(openFiles(subject.path)).toBeLessThanOrEqual(2);
  },
);

test.skipIf(process.platform !== "linux")(
  "closes everything when the last transaction that was under way has ended",
  async () => {
    await using subject = makeStore();
    const store = subject.open({ durability: "full" });
    const session = store.session();
    await session.push([newTask()]);
    await store.close();
    await session.commit();
    await store.release(session);
    // SQLite keeps those of the file itself as long as another connection of the process has it open.
    expect(openFiles(`${subject.path}-wal`)).toBe(1); // of the other store's reader
  },
);

describe("the claim of who has nothing else to do", () => {
  const options = { owner: OWNER, queues: [], limit: 1 };

  test.each([true, false])(
    "waits for what is due in a moment, where it may block: %p",
    async (blocking) => {
      await using subject = makeStore({ clock: systemClock, blocking });
      const { store } = subject;
      const scheduledAt = store.now() + 40;
      const id = await pushOne(store, { scheduledAt });
      expect(await store.claim(options)).toEqual([]);
      while (store.now() < scheduledAt - SOON)
        await new Promise((resolve) => setImmediate(resolve));
      const [task] = await store.claim(options);
      expect(task?.id).toBe(id);
      expect(store.now()).toBeGreaterThanOrEqual(scheduledAt);
    },
  );

  test("does not wait for a clock that stands still", async () => {
    await using subject = makeStore();
    await pushOne(subject.store, { scheduledAt: subject.clock.now() + 1 });
    expect(await subject.store.claim(options)).toEqual([]);
  });
});

/** How many descriptors this process has on a file. */
function openFiles(path: string): number {
  const names = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return null; // the one that read the folder
    }
  });
  return names.filter((name) => name === path).length;
}
