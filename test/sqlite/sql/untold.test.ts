/** The room that failures take which no alert has told. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { AlertKey } from "../../../src/store/failure-store.ts";
import { claim, makeStore, newTask } from "../../support/store.ts";

const ERROR = { name: "Error", message: "it broke", stack: null };

test("a definition that takes the place of another one of its file says which failures neither tells", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  const watch = (key: AlertKey, queues: readonly string[], file = "tq.toml") =>
    store.failures.watch(file, [
      { key, queues, tasks: [] },
      { key: `url ${key}`, queues, tasks: [] },
    ]);
  const failIn = async (queue: string) => {
    await store.push([newTask({ queue })]);
    for (const task of await claim(store)) {
      await store.write((session) => session.settle(task, { kind: "failed", error: ERROR }));
    }
  };
  await failIn("mail");
  expect(await watch("command a", ["mial"])).toBe(0); // it takes no other one's place
  for (const queue of ["mail", "mial", "other"]) await failIn(queue);
  expect(await watch("command b", ["mail"], "other.toml")).toBe(0);
  clock.advance(8 * 24 * 3_600_000);
  expect(await watch("command c", ["mail", "mial"])).toBe(2);
  expect(await watch("command c", ["mail", "mial"])).toBe(0);
});

test("all that fail while alerts do not go are counted, and few are kept", async () => {
  await using subject = makeStore();
  const { store, clock, path } = subject;
  const failMany = async (count: number) => {
    await store.push(Array.from({ length: count }, () => newTask()));
    for (const task of await claim(store, { limit: count })) {
      await store.write((session) => session.settle(task, { kind: "failed", error: ERROR }));
    }
  };
  const kept = () => {
    using db = new Database(path, { readonly: true });
    return db.query("SELECT count(*) AS kept FROM tq__untold").get();
  };
  const definitions = [{ key: "command", queues: [], tasks: [] }] as const;
  const take = async () => {
    const asked = { worker: "a", channel: "command", origin: "tq.toml", definitions } as const;
    const taken = await store.failures.take({ ...asked, every: 1_000, limit: 1 });
    if (taken.kind !== "alert") throw new Error("nothing was taken");
    return taken;
  };
  await store.failures.watch("tq.toml", definitions);
  const counts: number[] = [];
  for (let round = 1; round <= 3; round++) {
    await failMany(150);
    const { failures, count, until } = await take();
    expect(failures).toMatchObject([{ task: 1 }]);
    counts.push(count);
    await failMany(150);
    expect(kept()).toEqual({ kept: 200 });
    await store.failures.told("a", "command", until, false);
    clock.advance(1_000);
  }
  expect(counts).toEqual([150, 450, 750]);
  const { count, until } = await take();
  expect(count).toBe(900);
  await store.failures.told("a", "command", until, true);
  expect(kept()).toEqual({ kept: 0 });
});
